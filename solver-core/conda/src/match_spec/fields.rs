//! The smaller fields of a spec: build numbers, hashes, features, extras and flags.

use std::fmt;

use super::positional;
use crate::pattern::{glob_matches, StringMatcher};
use crate::version::Version;
use crate::version_spec::VersionSpec;

/// What a spec asks of the build number: a number, or conditions as of versions (`>=3`, `1|4`, `^[12]$`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BuildNumberSpec(Condition);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Condition {
    Exact(u64),
    Spec(VersionSpec),
    Regex(StringMatcher),
}

impl BuildNumberSpec {
    /// Reads a build number spec; `None` for `*`.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = match positional::without_blanks(text) {
            Ok(text) => text,
            Err(_) => return Err("blanks separate nothing in a build number".to_owned()),
        };
        let text = &*text;
        if text == "*" {
            return Ok(None);
        }
        if text.starts_with('^') {
            return Ok(Some(BuildNumberSpec(Condition::Regex(
                StringMatcher::parse(text)?,
            ))));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = text.parse().map_err(|_| "the build number is too large")?;
            return Ok(Some(BuildNumberSpec(Condition::Exact(number))));
        }
        let legal = |c: char| c.is_ascii_digit() || "=<>!,|()*".contains(c);
        if let Some(c) = text.chars().find(|&c| !legal(c)) {
            return Err(format!("{c:?} cannot be part of a build number"));
        }
        let spec = VersionSpec::parse(text).map_err(|error| error.reason().to_owned())?;
        Ok((!spec.is_any()).then_some(BuildNumberSpec(Condition::Spec(spec))))
    }

    /// Whether a build number is meant.
    pub fn matches(&self, number: u64) -> bool {
        match &self.0 {
            Condition::Exact(exact) => *exact == number,
            Condition::Spec(spec) => {
                Version::parse(&number.to_string()).is_ok_and(|number| spec.matches(&number))
            }
            Condition::Regex(regex) => regex.matches(&number.to_string()),
        }
    }
}

impl fmt::Display for BuildNumberSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Condition::Exact(number) => number.fmt(f),
            Condition::Spec(spec) => spec.fmt(f),
            Condition::Regex(regex) => regex.fmt(f),
        }
    }
}

/// A pattern for variant flags: `cuda`, `blas:mkl`, `gpu:*` (CEP 45).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FlagPattern(Box<str>);

impl FlagPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let word = |word: &str| {
            let legal =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '*');
            !word.is_empty() && word.chars().all(legal)
        };
        let valid = match text.split_once(':') {
            Some((key, value)) => word(key) && word(value),
            None => word(text),
        };
        if valid {
            Ok(FlagPattern(text.into()))
        } else {
            Err(
                "a flag is written 'flag' or 'key:value' with lower-case letters, digits, '_', and '*' \
                 for any text"
                    .to_owned(),
            )
        }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a flag of a record is meant.
    pub fn matches(&self, flag: &str) -> bool {
        glob_matches(&self.0, flag, false)
    }
}

impl fmt::Display for FlagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hash of `digits` hexadecimal digits, in lower case.
pub(super) fn hash(text: &str, digits: usize) -> Result<String, String> {
    if text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("it must be {digits} hexadecimal digits"))
    }
}

/// Names of features, separated by spaces or commas: a set, so sorted and each once.
pub(super) fn features(text: &str) -> Vec<String> {
    let mut features: Vec<String> = text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    features.sort_unstable();
    features.dedup();
    features
}

/// The name of a dependency group (CEP 44).
pub(super) fn extra(text: &str) -> Result<String, String> {
    let legal = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '+' | '-')
    };
    if (1..=64).contains(&text.len()) && text.chars().all(legal) {
        Ok(text.to_owned())
    } else {
        Err(
            "an extra is named by 1 to 64 lower-case letters, digits, '_', '.', '+' or '-'"
                .to_owned(),
        )
    }
}
