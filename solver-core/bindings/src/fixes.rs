//! The fixes of a conflict for Python, and the command line of each.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::solution::Solution;

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
pub fn fix_dict<'py>(py: Python<'py>, fix: &resolve::Fix) -> PyResult<Bound<'py, PyDict>> {
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
        // The environment may have the pin in a file, which counts again otherwise.
        if request.pins.is_empty() && changes.iter().any(|c| c.kind == "lift_pin") {
            words.push("--ignore-pinned".to_string());
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

/// What [`Conflict::fixes`](crate::conflict::Conflict) found.
#[pyclass(frozen, module = "resolvent", sequence)]
pub struct Fixes {
    fixes: Vec<Py<Fix>>,
    complete: bool,
}

impl Fixes {
    pub fn new(py: Python<'_>, found: resolve::Fixes) -> PyResult<Self> {
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
        Ok(Self {
            fixes: fixes.collect::<PyResult<_>>()?,
            complete: found.complete,
        })
    }
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
