//! The fixes of a conflict for Python, and the command line of each.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::answers::part;
use crate::solution::Solution;

/// Changes of the request that give an answer.
#[pyclass(frozen, module = "resolvent")]
pub struct Fix {
    inner: resolve::Fix,
}

#[pymethods]
impl Fix {
    /// The changes of the request, each an `Edit`.
    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let out = PyList::empty(py);
        for edit in changes(py, &self.inner.edits)? {
            out.append(part(py, "Edit", &edit.cast_into::<PyDict>()?)?)?;
        }
        Ok(out)
    }
    /// The fix as plain data: what changes, the command, and what the requested packages would be.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        fix_dict(py, &self.inner)
    }
    /// What the changes change of the command line of the request: tuples of option (empty for a spec), the value that
    /// goes (`None` for any), what takes its place (`None` for nothing), and whether the line must have what goes.
    #[getter]
    fn line_changes(&self) -> Vec<(&'static str, Option<String>, Option<String>, bool)> {
        let changes = self.inner.edits.iter().flat_map(|e| e.line_changes());
        changes
            .map(|c| (c.option, c.from, c.to, c.required))
            .collect()
    }
    /// The specs of the request then.
    #[getter]
    fn specs(&self) -> Vec<String> {
        let specs = self.inner.request.specs.iter();
        specs.map(|s| s.text.clone()).collect()
    }
    /// The changed request as a line for a shell. Channels are named as the index names them.
    #[getter]
    fn command(&self) -> String {
        self.inner.command()
    }
    /// The answer then.
    #[getter]
    fn solution(&self) -> Solution {
        Solution::new(Arc::clone(&self.inner.solution))
    }
    fn __str__(&self) -> String {
        let texts: Vec<String> = self.inner.edits.iter().map(resolve::Edit::text).collect();
        texts.join("; ")
    }
    fn __repr__(&self) -> String {
        format!("<Fix: {}>", self.__str__())
    }
}

fn changes<'py>(py: Python<'py>, edits: &[resolve::Edit]) -> PyResult<Bound<'py, PyList>> {
    let out = PyList::empty(py);
    for edit in edits {
        let d = PyDict::new(py);
        d.set_item("kind", edit.kind())?;
        d.set_item("name", edit.name())?;
        d.set_item("from", edit.from())?;
        d.set_item("to", edit.to())?;
        d.set_item("text", edit.text())?;
        out.append(d)?;
    }
    Ok(out)
}

/// A fix as plain data: what changes, the command, and what the requested packages would be.
pub(crate) fn fix_dict<'py>(py: Python<'py>, fix: &resolve::Fix) -> PyResult<Bound<'py, PyDict>> {
    let d = PyDict::new(py);
    d.set_item("changes", changes(py, &fix.edits)?)?;
    d.set_item("command", fix.command())?;
    let specs: Vec<&str> = fix.request.specs.iter().map(|s| s.text.as_str()).collect();
    d.set_item("specs", specs)?;
    let requested = fix.request.requested_names();
    let gives = PyList::empty(py);
    for record in fix.solution.records() {
        if requested.contains(&record.name.as_str()) {
            let r = PyDict::new(py);
            r.set_item("name", record.name)?;
            r.set_item("version", record.version)?;
            r.set_item("build", record.build)?;
            gives.append(r)?;
        }
    }
    d.set_item("gives", gives)?;
    Ok(d)
}

/// What `Conflict.fixes` found: a sequence of `Fix`.
#[pyclass(frozen, module = "resolvent", sequence)]
pub struct Fixes {
    fixes: Vec<Py<Fix>>,
    complete: bool,
}

impl Fixes {
    pub fn new(py: Python<'_>, found: resolve::Fixes) -> PyResult<Self> {
        let fixes = found.fixes.into_iter();
        let fixes = fixes.map(|inner| Py::new(py, Fix { inner }));
        Ok(Self {
            fixes: fixes.collect::<PyResult<_>>()?,
            complete: found.complete,
        })
    }
}

#[pymethods]
impl Fixes {
    /// False if time ran out before everything was tried.
    #[getter]
    fn complete(&self) -> bool {
        self.complete
    }
    /// The fixes and whether they are all, as plain data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fixes = PyList::empty(py);
        for fix in &self.fixes {
            fixes.append(fix_dict(py, &fix.get().inner)?)?;
        }
        let d = PyDict::new(py);
        d.set_item("fixes", fixes)?;
        d.set_item("complete", self.complete)?;
        Ok(d)
    }
    fn __repr__(&self) -> String {
        let more = if self.complete { "" } else { ", incomplete" };
        format!("<Fixes: {}{more}>", self.fixes.len())
    }
    fn __len__(&self) -> usize {
        self.fixes.len()
    }
    fn __getitem__(&self, py: Python<'_>, at: isize) -> PyResult<Py<Fix>> {
        let len = self.fixes.len() as isize;
        let at = if at < 0 { at + len } else { at };
        match usize::try_from(at).ok().and_then(|at| self.fixes.get(at)) {
            Some(fix) => Ok(fix.clone_ref(py)),
            None => Err(pyo3::exceptions::PyIndexError::new_err("no such fix")),
        }
    }
}
