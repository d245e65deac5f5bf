//! `Session`, `Solution`, `Conflict`, `check` and the exports for Python.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use resolve::{Budget, Request, RequestSpec, SolveError, Strategy, VirtualPackage};

use crate::errors::{self, DeadlineExceeded, PackagesNotFound, ResolventError, UnsatisfiableError};
use crate::index::{parse_priority, Index};
use crate::record::{wrap, PackageRecord};

/// How often a running solve looks for Ctrl-C.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);
/// Deadlines further away than this are no deadlines (about a century).
const LONGEST_TIMEOUT_SECONDS: f64 = 3.0e9;

fn parse_specs(texts: &[String]) -> PyResult<Vec<RequestSpec>> {
    texts
        .iter()
        .map(|t| RequestSpec::parse(t).map_err(errors::request))
        .collect()
}

fn parse_virtual(texts: &[String]) -> PyResult<Vec<VirtualPackage>> {
    texts
        .iter()
        .map(|t| VirtualPackage::parse(t).map_err(errors::request))
        .collect()
}

fn parse_strategy(word: &str) -> PyResult<Strategy> {
    match word {
        "highest" => Ok(Strategy::Highest),
        "lowest" => Ok(Strategy::Lowest),
        "lowest-direct" => Ok(Strategy::LowestDirect),
        "ordered" => Ok(Strategy::Ordered),
        other => Err(ResolventError::new_err(format!(
            "strategy is '{other}'; it can be highest, lowest, lowest-direct, ordered"
        ))),
    }
}

/// Many solves over one index.
#[pyclass(frozen, module = "resolvent")]
pub struct Session {
    inner: resolve::Session,
    priority: resolve::ChannelPriority,
    virtual_packages: Vec<VirtualPackage>,
}

#[pymethods]
impl Session {
    #[new]
    fn new(index: &Bound<'_, Index>, virtual_packages: Vec<String>) -> PyResult<Self> {
        let index = index.get();
        Ok(Self {
            inner: resolve::Session::new(Arc::clone(&index.inner)),
            priority: index.priority,
            virtual_packages: parse_virtual(&virtual_packages)?,
        })
    }

    /// Finds the best set of packages; see `resolvent.solve`.
    #[pyo3(signature = (specs, constraints, pins, installed, strategy, exclude_newer, timeout, channel_priority))]
    #[allow(clippy::too_many_arguments)] // the Python layer passes the whole request in one call
    fn solve(
        &self,
        py: Python<'_>,
        specs: Vec<String>,
        constraints: Vec<String>,
        pins: Vec<String>,
        installed: Option<Vec<PyRef<'_, PackageRecord>>>,
        strategy: &str,
        exclude_newer: Option<u64>,
        timeout: Option<f64>,
        channel_priority: Option<&str>,
    ) -> PyResult<Solution> {
        if installed.is_some_and(|records| !records.is_empty()) {
            return Err(ResolventError::new_err(
                "changing an existing environment is not built yet: leave 'installed' empty to solve a fresh one",
            ));
        }
        let request = Request {
            specs: parse_specs(&specs)?,
            constraints: parse_specs(&constraints)?,
            pins: parse_specs(&pins)?,
            virtual_packages: self.virtual_packages.clone(),
            channel_priority: channel_priority.map_or(Ok(self.priority), parse_priority)?,
            strategy: parse_strategy(strategy)?,
            exclude_newer,
        };
        let deadline = timeout
            .filter(|&t| t < LONGEST_TIMEOUT_SECONDS)
            .map(|t| Instant::now() + Duration::from_secs_f64(t.max(0.0)));
        let (result, interrupt) = py.detach(|| run(&self.inner, &request, deadline));
        if let Some(interrupt) = interrupt {
            return Err(interrupt);
        }
        match result {
            Ok(solution) => Ok(Solution {
                inner: Arc::new(solution),
            }),
            Err(SolveError::Unsatisfiable(conflict)) => Err(unsatisfiable(py, *conflict)),
            Err(SolveError::Interrupted) => Err(DeadlineExceeded::new_err(
                "the deadline struck before any answer was found; give more time, or narrow the request",
            )),
            Err(SolveError::Internal(broken)) => Err(ResolventError::new_err(format!(
                "internal error: the answer failed its check and is withheld: {}",
                broken.join("; ")
            ))),
        }
    }
}

/// Solves without the GIL, looking for signals now and then; a pending KeyboardInterrupt comes back beside the result.
fn run(
    session: &resolve::Session,
    request: &Request,
    deadline: Option<Instant>,
) -> (Result<resolve::Solution, SolveError>, Option<PyErr>) {
    let pending: RefCell<Option<PyErr>> = RefCell::new(None);
    let next_look = Cell::new(Instant::now() + SIGNAL_INTERVAL);
    let cancelled = || {
        if pending.borrow().is_some() {
            return true;
        }
        let now = Instant::now();
        if now < next_look.get() {
            return false;
        }
        next_look.set(now + SIGNAL_INTERVAL);
        match Python::attach(|py| py.check_signals()) {
            Ok(()) => false,
            Err(e) => {
                *pending.borrow_mut() = Some(e);
                true
            }
        }
    };
    let budget = Budget {
        deadline,
        cancelled: Some(&cancelled),
    };
    let result = session.solve(request, budget);
    (result, pending.into_inner())
}

fn unsatisfiable(py: Python<'_>, conflict: resolve::Conflict) -> PyErr {
    let text = conflict.to_string();
    let missing = !conflict.missing.is_empty();
    let err = if missing {
        PackagesNotFound::new_err(text)
    } else {
        UnsatisfiableError::new_err(text)
    };
    match Py::new(py, Conflict { inner: conflict }) {
        Ok(conflict) => match err.value(py).setattr("conflict", conflict) {
            Ok(()) => err,
            Err(e) => e,
        },
        Err(e) => e,
    }
}

/// The answer to a request.
#[pyclass(frozen, module = "resolvent")]
pub struct Solution {
    inner: Arc<resolve::Solution>,
}

fn level<'py>(
    py: Python<'py>,
    number: u8,
    what: &str,
    value: impl IntoPyObject<'py>,
    proved: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let d = PyDict::new(py);
    d.set_item("level", number)?;
    d.set_item("what", what)?;
    d.set_item("value", value)?;
    d.set_item("proved", proved)?;
    Ok(d)
}

#[pymethods]
impl Solution {
    /// The records, dependencies first.
    #[getter]
    fn records(&self) -> Vec<PackageRecord> {
        wrap(self.inner.records())
    }
    /// "proved", or "feasible" when the deadline struck before the proof.
    #[getter]
    fn optimality(&self) -> &'static str {
        self.inner.optimality.as_str()
    }
    /// The value of each level of the contract and whether it is proved.
    #[getter]
    fn levels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let l = &self.inner.levels;
        let out = PyList::empty(py);
        for (number, what, value) in [
            (2, "version ranks of the requested", l.requested_versions),
            (3, "requested with track_features", l.requested_features),
            (4, "build ranks of the requested", l.requested_builds),
        ] {
            out.append(level(py, number, what, value, value.is_some())?)?;
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
        out.append(level(py, 7, "number of packages", l.packages, l.candidates_done)?)?;
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
            out.append(d)?;
        }
        Ok(out)
    }
    /// Figures about the solve; times in seconds.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
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
        Ok(d)
    }
    /// What must be unlinked and linked.
    #[getter]
    fn transaction(&self) -> Transaction {
        Transaction {
            inner: self.inner.clone(),
        }
    }
    fn __len__(&self) -> usize {
        self.inner.places.len()
    }
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.records().into_pyobject(py)?.call_method0("__iter__")
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
    inner: Arc<resolve::Solution>,
}

#[pymethods]
impl Transaction {
    /// Records to link, dependencies first.
    #[getter]
    fn link(&self) -> Vec<PackageRecord> {
        wrap(self.inner.records())
    }
    /// Records to unlink, dependents first.
    #[getter]
    fn unlink(&self) -> Vec<PackageRecord> {
        Vec::new()
    }
}

/// Facts that cannot all hold; without any one of them the others can.
#[pyclass(frozen, module = "resolvent")]
pub struct Conflict {
    inner: resolve::Conflict,
}

/// One fact of a conflict.
#[pyclass(frozen, module = "resolvent")]
pub struct Fact {
    inner: resolve::Fact,
}

#[pymethods]
impl Fact {
    /// "request", "constraint", "pin", "dependency", "constrains", "channel_priority", "exclude_newer", "unparsable".
    #[getter]
    fn kind(&self) -> &'static str {
        self.inner.kind.as_str()
    }
    /// The package it speaks for.
    #[getter]
    fn name(&self) -> &str {
        &self.inner.name
    }
    /// The spec asked for; empty for facts that only exclude records.
    #[getter]
    fn spec(&self) -> &str {
        &self.inner.spec
    }
    /// Distinct versions of the records it speaks for, best first.
    #[getter]
    fn versions(&self) -> Vec<String> {
        self.inner.versions.clone()
    }
    /// How many records it speaks for.
    #[getter]
    fn records(&self) -> usize {
        self.inner.records
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
        format!("<Fact {}: {}>", self.inner.kind.as_str(), self.inner.text)
    }
    /// The fact as plain data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let f = &self.inner;
        let d = PyDict::new(py);
        d.set_item("kind", f.kind.as_str())?;
        d.set_item("name", &f.name)?;
        d.set_item("spec", &f.spec)?;
        d.set_item("versions", &f.versions)?;
        d.set_item("records", f.records)?;
        d.set_item("note", &f.note)?;
        d.set_item("text", &f.text)?;
        Ok(d)
    }
}

#[pymethods]
impl Conflict {
    /// The facts, the request's first.
    #[getter]
    fn facts(&self) -> Vec<Fact> {
        self.inner
            .facts
            .iter()
            .cloned()
            .map(|inner| Fact { inner })
            .collect()
    }
    /// Requested names that no channel has.
    #[getter]
    fn missing(&self) -> Vec<String> {
        self.inner.missing.clone()
    }
    /// The conflict as plain data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let facts = PyList::empty(py);
        for fact in self.facts() {
            facts.append(fact.to_dict(py)?)?;
        }
        let d = PyDict::new(py);
        d.set_item("facts", facts)?;
        d.set_item("missing", &self.inner.missing)?;
        d.set_item("text", self.inner.to_string())?;
        Ok(d)
    }
    fn __str__(&self) -> String {
        self.inner.to_string()
    }
    fn __repr__(&self) -> String {
        format!("<Conflict of {} facts>", self.inner.facts.len())
    }
}

fn request_of(
    index: &Index,
    specs: &[String],
    virtual_packages: &[String],
    constraints: &[String],
    pins: &[String],
) -> PyResult<Request> {
    Ok(Request {
        specs: parse_specs(specs)?,
        constraints: parse_specs(constraints)?,
        pins: parse_specs(pins)?,
        virtual_packages: parse_virtual(virtual_packages)?,
        channel_priority: index.priority,
        ..Request::default()
    })
}

/// The hard rules that records break as an answer to specs; empty when they are valid.
#[pyfunction]
#[pyo3(signature = (records, specs, index, virtual_packages, constraints, pins))]
pub fn check(
    records: Vec<PyRef<'_, PackageRecord>>,
    specs: Vec<String>,
    index: &Bound<'_, Index>,
    virtual_packages: Vec<String>,
    constraints: Vec<String>,
    pins: Vec<String>,
) -> PyResult<Vec<String>> {
    let index = index.get();
    let request = request_of(index, &specs, &virtual_packages, &constraints, &pins)?;
    let records: Vec<conda::PackageRecord> = records.iter().map(|r| (*r.inner).clone()).collect();
    Ok(resolve::check(&records, &request, Some(&index.inner)))
}

type Writer = fn(&Arc<conda::index::Index>, &Request, &mut Vec<u8>) -> std::io::Result<()>;

/// Writes through a temporary file beside the target, so that no partial file is ever visible.
fn export(py: Python<'_>, write: Writer, index: &Index, request: &Request, path: &PathBuf) -> PyResult<()> {
    let records = index.inner.clone();
    py.detach(|| -> std::io::Result<()> {
        let mut text = Vec::new();
        write(&records, request, &mut text)?;
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = std::fs::File::create(&temporary)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&temporary, path));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written
    })
    .map_err(|e| PyOSError::new_err(format!("cannot write {}: {e}", path.display())))
}

/// Writes the request's hard rules as DIMACS CNF.
#[pyfunction]
#[pyo3(signature = (specs, index, path, virtual_packages, constraints, pins))]
pub fn export_cnf(
    py: Python<'_>,
    specs: Vec<String>,
    index: &Bound<'_, Index>,
    path: PathBuf,
    virtual_packages: Vec<String>,
    constraints: Vec<String>,
    pins: Vec<String>,
) -> PyResult<()> {
    let request = request_of(index.get(), &specs, &virtual_packages, &constraints, &pins)?;
    export(py, resolve::export_cnf::<Vec<u8>>, index.get(), &request, &path)
}

/// Writes the request as weighted CNF, levels 2 and 3 as soft clauses.
#[pyfunction]
#[pyo3(signature = (specs, index, path, virtual_packages, constraints, pins))]
pub fn export_wcnf(
    py: Python<'_>,
    specs: Vec<String>,
    index: &Bound<'_, Index>,
    path: PathBuf,
    virtual_packages: Vec<String>,
    constraints: Vec<String>,
    pins: Vec<String>,
) -> PyResult<()> {
    let request = request_of(index.get(), &specs, &virtual_packages, &constraints, &pins)?;
    export(py, resolve::export_wcnf::<Vec<u8>>, index.get(), &request, &path)
}
