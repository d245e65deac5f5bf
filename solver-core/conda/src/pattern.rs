//! Text patterns of match specs: exact, glob and regular expression (CEP 29, conda's `match_spec.py`).
//!
//! A text that begins with `^` and ends with `$` is a regular expression, one that contains `*` is a glob, anything
//! else is compared as it stands. In a glob only `*` is special (any run of characters, also none) and the whole
//! text must match. Regular expressions follow Python's `re.match`: the match must begin at the start of the text,
//! its end is up to the pattern (`^a|b$` accepts `ax`). Rust's `regex` crate runs them in linear time; what it does
//! not know (look-around, back-references) is an error. A compiled pattern may use at most 256 KiB, which refuses
//! counted repetitions made to exhaust memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};
use rustc_hash::FxBuildHasher;

use crate::watch;

/// Memory that one compiled regular expression may take, in bytes, and that nearly all stay below.
const REGEX_SIZE_LIMIT: usize = 1 << 18;
const REGEX_USUAL_SIZE: usize = 1 << 16;
/// How deep groups of a regular expression may nest.
const REGEX_NEST_LIMIT: u32 = 64;
/// Bytes of compiled expressions kept by each thread.
const REGEX_CACHE: usize = 1 << 28;
/// Longest text that a pattern is tried on; longer ones match none. Versions, builds and licences are far shorter.
pub const LONGEST_TEXT: usize = 4096;
/// What compiling costs, in steps of matching.
const COMPILING: usize = 20_000;

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
    if text.len() > LONGEST_TEXT || watch::is_over() {
        return false;
    }
    let (mut p, mut t) = (0, 0);
    let mut steps = 0;
    // Behind the last star seen: where to resume in the pattern, and how much of the text that star has taken.
    let mut resume: Option<(usize, usize)> = None;
    while t < text.len() {
        steps += 1;
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
            break;
        }
    }
    watch::spend(steps);
    t == text.len() && pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Whether a regular expression matches from the start of `text`; false for one that does not compile.
pub fn regex_matches(pattern: &str, text: &str, ignore_case: bool) -> bool {
    if text.len() > LONGEST_TEXT || watch::is_over() {
        return false;
    }
    watch::spend(64 + 8 * text.len());
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

/// Compiled expressions of a thread, by their text; the second of a pair ignores case.
#[derive(Default)]
struct Cache {
    known: HashMap<Box<str>, [Option<Rc<Regex>>; 2], FxBuildHasher>,
    /// The most bytes that they may take together, by the limits they were compiled with.
    bytes: usize,
}

thread_local! {
    static COMPILED: RefCell<Cache> = RefCell::default();
}

/// The compiled form, kept for the next time: compiling costs thousands of times a match. When the room is used up, all
/// are forgotten: a caller that cycles through more than fit would get nothing from forgetting one at a time.
fn compiled(pattern: &str, ignore_case: bool) -> Result<Rc<Regex>, String> {
    COMPILED.with_borrow_mut(|cache| {
        let known = cache.known.get(pattern);
        if let Some(regex) = known.and_then(|both| both[usize::from(ignore_case)].as_ref()) {
            return Ok(Rc::clone(regex));
        }
        watch::spend(COMPILING);
        let compile = |limit| {
            RegexBuilder::new(pattern)
                .case_insensitive(ignore_case)
                .size_limit(limit)
                .dfa_size_limit(limit)
                .nest_limit(REGEX_NEST_LIMIT)
                .build()
        };
        let (regex, limit) = match compile(REGEX_USUAL_SIZE) {
            Err(regex::Error::CompiledTooBig(_)) => (compile(REGEX_SIZE_LIMIT), REGEX_SIZE_LIMIT),
            other => (other, REGEX_USUAL_SIZE),
        };
        let regex = Rc::new(regex.map_err(|error| one_line(&error))?);
        if cache.bytes + 2 * limit > REGEX_CACHE {
            *cache = Cache::default();
        }
        cache.bytes += 2 * limit;
        let both = cache.known.entry(pattern.into()).or_default();
        both[usize::from(ignore_case)] = Some(Rc::clone(&regex));
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
