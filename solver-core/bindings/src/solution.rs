//! `Solution` and `Transaction` for Python.

use std::sync::{Arc, OnceLock};

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::answers::{about, part};
use crate::record::{wrap, PackageRecord};

/// The answer to a request.
#[pyclass(frozen, weakref, module = "resolvent")]
pub struct Solution {
    pub inner: Arc<resolve::Solution>,
    /// Finds the same answer over all that its request can reach, where it was found in a part.
    wider: OnceLock<Py<PyAny>>,
}

impl Solution {
    pub fn new(inner: Arc<resolve::Solution>) -> Self {
        Self {
            inner,
            wider: OnceLock::new(),
        }
    }

    /// The record of a name.
    fn find(&self, name: &str) -> Option<PackageRecord> {
        let name = name.to_lowercase();
        let mut records = self.records().into_iter();
        records.find(|record| record.is_named(&name))
    }
}

fn level<'py>(
    py: Python<'py>,
    number: u8,
    what: &str,
    value: impl IntoPyObject<'py>,
    proved: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let d = PyDict::new(py);
    d.set_item("level", number)?;
    d.set_item("what", what)?;
    d.set_item("value", value)?;
    d.set_item("proved", proved)?;
    part(py, "Level", &d)
}

#[pymethods]
impl Solution {
    /// The records, dependencies first.
    #[getter]
    fn records(&self) -> Vec<PackageRecord> {
        let record = |at: &conda::index::RecordRef| match self.inner.kept.get(at) {
            Some(record) => PackageRecord::new(record.clone()),
            None => PackageRecord::of_index(Arc::clone(&self.inner.index), *at),
        };
        self.inner.places.iter().map(record).collect()
    }
    /// "proved", or "feasible" when time ran out before the proof.
    #[getter]
    fn optimality(&self) -> &'static str {
        self.inner.optimality.as_str()
    }
    /// The value of each level of the contract and whether it is proved.
    #[getter]
    fn levels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let l = &self.inner.levels;
        let out = PyList::empty(py);
        if let Some(values) = l.roots {
            let what = "roots removed, earlier specs dropped, roots downgraded, python's minor version changed";
            out.append(level(py, 1, what, values.to_vec(), true)?)?;
        }
        for (number, what, value) in [
            (2, "version ranks of the requested", l.requested_versions),
            (3, "requested with track_features", l.requested_features),
            (4, "build ranks of the requested", l.requested_builds),
        ] {
            out.append(level(py, number, what, value, value.is_some())?)?;
        }
        if l.changes.is_some() {
            out.append(level(
                py,
                5,
                "installed packages removed or exchanged",
                l.changes,
                true,
            )?)?;
        }
        let layers: Vec<(usize, u64, u64, u64)> = l
            .layers
            .iter()
            .map(|x| (x.names, x.version_ranks, x.features, x.build_ranks))
            .collect();
        out.append(level(
            py,
            6,
            "layers: names, version ranks, track_features, build ranks",
            layers,
            l.layers_done,
        )?)?;
        out.append(level(
            py,
            7,
            "number of packages",
            l.packages,
            l.candidates_done,
        )?)?;
        Ok(out)
    }
    /// Where a requested package could be newer at the price of others.
    #[getter]
    fn tradeoffs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let out = PyList::empty(py);
        for t in &self.inner.levels.tradeoffs {
            let d = PyDict::new(py);
            d.set_item("name", &t.name)?;
            d.set_item("chosen", &t.chosen)?;
            d.set_item("possible", &t.possible)?;
            let price = PyList::empty(py);
            for (name, chosen, then) in &t.price {
                let p = PyDict::new(py);
                p.set_item("name", name)?;
                p.set_item("chosen", chosen)?;
                p.set_item("then", then)?;
                price.append(p)?;
            }
            d.set_item("price", price)?;
            out.append(part(py, "Tradeoff", &d)?)?;
        }
        Ok(out)
    }
    /// Figures about the solve; times in seconds.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let s = &self.inner.stats;
        let d = PyDict::new(py);
        for (key, value) in [
            ("names", s.names),
            ("candidates", s.candidates),
            ("specs", s.specs),
            ("variables", s.variables),
            ("sat_calls", s.sat_calls),
            ("conflicts", s.conflicts),
            ("decisions", s.decisions),
            ("propagations", s.propagations),
        ] {
            d.set_item(key, value)?;
        }
        for (key, value) in [
            ("encode_seconds", s.encode_seconds),
            ("search_seconds", s.search_seconds),
            ("check_seconds", s.check_seconds),
        ] {
            d.set_item(key, value)?;
        }
        part(py, "Stats", &d)
    }
    /// Rules that the request itself breaks, or that did not hold before it, one sentence each.
    #[getter]
    fn exempt(&self) -> Vec<String> {
        self.inner.exempt.clone()
    }
    /// The extras that are asked for, by package.
    #[getter]
    fn extras(&self) -> std::collections::BTreeMap<String, Vec<String>> {
        self.inner.extras().into_iter().collect()
    }
    /// What must be unlinked and linked.
    #[getter]
    fn transaction(&self) -> Transaction {
        Transaction {
            inner: self.inner.transaction(),
            solution: Arc::clone(&self.inner),
        }
    }
    /// What the transaction changes, package by package, sorted by name.
    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        changes(py, &self.inner)
    }
    /// Specs of earlier requests that no longer hold, though nothing in this one replaced them.
    #[getter]
    fn dropped(&self) -> Vec<String> {
        self.inner.dropped()
    }
    /// The specs that were asked for, as they were written.
    #[getter]
    fn specs(&self) -> Vec<String> {
        let specs = self.inner.request.specs.iter();
        specs.map(|spec| spec.text.clone()).collect()
    }
    /// The target's subdir, such as `linux-64`.
    #[getter]
    fn platform(&self) -> &str {
        self.inner.index.platform()
    }
    /// What was known of the target, as `"name version build"`.
    #[getter]
    fn virtual_packages(&self) -> Vec<String> {
        let given = self.inner.request.virtual_packages.iter();
        given
            .map(|one| format!("{} {} {}", one.name, one.version, one.build))
            .collect()
    }
    /// The record of a package; None, or `default`, if the answer does not have it.
    #[pyo3(signature = (name, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.find(name) {
            Some(record) => Ok(Some(record.into_pyobject(py)?.into_any())),
            None => Ok(default),
        }
    }
    /// The shortest chains of requirements that lead from the request to a package; see `resolvent.why`.
    fn why<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("resolvent.solution")?;
        module.getattr("why")?.call1((slf, name))
    }
    /// What keeps a spec out of the answer, or what it would cost; see `resolvent.why_not`.
    #[pyo3(signature = (spec, *, timeout=None))]
    fn why_not<'py>(
        slf: &Bound<'py, Self>,
        spec: Bound<'py, PyAny>,
        timeout: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = PyDict::new(slf.py());
        options.set_item("timeout", timeout)?;
        let module = slf.py().import("resolvent.solution")?;
        module.getattr("why_not")?.call((slf, spec), Some(&options))
    }
    /// The whole answer as JSON can hold it: what `resolvent solve --json` prints.
    fn to_dict<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        about(slf, "resolvent.report", "solved_report")
    }
    /// For the library: how the same answer is found over everything that its request can reach.
    fn _set_wider(&self, find: Py<PyAny>) {
        let _ = self.wider.set(find);
    }
    /// For the library: what `_set_wider` was given.
    #[getter]
    fn _wider(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.wider.get().map(|find| find.clone_ref(py))
    }
    fn __len__(&self) -> usize {
        self.inner.places.len()
    }
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.records().into_pyobject(py)?.call_method0("__iter__")
    }
    /// The record of a package; a KeyError if the answer does not have it.
    fn __getitem__(&self, name: &str) -> PyResult<PackageRecord> {
        self.find(name)
            .ok_or_else(|| PyKeyError::new_err(name.to_string()))
    }
    /// Whether the answer has a package of a name, or a record.
    fn __contains__(&self, item: &Bound<'_, PyAny>) -> bool {
        if let Ok(name) = item.extract::<String>() {
            return self.find(&name).is_some();
        }
        let Ok(record) = item.cast::<PackageRecord>() else {
            return false;
        };
        let records = self.records();
        records
            .iter()
            .any(|one| one.inner() == record.get().inner())
    }
    fn __str__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        about(slf, "resolvent.displays", "as_text")
    }
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        about(slf, "resolvent.displays", "as_html")
    }
    fn __rich__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        about(slf, "resolvent.displays", "as_markup")
    }
    fn __copy__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }
    fn __deepcopy__<'py>(slf: PyRef<'py, Self>, _memo: &Bound<'py, PyAny>) -> PyRef<'py, Self> {
        slf
    }
    fn __repr__(&self) -> String {
        format!(
            "<Solution of {} records, {}>",
            self.inner.places.len(),
            self.optimality()
        )
    }
}

/// Records to unlink and to link, each list in order.
#[pyclass(frozen, module = "resolvent")]
pub struct Transaction {
    inner: resolve::Transaction,
    solution: Arc<resolve::Solution>,
}

/// Changes as a list of mappings.
fn changes<'py>(py: Python<'py>, solution: &resolve::Solution) -> PyResult<Bound<'py, PyList>> {
    let out = PyList::empty(py);
    for change in solution.changes() {
        let d = PyDict::new(py);
        d.set_item("name", change.name)?;
        d.set_item("kind", change.kind.as_str())?;
        d.set_item("before", change.before.map(PackageRecord::new))?;
        d.set_item("after", change.after.map(PackageRecord::new))?;
        d.set_item("reasons", change.reasons)?;
        out.append(part(py, "Change", &d)?)?;
    }
    Ok(out)
}

#[pymethods]
impl Transaction {
    /// Records to link, dependencies first.
    #[getter]
    fn link(&self) -> Vec<PackageRecord> {
        wrap(self.inner.link.clone())
    }
    /// Records to unlink, dependents first.
    #[getter]
    fn unlink(&self) -> Vec<PackageRecord> {
        wrap(self.inner.unlink.clone())
    }
    /// The same, package by package, sorted by name: what happens to it, and why its old record could not stay.
    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        changes(py, &self.solution)
    }
    fn __len__(&self) -> usize {
        self.inner.unlink.len() + self.inner.link.len()
    }
    fn __repr__(&self) -> String {
        format!(
            "<Transaction of {} to unlink, {} to link>",
            self.inner.unlink.len(),
            self.inner.link.len()
        )
    }
}
