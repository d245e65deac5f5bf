//! `Session`, `Solution`, `check` and the exports for Python.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use resolve::{Budget, Request, SolveError, Strategy, VirtualPackage};

use crate::arguments::{parse_specs, EnvironmentArguments, PolicyArguments};
use crate::conflict::unsatisfiable;
use crate::errors::{self, DeadlineExceeded, InternalError, ResolventError};
use crate::index::{parse_priority, Index};
use crate::record::{wrap, PackageRecord};

/// How often a running solve looks for Ctrl-C.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);
/// Deadlines further away than this are no deadlines (about a century).
const LONGEST_TIMEOUT_SECONDS: f64 = 3.0e9;

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
    /// `without` names techniques that the SAT solver is to do without, for benches.
    #[new]
    #[pyo3(signature = (index, virtual_packages, without=Vec::new()))]
    fn new(
        index: &Bound<'_, Index>,
        virtual_packages: Vec<String>,
        without: Vec<String>,
    ) -> PyResult<Self> {
        let index = index.get();
        let mut inner = resolve::Session::new(Arc::clone(&index.inner));
        for technique in without {
            inner = inner
                .without(&technique)
                .ok_or_else(|| ResolventError::new_err(format!("no technique '{technique}'")))?;
        }
        Ok(Self {
            inner,
            priority: index.priority,
            virtual_packages: parse_virtual(&virtual_packages)?,
        })
    }

    /// Finds the best set of packages; see `resolvent.solve`. `eager` is for tests: it uses nothing of the session and
    /// opens everything before the first search, the reference for what opens on demand.
    #[pyo3(signature = (specs, constraints, pins, strategy, timeout, channel_priority, policy, environment, eager=false))]
    #[allow(clippy::too_many_arguments)] // the Python layer passes the whole request in one call
    fn solve(
        &self,
        py: Python<'_>,
        specs: Vec<String>,
        constraints: Vec<String>,
        pins: Vec<String>,
        strategy: &str,
        timeout: Option<f64>,
        channel_priority: Option<&str>,
        policy: PolicyArguments,
        environment: Option<EnvironmentArguments<'_>>,
        eager: bool,
    ) -> PyResult<Solution> {
        let request = Request {
            specs: parse_specs(&specs)?,
            constraints: parse_specs(&constraints)?,
            pins: parse_specs(&pins)?,
            virtual_packages: self.virtual_packages.clone(),
            channel_priority: channel_priority.map_or(Ok(self.priority), parse_priority)?,
            strategy: parse_strategy(strategy)?,
            cutoffs: policy.cutoffs(),
            deny: policy.deny()?,
            deny_reasons: policy.deny_reasons(),
            licenses: policy.licenses(),
            environment: environment
                .map(|e| e.into_environment(self.inner.index()))
                .transpose()?,
        };
        let deadline = deadline_in(timeout);
        let result = py.detach(|| {
            interruptibly(deadline, |budget| match eager {
                false => self.inner.solve(&request, budget),
                true => resolve::solve_eagerly(self.inner.index(), &request, budget),
            })
        })?;
        match result {
            Ok(solution) => Ok(Solution {
                inner: Arc::new(solution),
            }),
            Err(error) => Err(failure(py, error)),
        }
    }
}

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

/// The moment that many seconds from now.
pub fn deadline_in(timeout: Option<f64>) -> Option<Instant> {
    let seconds = timeout.filter(|&t| t < LONGEST_TIMEOUT_SECONDS)?;
    Some(Instant::now() + Duration::from_secs_f64(seconds.max(0.0)))
}

/// Works without the GIL, looking for signals now and then; a pending KeyboardInterrupt, or a panic, comes back as an error.
pub fn interruptibly<T>(
    deadline: Option<Instant>,
    work: impl FnOnce(Budget<'_>) -> T,
) -> PyResult<T> {
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
    // A panic is a defect; what it leaves behind (a session's instance) is dropped, so nothing half-done is seen again.
    let result = catch_unwind(AssertUnwindSafe(|| work(budget)));
    if let Some(interrupt) = pending.into_inner() {
        return Err(interrupt);
    }
    result.map_err(|_| {
        ResolventError::new_err(
            "internal error: the solver stopped at a broken assumption; please report the request",
        )
    })
}

/// The answer to a request.
#[pyclass(frozen, weakref, module = "resolvent")]
pub struct Solution {
    pub inner: Arc<resolve::Solution>,
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
        let record = |at: &conda::index::RecordRef| match self.inner.kept.get(at) {
            Some(record) => PackageRecord::new(record.clone()),
            None => PackageRecord::of_index(Arc::clone(&self.inner.index), *at),
        };
        self.inner.places.iter().map(record).collect()
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
        out.append(d)?;
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
    /// The same, package by package, sorted by name: what becomes of it, and why its old record could not stay.
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
#[pyo3(signature = (records, specs, index, virtual_packages, constraints, pins, channel_priority, policy, environment))]
#[allow(clippy::too_many_arguments)] // the Python layer passes the whole request in one call
pub fn check(
    records: Vec<PyRef<'_, PackageRecord>>,
    specs: Vec<String>,
    index: &Bound<'_, Index>,
    virtual_packages: Vec<String>,
    constraints: Vec<String>,
    pins: Vec<String>,
    channel_priority: Option<&str>,
    policy: PolicyArguments,
    environment: Option<EnvironmentArguments<'_>>,
) -> PyResult<Vec<String>> {
    let index = index.get();
    let request = Request {
        channel_priority: channel_priority.map_or(Ok(index.priority), parse_priority)?,
        cutoffs: policy.cutoffs(),
        deny: policy.deny()?,
        deny_reasons: policy.deny_reasons(),
        licenses: policy.licenses(),
        environment: environment
            .map(|e| e.into_environment(&index.inner))
            .transpose()?,
        ..request_of(index, &specs, &virtual_packages, &constraints, &pins)?
    };
    let records: Vec<conda::PackageRecord> =
        records.iter().map(|r| (**r.inner()).clone()).collect();
    Ok(resolve::check(&records, &request, Some(&index.inner)))
}

type Writer = fn(&Arc<conda::index::Index>, &Request, &mut Vec<u8>) -> std::io::Result<()>;

/// Writes through a temporary file beside the target, so that no partial file is ever visible.
fn export(
    py: Python<'_>,
    write: Writer,
    index: &Index,
    request: &Request,
    path: &PathBuf,
) -> PyResult<()> {
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
    export(
        py,
        resolve::export_cnf::<Vec<u8>>,
        index.get(),
        &request,
        &path,
    )
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
    export(
        py,
        resolve::export_wcnf::<Vec<u8>>,
        index.get(),
        &request,
        &path,
    )
}
