//! The exceptions, and which Rust error becomes which.

use pyo3::create_exception;
use pyo3::prelude::*;

create_exception!(
    resolvent,
    ResolventError,
    pyo3::exceptions::PyException,
    "Base class of every error this package raises on purpose."
);
create_exception!(
    resolvent,
    UnsatisfiableError,
    ResolventError,
    "No set of packages satisfies the request; `.conflict` says why."
);
create_exception!(
    resolvent,
    PackagesNotFound,
    UnsatisfiableError,
    "A requested name is in no channel."
);
create_exception!(
    resolvent,
    InvalidMatchSpec,
    ResolventError,
    "A string is not a MatchSpec, or not one that can be asked of the solver."
);
create_exception!(
    resolvent,
    InvalidVersion,
    ResolventError,
    "A string is not a version or a version spec."
);
create_exception!(
    resolvent,
    InvalidRepodata,
    ResolventError,
    "A file is not repodata; `.file` and `.field` say where."
);
create_exception!(
    resolvent,
    ChannelNotFound,
    ResolventError,
    "A channel has no repodata for the platform nor for noarch; `.file` is its location."
);
create_exception!(
    resolvent,
    InternalError,
    ResolventError,
    "An answer failed its check and is withheld: a defect of this package; `.problem` is a file that shows it, or None."
);
create_exception!(
    resolvent,
    DeadlineExceeded,
    ResolventError,
    "No answer was found within the time limit."
);

/// Adds the exceptions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("ResolventError", py.get_type::<ResolventError>())?;
    m.add("UnsatisfiableError", py.get_type::<UnsatisfiableError>())?;
    m.add("PackagesNotFound", py.get_type::<PackagesNotFound>())?;
    m.add("InvalidMatchSpec", py.get_type::<InvalidMatchSpec>())?;
    m.add("InvalidVersion", py.get_type::<InvalidVersion>())?;
    m.add("InvalidRepodata", py.get_type::<InvalidRepodata>())?;
    m.add("ChannelNotFound", py.get_type::<ChannelNotFound>())?;
    m.add("InternalError", py.get_type::<InternalError>())?;
    m.add("DeadlineExceeded", py.get_type::<DeadlineExceeded>())?;
    Ok(())
}

/// The text of an error, which may quote an address, without the secrets of that.
pub(crate) fn shown(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    if !["@", "/t/", "://"].iter().any(|mark| text.contains(mark)) {
        return text;
    }
    // The rules are in one place, and that is in Python.
    Python::attach(|py| {
        let redact = py.import("resolvent.network.redact")?.getattr("redact")?;
        redact.call1((&text,))?.extract::<String>()
    })
    .unwrap_or_else(|_: PyErr| {
        "the text of this error may hold a secret and cannot be shown".into()
    })
}

/// A bad version or version spec.
pub(crate) fn version(error: impl std::fmt::Display) -> PyErr {
    InvalidVersion::new_err(shown(error))
}

/// A bad MatchSpec.
pub(crate) fn match_spec(error: impl std::fmt::Display) -> PyErr {
    InvalidMatchSpec::new_err(shown(error))
}

/// A request that cannot be formed.
pub(crate) fn request(error: resolve::RequestError) -> PyErr {
    match error {
        resolve::RequestError::VirtualPackage { .. } => ResolventError::new_err(shown(error)),
        _ => InvalidMatchSpec::new_err(shown(error)),
    }
}
