//! How a solve ends without an answer: which outcome becomes which exception.

use pyo3::prelude::*;
use resolve::SolveError;

use crate::conflict::Conflict;
use crate::errors::{
    DeadlineExceeded, InternalError, PackagesNotFound, ResolventError, UnsatisfiableError,
};

/// How a solve ended without an answer, as an exception.
pub fn failure(py: Python<'_>, error: SolveError) -> PyErr {
    match error {
        SolveError::Unsatisfiable(conflict) => unsatisfiable(py, *conflict),
        SolveError::Invalid(reason) => ResolventError::new_err(reason),
        SolveError::Interrupted => DeadlineExceeded::new_err(
            "the deadline struck before any answer was found; give more time, or narrow the request",
        ),
        SolveError::Internal(broken) => InternalError::new_err(format!(
            "internal error: the answer failed its check and is withheld: {}",
            broken.join("; ")
        )),
    }
}

/// The exception of a request without an answer.
fn unsatisfiable(py: Python<'_>, conflict: resolve::Conflict) -> PyErr {
    let text = conflict.to_string();
    let err = if conflict.lacks_a_requested_name() {
        PackagesNotFound::new_err(text)
    } else {
        UnsatisfiableError::new_err(text)
    };
    match Py::new(py, Conflict::new(conflict)) {
        Ok(conflict) => match err.value(py).setattr("conflict", conflict) {
            Ok(()) => err,
            Err(e) => e,
        },
        Err(e) => e,
    }
}
