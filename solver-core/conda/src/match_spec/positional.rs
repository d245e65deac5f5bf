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

/// Why a version part was refused.
pub(super) enum VersionProblem<'a> {
    /// In words, about a part of the text.
    Words(&'a str, String),
    /// By the parser of version specs.
    Spec(VersionSpecError),
}

/// The version spec that a version part means; `None` for any version.
///
/// `=1.2` alone means `1.2.*`, but `1.2` exactly where a build follows; a leading `==` means the version itself
/// (so that `==1.2.*` is fuzzy). In a group (`=1.2|1.5`) every member speaks for itself.
pub(super) fn version(
    text: &str,
    has_build: bool,
) -> Result<Option<VersionSpec>, VersionProblem<'_>> {
    let compact = without_blanks(text)?;
    let words = |reason: &'static str| VersionProblem::Words(text, reason.to_owned());
    let parse = |text: &str| VersionSpec::parse(text).map_err(VersionProblem::Spec);
    let spec = parse(&meaning(&compact, has_build).map_err(words)?)?;
    // Parentheses around all of it are gone now, and what was inside is looked at in the same way.
    let spec = match spec.as_str() {
        inner if inner.starts_with('=') => parse(&meaning(inner, false).map_err(words)?)?,
        _ => spec,
    };
    Ok((spec.as_str() != "*").then_some(spec))
}

/// The text without the blanks next to its operators. Any other blank separates two words, which nothing may glue.
pub(super) fn without_blanks(text: &str) -> Result<Cow<'_, str>, VersionProblem<'_>> {
    let Some(first) = text.find(' ') else {
        return Ok(text.into());
    };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    // Inside a regular expression a blank is a character like others.
    let mut pattern = out.rfind('^').is_some_and(|at| !out[at..].contains('$'));
    while let Some(next) = rest.chars().next() {
        if next != ' ' || pattern {
            pattern = if pattern { next != '$' } else { next == '^' };
            out.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        }
        rest = rest.trim_start_matches(' ');
        let left = last_clause(&out);
        if out.is_empty() || rest.is_empty() || out.ends_with(is_operator) {
            continue;
        }
        if rest.starts_with(['<', '>', '=', '!', '~']) {
            let right = first_clause(rest);
            let reason =
                format!("',' is missing between '{left}' and '{right}': write '{left},{right}'");
            return Err(VersionProblem::Words(rest, reason));
        }
        if !rest.starts_with(is_operator) {
            let right = first_clause(rest);
            let reason = format!(
                "'{left}' and '{right}' are two words; ',' (and) or '|' (or) separates conditions on the version"
            );
            return Err(VersionProblem::Words(rest, reason));
        }
    }
    Ok(out.into())
}

/// A character next to which a blank means nothing.
fn is_operator(c: char) -> bool {
    matches!(c, ',' | '|' | '(' | ')' | '<' | '>' | '=' | '!' | '~')
}

fn last_clause(text: &str) -> &str {
    text.rsplit([',', '|', '(']).next().unwrap_or(text)
}

fn first_clause(text: &str) -> &str {
    let operator = text.len()
        - text
            .trim_start_matches(['<', '>', '=', '!', '~', ' '])
            .len();
    let end = text[operator..].find([',', '|', ')', ' ']);
    &text[..end.map_or(text.len(), |end| operator + end)]
}

/// Why what stands behind a name cannot be cut into a version and a build: the part that is wrong, and the reason.
///
/// Such texts come from people who write a choice of builds (`>=1.2 py310_0|py311_0`) or a range of versions
/// (`3.10 - 3.12`). conda drops the blank and makes one version of both words.
pub(super) fn third_word<'a>(
    name: &str,
    rest: &'a str,
    version: &str,
) -> Option<(&'a str, String)> {
    let at = build_separator(version)?;
    let (left, word) = (rest[..at].trim_end(), rest[at + 1..].trim_start());
    let is_build = |c: char| c.is_ascii_alphanumeric() || "_.+*!-|, ".contains(c);
    if word.is_empty() || !word.chars().all(is_build) || left.contains('^') {
        return None;
    }
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "._+!".contains(c))
    };
    if let Some(end) = word.strip_prefix('-').map(str::trim_start) {
        if plain(end) && plain(left) {
            let reason =
                format!("a range of versions is written {name}[version='>={left},<={end}']");
            return Some((word, reason));
        }
    }
    let sign = word.chars().find(|c| matches!(c, '|' | ',' | '-'))?;
    let items = || word.split(['|', ',']).map(str::trim);
    if items().any(|item| item.contains(' ')) {
        return None;
    }
    let builds: Vec<String> = items()
        .filter(|build| !build.is_empty())
        .map(|build| {
            regex::escape(build)
                .replace("\\*", ".*")
                .replace("\\-", "-")
        })
        .collect();
    let pattern = match &builds[..] {
        [] => return None,
        [one] => one.clone(),
        several => format!("({})", several.join("|")),
    };
    let left = meaning(left, true).map_or_else(|_| left.to_owned(), Cow::into_owned);
    let version = match left.replace(' ', "") {
        any if any == "*" => String::new(),
        version => format!("version='{version}',"),
    };
    let reason = format!(
        "a build cannot contain '{sign}'; a choice of builds is written {name}[{version}build='^{pattern}$']"
    );
    Some((word, reason))
}

/// Where a build begins, whatever it consists of: at a blank next to no operator, or at a `=` behind a version.
fn build_separator(version: &str) -> Option<usize> {
    let bytes = version.as_bytes();
    let word = |byte: &u8| !is_operator(char::from(*byte)) && *byte != b' ';
    (1..bytes.len()).find(|&at| {
        let before = bytes[..at].iter().rev().find(|byte| **byte != b' ');
        let after = bytes[at + 1..].iter().find(|byte| **byte != b' ');
        matches!(bytes[at], b' ' | b'=') && before.is_some_and(word) && after.is_some_and(word)
    })
}

fn meaning(text: &str, has_build: bool) -> Result<Cow<'_, str>, &'static str> {
    let behind = text.trim_start_matches('=');
    let signs = text.len() - behind.len();
    if signs == 0 || behind.is_empty() {
        return Ok(text.into());
    }
    if signs > 2 || behind.starts_with(['<', '>', '!', '~']) {
        return Err(
            "there is no such operator; '==', '!=', '<=', '>=', '<', '>', '=' and '~=' are known",
        );
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
