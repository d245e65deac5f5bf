//! `Index` and `load_index` for Python.

use std::path::PathBuf;
use std::sync::Arc;

use conda::index::cache_admin::{CacheEntry, CacheState};
use conda::index::{ChannelSource, Contents, Data, LoadOptions, RecordRef, SubdirSource};
use conda::repodata::RepodataError;
use pyo3::prelude::*;
use resolve::ChannelPriority;

use crate::conda_types::{given_spec, MatchSpec};
use crate::errors::{ChannelNotFound, InvalidRepodata, ResolventError};
use crate::record::PackageRecord;

/// The records of some channels for one platform; immutable, and shared by all who solve over it.
#[pyclass(frozen, module = "resolvent")]
pub struct Index {
    pub inner: Arc<conda::index::Index>,
    pub priority: ChannelPriority,
    recipe: Arc<Recipe>,
}

/// What the index was loaded from, and how.
struct Recipe {
    sources: Vec<ChannelSource>,
    platform: String,
    options: LoadOptions,
    /// What went wrong before, and was got over.
    notes: Vec<String>,
}

impl Recipe {
    fn load(
        self: &Arc<Self>,
        py: Python<'_>,
        verify: bool,
        priority: ChannelPriority,
    ) -> PyResult<Index> {
        let options = LoadOptions {
            verify,
            ..self.options.clone()
        };
        let index = py
            .detach(|| conda::index::Index::from_channels(&self.sources, &self.platform, &options))
            .map_err(|e| repodata(py, &e))?;
        Ok(Index {
            inner: Arc::new(index),
            priority,
            recipe: Arc::clone(self),
        })
    }
}

#[pymethods]
impl Index {
    /// What was skipped or cannot be chosen, one sentence each.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        let found = self.inner.warnings().iter().map(ToString::to_string);
        let notes = self.recipe.notes.iter().chain(self.inner.notes());
        notes.cloned().chain(found).collect()
    }
    /// What happened to index files while loading: refused and rebuilt ones, a folder that cannot be written.
    #[getter]
    fn log(&self) -> Vec<String> {
        self.inner.log().to_vec()
    }
    /// Whether an index file turned out to be damaged while it was read: answers that used it are void.
    #[getter]
    fn is_damaged(&self) -> bool {
        self.inner.is_damaged()
    }
    /// The same index, loaded again; every byte of its files is checked, and what is damaged is rebuilt.
    fn reload(&self, py: Python<'_>) -> PyResult<Index> {
        self.recipe.load(py, true, self.priority)
    }
    /// The target subdir.
    #[getter]
    fn platform(&self) -> &str {
        self.inner.platform()
    }
    /// Default of the solves over this index.
    #[getter]
    fn channel_priority(&self) -> &'static str {
        priority_word(self.priority)
    }
    /// Canonical channel names, first the preferred one.
    #[getter]
    fn channels(&self) -> Vec<String> {
        self.inner
            .channels()
            .iter()
            .map(|c| c.name.clone())
            .collect()
    }
    fn __len__(&self) -> usize {
        self.inner.len()
    }
    /// All records, by name.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut places: Vec<(&str, u32, u32)> = Vec::with_capacity(self.inner.len());
        for (at, member) in (0u32..).zip(self.inner.segments()) {
            let segment = &member.segment;
            for package in segment.packages() {
                let name = segment.package_name(package);
                places.extend(segment.records(package).map(|record| (name, at, record)));
            }
        }
        places.sort_unstable();
        let record = |(_, segment, record)| {
            let record = conda::index::RecordId(record);
            PackageRecord::of_index(Arc::clone(&self.inner), RecordRef { segment, record })
        };
        let records: Vec<PackageRecord> = places.into_iter().map(record).collect();
        records.into_pyobject(py)?.call_method0("__iter__")
    }
    /// The names of all packages, sorted.
    fn names(&self) -> Vec<&str> {
        self.inner.names()
    }
    /// Whether a channel has a package of a name, a record that a MatchSpec matches, or a record.
    fn __contains__(&self, py: Python<'_>, item: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(name) = item.extract::<String>() {
            return Ok(self.inner.has_name(&name.to_ascii_lowercase()));
        }
        if item.is_instance_of::<MatchSpec>() {
            return Ok(!self.records(py, item)?.is_empty());
        }
        let Ok(record) = item.cast::<PackageRecord>() else {
            return Ok(false);
        };
        let record = record.get().inner();
        let Ok(spec) = conda::MatchSpec::parse(&record.name) else {
            return Ok(false);
        };
        let found = py.detach(|| self.inner.find(&spec));
        Ok(found
            .into_iter()
            .any(|at| self.inner.record(at) == **record))
    }
    /// The distinct versions of a package, newest first; none if no channel has it.
    fn versions(&self, name: &str) -> Vec<&str> {
        self.inner.versions(&name.to_ascii_lowercase())
    }
    /// The records that a spec matches, by name and newest first.
    fn records(&self, py: Python<'_>, spec: &Bound<'_, PyAny>) -> PyResult<Vec<PackageRecord>> {
        let spec = given_spec(spec)?;
        let found = py.detach(|| self.inner.find(&spec));
        Ok(found
            .into_iter()
            .map(|at| PackageRecord::of_index(Arc::clone(&self.inner), at))
            .collect())
    }
    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.inner.channels().iter().map(|c| &*c.name).collect();
        format!(
            "<Index of {} records of {}, {}>",
            self.inner.len(),
            names.join(", "),
            self.inner.platform()
        )
    }
}

/// Parses the word for a channel priority.
pub(crate) fn parse_priority(word: &str) -> PyResult<ChannelPriority> {
    match word {
        "strict" => Ok(ChannelPriority::Strict),
        "flexible" => Ok(ChannelPriority::Flexible),
        "disabled" => Ok(ChannelPriority::Disabled),
        other => Err(ResolventError::new_err(format!(
            "channel_priority is '{other}'; it can be strict, flexible, disabled"
        ))),
    }
}

fn priority_word(priority: ChannelPriority) -> &'static str {
    match priority {
        ChannelPriority::Strict => "strict",
        ChannelPriority::Flexible => "flexible",
        ChannelPriority::Disabled => "disabled",
    }
}

/// A channel to load, as Python gives it.
#[derive(FromPyObject)]
pub enum GivenChannel {
    /// Name, and a local folder.
    Folder(Option<String>, PathBuf),
    /// Name, a local folder, and its URL, which the name does not tell.
    Placed(String, PathBuf, String),
    /// Name, base URL, and its subdirs, each a file or JSON text.
    Subdirs(String, String, Vec<(String, GivenData)>),
}

/// The repodata of one subdir, as Python gives it.
#[derive(FromPyObject)]
pub enum GivenData {
    #[pyo3(transparent)]
    Text(Vec<u8>),
    #[pyo3(transparent)]
    File(PathBuf),
}

impl From<GivenChannel> for ChannelSource {
    fn from(given: GivenChannel) -> Self {
        match given {
            GivenChannel::Folder(name, folder) => ChannelSource::folder(name, folder),
            GivenChannel::Placed(name, folder, base_url) => ChannelSource {
                base_url: Some(base_url),
                ..ChannelSource::folder(Some(name), folder)
            },
            GivenChannel::Subdirs(name, base_url, subdirs) => {
                let subdirs = subdirs.into_iter().map(|(subdir, data)| SubdirSource {
                    subdir,
                    data: match data {
                        GivenData::Text(text) => Data::Text(text.into()),
                        GivenData::File(file) => Data::File(file),
                    },
                });
                ChannelSource {
                    name: Some(name),
                    base_url: Some(base_url),
                    contents: Contents::Subdirs(subdirs.collect()),
                }
            }
        }
    }
}

/// Reads the repodata of channels, in order of priority. `zstd` is false where compressed files are to be left alone;
/// `notes` go before the index's own warnings.
#[pyfunction]
#[pyo3(signature = (sources, platform, channel_priority, skip_bad_records, cache_dir, add_pip=false, zstd=true, notes=Vec::new()))]
#[allow(clippy::too_many_arguments)] // as Python calls it, by one caller
pub(crate) fn load_index(
    py: Python<'_>,
    sources: Vec<GivenChannel>,
    platform: String,
    channel_priority: &str,
    skip_bad_records: bool,
    cache_dir: Option<PathBuf>,
    add_pip: bool,
    zstd: bool,
    notes: Vec<String>,
) -> PyResult<Index> {
    let priority = parse_priority(channel_priority)?;
    let sources: Vec<ChannelSource> = sources.into_iter().map(ChannelSource::from).collect();
    let options = LoadOptions {
        skip_bad_records,
        add_pip,
        zstd,
        cache_dir,
        ..LoadOptions::default()
    };
    let recipe = Arc::new(Recipe {
        sources,
        platform,
        options,
        notes,
    });
    recipe.load(py, false, priority)
}

fn repodata(py: Python<'_>, error: &RepodataError) -> PyErr {
    let text = error.to_string();
    let err = match error {
        RepodataError::ChannelNotFound { .. } => ChannelNotFound::new_err(text),
        RepodataError::Io { .. } => ResolventError::new_err(text),
        _ => InvalidRepodata::new_err(text),
    };
    let value = err.value(py);
    let file = error.file().to_string_lossy().into_owned();
    // Setting an attribute on a fresh exception fails only when memory is gone; the error itself matters more.
    let _ = value.setattr("file", file);
    let _ = value.setattr("field", error.field());
    let _ = value.setattr("record", error.record());
    err
}

/// The index files of a folder: `(file, source, subdir, records, bytes, state)`.
#[pyfunction]
#[allow(clippy::type_complexity)] // one row of a table, seen by one caller
pub(crate) fn cache_list(
    py: Python<'_>,
    folder: PathBuf,
) -> PyResult<Vec<(PathBuf, Option<PathBuf>, String, usize, u64, String)>> {
    let entries = conda::index::cache_admin::list(&folder).map_err(|e| repodata(py, &e))?;
    let row = |e: CacheEntry| {
        let state = word_of(&e.state);
        (e.file, e.source, e.subdir, e.records, e.bytes, state)
    };
    Ok(entries.into_iter().map(row).collect())
}

fn word_of(state: &CacheState) -> String {
    match state {
        CacheState::Refused(reason) => format!("refused: {reason}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Checks every block of an index file; an error says what is wrong.
#[pyfunction]
pub(crate) fn cache_verify(py: Python<'_>, file: PathBuf) -> PyResult<()> {
    py.detach(|| conda::index::cache_admin::verify(&file))
        .map_err(|e| repodata(py, &e))
}

/// Compares an index file with the content of its source: its state.
#[pyfunction]
pub(crate) fn cache_compare(py: Python<'_>, file: PathBuf) -> PyResult<String> {
    py.detach(|| conda::index::cache_admin::compare(&file))
        .map(|state| word_of(&state))
        .map_err(|e| repodata(py, &e))
}

/// Removes all index files of a folder: how many, and how many bytes.
#[pyfunction]
pub(crate) fn cache_clear(py: Python<'_>, folder: PathBuf) -> PyResult<(usize, u64)> {
    let cleared = conda::index::cache_admin::clear(&folder).map_err(|e| repodata(py, &e))?;
    Ok((cleared.files, cleared.bytes))
}
