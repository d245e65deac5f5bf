//! Why a version literal was refused.

use std::fmt;
use std::ops::Range;

/// A version literal that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionError {
    text: String,
    span: Range<usize>,
    reason: &'static str,
}

/// How many bytes of a refused literal an error keeps; enough to recognise it, too few to flood a log.
const KEPT: usize = 80;

impl VersionError {
    /// An error about `span` (bytes) of `text`.
    pub(crate) fn new(text: &str, span: Range<usize>, reason: &'static str) -> Self {
        VersionError {
            text: shorten(text, KEPT),
            span,
            reason,
        }
    }

    /// The offending bytes of the literal (white space around it already removed).
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, without the literal.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid version {:?}: {}", self.text, self.reason)?;
        if let Some(piece) = self.text.get(self.span.clone()) {
            if !piece.is_empty() && piece.len() < self.text.len() {
                write!(f, " ({piece:?} at position {})", self.span.start + 1)?;
            } else if piece.is_empty() && !self.text.is_empty() {
                write!(f, " (at position {})", self.span.start + 1)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for VersionError {}

/// At most about `limit` bytes of `text`, cut at a character and marked with an ellipsis.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
