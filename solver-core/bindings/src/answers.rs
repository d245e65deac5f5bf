//! The typed parts of an answer: classes of the Python layer, made of what the core says.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Makes an object of `resolvent.answers`; the mapping holds its fields.
pub(crate) fn part<'py>(
    py: Python<'py>,
    class: &str,
    fields: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let module = py.import("resolvent.answers")?;
    module.getattr(class)?.call((), Some(fields))
}

/// Calls a function of the Python layer about an object: what an answer looks like is decided there.
pub(crate) fn about<'py>(
    object: &Bound<'py, PyAny>,
    module: &str,
    function: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let module = object.py().import(module)?;
    module.getattr(function)?.call1((object,))
}
