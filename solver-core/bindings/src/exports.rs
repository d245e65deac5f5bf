//! What is done with a request but solve it: `check`, the exports to other solvers, the records that it can reach.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use resolve::Request;

use crate::arguments::RequestArguments;
use crate::index::Index;
use crate::record::{wrap, PackageRecord};

/// The hard rules that records break as an answer to a request; empty when they are valid.
#[pyfunction]
pub(crate) fn check(
    py: Python<'_>,
    records: Vec<PyRef<'_, PackageRecord>>,
    request: RequestArguments<'_>,
    index: &Bound<'_, Index>,
) -> PyResult<Vec<String>> {
    let index = index.get();
    let request = request.into_request(index)?;
    let records: Vec<conda::PackageRecord> =
        records.iter().map(|r| (**r.inner()).clone()).collect();
    Ok(py.detach(|| resolve::check(&records, &request, Some(&index.inner))))
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
pub(crate) fn export_cnf(
    py: Python<'_>,
    request: RequestArguments<'_>,
    index: &Bound<'_, Index>,
    path: PathBuf,
) -> PyResult<()> {
    let index = index.get();
    let request = request.into_request(index)?;
    export(py, resolve::export_cnf::<Vec<u8>>, index, &request, &path)
}

/// Writes the request as weighted CNF, levels 2 and 3 as soft clauses.
#[pyfunction]
pub(crate) fn export_wcnf(
    py: Python<'_>,
    request: RequestArguments<'_>,
    index: &Bound<'_, Index>,
    path: PathBuf,
) -> PyResult<()> {
    let index = index.get();
    let request = request.into_request(index)?;
    export(py, resolve::export_wcnf::<Vec<u8>>, index, &request, &path)
}

/// The warnings that a request should hear: of its index those about whole files, and about packages that it can reach.
#[pyfunction]
pub(crate) fn reached_warnings(
    index: &Bound<'_, Index>,
    specs: Vec<String>,
    more: Vec<String>,
) -> PyResult<Vec<String>> {
    let index = &index.get().inner;
    let warnings = index.warnings();
    if warnings.is_empty() {
        return Ok(Vec::new());
    }
    // What cannot be read reaches nothing.
    let texts = specs.into_iter().chain(more);
    let asked: Vec<(String, conda::MatchSpec)> = texts
        .filter_map(|text| conda::MatchSpec::parse(&text).ok().map(|spec| (text, spec)))
        .collect();
    let named = asked.iter().filter_map(|(_, spec)| spec.name_exact());
    let mut names: HashSet<String> = named.map(str::to_owned).collect();
    for at in resolve::reachable(index, &Request::default(), &asked) {
        let segment = &index.segments()[at.segment as usize].segment;
        names.insert(segment.name_of(at.record).to_owned());
        for dependency in segment.depends(at.record) {
            names.insert(segment.spec(*dependency).name().to_owned());
        }
    }
    let told = warnings.iter().filter(|warning| {
        let package = warning.package();
        package.is_none_or(|name| names.contains(&name))
    });
    Ok(told.map(ToString::to_string).collect())
}

/// The records that a request can reach and those that count for it; see `resolvent.save_problem`.
#[pyfunction]
pub(crate) fn reachable(
    py: Python<'_>,
    request: RequestArguments<'_>,
    index: &Bound<'_, Index>,
    more: Vec<String>,
) -> PyResult<Vec<PackageRecord>> {
    let index = index.get();
    let mut request = request.into_request(index)?;
    request.constraints.append(&mut request.pins);
    let request = Request {
        specs: request.specs,
        constraints: request.constraints,
        ..Request::default()
    };
    // What cannot be read reaches nothing.
    let more: Vec<(String, conda::MatchSpec)> = more
        .into_iter()
        .filter_map(|text| conda::MatchSpec::parse(&text).ok().map(|spec| (text, spec)))
        .collect();
    let found = py.detach(|| {
        let places = resolve::reachable(&index.inner, &request, &more);
        let record = |at| index.inner.record(at);
        places.into_iter().map(record).collect()
    });
    Ok(wrap(found))
}
