//! The bracket part of a spec: `[key=value, key='value', key=[item, item]]` (CEP 29, lists by CEP 44 and 45).
//!
//! Pairs are separated by commas or white space. A value is one word, a text in quotes of either kind (inside which
//! `\` makes the enclosing quote an ordinary character, so that a condition can quote too) or, for extras and flags, a
//! list. `version>=1.2` is read as `version='>=1.2'`, as conda's newer parser does.

use std::borrow::Cow;

use super::error::{MatchSpecError, Source};
use crate::version::shorten;

/// Every key that a spec can have.
const KEYS: [&str; 17] = [
    "name",
    "version",
    "build",
    "build_number",
    "channel",
    "subdir",
    "fn",
    "url",
    "md5",
    "sha256",
    "license",
    "license_family",
    "track_features",
    "features",
    "when",
    "extras",
    "flags",
];

/// A value as written.
pub(super) enum Value<'a> {
    One(Cow<'a, str>),
    List(Vec<Cow<'a, str>>),
}

/// One `key=value`.
pub(super) struct Pair<'a> {
    pub(super) key: &'a str,
    pub(super) value: Value<'a>,
    /// The value with its quotes, for messages.
    pub(super) raw: &'a str,
}

/// Reads the brackets that `text` begins with; the second part of the result is what stands behind them.
pub(super) fn parse<'a>(
    source: Source<'a>,
    text: &'a str,
) -> Result<(Vec<Pair<'a>>, &'a str), MatchSpecError> {
    let mut scanner = Scanner {
        source,
        rest: &text[1..],
        open: &text[..1],
    };
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    loop {
        scanner.skip_spaces();
        if let Some(behind) = scanner.rest.strip_prefix(']') {
            return Ok((pairs, behind));
        }
        let pair = scanner.pair()?;
        // The last one wins, as in all implementations but conda's newest.
        pairs.retain(|other| other.key != pair.key);
        pairs.push(pair);
        scanner.separator()?;
    }
}

struct Scanner<'a> {
    source: Source<'a>,
    rest: &'a str,
    open: &'a str,
}

impl<'a> Scanner<'a> {
    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// The next `length` bytes.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn next_char(&self) -> &'a str {
        let length = self.rest.chars().next().map_or(0, char::len_utf8);
        &self.rest[..length]
    }

    /// An error about what comes next; at the end of the text that is a missing `]`.
    fn unexpected(&self, reason: &str) -> MatchSpecError {
        if self.rest.is_empty() {
            self.source.error(self.open, "'[' without ']'")
        } else {
            self.source.error(self.next_char(), reason)
        }
    }

    fn pair(&mut self) -> Result<Pair<'a>, MatchSpecError> {
        let length = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(self.rest.len());
        if length == 0 {
            return Err(self.unexpected("a key is expected here"));
        }
        let key = self.take(length);
        if !KEYS.contains(&key) {
            let mut reason = format!("there is no key {:?}", shorten(key, 40));
            if let Some(form) = self.extras_meant(key) {
                reason = format!("{reason}; optional dependencies are written {form}");
            }
            return Err(self.source.error(key, reason));
        }
        self.skip_spaces();
        if key == "version" && self.rest.starts_with(['<', '>', '!', '~']) {
            return self.value(key);
        }
        if !self.rest.starts_with('=') {
            return Err(if self.rest.is_empty() {
                self.unexpected("")
            } else {
                self.source
                    .error(key, format!("{key:?} needs a value: {key}=…"))
            });
        }
        self.take(1);
        self.skip_spaces();
        self.value(key)
    }

    /// How `name[one,two]`, which is pip's form, is written here: `name[extras=[one,two]]`.
    fn extras_meant(&self, key: &str) -> Option<String> {
        let text = self.source.text;
        let from = self.source.span(key).start;
        let inner = &text[from..from + text[from..].find(']')?];
        let extras: Vec<&str> = inner.split(',').map(str::trim).collect();
        if !extras
            .iter()
            .all(|extra| super::fields::extra(extra).is_ok())
        {
            return None;
        }
        let name = text[..from].trim().strip_suffix('[')?.trim_end();
        let version = text[from + inner.len() + 1..].trim();
        let version = match super::positional::version(version, false) {
            _ if version.is_empty() => String::new(),
            Ok(Some(version)) => format!("version='{version}',"),
            _ => return Some("name[extras=[…]]".to_owned()),
        };
        Some(shorten(
            &format!("{name}[{version}extras=[{}]]", extras.join(",")),
            200,
        ))
    }

    fn value(&mut self, key: &'a str) -> Result<Pair<'a>, MatchSpecError> {
        let start = self.rest;
        let value = if self.rest.starts_with('[') {
            Value::List(self.list()?)
        } else {
            Value::One(self.item(&[',', ' ', ']', '[', '\'', '"'])?)
        };
        let raw = &start[..start.len() - self.rest.len()];
        let empty = match &value {
            Value::One(text) => text.trim().is_empty(),
            Value::List(items) => items.is_empty(),
        };
        if empty {
            return Err(self.source.error(key, format!("{key:?} has no value")));
        }
        Ok(Pair { key, value, raw })
    }

    /// A quoted text, or everything up to one of `ends`.
    fn item(&mut self, ends: &[char]) -> Result<Cow<'a, str>, MatchSpecError> {
        if self.rest.starts_with(['\'', '"']) {
            return self.quoted();
        }
        let length = self.rest.find(ends).unwrap_or(self.rest.len());
        Ok(self.take(length).into())
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, MatchSpecError> {
        let quote = self.rest.as_bytes()[0];
        let bytes = self.rest.as_bytes();
        let mut at = 1;
        let mut escaped = false;
        while at < bytes.len() && bytes[at] != quote {
            if bytes[at] == b'\\' && bytes.get(at + 1) == Some(&quote) {
                escaped = true;
                at += 1;
            }
            at += 1;
        }
        if at >= bytes.len() {
            return Err(self
                .source
                .error(&self.rest[..1], "the quotes are not closed"));
        }
        let taken = self.take(at + 1);
        let inner = &taken[1..at];
        if !escaped {
            return Ok(inner.into());
        }
        let quote = char::from(quote);
        Ok(inner
            .replace(&format!("\\{quote}"), &quote.to_string())
            .into())
    }

    fn list(&mut self) -> Result<Vec<Cow<'a, str>>, MatchSpecError> {
        let open = self.take(1);
        let mut items = Vec::new();
        loop {
            self.skip_spaces();
            if self.rest.starts_with(']') && items.is_empty() {
                self.take(1);
                return Ok(items);
            }
            let item = self.item(&[',', ' ', ']', '[', '\'', '"'])?;
            if item.is_empty() {
                return Err(if self.rest.is_empty() {
                    self.source.error(open, "'[' without ']'")
                } else {
                    self.source
                        .error(self.next_char(), "an item of the list is empty")
                });
            }
            items.push(item);
            self.skip_spaces();
            match self.rest.as_bytes().first() {
                Some(b',') => {
                    self.take(1);
                }
                Some(b']') => {
                    self.take(1);
                    return Ok(items);
                }
                Some(_) => {
                    return Err(self
                        .source
                        .error(self.next_char(), "',' or ']' is expected here"));
                }
                None => return Err(self.source.error(open, "'[' without ']'")),
            }
        }
    }

    /// What stands between two pairs: a comma, or white space alone.
    fn separator(&mut self) -> Result<(), MatchSpecError> {
        let before = self.rest.len();
        self.skip_spaces();
        let spaces = self.rest.len() < before;
        match self.rest.as_bytes().first() {
            Some(b']') => Ok(()),
            Some(b',') => {
                self.take(1);
                self.skip_spaces();
                if self.rest.starts_with([']', ',']) {
                    return Err(self.unexpected("a key=value is missing here"));
                }
                Ok(())
            }
            Some(_) if spaces => Ok(()),
            _ => Err(self.unexpected(
                "',' or ']' is expected here; a value with such characters needs quotes",
            )),
        }
    }
}
