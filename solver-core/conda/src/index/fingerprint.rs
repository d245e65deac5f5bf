//! Whether a source is what it was when its index file was written.
//!
//! An index file belongs to the *contents* of a source: its header carries their identity. Reading and hashing the
//! source each time would settle the question and cost more than opening the file, so a small file beside the index
//! file, the stamp, remembers what the source looked like (length, times, inode) when it was hashed last, and the
//! hash. Looks are only ever a short cut to that hash. The stamp names the identity too, and counts only together
//! with an index file that has it, so the two files need not change at the same moment.
//!
//! Looks can deceive within the grain of the clock: a source written twice in the same tick looks the same. A stamp
//! therefore trusts only a source that had been at rest for [`AT_REST`] when it was looked at; else the source is
//! hashed again next time (the "racy" entries of git's index).
//!
//! A stamp is text, a field a line, and ends with a checksum. What is damaged is no stamp, and the source is hashed.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::xxh3_64;

use super::layout::Digest;
use crate::repodata::open_regular;

/// Most bytes of a stamp that are read.
const LONGEST: u64 = 1 << 20;
const FIRST_LINE: &str = "resolvent index stamp 2";
/// Nanoseconds; the coarsest clocks of file systems in use tick in two seconds.
const AT_REST: u64 = 2_000_000_000;

/// What a file looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fingerprint {
    pub length: u64,
    /// Nanoseconds since 1970.
    pub modified: u64,
    /// Nanoseconds since 1970 of the last change of contents, name or rights; 0 where the system has no such time.
    pub changed: u64,
    /// 0 where the system has no inodes.
    pub inode: u64,
}

impl Fingerprint {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Fingerprint {
        let modified = metadata.modified().map_or(0, nanoseconds);
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt;
            let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
            let rest = u64::try_from(metadata.ctime_nsec()).unwrap_or(0);
            let changed = seconds.saturating_mul(1_000_000_000).saturating_add(rest);
            (changed, metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, inode) = (0, 0);
        Fingerprint {
            length: metadata.len(),
            modified,
            changed,
            inode,
        }
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds since 1970, now.
pub(super) fn now() -> u64 {
    nanoseconds(SystemTime::now())
}

/// What is remembered about a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    /// The source file, for people and for [`super::cache_admin::list`].
    pub source: PathBuf,
    pub subdir: String,
    /// BLAKE3 of the source's bytes.
    pub digest: Digest,
    /// What the index file must carry.
    pub identity: Digest,
    pub looks: Fingerprint,
    /// When the source was looked at, in nanoseconds since 1970, before it was read.
    pub checked: u64,
}

impl Stamp {
    /// Whether a source that looks like this must be the one that was hashed.
    pub(super) fn trusts(&self, looks: &Fingerprint) -> bool {
        let last = looks.modified.max(looks.changed);
        *looks == self.looks && last.saturating_add(AT_REST) <= self.checked
    }

    pub(super) fn encode(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        let Fingerprint {
            length,
            modified,
            changed,
            inode,
        } = self.looks;
        let source = escape(self.source.as_os_str().as_encoded_bytes());
        let lines = [
            ("source", source),
            ("subdir", escape(self.subdir.as_bytes())),
            ("digest", hex(&self.digest)),
            ("identity", hex(&self.identity)),
            ("length", length.to_string()),
            ("modified", modified.to_string()),
            ("changed", changed.to_string()),
            ("inode", inode.to_string()),
            ("checked", self.checked.to_string()),
        ];
        for (key, value) in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key} {value}");
        }
        let sum = xxh3_64(text.as_bytes());
        let _ = writeln!(text, "sum {sum:016x}");
        text
    }

    pub(super) fn decode(text: &str) -> Option<Stamp> {
        let (body, sum) = text.strip_suffix('\n')?.rsplit_once("sum ")?;
        if u64::from_str_radix(sum, 16) != Ok(xxh3_64(body.as_bytes())) {
            return None;
        }
        let mut lines = body.lines();
        if lines.next() != Some(FIRST_LINE) {
            return None;
        }
        let mut field = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
        Some(Stamp {
            source: to_path(unescape(field("source")?)?)?,
            subdir: String::from_utf8(unescape(field("subdir")?)?).ok()?,
            digest: from_hex(field("digest")?)?,
            identity: from_hex(field("identity")?)?,
            looks: Fingerprint {
                length: field("length")?.parse().ok()?,
                modified: field("modified")?.parse().ok()?,
                changed: field("changed")?.parse().ok()?,
                inode: field("inode")?.parse().ok()?,
            },
            checked: field("checked")?.parse().ok()?,
        })
    }

    /// Reads a stamp; `None` when there is none, or a damaged one.
    pub(super) fn read(path: &Path) -> Option<Stamp> {
        let mut text = String::new();
        let file = open_regular(path).ok()?;
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        Stamp::decode(&text)
    }
}

#[cfg(unix)]
fn to_path(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn to_path(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// Percent-encodes what would break a line or is no ASCII.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte == b'%' || !(byte.is_ascii_graphic() || byte == b' ') {
            let _ = write!(text, "%{byte:02x}");
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        rest = after;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
    }
    Some(bytes)
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    const_hex::display(bytes).to_string()
}

fn from_hex(text: &str) -> Option<Digest> {
    const_hex::decode_to_array(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            source: PathBuf::from("/a b/100 %/ü\nx/repodata.json"),
            subdir: "linux-64".into(),
            digest: [7; 32],
            identity: [200; 32],
            looks: Fingerprint {
                length: 10,
                modified: 50_000_000_000,
                changed: 50_000_000_001,
                inode: 3,
            },
            checked: 60_000_000_000,
        }
    }

    #[test]
    fn stamps_survive_writing() {
        let stamp = stamp();
        assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
    }

    #[test]
    fn every_damaged_byte_is_seen() {
        let text = stamp().encode();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let damaged = String::from_utf8(bytes).expect("ASCII stays ASCII");
            assert_eq!(Stamp::decode(&damaged), None, "byte {at}");
            assert_eq!(Stamp::decode(&text[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn only_a_source_at_rest_is_trusted() {
        let stamp = stamp();
        assert!(stamp.trusts(&stamp.looks));
        let racy = Stamp {
            checked: stamp.looks.modified + AT_REST,
            ..stamp.clone()
        };
        // Its rights or name changed a nanosecond after the contents.
        assert!(!racy.trusts(&racy.looks));
        for looks in [
            Fingerprint {
                length: 11,
                ..stamp.looks
            },
            Fingerprint {
                modified: 1,
                ..stamp.looks
            },
            Fingerprint {
                changed: 1,
                ..stamp.looks
            },
            Fingerprint {
                inode: 1,
                ..stamp.looks
            },
        ] {
            assert!(!stamp.trusts(&looks));
        }
    }
}
