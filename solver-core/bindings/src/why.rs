//! `why` and `why_not` for Python.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use resolve::{RequestSpec, WhyNot};

use crate::conflict::Conflict;
use crate::errors;
use crate::failure::failure;
use crate::interrupt::{deadline_in, interruptibly};
use crate::solution::Solution;

/// The shortest chains of requirements from the request to a package: lists of `(name, spec)`.
#[pyfunction]
pub(crate) fn why(solution: &Bound<'_, Solution>, name: &str) -> Vec<Vec<(String, String)>> {
    resolve::why(&solution.get().inner, name)
}

/// `(possible, conflict, solution, price)` of a wish; see `resolvent.why_not`.
#[pyfunction]
#[pyo3(signature = (solution, wish, timeout))]
pub(crate) fn why_not<'py>(
    py: Python<'py>,
    solution: &Bound<'py, Solution>,
    wish: &str,
    timeout: Option<f64>,
) -> PyResult<Bound<'py, PyDict>> {
    let wish = RequestSpec::parse(wish).map_err(errors::request)?;
    let inner = Arc::clone(&solution.get().inner);
    let deadline = deadline_in(timeout);
    let result =
        py.detach(|| interruptibly(deadline, |budget| resolve::why_not(&inner, wish, budget)))?;
    let d = PyDict::new(py);
    d.set_item("granted", false)?;
    d.set_item("conflict", py.None())?;
    d.set_item("solution", py.None())?;
    d.set_item("price", PyList::empty(py))?;
    match result.map_err(|e| failure(py, e))? {
        WhyNot::Granted => d.set_item("granted", true)?,
        WhyNot::Impossible(conflict) => {
            d.set_item("conflict", Py::new(py, Conflict::new(*conflict))?)?
        }
        WhyNot::Possible { solution, price } => {
            let rows: Vec<_> = price
                .into_iter()
                .map(|p| (p.name, p.before, p.after))
                .collect();
            d.set_item("price", rows)?;
            let solution = Solution::new(Arc::from(solution));
            d.set_item("solution", Py::new(py, solution)?)?;
        }
    }
    Ok(d)
}
