//! Certificates for Python: writing one for an answer, and checking one.

use conda::index::{RecordId, RecordRef};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::{DeadlineExceeded, InternalError, ResolventError};
use crate::index::Index;
use crate::interrupt::{deadline_in, interruptibly};
use crate::record::PackageRecord;

/// The certificate, as JSON, of an answer to the problem whose file has this text; `None`: there is no answer.
#[pyfunction]
#[pyo3(signature = (problem, answer, timeout, most_bytes))]
pub(crate) fn prove(
    py: Python<'_>,
    problem: &str,
    answer: Option<Vec<PyRef<'_, PackageRecord>>>,
    timeout: Option<f64>,
    most_bytes: Option<usize>,
) -> PyResult<String> {
    let answer: Option<Vec<conda::PackageRecord>> =
        answer.map(|records| records.iter().map(|r| (**r.inner()).clone()).collect());
    let deadline = deadline_in(timeout);
    let result = py.detach(|| {
        interruptibly(deadline, |budget| {
            let limits = ::prove::Limits {
                deadline,
                bytes: most_bytes,
                stop: budget.cancelled,
            };
            ::prove::prove(problem, answer.as_deref(), limits)
        })
    })?;
    match result {
        Ok(certificate) => Ok(certificate.to_json().to_string()),
        Err(error @ ::prove::ProveError::Limit { .. }) => {
            Err(DeadlineExceeded::new_err(format!("no proof: {error}")))
        }
        Err(::prove::ProveError::Invalid(error @ certify::Error::Unsupported(_))) => {
            Err(ResolventError::new_err(format!("no proof: {error}")))
        }
        Err(error) => Err(InternalError::new_err(format!(
            "internal error: the answer cannot be proved: {error}"
        ))),
    }
}

/// All records of a name in an index.
fn records_of(index: &conda::index::Index, name: &str) -> Vec<conda::PackageRecord> {
    let mut out = Vec::new();
    for (position, member) in index.segments().iter().enumerate() {
        let Some(package) = member.segment.find_package(name) else {
            continue;
        };
        out.extend(member.segment.records(package).map(|record| {
            index.record(RecordRef {
                segment: position as u32,
                record: RecordId(record),
            })
        }));
    }
    out
}

/// Checks a file with a certificate: what was shown. With an index, the file's records are held against it first.
#[pyfunction]
#[pyo3(signature = (text, index))]
pub(crate) fn check_proof<'py>(
    py: Python<'py>,
    text: &str,
    index: Option<&Bound<'py, Index>>,
) -> PyResult<Bound<'py, PyDict>> {
    let index = index.map(|index| index.get().inner.clone());
    let work = || {
        if let Some(index) = &index {
            let document = certify::Document::parse(text)?;
            let channels: Vec<String> = index.channels().iter().map(|c| c.name.clone()).collect();
            let records_of = |name: &str| records_of(index, name);
            certify::closed(&document.problem, index.platform(), &channels, &records_of)?;
        }
        certify::check(text)
    };
    let accepted = py
        .detach(|| interruptibly(None, |_| work()))?
        .map_err(|error| ResolventError::new_err(format!("the proof is refused: {error}")))?;
    let out = PyDict::new(py);
    out.set_item("claim", accepted.claim)?;
    out.set_item("answer", accepted.answer)?;
    out.set_item("levels", PyList::new(py, accepted.levels)?)?;
    out.set_item("clauses", accepted.clauses)?;
    out.set_item("claims", accepted.claims)?;
    out.set_item("steps", accepted.steps)?;
    Ok(out)
}
