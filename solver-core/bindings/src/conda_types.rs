//! `Version`, `VersionSpec`, `MatchSpec` and `Channel` for Python.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use conda::channel::ChannelConfig;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyString, PyType};

use crate::errors;
use crate::record::PackageRecord;

/// `Class('text')`, as Python writes it.
fn call(py: Python<'_>, class: &str, text: &str) -> PyResult<String> {
    Ok(format!("{class}({})", PyString::new(py, text).repr()?))
}

/// A version literal, ordered and hashed as conda does (CEP 33).
#[pyclass(frozen, module = "resolvent")]
pub struct Version {
    inner: conda::Version,
}

#[pymethods]
impl Version {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        conda::Version::parse(text)
            .map(|inner| Self { inner })
            .map_err(errors::version)
    }
    fn __str__(&self) -> &str {
        self.inner.as_str()
    }
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        call(py, "Version", self.inner.as_str())
    }
    /// Pickled as its text.
    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (String,)) {
        (py.get_type::<Self>(), (self.inner.as_str().to_owned(),))
    }
    fn __hash__(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.inner.hash(&mut hasher);
        hasher.finish()
    }
    fn __richcmp__(&self, other: &Version, op: CompareOp) -> bool {
        op.matches(self.inner.cmp(&other.inner))
    }
}

#[derive(FromPyObject)]
enum VersionOrText<'py> {
    Version(PyRef<'py, Version>),
    Text(String),
}

/// A set of versions (CEP 29).
#[pyclass(frozen, eq, hash, module = "resolvent")]
#[derive(PartialEq, Eq, Hash)]
pub struct VersionSpec {
    inner: conda::VersionSpec,
}

#[pymethods]
impl VersionSpec {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        conda::VersionSpec::parse(text)
            .map(|inner| Self { inner })
            .map_err(errors::version)
    }
    /// Whether a version belongs to the set.
    fn matches(&self, version: VersionOrText<'_>) -> PyResult<bool> {
        match version {
            VersionOrText::Version(v) => Ok(self.inner.matches(&v.inner)),
            VersionOrText::Text(text) => {
                let version = conda::Version::parse(&text).map_err(errors::version)?;
                Ok(self.inner.matches(&version))
            }
        }
    }
    fn __str__(&self) -> String {
        self.inner.to_string()
    }
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        call(py, "VersionSpec", &self.inner.to_string())
    }
    /// Pickled as its text.
    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (String,)) {
        (py.get_type::<Self>(), (self.inner.to_string(),))
    }
}

/// A pattern that package records match or not (CEP 29).
#[pyclass(frozen, eq, hash, module = "resolvent")]
#[derive(PartialEq, Eq, Hash)]
pub struct MatchSpec {
    inner: Arc<conda::MatchSpec>,
}

/// Takes a spec that is given as text or as a `MatchSpec`.
pub(crate) fn given_spec(spec: &Bound<'_, PyAny>) -> PyResult<Arc<conda::MatchSpec>> {
    match spec.cast::<MatchSpec>() {
        Ok(spec) => Ok(Arc::clone(&spec.get().inner)),
        Err(_) => parsed_spec(&spec.extract::<String>()?),
    }
}

fn parsed_spec(text: &str) -> PyResult<Arc<conda::MatchSpec>> {
    conda::MatchSpec::parse(text)
        .map(Arc::new)
        .map_err(errors::match_spec)
}

#[pymethods]
impl MatchSpec {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        parsed_spec(text).map(|inner| Self { inner })
    }
    /// Whether a record, or a mapping with repodata's keys, matches.
    fn matches(&self, record: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(record) = record.cast::<PackageRecord>() {
            return Ok(self.inner.matches(record.get().inner()));
        }
        let module = record.py().get_type::<PackageRecord>();
        let made = module
            .call_method1("from_dict", (record,))?
            .cast_into::<PackageRecord>()?;
        Ok(self.inner.matches(made.get().inner()))
    }
    fn __str__(&self) -> String {
        self.inner.to_string()
    }
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        call(py, "MatchSpec", &self.inner.to_string())
    }
    /// Pickled as its text, with the `*` that the canonical text leaves out.
    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (String,)) {
        let mut text = self.inner.to_string();
        if self.inner.version().is_none() && self.inner.says_any_version() {
            text = match text.strip_suffix(']') {
                Some(open) => format!("{open},version='*']"),
                None => format!("{text}[version='*']"),
            };
        }
        (py.get_type::<Self>(), (text,))
    }
    /// The name as matched: exact, or a pattern; None when any name matches.
    #[getter]
    fn name(&self) -> Option<String> {
        self.inner.name().map(ToString::to_string)
    }
    /// The version spec; `*` where that was written, None where nothing was.
    #[getter]
    fn version(&self) -> Option<String> {
        let any = || self.inner.says_any_version().then(|| "*".to_string());
        self.inner.version().map(ToString::to_string).or_else(any)
    }
    /// The build string or pattern.
    #[getter]
    fn build(&self) -> Option<String> {
        self.inner.build().map(ToString::to_string)
    }
    /// The build number spec.
    #[getter]
    fn build_number(&self) -> Option<String> {
        self.inner.build_number().map(ToString::to_string)
    }
    /// The channel.
    #[getter]
    fn channel(&self) -> Option<String> {
        self.inner.channel().map(ToString::to_string)
    }
    /// The subdir.
    #[getter]
    fn subdir(&self) -> Option<String> {
        self.inner.subdir().map(ToString::to_string)
    }
    /// The archive file name.
    #[getter]
    fn r#fn(&self) -> Option<String> {
        self.inner.file_name().map(ToString::to_string)
    }
    /// The download URL.
    #[getter]
    fn url(&self) -> Option<String> {
        self.inner.url().map(ToString::to_string)
    }
    /// MD5 of the archive.
    #[getter]
    fn md5(&self) -> Option<String> {
        self.inner.md5().map(ToString::to_string)
    }
    /// SHA-256 of the archive.
    #[getter]
    fn sha256(&self) -> Option<String> {
        self.inner.sha256().map(ToString::to_string)
    }
    /// Licence or pattern.
    #[getter]
    fn license(&self) -> Option<String> {
        self.inner.license().map(ToString::to_string)
    }
    /// Licence family or pattern.
    #[getter]
    fn license_family(&self) -> Option<String> {
        self.inner.license_family().map(ToString::to_string)
    }
    /// Features the record must track.
    #[getter]
    fn track_features(&self) -> Option<Vec<String>> {
        self.inner.track_features().map(<[String]>::to_vec)
    }
    /// Legacy features the record must have.
    #[getter]
    fn features(&self) -> Option<Vec<String>> {
        self.inner.features().map(<[String]>::to_vec)
    }
    /// Optional dependency groups asked for (CEP 44).
    #[getter]
    fn extras(&self) -> Option<Vec<String>> {
        let extras = self.inner.extras();
        (!extras.is_empty()).then(|| extras.to_vec())
    }
    /// Variant flags asked for (CEP 45).
    #[getter]
    fn flags(&self) -> Option<Vec<String>> {
        let flags = self.inner.flags();
        (!flags.is_empty()).then(|| flags.iter().map(ToString::to_string).collect())
    }
    /// The condition (CEP 43).
    #[getter]
    fn when(&self) -> Option<String> {
        self.inner.when().map(ToString::to_string)
    }
}

/// A channel: where packages come from.
#[pyclass(frozen, eq, hash, module = "resolvent")]
#[derive(Eq)]
pub struct Channel {
    inner: conda::Channel,
    alias: Option<String>,
}

impl PartialEq for Channel {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Hash for Channel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

#[pymethods]
impl Channel {
    #[new]
    #[pyo3(signature = (text, alias = None))]
    fn new(text: &str, alias: Option<String>) -> PyResult<Self> {
        let mut config = ChannelConfig::default();
        if let Some(alias) = &alias {
            config.alias = alias.clone();
        }
        conda::Channel::parse_with(text, &config)
            .map(|inner| Self { inner, alias })
            .map_err(|e| errors::ResolventError::new_err(errors::shown(e)))
    }
    /// Canonical name, or base URL where the channel has none.
    #[getter]
    fn name(&self) -> &str {
        self.inner.canonical_name()
    }
    /// URL without subdir and credentials.
    #[getter]
    fn base_url(&self) -> &str {
        self.inner.base_url()
    }
    /// The subdir the text ended with, if any.
    #[getter]
    fn subdir(&self) -> Option<&str> {
        self.inner.subdir()
    }
    fn __str__(&self) -> &str {
        self.inner.canonical_name()
    }
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        call(py, "Channel", self.inner.canonical_name())
    }
    /// Pickled without credentials.
    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (String, Option<String>)) {
        let mut url = self.inner.base_url().to_string();
        if let Some(subdir) = self.inner.subdir() {
            url.push('/');
            url.push_str(subdir);
        }
        (py.get_type::<Self>(), (url, self.alias.clone()))
    }
}

/// What every machine of a platform may be assumed to have: name, version and build of virtual packages.
#[pyfunction]
pub(crate) fn platform_baseline(platform: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    conda::channel::platform_baseline(platform)
}
