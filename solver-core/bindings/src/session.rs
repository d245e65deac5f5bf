//! `Session` for Python: a request goes in, an answer or an exception comes out.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::arguments::RequestArguments;
use crate::errors::ResolventError;
use crate::failure::failure;
use crate::index::Index;
use crate::interrupt::{deadline_in, interruptibly};
use crate::solution::Solution;

/// Many solves over one index.
#[pyclass(frozen, module = "resolvent")]
pub struct Session {
    index: Py<Index>,
    inner: resolve::Session,
}

#[pymethods]
impl Session {
    /// `without` names techniques that the SAT solver must not use, for benches.
    #[new]
    #[pyo3(signature = (index, without=Vec::new()))]
    fn new(index: Py<Index>, without: Vec<String>) -> PyResult<Self> {
        let mut inner = resolve::Session::new(Arc::clone(&index.get().inner));
        for technique in without {
            inner = inner
                .without(&technique)
                .ok_or_else(|| ResolventError::new_err(format!("no technique '{technique}'")))?;
        }
        Ok(Self { index, inner })
    }

    /// Finds the best set of packages; see `resolvent.solve`. `eager` is for tests: it uses nothing of the session and
    /// opens everything before the first search, the reference for what opens on demand.
    #[pyo3(signature = (request, timeout, eager=false))]
    fn solve(
        &self,
        py: Python<'_>,
        request: RequestArguments<'_>,
        timeout: Option<f64>,
        eager: bool,
    ) -> PyResult<Solution> {
        let request = request.into_request(self.index.get())?;
        let deadline = deadline_in(timeout);
        let result = py.detach(|| {
            interruptibly(deadline, |budget| match eager {
                false => self.inner.solve(&request, budget),
                true => resolve::solve_eagerly(self.inner.index(), &request, budget),
            })
        })?;
        match result {
            Ok(solution) => Ok(Solution::new(Arc::new(solution))),
            Err(error) => Err(failure(py, error)),
        }
    }
}
