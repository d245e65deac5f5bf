//! `PackageRecord` for Python.

use std::sync::Arc;

use conda::record::NoArch;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::ResolventError;

/// One package of a channel, with everything repodata says of it.
#[pyclass(frozen, eq, hash, module = "resolvent")]
#[derive(Clone, PartialEq)]
pub struct PackageRecord {
    pub inner: Arc<conda::PackageRecord>,
}

impl Eq for PackageRecord {}

impl std::hash::Hash for PackageRecord {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.url.hash(state);
        self.inner.file_name.hash(state);
        self.inner.name.hash(state);
    }
}

impl PackageRecord {
    pub fn new(record: conda::PackageRecord) -> Self {
        Self {
            inner: Arc::new(record),
        }
    }
}

/// Wraps records for Python.
pub fn wrap(records: Vec<conda::PackageRecord>) -> Vec<PackageRecord> {
    records.into_iter().map(PackageRecord::new).collect()
}

#[pymethods]
impl PackageRecord {
    /// Package name.
    #[getter]
    fn name(&self) -> &str {
        &self.inner.name
    }
    /// Version literal.
    #[getter]
    fn version(&self) -> &str {
        &self.inner.version
    }
    /// Build string.
    #[getter]
    fn build(&self) -> &str {
        &self.inner.build
    }
    /// Build number.
    #[getter]
    fn build_number(&self) -> u64 {
        self.inner.build_number
    }
    /// Subdir, such as `linux-64`.
    #[getter]
    fn subdir(&self) -> &str {
        &self.inner.subdir
    }
    /// Canonical channel name, or base URL where the channel has none.
    #[getter]
    fn channel(&self) -> &str {
        &self.inner.channel
    }
    /// Archive file name.
    #[getter]
    fn r#fn(&self) -> &str {
        &self.inner.file_name
    }
    /// Download URL.
    #[getter]
    fn url(&self) -> &str {
        &self.inner.url
    }
    /// MD5 of the archive, hex.
    #[getter]
    fn md5(&self) -> Option<&str> {
        self.inner.md5.as_deref()
    }
    /// SHA-256 of the archive, hex.
    #[getter]
    fn sha256(&self) -> Option<&str> {
        self.inner.sha256.as_deref()
    }
    /// Size of the archive in bytes.
    #[getter]
    fn size(&self) -> Option<u64> {
        self.inner.size
    }
    /// MatchSpecs that must be satisfied.
    #[getter]
    fn depends(&self) -> Vec<String> {
        self.inner.depends.clone()
    }
    /// MatchSpecs that must hold for packages of these names if present.
    #[getter]
    fn constrains(&self) -> Vec<String> {
        self.inner.constrains.clone()
    }
    /// Features the record turns on.
    #[getter]
    fn track_features(&self) -> Vec<String> {
        self.inner.track_features.clone()
    }
    /// Legacy features.
    #[getter]
    fn features(&self) -> Vec<String> {
        self.inner.features.clone()
    }
    /// Build time, milliseconds since 1970; 0 when unknown.
    #[getter]
    fn timestamp(&self) -> u64 {
        self.inner.timestamp
    }
    /// Time the server indexed the record, milliseconds since 1970 (CEP 47).
    #[getter]
    fn indexed_timestamp(&self) -> Option<u64> {
        self.inner.indexed_timestamp
    }
    /// `"python"`, `"generic"` or None.
    #[getter]
    fn noarch(&self) -> Option<&'static str> {
        self.inner.noarch.map(NoArch::as_str)
    }
    /// Licence expression.
    #[getter]
    fn license(&self) -> Option<&str> {
        self.inner.license.as_deref()
    }
    /// Licence family.
    #[getter]
    fn license_family(&self) -> Option<&str> {
        self.inner.license_family.as_deref()
    }
    /// Where python keeps its site-packages (CEP 17).
    #[getter]
    fn python_site_packages_path(&self) -> Option<&str> {
        self.inner.python_site_packages_path.as_deref()
    }
    /// Variant flags (CEP 45).
    #[getter]
    fn flags(&self) -> Vec<String> {
        self.inner.flags.clone()
    }
    /// Optional dependency groups (CEP 44).
    #[getter]
    fn extra_depends<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let groups = PyDict::new(py);
        for (group, specs) in &self.inner.extra_depends {
            groups.set_item(group, specs)?;
        }
        Ok(groups)
    }

    /// Repodata's keys plus `fn`, `url` and `channel`.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let r = &self.inner;
        let d = if r.extra_json.is_empty() {
            PyDict::new(py)
        } else {
            py.import("json")?
                .call_method1("loads", (r.extra_json.as_str(),))?
                .cast_into::<PyDict>()?
        };
        d.set_item("name", &r.name)?;
        d.set_item("version", &r.version)?;
        d.set_item("build", &r.build)?;
        d.set_item("build_number", r.build_number)?;
        d.set_item("subdir", &r.subdir)?;
        d.set_item("depends", &r.depends)?;
        d.set_item("constrains", &r.constrains)?;
        if !r.track_features.is_empty() {
            d.set_item("track_features", r.track_features.join(" "))?;
        }
        if !r.features.is_empty() {
            d.set_item("features", r.features.join(" "))?;
        }
        if let Some(noarch) = r.noarch {
            d.set_item("noarch", noarch.as_str())?;
        }
        if r.timestamp > 0 {
            d.set_item("timestamp", r.timestamp)?;
        }
        let optional: [(&str, Option<&str>); 5] = [
            ("md5", r.md5.as_deref()),
            ("sha256", r.sha256.as_deref()),
            ("license", r.license.as_deref()),
            ("license_family", r.license_family.as_deref()),
            ("python_site_packages_path", r.python_site_packages_path.as_deref()),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                d.set_item(key, value)?;
            }
        }
        if let Some(size) = r.size {
            d.set_item("size", size)?;
        }
        if let Some(t) = r.indexed_timestamp {
            d.set_item("indexed_timestamp", t)?;
        }
        if !r.flags.is_empty() {
            d.set_item("flags", &r.flags)?;
        }
        if !r.extra_depends.is_empty() {
            d.set_item("extra_depends", self.extra_depends(py)?)?;
        }
        d.set_item("channel", &r.channel)?;
        d.set_item("fn", &r.file_name)?;
        d.set_item("url", &r.url)?;
        Ok(d)
    }

    /// A record from a mapping with repodata's keys; `name` and `version` are required.
    #[staticmethod]
    fn from_dict(mapping: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text = |key: &str| -> PyResult<Option<String>> { field(mapping, key)?.map(|v| string(&v, key)).transpose() };
        let number = |key: &str| -> PyResult<Option<u64>> { field(mapping, key)?.map(|v| unsigned(&v, key)).transpose() };
        let list = |key: &str| -> PyResult<Vec<String>> { field(mapping, key)?.map_or(Ok(Vec::new()), |v| strings(&v, key)) };
        let required = |key: &str| -> PyResult<String> {
            text(key)?.ok_or_else(|| ResolventError::new_err(format!("a record has no '{key}'")))
        };
        let noarch = match field(mapping, "noarch")? {
            None => None,
            Some(v) => match v.extract::<String>().as_deref() {
                Ok("python") => Some(NoArch::Python),
                Ok("generic") => Some(NoArch::Generic),
                _ => match v.extract::<bool>() {
                    Ok(true) => Some(NoArch::Generic),
                    Ok(false) => None,
                    Err(_) => return Err(wrong("noarch", "\"python\", \"generic\" or null")),
                },
            },
        };
        let mut extra_depends = Vec::new();
        if let Some(groups) = field(mapping, "extra_depends")? {
            let groups = groups.cast_into::<PyDict>().map_err(|_| wrong("extra_depends", "a mapping"))?;
            for (key, value) in groups.iter() {
                extra_depends.push((string(&key, "extra_depends")?, strings(&value, "extra_depends")?));
            }
        }
        Ok(Self::new(conda::PackageRecord {
            name: required("name")?,
            version: required("version")?,
            build: text("build")?.or(text("build_string")?).unwrap_or_default(),
            build_number: number("build_number")?.unwrap_or(0),
            subdir: text("subdir")?.unwrap_or_default(),
            channel: text("channel")?.unwrap_or_default(),
            file_name: text("fn")?.unwrap_or_default(),
            url: text("url")?.unwrap_or_default(),
            depends: list("depends")?,
            constrains: list("constrains")?,
            track_features: list("track_features")?,
            features: list("features")?,
            noarch,
            timestamp: number("timestamp")?.unwrap_or(0),
            indexed_timestamp: number("indexed_timestamp")?,
            md5: text("md5")?,
            sha256: text("sha256")?,
            size: number("size")?,
            license: text("license")?,
            license_family: text("license_family")?,
            python_site_packages_path: text("python_site_packages_path")?,
            extra_depends,
            flags: list("flags")?,
            extra_json: String::new(),
        }))
    }

    fn __repr__(&self) -> String {
        let r = &self.inner;
        format!("<PackageRecord {}/{}::{}-{}-{}>", r.channel, r.subdir, r.name, r.version, r.build)
    }
}

fn wrong(key: &str, expected: &str) -> PyErr {
    PyTypeError::new_err(format!("a record's '{key}' is not {expected}"))
}

fn field<'py>(mapping: &Bound<'py, PyAny>, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    match mapping.get_item(key) {
        Ok(value) if value.is_none() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(e) if e.is_instance_of::<pyo3::exceptions::PyKeyError>(mapping.py()) => Ok(None),
        Err(e) => Err(e),
    }
}

fn string(value: &Bound<'_, PyAny>, key: &str) -> PyResult<String> {
    value.extract().map_err(|_| wrong(key, "a string"))
}

fn unsigned(value: &Bound<'_, PyAny>, key: &str) -> PyResult<u64> {
    value
        .extract()
        .map_err(|_| PyValueError::new_err(format!("a record's '{key}' is not a whole number from 0 to 2^64 - 1")))
}

/// A list of strings, or one string with items separated by commas or blanks (for feature lists).
fn strings(value: &Bound<'_, PyAny>, key: &str) -> PyResult<Vec<String>> {
    if let Ok(one) = value.extract::<String>() {
        if key.ends_with("features") {
            return Ok(one
                .split([',', ' '])
                .filter(|s| !s.is_empty())
                .map(str::to_string)
                .collect());
        }
        return Ok(vec![one]);
    }
    if let Ok(list) = value.cast::<PyList>() {
        return list.iter().map(|item| string(&item, key)).collect();
    }
    value.extract().map_err(|_| wrong(key, "a list of strings"))
}
