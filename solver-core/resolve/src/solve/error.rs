//! How a solve ends without an answer.

use conda::repodata::RepodataError;

use crate::explain::conflict::Conflict;

/// How a solve ended without an answer.
#[derive(Debug, Clone)]
pub enum SolveError {
    /// No set of packages satisfies the request.
    Unsatisfiable(Box<Conflict>),
    /// The deadline or the caller's cancellation struck before any answer was found.
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
