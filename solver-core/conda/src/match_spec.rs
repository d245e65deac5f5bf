//! Match specs: `conda-forge::numpy>=1.26,<2[build=py311*]` (CEP 29; names CEP 26; `when` CEP 43, `extras` CEP 44,
//! `flags` CEP 45).
//!
//! ```text
//! [channel[/subdir] ":" [namespace] ":"] name [version [build]] ["[" key=value ("," key=value)* "]"]
//! ```
//!
//! A spec is a conjunction: a record matches if every field that the spec has accepts it. The parser follows conda,
//! its newer parser where there are two, but for accidents of either; `docs/matching-decisions.md` lists what was
//! decided. It is lenient about white space around the whole, operators and brackets, and strict about everything it
//! does not know.
//!
//! | module | duty |
//! |---|---|
//! | `parse` | the outer form: comments, URLs, channel, name; puts the fields together |
//! | `positional` | version and build behind the name |
//! | `brackets` | `[key=value]` |
//! | `name`, `channel`, `fields`, `condition` | one kind of value each |
//! | `foreign` | what belongs to pip or YAML, so that the error can say so |
//! | `matching` | records |
//! | `display` | the canonical string |
//!
//! Everything is linear in the length of the text (at most [`MAX_MATCH_SPEC_LENGTH`]), nesting is limited, and no
//! text makes the parser panic.

mod brackets;
mod channel;
mod condition;
mod display;
mod error;
mod fields;
mod foreign;
mod matching;
mod name;
mod parse;
mod positional;
#[cfg(test)]
mod tests;

pub use channel::ChannelMatcher;
pub use condition::Condition;
pub use error::MatchSpecError;
pub use fields::{BuildNumberSpec, FlagPattern};
pub(crate) use name::check as check_name;

use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::pattern::StringMatcher;
use crate::version_spec::VersionSpec;

/// Longest accepted spec, in bytes.
pub const MAX_MATCH_SPEC_LENGTH: usize = 64 * 1024;

/// A condition on package records.
///
/// Two specs are equal if their fields are, as conda has it: `numpy 1.0` and `numpy 1.0.0` accept the same records
/// and are different specs. Fields that accept everything (version `*`, channel `*`) are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchSpec {
    name: StringMatcher,
    version: Option<VersionSpec>,
    any_version: Remark,
    build: Option<StringMatcher>,
    build_number: Option<BuildNumberSpec>,
    channel: Option<ChannelMatcher>,
    subdir: Option<String>,
    file_name: Option<String>,
    url: Option<String>,
    md5: Option<String>,
    sha256: Option<String>,
    license: Option<StringMatcher>,
    license_family: Option<StringMatcher>,
    track_features: Option<Vec<String>>,
    features: Option<Vec<String>>,
    when: Option<Condition>,
    extras: Vec<String>,
    flags: Vec<FlagPattern>,
}

/// How a spec was written where that changes nothing: all remarks are equal.
#[derive(Debug, Clone, Copy)]
struct Remark(bool);

impl PartialEq for Remark {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Remark {}

impl Hash for Remark {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl MatchSpec {
    /// Reads a spec.
    ///
    /// # Errors
    /// [`MatchSpecError`] with the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, MatchSpecError> {
        parse::spec(text)
    }

    /// A spec that has a name and nothing else.
    fn of_name(name: StringMatcher) -> Self {
        MatchSpec {
            name,
            version: None,
            any_version: Remark(false),
            build: None,
            build_number: None,
            channel: None,
            subdir: None,
            file_name: None,
            url: None,
            md5: None,
            sha256: None,
            license: None,
            license_family: None,
            track_features: None,
            features: None,
            when: None,
            extras: Vec::new(),
            flags: Vec::new(),
        }
    }

    /// The name, lower-case, exact or a pattern; `None` if any name matches.
    pub fn name(&self) -> Option<&StringMatcher> {
        (!self.name.is_any()).then_some(&self.name)
    }

    /// The name, unless it is a pattern.
    pub fn name_exact(&self) -> Option<&str> {
        self.name.exact()
    }

    /// The versions; `None` if all match.
    pub fn version(&self) -> Option<&VersionSpec> {
        self.version.as_ref()
    }

    /// Whether the text says in so many words that any version will do: `numpy *`. Such a spec equals one that
    /// leaves the version out.
    pub fn says_any_version(&self) -> bool {
        self.any_version.0
    }

    /// The build string; its letters' case matters.
    pub fn build(&self) -> Option<&StringMatcher> {
        self.build.as_ref()
    }

    /// The build number.
    pub fn build_number(&self) -> Option<&BuildNumberSpec> {
        self.build_number.as_ref()
    }

    /// The channel.
    pub fn channel(&self) -> Option<&ChannelMatcher> {
        self.channel.as_ref()
    }

    /// The subdir, such as `linux-64`.
    pub fn subdir(&self) -> Option<&str> {
        self.subdir.as_deref()
    }

    /// The archive's file name: the one given, or that at the end of the URL.
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// The archive's URL.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// MD5 of the archive, lower-case hex.
    pub fn md5(&self) -> Option<&str> {
        self.md5.as_deref()
    }

    /// SHA-256 of the archive, lower-case hex.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// The licence, ignoring case.
    pub fn license(&self) -> Option<&StringMatcher> {
        self.license.as_ref()
    }

    /// The licence family, ignoring case.
    pub fn license_family(&self) -> Option<&StringMatcher> {
        self.license_family.as_ref()
    }

    /// The features that the record must track, exactly these; sorted.
    pub fn track_features(&self) -> Option<&[String]> {
        self.track_features.as_deref()
    }

    /// The legacy `features` that the record must have, exactly these; sorted.
    pub fn features(&self) -> Option<&[String]> {
        self.features.as_deref()
    }

    /// Optional dependency groups asked for, in the order written (CEP 44).
    pub fn extras(&self) -> &[String] {
        &self.extras
    }

    /// Flags of which every one must match some flag of the record (CEP 45).
    pub fn flags(&self) -> &[FlagPattern] {
        &self.flags
    }

    /// The condition under which the spec applies at all (CEP 43).
    pub fn when(&self) -> Option<&Condition> {
        self.when.as_ref()
    }

    /// Whether the name is exact and name, version and build are all the spec has.
    pub fn is_simple(&self) -> bool {
        self.selects_simply() && self.when.is_none() && self.extras.is_empty()
    }

    /// Whether the name is exact and name, version and build are all that tells which records match; the spec may
    /// have a condition and extras, which say nothing about a record.
    pub fn selects_simply(&self) -> bool {
        self.name.exact().is_some()
            && self.build_number.is_none()
            && self.channel.is_none()
            && self.subdir.is_none()
            && self.file_name.is_none()
            && self.url.is_none()
            && self.md5.is_none()
            && self.sha256.is_none()
            && self.license.is_none()
            && self.license_family.is_none()
            && self.track_features.is_none()
            && self.features.is_none()
            && self.flags.is_empty()
    }
}

impl FromStr for MatchSpec {
    type Err = MatchSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        MatchSpec::parse(text)
    }
}
