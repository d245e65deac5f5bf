//! Why a request cannot be formed.

use conda::match_spec::MatchSpecError;

/// Why a request could not be formed.
#[derive(Debug, Clone)]
pub enum RequestError {
    /// A string is not a MatchSpec.
    Spec(MatchSpecError),
    /// A MatchSpec is valid but cannot be asked of the solver.
    Unusable {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A virtual package string is not `name [version [build]]`.
    VirtualPackage {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl std::fmt::Display for RequestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RequestError::Spec(e) => e.fmt(f),
            RequestError::Unusable { text, reason } => {
                write!(f, "cannot solve for '{}': {reason}", shorten(text))
            }
            RequestError::VirtualPackage { text, reason } => {
                write!(
                    f,
                    "invalid virtual package '{}': {reason}; expected 'name [version [build]]' such as '__glibc 2.28'",
                    shorten(text)
                )
            }
        }
    }
}

impl std::error::Error for RequestError {}

fn shorten(text: &str) -> String {
    const LIMIT: usize = 120;
    if text.chars().count() <= LIMIT {
        text.to_string()
    } else {
        let head: String = text.chars().take(LIMIT).collect();
        format!("{head}… ({} bytes)", text.len())
    }
}
