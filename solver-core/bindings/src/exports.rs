//! What is done with a request but solve it: `check`, the exports to other solvers, the records that it can reach.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use resolve::Request;

use crate::arguments::parse_virtual;
use crate::arguments::{parse_specs, EnvironmentArguments, PolicyArguments};
use crate::index::{parse_priority, Index};
use crate::record::{wrap, PackageRecord};

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

/// The records that a request can reach and those that count for it; see `resolvent.save_problem`.
#[pyfunction]
pub fn reachable(
    index: &Bound<'_, Index>,
    specs: Vec<String>,
    constraints: Vec<String>,
    more: Vec<String>,
) -> PyResult<Vec<PackageRecord>> {
    let index = index.get();
    let request = Request {
        specs: parse_specs(&specs)?,
        constraints: parse_specs(&constraints)?,
        ..Request::default()
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
