//! `Conflict`, its facts, hints and fixes, `why` and `why_not` for Python.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use resolve::{RequestSpec, WhyNot};

use crate::arguments::parse_specs;
use crate::errors::{self, PackagesNotFound, UnsatisfiableError};
use crate::index::Index;
use crate::record::{wrap, PackageRecord};
use crate::solving::{deadline_in, failure, interruptibly, Solution};

/// The exception of a request without an answer.
pub fn unsatisfiable(py: Python<'_>, conflict: resolve::Conflict) -> PyErr {
    let text = conflict.to_string();
    let err = if conflict.missing.is_empty() {
        UnsatisfiableError::new_err(text)
    } else {
        PackagesNotFound::new_err(text)
    };
    match Py::new(py, Conflict::new(conflict)) {
        Ok(conflict) => match err.value(py).setattr("conflict", conflict) {
            Ok(()) => err,
            Err(e) => e,
        },
        Err(e) => e,
    }
}

/// What pickle takes: a class, and what it is called with.
type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyDict>, String));

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
        let d = PyDict::new(py);
        d.set_item("headline", self.inner.headline())?;
        d.set_item("facts", facts)?;
        d.set_item("edges", edges)?;
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
    /// "request", "constraint", "pin", "frozen", "dependency", "constrains", "channel_priority", "policy", "unparsable",
    /// "virtual_package", "missing_name", "missing_version".
    #[getter]
    fn kind(&self) -> &'static str {
        self.fact().kind.as_str()
    }
    /// The package it speaks for.
    #[getter]
    fn name(&self) -> &str {
        &self.fact().name
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
    /// "nearest_name", "existing_versions", "hidden_channel", "after_cutoff", "virtual_package", "other_platform",
    /// "no_build_for".
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
}

/// Changes of the request that give an answer.
#[pyclass(frozen, module = "resolvent")]
pub struct Fix {
    changes: Vec<resolve::Change>,
    request: resolve::Request,
    solution: Arc<resolve::Solution>,
}

#[pymethods]
impl Fix {
    /// The changes, mappings with `kind`, `name`, `from`, `to`, `text`.
    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        changes(py, &self.changes)
    }
    /// The specs of the request then.
    #[getter]
    fn specs(&self) -> Vec<String> {
        self.request.specs.iter().map(|s| s.text.clone()).collect()
    }
    /// The changed request as a line for a shell. Channels are named as the index names them.
    #[getter]
    fn command(&self) -> String {
        command(&self.solution.index, &self.request, &self.changes)
    }
    /// The answer then.
    #[getter]
    fn solution(&self) -> Solution {
        Solution {
            inner: Arc::clone(&self.solution),
        }
    }
    fn __str__(&self) -> String {
        let texts: Vec<&str> = self.changes.iter().map(|c| c.text.as_str()).collect();
        texts.join("; ")
    }
    fn __repr__(&self) -> String {
        format!("<Fix: {}>", self.__str__())
    }
}

fn changes<'py>(py: Python<'py>, changes: &[resolve::Change]) -> PyResult<Bound<'py, PyList>> {
    let out = PyList::empty(py);
    for change in changes {
        let d = PyDict::new(py);
        d.set_item("kind", change.kind)?;
        d.set_item("name", &change.name)?;
        d.set_item("from", &change.from)?;
        d.set_item("to", &change.to)?;
        d.set_item("text", &change.text)?;
        out.append(d)?;
    }
    Ok(out)
}

/// A fix as plain data: what changes, the command, and what the requested packages would be.
fn fix_dict<'py>(py: Python<'py>, fix: &resolve::Fix) -> PyResult<Bound<'py, PyDict>> {
    let d = PyDict::new(py);
    d.set_item("changes", changes(py, &fix.changes)?)?;
    let index = &fix.solution.index;
    d.set_item("command", command(index, &fix.request, &fix.changes))?;
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

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn command(
    index: &conda::index::Index,
    request: &resolve::Request,
    changes: &[resolve::Change],
) -> String {
    let updates = request
        .environment
        .as_ref()
        .is_some_and(|e| matches!(e.mode, resolve::Mode::Update | resolve::Mode::UpdateAll));
    let verb = if updates { "update" } else { "solve" };
    let mut words = vec!["resolvent".to_string(), verb.to_string()];
    let mut option = |name: &str, value: &str| {
        words.push(name.to_string());
        words.push(quoted(value));
    };
    for channel in index
        .channels()
        .iter()
        .filter(|c| !c.base_url.is_empty() || !c.name.is_empty())
    {
        option("-c", &channel.name);
    }
    option("--platform", index.platform());
    for spec in &request.constraints {
        option("--constraint", &spec.text);
    }
    for spec in &request.pins {
        option("--pin", &spec.text);
    }
    match request.channel_priority {
        resolve::ChannelPriority::Strict => {}
        resolve::ChannelPriority::Flexible => option("--channel-priority", "flexible"),
        resolve::ChannelPriority::Disabled => option("--channel-priority", "disabled"),
    }
    if let Some(environment) = &request.environment {
        // Where the environment is, only the caller knows; conda's own variable names the active one.
        words.push("--prefix \"$CONDA_PREFIX\"".to_string());
        if environment.freeze_installed {
            words.push("--freeze-installed".to_string());
        }
    }
    let mut option = |name: &str, value: &str| {
        words.push(name.to_string());
        words.push(quoted(value));
    };
    if let Some(cutoff) = request.cutoffs.general {
        let moved = changes
            .iter()
            .find(|c| c.kind == "move_cutoff" && c.name.is_empty());
        let cutoff = moved.map_or_else(|| cutoff.to_string(), |change| change.to.clone());
        option("--exclude-newer", &cutoff);
    }
    for spec in &request.deny {
        option("--deny", &spec.to_string());
    }
    for pattern in request.licenses.allow.iter().flatten() {
        option("--allow-license", pattern);
    }
    for pattern in &request.licenses.deny {
        option("--deny-license", pattern);
    }
    for given in &request.virtual_packages {
        let build = if given.build == "0" {
            String::new()
        } else {
            format!("={}", given.build)
        };
        option(
            "--virtual-package",
            &format!("{}={}{build}", given.name, given.version),
        );
    }
    words.push("--no-detect".to_string());
    words.extend(request.specs.iter().map(|s| quoted(&s.text)));
    words.join(" ")
}

/// The records that a request can reach and those that count for it; see `resolvent.save_problem`.
#[pyfunction]
pub fn reachable(
    index: &Bound<'_, Index>,
    specs: Vec<String>,
    constraints: Vec<String>,
    more: Vec<String>,
) -> PyResult<Vec<PackageRecord>> {
    let index = index.get();
    let request = resolve::Request {
        specs: parse_specs(&specs)?,
        constraints: parse_specs(&constraints)?,
        ..resolve::Request::default()
    };
    // What cannot be read reaches nothing.
    let more: Vec<(String, conda::MatchSpec)> = more
        .into_iter()
        .filter_map(|text| conda::MatchSpec::parse(&text).ok().map(|spec| (text, spec)))
        .collect();
    let places = resolve::reachable(&index.inner, &request, &more);
    let record = |at| index.inner.record(at);
    Ok(wrap(places.into_iter().map(record).collect()))
}

/// What [`Conflict::fixes`] found.
#[pyclass(frozen, module = "resolvent", sequence)]
pub struct Fixes {
    fixes: Vec<Py<Fix>>,
    complete: bool,
}

#[pymethods]
impl Fixes {
    /// False if time struck before everything was tried.
    #[getter]
    fn complete(&self) -> bool {
        self.complete
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
    /// What a reader would look up next.
    #[getter]
    fn hints(&self) -> Vec<Hint> {
        self.inner
            .hints()
            .into_iter()
            .map(|inner| Hint { inner })
            .collect()
    }
    /// The culprit in one sentence.
    #[getter]
    fn headline(&self) -> String {
        self.inner.headline()
    }
    /// The first `most` smallest changes of the request that give an answer, each solved; looked for `timeout` seconds
    /// at most.
    #[pyo3(signature = (timeout = 5.0, most = 5))]
    fn fixes(&self, py: Python<'_>, timeout: f64, most: usize) -> PyResult<Fixes> {
        let deadline = deadline_in(Some(timeout));
        let conflict = Arc::clone(&self.inner);
        let found =
            py.detach(|| interruptibly(deadline, |budget| conflict.fixes_up_to(most, budget)))?;
        let fixes = found.fixes.into_iter().map(|fix| {
            Py::new(
                py,
                Fix {
                    changes: fix.changes,
                    request: fix.request,
                    solution: Arc::new(fix.solution),
                },
            )
        });
        Ok(Fixes {
            fixes: fixes.collect::<PyResult<_>>()?,
            complete: found.complete,
        })
    }
    /// Further conflicts of the request, each found without what resolves the earlier ones.
    #[pyo3(signature = (timeout = 5.0))]
    fn further(&self, py: Python<'_>, timeout: f64) -> PyResult<Vec<Conflict>> {
        let deadline = deadline_in(Some(timeout));
        let conflict = Arc::clone(&self.inner);
        let (found, _) =
            py.detach(|| interruptibly(deadline, |budget| conflict.further(budget)))?;
        Ok(found.into_iter().map(Conflict::new).collect())
    }
    /// The conflict for people; `verbose` leaves nothing out.
    #[pyo3(signature = (verbose = false))]
    fn report(&self, verbose: bool) -> String {
        self.inner.report(&self.inner.hints(), verbose)
    }
    /// The conflict as plain data, as `docs/conflict.schema.json` describes it; fixes and further conflicts are looked for
    /// `timeout` seconds at most, 0 leaves them out.
    #[pyo3(signature = (timeout = 2.0))]
    fn to_dict<'py>(&self, py: Python<'py>, timeout: f64) -> PyResult<Bound<'py, PyDict>> {
        let d = self.bare_dict(py)?;
        let hints = PyList::empty(py);
        for hint in self.inner.hints() {
            let h = PyDict::new(py);
            h.set_item("kind", hint.kind.as_str())?;
            h.set_item("name", hint.name)?;
            h.set_item("offers", hint.offers)?;
            h.set_item("text", hint.text)?;
            hints.append(h)?;
        }
        d.set_item("hints", hints)?;
        d.set_item("missing", &self.inner.missing)?;
        d.set_item("text", self.__str__())?;
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
    fn __str__(&self) -> String {
        self.inner.report(&self.inner.hints(), false)
    }
    /// A conflict that travels leaves its index behind: what arrives is a `CarriedConflict`.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let carried = py.import("resolvent.carried")?.getattr("CarriedConflict")?;
        let full = self.inner.report(&self.inner.hints(), true);
        Ok((carried, (self.to_dict(py, 0.0)?, full)))
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

/// The shortest chains of requirements from the request to a package: lists of `(name, spec)`.
#[pyfunction]
pub fn why(solution: &Bound<'_, Solution>, name: &str) -> Vec<Vec<(String, String)>> {
    resolve::why(&solution.get().inner, name)
}

/// `(possible, conflict, solution, price)` of a wish; see `resolvent.why_not`.
#[pyfunction]
#[pyo3(signature = (solution, wish, timeout))]
pub fn why_not<'py>(
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
            let solution = Solution {
                inner: Arc::from(solution),
            };
            d.set_item("solution", Py::new(py, solution)?)?;
        }
    }
    Ok(d)
}
