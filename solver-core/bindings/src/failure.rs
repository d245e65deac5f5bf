//! How a solve ends without an answer: which outcome becomes which exception.

use pyo3::prelude::*;
use resolve::SolveError;

use crate::conflict::Conflict;
use crate::errors::{
    DeadlineExceeded, InternalError, PackagesNotFound, ResolventError, UnsatisfiableError,
};

/// How a solve ended without an answer, as an exception.
pub(crate) fn failure(py: Python<'_>, error: SolveError) -> PyErr {
    let text = error.to_string();
    match error {
        SolveError::Unsatisfiable(conflict) => unsatisfiable(py, *conflict, text),
        SolveError::Invalid(_) => ResolventError::new_err(text),
        SolveError::Interrupted => DeadlineExceeded::new_err(text),
        SolveError::Internal(_) => InternalError::new_err(text),
    }
}

/// The exception of a request without an answer.
fn unsatisfiable(py: Python<'_>, conflict: resolve::Conflict, text: String) -> PyErr {
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
