//! `Version`, `VersionSpec`, `MatchSpec` and `Channel` for Python.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use conda::channel::ChannelConfig;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;

use crate::errors;
use crate::record::PackageRecord;

/// A version literal, ordered and hashed as conda does (CEP 33).
#[pyclass(frozen, module = "resolvent")]
pub struct Version {
    inner: conda::Version,
}

#[pymethods]
impl Version {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        conda::Version::parse(text).map(|inner| Self { inner }).map_err(errors::version)
    }
    fn __str__(&self) -> &str {
        self.inner.as_str()
    }
    fn __repr__(&self) -> String {
        format!("Version({:?})", self.inner.as_str())
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
        conda::VersionSpec::parse(text).map(|inner| Self { inner }).map_err(errors::version)
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
    fn __repr__(&self) -> String {
        format!("VersionSpec({:?})", self.inner.to_string())
    }
}

/// A pattern that package records match or not (CEP 29).
#[pyclass(frozen, eq, hash, module = "resolvent")]
#[derive(PartialEq, Eq, Hash)]
pub struct MatchSpec {
    inner: Arc<conda::MatchSpec>,
}

#[pymethods]
impl MatchSpec {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        conda::MatchSpec::parse(text)
            .map(|inner| Self {
                inner: Arc::new(inner),
            })
            .map_err(errors::match_spec)
    }
    /// Whether a record, or a mapping with repodata's keys, matches.
    fn matches(&self, record: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(record) = record.cast::<PackageRecord>() {
            return Ok(self.inner.matches(&record.get().inner));
        }
        let module = record.py().get_type::<PackageRecord>();
        let made = module.call_method1("from_dict", (record,))?.cast_into::<PackageRecord>()?;
        Ok(self.inner.matches(&made.get().inner))
    }
    fn __str__(&self) -> String {
        self.inner.to_string()
    }
    fn __repr__(&self) -> String {
        format!("MatchSpec({:?})", self.inner.to_string())
    }
    /// The name as matched: exact, or a pattern; None when any name matches.
    #[getter]
    fn name(&self) -> Option<String> {
        self.inner.name().map(ToString::to_string)
    }
    /// The version spec.
    #[getter]
    fn version(&self) -> Option<String> {
        self.inner.version().map(ToString::to_string)
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
#[derive(PartialEq, Eq, Hash)]
pub struct Channel {
    inner: conda::Channel,
}

#[pymethods]
impl Channel {
    #[new]
    #[pyo3(signature = (text, alias = None))]
    fn new(text: &str, alias: Option<String>) -> PyResult<Self> {
        let mut config = ChannelConfig::default();
        if let Some(alias) = alias {
            config.alias = alias;
        }
        conda::Channel::parse_with(text, &config)
            .map(|inner| Self { inner })
            .map_err(|e| errors::ResolventError::new_err(e.to_string()))
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
    fn __repr__(&self) -> String {
        format!("Channel({:?})", self.inner.canonical_name())
    }
}
