//! The positional part of a spec: version and build behind the name, and what `=` means there.
//!
//! The language grew from three forms (`name version build`, `name=version=build`, `name>=version`), so where the
//! version ends depends on what follows. conda's rule is a regular expression; the same rule as one scan: the build
//! begins behind the first space or `=` that does not continue an operator and behind which no character is left
//! that a build string cannot have.

use std::borrow::Cow;

use crate::version_spec::{VersionSpec, VersionSpecError};

/// Cuts what stands behind the name into version and build.
pub(super) fn split(rest: &str) -> (&str, Option<&str>) {
    // A regular expression as the build may hold any character; conda-forge has such specs on `__archspec`.
    if let Some(at) = rest.find(" ^").filter(|&at| at > 0 && rest.ends_with('$')) {
        if !rest[..at].contains('^') {
            return (rest[..at].trim_end(), Some(&rest[at + 1..]));
        }
    }
    let bytes = rest.as_bytes();
    let no_build = |byte: &u8| matches!(byte, b'-' | b'=' | b',' | b'|' | b'<' | b'>' | b'~');
    let first = bytes.iter().rposition(no_build).unwrap_or(0).max(1);
    let separator = (first..bytes.len().saturating_sub(1)).find(|&at| {
        matches!(bytes[at], b' ' | b'=')
            && !matches!(
                bytes[at - 1],
                b'=' | b'!' | b'|' | b',' | b'<' | b'>' | b'~'
            )
    });
    match separator {
        Some(at) => (&rest[..at], Some(rest[at + 1..].trim())),
        None => (rest, None),
    }
}

/// Why a version part was refused: in words, or by the parser of version specs.
pub(super) enum VersionProblem {
    Words(&'static str),
    Spec(VersionSpecError),
}

/// The version spec that a version part means; `None` for any version.
///
/// `=1.2` alone means `1.2.*`, but `1.2` exactly where a build follows; a leading `==` means the version itself
/// (so that `==1.2.*` is fuzzy). In a group (`=1.2|1.5`) every member speaks for itself.
pub(super) fn version(text: &str, has_build: bool) -> Result<Option<VersionSpec>, VersionProblem> {
    let text: Cow<'_, str> = if text.contains(' ') {
        text.replace(' ', "").into()
    } else {
        text.into()
    };
    let parse = |text: &str| VersionSpec::parse(text).map_err(VersionProblem::Spec);
    let spec = parse(&meaning(&text, has_build)?)?;
    // Parentheses around all of it are gone now, and what was inside is looked at in the same way.
    let spec = match spec.as_str() {
        inner if inner.starts_with('=') => parse(&meaning(inner, false)?)?,
        _ => spec,
    };
    Ok((spec.as_str() != "*").then_some(spec))
}

fn meaning(text: &str, has_build: bool) -> Result<Cow<'_, str>, VersionProblem> {
    let behind = text.trim_start_matches('=');
    let signs = text.len() - behind.len();
    if signs == 0 || behind.is_empty() {
        return Ok(text.into());
    }
    if signs > 2 || behind.starts_with(['<', '>', '!', '~']) {
        return Err(VersionProblem::Words(
            "there is no such operator; '==', '!=', '<=', '>=', '<', '>', '=' and '~=' are known",
        ));
    }
    let group = behind.contains([',', '|', '=']);
    Ok(if signs == 2 {
        behind.into()
    } else if group {
        text.into()
    } else if has_build || behind.ends_with('*') {
        behind.into()
    } else {
        format!("{behind}*").into()
    })
}
