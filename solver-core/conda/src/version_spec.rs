//! Version specs: `>=1.2,<2`, `1.2.*|1.4.*`, `~=1.2.3`, `!=1.5` … (CEP 29; conda's `VersionSpec`).
//!
//! ```text
//! or     := and ( "|" and )*
//! and    := atom ( "," atom )*               "," binds tighter than "|"
//! atom   := "(" or ")" | clause
//! clause := "^" … "$" | op literal [".*"] | literal | literal "*" | glob | "*"
//! op     := "==" "!=" "<=" ">=" "<" ">" "=" "~="
//! ```
//!
//! A spec is parsed once into its canonical text and a *program* ([`program_matches`]). Operators are intervals of
//! version keys (see [`crate::version`]): `<L` is everything below L's key, `==L` one key, and "starts with L" lies
//! between L followed by the smallest imaginable run and L followed by the greatest. Hence a spec without text
//! patterns is a sorted list of keys, and what matches in a sorted list of versions is found by binary search.
//!
//! Where implementations differ conda decides, but for accidents; `docs/matching-decisions.md` lists them.

mod interval;
mod parse;
mod plain;
mod program;
mod set;

pub use interval::{following, End, Interval};
pub use parse::VersionSpecError;
pub(crate) use plain::{compile_plain, Bounds};
pub use program::{program_matches, program_range, program_ranges};

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::version::Version;

/// Longest accepted spec, in bytes.
pub const MAX_VERSION_SPEC_LENGTH: usize = 64 * 1024;
/// How deep parentheses may nest.
pub const MAX_VERSION_SPEC_DEPTH: usize = 64;

/// A condition on versions.
///
/// Equality is that of the canonical texts (as conda has it: `1.0` and `1.0.0` are different specs);
/// [`VersionSpec::program`] is equal for all specs without text patterns that accept the same versions.
#[derive(Clone)]
pub struct VersionSpec {
    text: Box<str>,
    program: Box<[u8]>,
}

impl VersionSpec {
    /// The spec that every version satisfies.
    pub fn any() -> Self {
        VersionSpec {
            text: "*".into(),
            program: Box::default(),
        }
    }

    /// Parses a spec.
    ///
    /// # Errors
    /// [`VersionSpecError`] with the position of what is wrong.
    pub fn parse(text: &str) -> Result<Self, VersionSpecError> {
        let (text, compiled) = parse::parse(text)?;
        Ok(VersionSpec {
            text: text.into(),
            program: compiled.into_program().into(),
        })
    }

    /// Whether a version satisfies the spec.
    pub fn matches(&self, version: &Version) -> bool {
        program_matches(&self.program, version.key(), version.as_str())
    }

    /// The canonical text, which parses back to an equal spec.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The program that [`program_matches`] runs; empty if every version satisfies the spec.
    pub fn program(&self) -> &[u8] {
        &self.program
    }

    /// Appends [`VersionSpec::program`] to a buffer.
    pub fn compile(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.program);
    }

    /// Whether every version satisfies the spec.
    pub fn is_any(&self) -> bool {
        self.program.is_empty()
    }
}

impl PartialEq for VersionSpec {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for VersionSpec {}

impl Hash for VersionSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for VersionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for VersionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VersionSpec({:?})", self.text)
    }
}

impl FromStr for VersionSpec {
    type Err = VersionSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        VersionSpec::parse(text)
    }
}
