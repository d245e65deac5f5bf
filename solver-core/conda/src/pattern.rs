//! Text patterns of match specs: exact, glob and regular expression (CEP 29, conda's `match_spec.py`).
//!
//! A text that begins with `^` and ends with `$` is a regular expression, one that contains `*` is a glob, anything
//! else is compared as it stands. In a glob only `*` is special (any run of characters, also none) and the whole
//! text must match. Regular expressions follow Python's `re.match`: the match must begin at the start of the text,
//! its end is up to the pattern (`^a|b$` accepts `ax`). Rust's `regex` crate runs them in linear time; what it does
//! not know (look-around, back-references) is an error. A compiled pattern may use at most 1 MiB, which refuses
//! counted repetitions made to exhaust memory.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};

/// Memory that one compiled regular expression may take, in bytes.
const REGEX_SIZE_LIMIT: usize = 1 << 20;
/// How deep groups of a regular expression may nest.
const REGEX_NEST_LIMIT: u32 = 64;
/// Compiled expressions kept by each thread.
const REGEX_CACHE: usize = 32;

/// How a [`StringMatcher`] reads its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatternKind {
    /// The text itself.
    Exact,
    /// `*` stands for any run of characters.
    Glob,
    /// `^…$`, a regular expression.
    Regex,
}

/// A matcher for one text field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StringMatcher {
    text: Box<str>,
    kind: PatternKind,
    ignore_case: bool,
}

impl StringMatcher {
    /// Reads a pattern whose letters' case matters (build strings).
    ///
    /// # Errors
    /// The reason why a regular expression cannot be used.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::with_case(text, false)
    }

    /// Reads a pattern that ignores the case of ASCII letters (names, licences).
    ///
    /// # Errors
    /// As [`StringMatcher::parse`].
    pub fn parse_ignoring_case(text: &str) -> Result<Self, String> {
        Self::with_case(text, true)
    }

    fn with_case(text: &str, ignore_case: bool) -> Result<Self, String> {
        let kind = pattern_kind(text);
        if kind == PatternKind::Regex {
            check_regex(text)?;
        }
        Ok(StringMatcher {
            text: text.into(),
            kind,
            ignore_case,
        })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How the pattern is read.
    pub fn kind(&self) -> PatternKind {
        self.kind
    }

    /// The text itself when it is not a pattern.
    pub fn exact(&self) -> Option<&str> {
        (self.kind == PatternKind::Exact).then_some(&*self.text)
    }

    /// True for the glob `*`, which everything matches.
    pub fn is_any(&self) -> bool {
        self.kind == PatternKind::Glob && self.text.bytes().all(|byte| byte == b'*')
    }

    /// Whether `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        match self.kind {
            PatternKind::Exact if self.ignore_case => self.text.eq_ignore_ascii_case(text),
            PatternKind::Exact => *self.text == *text,
            PatternKind::Glob => glob_matches(&self.text, text, self.ignore_case),
            PatternKind::Regex => regex_matches(&self.text, text, self.ignore_case),
        }
    }
}

impl fmt::Display for StringMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How a pattern is read.
pub fn pattern_kind(text: &str) -> PatternKind {
    if text.len() >= 2 && text.starts_with('^') && text.ends_with('$') {
        PatternKind::Regex
    } else if text.contains('*') {
        PatternKind::Glob
    } else {
        PatternKind::Exact
    }
}

/// Whether the glob `pattern` matches the whole of `text`; linear but for repeated stars (worst case quadratic).
pub fn glob_matches(pattern: &str, text: &str, ignore_case: bool) -> bool {
    let equal = |a: u8, b: u8| a == b || (ignore_case && a.eq_ignore_ascii_case(&b));
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Behind the last star seen: where to resume in the pattern, and how much of the text that star has taken.
    let mut resume: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            p += 1;
            resume = Some((p, t));
        } else if p < pattern.len() && equal(pattern[p], text[t]) {
            p += 1;
            t += 1;
        } else if let Some((behind, taken)) = resume {
            p = behind;
            t = taken + 1;
            resume = Some((behind, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Whether a regular expression matches from the start of `text`; false for one that does not compile.
pub fn regex_matches(pattern: &str, text: &str, ignore_case: bool) -> bool {
    compiled(pattern, ignore_case)
        .is_ok_and(|regex| regex.find(text).is_some_and(|found| found.start() == 0))
}

/// Checks that a regular expression can be used.
///
/// # Errors
/// The reason in one line.
pub fn check_regex(pattern: &str) -> Result<(), String> {
    compiled(pattern, false).map(drop)
}

type Cache = Vec<(Box<str>, bool, Rc<Regex>)>;

thread_local! {
    static COMPILED: RefCell<Cache> = const { RefCell::new(Vec::new()) };
}

/// The compiled form, from a small least-recently-used list: compiling costs thousands of times a match.
fn compiled(pattern: &str, ignore_case: bool) -> Result<Rc<Regex>, String> {
    COMPILED.with_borrow_mut(|cache| {
        let known = cache
            .iter()
            .position(|(text, case, _)| **text == *pattern && *case == ignore_case);
        if let Some(at) = known {
            cache[..=at].rotate_right(1);
            return Ok(Rc::clone(&cache[0].2));
        }
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(ignore_case)
            .size_limit(REGEX_SIZE_LIMIT)
            .dfa_size_limit(REGEX_SIZE_LIMIT)
            .nest_limit(REGEX_NEST_LIMIT)
            .build()
            .map_err(|error| one_line(&error))?;
        let regex = Rc::new(regex);
        cache.truncate(REGEX_CACHE - 1);
        cache.insert(0, (pattern.into(), ignore_case, Rc::clone(&regex)));
        Ok(regex)
    })
}

/// The last line of a syntax error says what is wrong; those before it draw the pattern.
fn one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "the regular expression needs too much memory".to_owned()
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!(
                "the regular expression is not understood: {}",
                last.trim_start_matches("error: ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("py*", "py36_0", true),
            ("*_0", "py36_0", true),
            ("*py*0*", "xpy36_0", true),
            ("a*b*c", "abbc", true),
            ("a*b", "abc", false),
            ("", "", true),
            ("**", "x", true),
            ("a.c", "abc", false),
        ] {
            assert_eq!(
                glob_matches(pattern, text, false),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(glob_matches("GPL*", "gpl-3", true));
        assert!(!glob_matches("GPL*", "gpl-3", false));
    }

    #[test]
    fn regexes_match_from_the_start() {
        assert!(regex_matches("^py(27|3[0-9])_\\d+$", "py36_0", false));
        assert!(!regex_matches("^py$", "py36", false));
        assert!(regex_matches("^a|b$", "ax", false));
        assert!(!regex_matches("^a|b$", "xb", false));
        assert!(check_regex("^(?=a)$").is_err());
        assert!(check_regex("^(a{1000}){1000}{1000}$").is_err());
        assert!(check_regex(&format!("^{}$", "(".repeat(10_000))).is_err());
    }

    proptest! {
        #[test]
        fn glob_agrees_with_regex(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let regex = format!("^{}$", pattern.replace('*', ".*"));
            prop_assert_eq!(glob_matches(&pattern, &text, false), regex_matches(&regex, &text, false));
        }

        #[test]
        fn never_panics(pattern in ".{0,24}", text in ".{0,24}") {
            if let Ok(matcher) = StringMatcher::parse(&pattern) {
                let _ = matcher.matches(&text);
                prop_assert_eq!(matcher.as_str(), &pattern);
            }
        }
    }
}
