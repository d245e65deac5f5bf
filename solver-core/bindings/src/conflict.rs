//! `Conflict`, its facts and hints for Python.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::fixes::{fix_dict, Fixes};
use crate::interrupt::{deadline_in, interruptibly};
use crate::record::{wrap, PackageRecord};

/// Facts that cannot all hold; without any one of them the others can.
#[pyclass(frozen, module = "resolvent")]
pub struct Conflict {
    inner: Arc<resolve::Conflict>,
}

impl Conflict {
    pub fn new(conflict: resolve::Conflict) -> Self {
        Self {
            inner: Arc::new(conflict),
        }
    }

    /// Headline, facts and edges.
    fn bare_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let facts = PyList::empty(py);
        for fact in self.facts() {
            facts.append(fact.to_dict(py)?)?;
        }
        let edges = self.inner.edges.iter();
        let edges: Vec<Vec<usize>> = edges.map(|e| vec![e.from, e.to]).collect();
        let groups = PyList::empty(py);
        for group in &self.inner.groups {
            let facts = &self.inner.facts;
            let g = PyDict::new(py);
            g.set_item("facts", &group.facts)?;
            g.set_item("name", &facts[group.facts[0]].name)?;
            g.set_item("target", &facts[group.facts[0]].target)?;
            g.set_item("versions", &group.versions)?;
            g.set_item("ranges", &group.ranges)?;
            g.set_item("quantifier", group.quantifier.as_str())?;
            g.set_item("specs", group.specs(facts))?;
            g.set_item("text", group.text(facts))?;
            groups.append(g)?;
        }
        let d = PyDict::new(py);
        d.set_item("headline", &self.inner.headline)?;
        d.set_item("facts", facts)?;
        d.set_item("edges", edges)?;
        d.set_item("groups", groups)?;
        Ok(d)
    }
}

/// One fact of a conflict.
#[pyclass(frozen, module = "resolvent")]
pub struct Fact {
    inner: Arc<resolve::Conflict>,
    at: usize,
}

impl Fact {
    fn fact(&self) -> &resolve::Fact {
        &self.inner.facts[self.at]
    }
}

#[pymethods]
impl Fact {
    /// "request", "constraint", "pin", "frozen", "dependency", "constrains", "channel_priority", "policy",
    /// "unparsable", "virtual_package", "missing_name", "missing_version".
    #[getter]
    fn kind(&self) -> &'static str {
        self.fact().kind.as_str()
    }
    /// The package it speaks for.
    #[getter]
    fn name(&self) -> &str {
        &self.fact().name
    }
    /// The package that the spec is about.
    #[getter]
    fn target(&self) -> &str {
        &self.fact().target
    }
    /// The spec asked for, or that nothing matches; of a virtual package what the target has.
    #[getter]
    fn spec(&self) -> &str {
        &self.fact().spec
    }
    /// Distinct versions of the records it speaks for, newest first.
    #[getter]
    fn versions(&self) -> Vec<String> {
        self.fact().versions.clone()
    }
    /// The same as a person would write them.
    #[getter]
    fn ranges(&self) -> &str {
        &self.fact().ranges
    }
    /// Of which records with these versions it holds: "all", "requested", "installed" or "some".
    #[getter]
    fn quantifier(&self) -> &'static str {
        self.fact().quantifier.as_str()
    }
    /// How many records it speaks for.
    #[getter]
    fn records(&self) -> usize {
        self.fact().records.len()
    }
    /// The records it speaks for, best first.
    fn members(&self) -> Vec<PackageRecord> {
        let places = self.fact().records.iter();
        wrap(places.map(|&at| self.inner.index.record(at)).collect())
    }
    /// Of a dependency that belongs to an optional group: the group.
    #[getter]
    fn extra(&self) -> Option<String> {
        self.fact().extra.clone()
    }
    /// Of a policy or a hidden channel: which.
    #[getter]
    fn reason(&self) -> Option<String> {
        self.fact().reason.clone()
    }
    /// Of a policy: the day of the cut-off, the specs of the deny list, the licences that are not allowed.
    #[getter]
    fn rule(&self) -> Option<String> {
        self.fact().rule.clone()
    }
    /// One sentence.
    #[getter]
    fn text(&self) -> &str {
        &self.fact().text
    }
    fn __str__(&self) -> &str {
        &self.fact().text
    }
    fn __repr__(&self) -> String {
        format!("<Fact {}: {}>", self.kind(), self.text())
    }
    /// The fact as plain data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let f = self.fact();
        let d = PyDict::new(py);
        d.set_item("kind", f.kind.as_str())?;
        d.set_item("name", &f.name)?;
        d.set_item("spec", &f.spec)?;
        d.set_item("target", &f.target)?;
        d.set_item("versions", &f.versions)?;
        d.set_item("ranges", &f.ranges)?;
        d.set_item("quantifier", f.quantifier.as_str())?;
        d.set_item("records", f.records.len())?;
        d.set_item("extra", &f.extra)?;
        d.set_item("reason", &f.reason)?;
        d.set_item("rule", &f.rule)?;
        d.set_item("text", &f.text)?;
        Ok(d)
    }
}

/// One hint of a conflict.
#[pyclass(frozen, module = "resolvent")]
pub struct Hint {
    inner: resolve::Hint,
}

#[pymethods]
impl Hint {
    /// "nearest_name", "missing_channel", "also_missing", "existing_versions", "hidden_channel", "after_cutoff",
    /// "virtual_package", "other_platform", "no_build_for".
    #[getter]
    fn kind(&self) -> &'static str {
        self.inner.kind.as_str()
    }
    /// The package it speaks of.
    #[getter]
    fn name(&self) -> &str {
        &self.inner.name
    }
    /// What it offers, best first: names, versions, a channel, a date.
    #[getter]
    fn offers(&self) -> Vec<String> {
        self.inner.offers.clone()
    }
    /// One sentence.
    #[getter]
    fn text(&self) -> &str {
        &self.inner.text
    }
    fn __str__(&self) -> &str {
        &self.inner.text
    }
    fn __repr__(&self) -> String {
        format!("<Hint {}: {}>", self.kind(), self.inner.text)
    }
    /// The hint as plain data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let d = PyDict::new(py);
        d.set_item("kind", self.inner.kind.as_str())?;
        d.set_item("name", &self.inner.name)?;
        d.set_item("offers", &self.inner.offers)?;
        d.set_item("text", &self.inner.text)?;
        Ok(d)
    }
}

#[pymethods]
impl Conflict {
    /// The facts: the request's first, then in the order in which one follows from another.
    #[getter]
    fn facts(&self) -> Vec<Fact> {
        (0..self.inner.facts.len())
            .map(|at| Fact {
                inner: Arc::clone(&self.inner),
                at,
            })
            .collect()
    }
    /// Which fact leads to which, as pairs of positions.
    #[getter]
    fn edges(&self) -> Vec<(usize, usize)> {
        self.inner.edges.iter().map(|e| (e.from, e.to)).collect()
    }
    /// Requested names that no channel has.
    #[getter]
    fn missing(&self) -> Vec<String> {
        self.inner.missing.clone()
    }
    /// Requested specs that no record matches although their package exists.
    #[getter]
    fn unmatched(&self) -> Vec<String> {
        self.inner.unmatched.clone()
    }
    /// What a reader would look up next. Data of other platforms may be read for it, without holding Python up.
    #[getter]
    fn hints(&self, py: Python<'_>) -> Vec<Hint> {
        py.detach(|| self.inner.hints())
            .into_iter()
            .map(|inner| Hint { inner })
            .collect()
    }
    /// The culprit in one sentence.
    #[getter]
    fn headline(&self) -> &str {
        &self.inner.headline
    }
    /// The first `most` smallest changes of the request that give an answer, each solved; looked for `timeout` seconds
    /// at most.
    #[pyo3(signature = (timeout = 5.0, most = 5))]
    fn fixes(&self, py: Python<'_>, timeout: f64, most: usize) -> PyResult<Fixes> {
        let deadline = deadline_in(Some(timeout));
        let conflict = Arc::clone(&self.inner);
        let found =
            py.detach(|| interruptibly(deadline, |budget| conflict.fixes_up_to(most, budget)))?;
        Fixes::new(py, found)
    }
    /// Further conflicts of the request, each found without what resolves the earlier ones.
    #[pyo3(signature = (timeout = 5.0))]
    fn further(&self, py: Python<'_>, timeout: f64) -> PyResult<Vec<Conflict>> {
        Ok(self.search_further(py, timeout)?.0)
    }
    /// The same, and whether these are all: false if there are more than seven, or if time ran out.
    #[pyo3(signature = (timeout = 5.0))]
    fn search_further(&self, py: Python<'_>, timeout: f64) -> PyResult<(Vec<Conflict>, bool)> {
        let deadline = deadline_in(Some(timeout));
        let conflict = Arc::clone(&self.inner);
        let (found, complete) =
            py.detach(|| interruptibly(deadline, |budget| conflict.further(budget)))?;
        Ok((found.into_iter().map(Conflict::new).collect(), complete))
    }
    /// The conflict for people; `verbose` leaves nothing out.
    #[pyo3(signature = (verbose = false))]
    fn report(&self, py: Python<'_>, verbose: bool) -> String {
        py.detach(|| self.inner.report(&self.inner.hints(), verbose))
    }
    /// The conflict as plain data, as `docs/conflict.schema.json` describes it; fixes and further conflicts are
    /// looked for `timeout` seconds at most, 0 leaves them out.
    #[pyo3(signature = (timeout = 2.0))]
    fn to_dict<'py>(&self, py: Python<'py>, timeout: f64) -> PyResult<Bound<'py, PyDict>> {
        let d = self.bare_dict(py)?;
        let hints = PyList::empty(py);
        for hint in self.hints(py) {
            hints.append(hint.to_dict(py)?)?;
        }
        d.set_item("hints", hints)?;
        d.set_item("missing", &self.inner.missing)?;
        d.set_item("unmatched", &self.inner.unmatched)?;
        d.set_item("text", self.__str__(py))?;
        let fixes = PyList::empty(py);
        let others = PyList::empty(py);
        let mut complete = false;
        if timeout > 0.0 {
            let deadline = deadline_in(Some(timeout));
            let conflict = Arc::clone(&self.inner);
            let (found, (further, done)) = py.detach(|| {
                interruptibly(deadline, |budget| {
                    (conflict.fixes(budget), conflict.further(budget))
                })
            })?;
            complete = found.complete && done;
            for fix in &found.fixes {
                fixes.append(fix_dict(py, fix)?)?;
            }
            for other in further {
                others.append(Conflict::new(other).bare_dict(py)?)?;
            }
        }
        d.set_item("fixes", fixes)?;
        d.set_item("further", others)?;
        d.set_item("complete", complete)?;
        Ok(d)
    }
    fn __str__(&self, py: Python<'_>) -> String {
        self.report(py, false)
    }
    fn __copy__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }
    fn __deepcopy__<'py>(slf: PyRef<'py, Self>, _memo: &Bound<'py, PyAny>) -> PyRef<'py, Self> {
        slf
    }
    fn __repr__(&self) -> String {
        format!("<Conflict of {} facts>", self.inner.facts.len())
    }
}
