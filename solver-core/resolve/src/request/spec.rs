//! A spec of a request, and why a request cannot be formed.

use conda::match_spec::{MatchSpec, MatchSpecError};

use super::is_virtual_name;

/// A MatchSpec together with the text it came from.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    /// The text as the caller wrote it.
    pub text: String,
    /// The exact package name.
    pub name: String,
    /// The parsed spec.
    pub spec: MatchSpec,
}

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

impl RequestSpec {
    /// Parses one spec of a request; its name must be exact.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let spec = MatchSpec::parse(text).map_err(RequestError::Spec)?;
        let unusable = |reason: &str| RequestError::Unusable {
            text: text.to_string(),
            reason: reason.to_string(),
        };
        let name = spec
            .name_exact()
            .ok_or_else(|| {
                unusable("the package name must be exact; patterns in names are for searching")
            })?
            .to_string();
        Ok(Self {
            text: text.to_string(),
            name,
            spec,
        })
    }

    /// True when the spec speaks of a virtual package.
    pub fn is_virtual(&self) -> bool {
        is_virtual_name(&self.name)
    }
}
