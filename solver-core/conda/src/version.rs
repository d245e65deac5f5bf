//! Version literals and their order (CEP 33; conda's `VersionOrder`).
//!
//! A literal is cut into an epoch, a main part and a local part; each part into segments, each segment into
//! *runs*: integers, the word `post` (greater than every integer), and other strings (smaller than every
//! integer; `dev` is the smallest of those that a record can have). A segment that does not begin with a digit
//! gets an integer 0 in front. Missing runs and missing segments are integer 0, so conceptually every version
//! is an infinite sequence of runs that ends in zeros, and conda's order is the lexicographic order of these
//! sequences: epoch, main, then local.
//!
//! # The key
//!
//! [`Version::key`] is that sequence as bytes such that **comparing keys with `memcmp` is conda's order and equal
//! keys are conda's equality**. So `1.0 == 1 == 1.0.0`, hashing needs no normalisation, an index sorts and searches
//! keys without parsing, and every operator of a version spec is an interval of keys.
//!
//! Runs are written left to right. Zeros are not written as they come, since how many there are is unknown until
//! something other than zero follows; they wait until that next run `r` and are then written as *markers that tell
//! the sign of `r`* (strings are negative, positive integers and `post` are positive):
//!
//! | byte | meaning |
//! |---|---|
//! | `30` text `01` | a string run, lower-case; `dev` is written `DEV` (`*` 2A < `DEV` 44 < `_` 5F < `a` 61) |
//! | `7D` | a zero run, and the next run of this segment that is not zero is negative |
//! | `7E` | the rest of this segment is zero, and the next run that is not zero is negative |
//! | `80` | the rest of this part is zero |
//! | `82` | the rest of this segment is zero, and the next run that is not zero is positive |
//! | `83` | a zero run, and the next run of this segment that is not zero is positive |
//! | `90+n`, n big-endian bytes | a positive integer that needs 1 <= n <= 8 bytes |
//! | `99`, u32 digit count, digits | a larger integer |
//! | `FE` | `post` |
//!
//! The epoch is the first segment of the main part; the local part follows the main part's `80` in the same way
//! and closes with its own `80`.
//!
//! *Proof of order.* Let A and B be two versions and look at the first byte group in which their keys differ. Up to
//! there both keys describe the same runs, so both stand at the same position p. If both write a run, the runs
//! differ and their codes are ordered as runs are (a string's terminator `01` is below every letter, so a proper
//! prefix is smaller; integers compare by length and then by bytes). If one writes a run and the other a marker, the
//! other has zero at p: strings `30` are below and positive runs (`91` and up) above every marker. If both write a
//! marker, both have zero at p, and the marker tells the sign of the first later run that is not zero and whether
//! it lies within this segment. Different signs: negative `7D 7E` < none `80` < positive `82 83`. Same negative
//! sign: the one whose run comes earlier (this segment, `7D`) has a negative run where the other still has zero, so it
//! is smaller. Same positive sign: likewise the earlier one (`83`) is greater. Equal markers say nothing yet and the
//! walk goes on. No key is a proper prefix of another, because every group says by itself where it ends.
//!
//! Digits have no size limit (date-like versions exceed 2^31; 2^64 is not a limit either). A `*` is legal in literals
//! for conda only, where it sorts below all text; here it belongs to version specs and is an error in a version.

mod error;
pub(crate) mod key;

pub(crate) use error::shorten;
pub use error::VersionError;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// Longest accepted version literal, in bytes.
pub const MAX_VERSION_LENGTH: usize = 64 * 1024;

/// A version literal together with its order-preserving key.
///
/// Equality, order and hash are conda's: `1.0`, `1` and `1.0.0` are equal. [`Version::as_str`] still tells them apart.
#[derive(Clone)]
pub struct Version {
    text: Box<str>,
    key: Box<[u8]>,
}

impl Version {
    /// Parses a literal; surrounding white space is ignored and case does not matter.
    ///
    /// # Errors
    /// [`VersionError`] names the offending piece and its position.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let text = text.trim_ascii();
        let mut key = Vec::with_capacity(text.len() * 2 + 4);
        key::encode(text, &mut key)?;
        Ok(Version {
            text: text.into(),
            key: key.into_boxed_slice(),
        })
    }

    /// The literal as written, without surrounding white space.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The order-preserving key: bytes compare as versions do (see the module's text).
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The epoch's digits as written, `"0"` when absent.
    pub fn epoch(&self) -> &str {
        self.text.split_once('!').map_or("0", |(epoch, _)| epoch)
    }

    /// The segments of the main part as written (`1.2a_1` gives `1`, `2a`, `1`), without a glued final `_`.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.main()
            .split(['.', '_', '-'])
            .filter(|piece| !piece.is_empty())
    }

    /// The local part (behind `+`) as written.
    pub fn local(&self) -> Option<&str> {
        self.text.split_once('+').map(|(_, local)| local)
    }

    /// Major and minor number, as in the `3.12` of a python; `None` unless the first two segments are plain integers.
    pub fn major_minor(&self) -> Option<(u64, u64)> {
        let mut segments = self.segments();
        let major = leading_integer(segments.next()?)?;
        let minor = leading_integer(segments.next().unwrap_or("0"))?;
        Some((major, minor))
    }

    /// The main part as written: no epoch, no local.
    fn main(&self) -> &str {
        let rest = self.text.split_once('!').map_or(&*self.text, |(_, r)| r);
        rest.split_once('+').map_or(rest, |(main, _)| main)
    }
}

/// The integer a segment begins with (`12rc1` gives 12); `None` without digits or beyond 64 bits.
fn leading_integer(segment: &str) -> Option<u64> {
    let end = segment
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(segment.len());
    segment[..end].parse().ok()
}

/// Appends the key of a version literal to `out`, for callers that keep keys in their own storage.
///
/// # Errors
/// As [`Version::parse`]; `out` is then unchanged.
pub fn encode_version(text: &str, out: &mut Vec<u8>) -> Result<(), VersionError> {
    let start = out.len();
    key::encode(text.trim_ascii(), out).inspect_err(|_| out.truncate(start))
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({:?})", self.text)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Version::parse(text)
    }
}
