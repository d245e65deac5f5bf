//! How a solve ends without an answer.

use conda::repodata::RepodataError;

use crate::explain::conflict::Conflict;

/// How a solve ended without an answer.
#[derive(Debug, Clone)]
pub enum SolveError {
    /// No set of packages satisfies the request.
    Unsatisfiable(Box<Conflict>),
    /// The deadline passed, or the caller cancelled, before any answer was found.
    Interrupted,
    /// The request cannot be meant like this: a sentence for its author.
    Invalid(String),
    /// The answer failed the independent check: a defect of the solver, never a property of the request.
    Internal(Vec<String>),
}

impl From<RepodataError> for SolveError {
    fn from(error: RepodataError) -> Self {
        SolveError::Invalid(format!("an installed record cannot be used: {error}"))
    }
}

impl std::fmt::Display for SolveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SolveError::Unsatisfiable(conflict) => conflict.fmt(f),
            SolveError::Interrupted => f.write_str(
                "no answer within the time limit; raise the limit or narrow the request",
            ),
            SolveError::Invalid(reason) => f.write_str(reason),
            SolveError::Internal(broken) => write!(
                f,
                "internal error: the answer failed its check and is withheld: {}",
                broken.join("; ")
            ),
        }
    }
}

impl std::error::Error for SolveError {}

#[cfg(test)]
mod tests {
    use super::SolveError;

    #[test]
    fn errors_have_sentences() {
        let text = |error: SolveError| -> String {
            let error: Box<dyn std::error::Error> = Box::new(error);
            error.to_string()
        };
        assert!(text(SolveError::Interrupted).starts_with("no answer within the time limit"));
        assert_eq!(
            text(SolveError::Invalid("no such thing".into())),
            "no such thing"
        );
        let broken = vec!["a is missing".to_string(), "b is twice".to_string()];
        assert!(text(SolveError::Internal(broken)).ends_with(": a is missing; b is twice"));
    }
}
