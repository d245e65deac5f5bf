//! Why a file is not accepted, or not looked at.

use std::fmt;

/// What ends a check, or the writing of what is to be checked.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file is not what it should be; a sentence.
    Malformed(String),
    /// The request is of a kind that cannot be certified; a sentence.
    Unsupported(String),
    /// The answer breaks a hard rule; a sentence.
    Broken(String),
    /// A step does not hold.
    Refused {
        /// The level, and the part of it.
        step: String,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    /// A step that does not hold.
    pub fn refused(step: &str, reason: impl Into<String>) -> Self {
        Error::Refused {
            step: step.to_string(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Malformed(text) | Error::Unsupported(text) => f.write_str(text),
            Error::Broken(text) => write!(f, "the answer breaks a rule: {text}"),
            Error::Refused { step, reason } => write!(f, "{step}: {reason}"),
        }
    }
}

impl std::error::Error for Error {}
