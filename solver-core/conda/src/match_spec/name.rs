//! Package names in specs: which are valid (CEP 26) and how they match.

use crate::pattern::{pattern_kind, PatternKind, StringMatcher};

/// Reads the name of a spec. Names are compared in lower case; patterns are `*` globs and `^…$` expressions.
pub(super) fn parse(text: &str) -> Result<StringMatcher, String> {
    match pattern_kind(text) {
        PatternKind::Regex => StringMatcher::parse_ignoring_case(text),
        PatternKind::Glob => {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '*');
            match text.chars().find(|&c| !legal(c)) {
                Some(c) => Err(format!("{c:?} cannot be part of a package name")),
                None => StringMatcher::parse_ignoring_case(&text.to_ascii_lowercase()),
            }
        }
        PatternKind::Exact => {
            check(text)?;
            StringMatcher::parse_ignoring_case(&text.to_ascii_lowercase())
        }
    }
}

/// CEP 26: words of letters and digits that single `.`, `_` or `-` join; up to two `_` may lead, one separator may
/// end the name (as conda has it).
pub(crate) fn check(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if let Some(c) = name.chars().find(|&c| !legal(c)) {
        return Err(format!("{c:?} cannot be part of a package name"));
    }
    let words = name
        .strip_prefix("__")
        .or_else(|| name.strip_prefix('_'))
        .unwrap_or(name);
    let mut after_word = false;
    for byte in words.bytes() {
        let word = byte.is_ascii_alphanumeric();
        if !word && !after_word {
            return Err(
                "in a package name '.', '_' and '-' stand singly behind a letter or digit, \
                 except for one or two leading '_'"
                    .to_owned(),
            );
        }
        after_word = word;
    }
    if words.is_empty() {
        return Err("a package name has a letter or digit".to_owned());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn valid_and_invalid() {
        for name in [
            "a",
            "numpy",
            "_x",
            "__x",
            "x_",
            "x-",
            "x.",
            "7zip",
            "ruamel.yaml",
            "R-Foo_bar",
        ] {
            assert!(parse(name).is_ok(), "{name}");
        }
        for name in [
            "", "-x", "x..y", "x--y", "x__y", "___x", "x+y", "x/y", "x&y", "_", "__", "é", "a/*",
        ] {
            assert!(parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn patterns() {
        assert!(parse("Py*").unwrap().matches("python"));
        assert!(parse("^py(thon|py)$").unwrap().matches("pypy"));
        assert!(parse("^py(thon$").is_err());
        assert_eq!(parse("NumPy").unwrap().exact(), Some("numpy"));
    }
}
