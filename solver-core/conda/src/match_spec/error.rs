//! Why a text is no match spec, and where.

use std::fmt;
use std::ops::Range;

use crate::version::shorten;

/// How many bytes of a refused text, and of the part that is wrong, an error shows.
const KEPT: usize = 160;
const KEPT_PART: usize = 60;

/// A match spec that could not be read. Credentials of a channel URL are left out of what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchSpecError {
    text: String,
    part: String,
    span: Range<usize>,
    reason: String,
}

impl MatchSpecError {
    /// An error about `span` (bytes) of `text`; a span that is no part of the text means its end.
    pub(super) fn new(text: &str, span: Range<usize>, reason: impl Into<String>) -> Self {
        let shown = without_secrets(text);
        // A part that the masked text does not have is a piece of a secret.
        let part = Some(without_secrets(text.get(span.clone()).unwrap_or_default()))
            .filter(|part| shown.contains(part.as_str()))
            .unwrap_or_default();
        MatchSpecError {
            text: shorten(&shown, KEPT),
            part: shorten(&part, KEPT_PART),
            span,
            reason: reason.into(),
        }
    }

    /// The text, without credentials and shortened if it is long.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offending bytes of the text that was given.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, without the text.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for MatchSpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid match spec {:?}: {}", self.text, self.reason)?;
        if !self.part.is_empty() && self.part != self.text {
            write!(f, "\n  at position {}: {}", self.span.start + 1, self.part)?;
        }
        Ok(())
    }
}

impl std::error::Error for MatchSpecError {}

/// The text with `user:password@` and `/t/token` of its first URL replaced by `***`.
fn without_secrets(text: &str) -> String {
    let Some((before, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find([' ', '\'', '"', ',', '[']).unwrap_or(rest.len());
    let (url, behind) = rest.split_at(end);
    let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => authority.to_owned(),
    };
    let path = match path.strip_prefix("/t/") {
        Some(path) => format!("/t/***{}", &path[path.find('/').unwrap_or(path.len())..]),
        None => path.to_owned(),
    };
    format!("{before}://{authority}{path}{behind}")
}

/// The text being parsed, to turn parts of it into positions.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// Where a slice of the text lies; the end of the text for a string that is no slice of it.
    pub(super) fn span(self, part: &str) -> Range<usize> {
        let end = self.text.len();
        let start = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if start <= end && part.len() <= end - start {
            start..start + part.len()
        } else {
            end..end
        }
    }

    /// An error about a slice of the text.
    pub(super) fn error(self, part: &str, reason: impl Into<String>) -> MatchSpecError {
        MatchSpecError::new(self.text, self.span(part), reason)
    }
}
