//! `PackageRecord` for Python.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use conda::index::{Index, RecordId, RecordRef, Segment};
use conda::record::NoArch;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::record_dict;

/// One package of a channel, with everything repodata says of it.
///
/// One of an index is made whole when something is asked of it that the index does not say at once: most callers look
/// at a few fields of each record.
#[pyclass(frozen, module = "resolvent")]
#[derive(Clone)]
pub struct PackageRecord {
    whole: OnceLock<Arc<conda::PackageRecord>>,
    /// Where it lies, unless it came from elsewhere.
    place: Option<(Arc<Index>, RecordRef)>,
}

impl PackageRecord {
    pub fn new(record: conda::PackageRecord) -> Self {
        Self {
            whole: OnceLock::from(Arc::new(record)),
            place: None,
        }
    }

    /// The record at a place of an index.
    pub fn of_index(index: Arc<Index>, at: RecordRef) -> Self {
        Self {
            whole: OnceLock::new(),
            place: Some((index, at)),
        }
    }

    /// The whole record.
    pub fn inner(&self) -> &Arc<conda::PackageRecord> {
        self.whole.get_or_init(|| {
            let record = self.place.as_ref().map(|(index, at)| index.record(*at));
            Arc::new(record.unwrap_or_default())
        })
    }

    /// Where to read single fields while the record has not been made.
    fn unread(&self) -> Option<(&Segment, RecordId)> {
        let (index, at) = self.place.as_ref()?;
        let member = index.segments().get(at.segment as usize)?;
        self.whole
            .get()
            .is_none()
            .then_some((&member.segment, at.record))
    }
}

impl PackageRecord {
    /// Whether the record is of a package, whose name is in lower case.
    pub fn is_named(&self, name: &str) -> bool {
        match self.unread() {
            Some((segment, record)) => segment.name_of(record) == name,
            None => self.inner().name == name,
        }
    }
}

/// Wraps records for Python.
pub(crate) fn wrap(records: Vec<conda::PackageRecord>) -> Vec<PackageRecord> {
    records.into_iter().map(PackageRecord::new).collect()
}

#[pymethods]
impl PackageRecord {
    /// Package name.
    #[getter]
    fn name(&self) -> &str {
        match self.unread() {
            Some((segment, record)) => segment.name_of(record),
            None => &self.inner().name,
        }
    }
    /// Version literal.
    #[getter]
    fn version(&self) -> &str {
        match self.unread() {
            Some((segment, record)) => segment.version(record),
            None => &self.inner().version,
        }
    }
    /// Build string.
    #[getter]
    fn build(&self) -> &str {
        match self.unread() {
            Some((segment, record)) => segment.build(record),
            None => &self.inner().build,
        }
    }
    /// Build number.
    #[getter]
    fn build_number(&self) -> u64 {
        match self.unread() {
            Some((segment, record)) => segment.build_number(record),
            None => self.inner().build_number,
        }
    }
    /// Subdir, such as `linux-64`.
    #[getter]
    fn subdir(&self) -> &str {
        match self.unread() {
            Some((segment, record)) => segment.subdir_of(record),
            None => &self.inner().subdir,
        }
    }
    /// Canonical channel name, or base URL where the channel has none.
    #[getter]
    fn channel(&self) -> &str {
        &self.inner().channel
    }
    /// Archive file name.
    #[getter]
    fn r#fn(&self) -> Cow<'_, str> {
        match self.unread() {
            Some((segment, record)) => segment.file_name(record).into(),
            None => (&*self.inner().file_name).into(),
        }
    }
    /// Download URL.
    #[getter]
    fn url(&self) -> &str {
        &self.inner().url
    }
    /// MD5 of the archive, hex.
    #[getter]
    fn md5(&self) -> Option<&str> {
        self.inner().md5.as_deref()
    }
    /// SHA-256 of the archive, hex.
    #[getter]
    fn sha256(&self) -> Option<&str> {
        self.inner().sha256.as_deref()
    }
    /// Size of the archive in bytes.
    #[getter]
    fn size(&self) -> Option<u64> {
        self.inner().size
    }
    /// MatchSpecs that must be satisfied.
    #[getter]
    fn depends(&self) -> Vec<String> {
        self.inner().depends.clone()
    }
    /// MatchSpecs that must hold for packages of these names if present.
    #[getter]
    fn constrains(&self) -> Vec<String> {
        self.inner().constrains.clone()
    }
    /// Features the record turns on.
    #[getter]
    fn track_features(&self) -> Vec<String> {
        self.inner().track_features.clone()
    }
    /// Legacy features.
    #[getter]
    fn features(&self) -> Vec<String> {
        self.inner().features.clone()
    }
    /// Build time, milliseconds since 1970; 0 when unknown.
    #[getter]
    fn timestamp(&self) -> u64 {
        self.inner().timestamp
    }
    /// Time the server indexed the record, milliseconds since 1970 (CEP 47).
    #[getter]
    fn indexed_timestamp(&self) -> Option<u64> {
        self.inner().indexed_timestamp
    }
    /// `"python"`, `"generic"` or None.
    #[getter]
    fn noarch(&self) -> Option<&'static str> {
        self.inner().noarch.map(NoArch::as_str)
    }
    /// Licence expression.
    #[getter]
    fn license(&self) -> Option<&str> {
        self.inner().license.as_deref()
    }
    /// Licence family.
    #[getter]
    fn license_family(&self) -> Option<&str> {
        self.inner().license_family.as_deref()
    }
    /// Where python keeps its site-packages (CEP 17).
    #[getter]
    fn python_site_packages_path(&self) -> Option<&str> {
        self.inner().python_site_packages_path.as_deref()
    }
    /// Variant flags (CEP 45).
    #[getter]
    fn flags(&self) -> Vec<String> {
        self.inner().flags.clone()
    }
    /// Optional dependency groups (CEP 44).
    #[getter]
    fn extra_depends<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        record_dict::groups(py, self.inner())
    }

    /// The keys of repodata that no attribute stands for, such as `purls`.
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        record_dict::others(py, self.inner())
    }

    /// Repodata's keys plus `fn`, `url` and `channel`.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        record_dict::to_dict(py, self.inner())
    }

    /// The same record as py-rattler has it, a `rattler.RepoDataRecord`; py-rattler must be installed.
    fn to_rattler<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        crate::answers::about(slf, "resolvent.foreign", "to_rattler")
    }
    /// A record from a mapping with repodata's keys; `name`, `version`, `build` and `build_number` are required.
    #[staticmethod]
    fn from_dict(mapping: &Bound<'_, PyAny>) -> PyResult<Self> {
        record_dict::from_mapping(mapping).map(Self::new)
    }

    /// Records are equal if all that repodata says of them is.
    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Self>() else {
            return Ok(py.NotImplemented());
        };
        let (left, right) = (self.inner(), other.get().inner());
        let equal = if Arc::ptr_eq(left, right) || left == right {
            true
        } else if left.extra_json.is_empty()
            || right.extra_json.is_empty()
            || !same_fields(left, right)
        {
            false
        } else {
            // JSON may spell one value in several ways.
            record_dict::others(py, left)?.eq(record_dict::others(py, right)?)?
        };
        Ok(PyBool::new(py, equal).to_owned().into_any().unbind())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        let r = self.inner();
        (&r.url, &r.file_name, &r.name, &r.version, &r.build).hash(&mut hasher);
        hasher.finish()
    }

    /// Pickled as a mapping.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyDict>,))> {
        let from_dict = py.get_type::<Self>().getattr("from_dict")?;
        Ok((from_dict, (record_dict::to_dict(py, self.inner())?,)))
    }

    fn __repr__(&self) -> String {
        let r = self.inner();
        format!(
            "<PackageRecord {}/{}::{}-{}-{}>",
            r.channel, r.subdir, r.name, r.version, r.build
        )
    }
}

/// Whether all but the unknown keys are equal.
fn same_fields(left: &conda::PackageRecord, right: &conda::PackageRecord) -> bool {
    let mut left = left.clone();
    left.extra_json.clone_from(&right.extra_json);
    left == *right
}
