//! Managing a folder of index files: listing, checking and removing them.
//!
//! These functions touch only files that have the names this library gives; a folder that holds other things as well
//! keeps them.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::file::{index_error, stale_temporaries};
use super::fingerprint::{Fingerprint, Stamp};
use super::load_cached::{identity, DIGITS, INDEX, STAMP};
use super::segment::Segment;
use crate::repodata::{digest, open_regular, RepodataError};

/// How an index file stands to its source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheState {
    /// Its source is as it was.
    Fresh,
    /// Its source may have changed; the next load hashes the source and keeps or rebuilds the file.
    Unsure,
    /// Its source has changed; the next load rebuilds it. Only [`compare`] tells.
    Stale,
    /// Its source is gone.
    Orphan,
    /// It is foreign, truncated or damaged, for this reason; the next load rebuilds it.
    Refused(String),
}

/// One index file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// The index file.
    pub file: PathBuf,
    /// The repodata file it was built from, when that is known.
    pub source: Option<PathBuf>,
    /// The subdir; empty when the file is refused and has no stamp.
    pub subdir: String,
    /// Number of records; 0 when the file is refused.
    pub records: usize,
    /// Size of the index file.
    pub bytes: u64,
    /// What a look from outside says, without reading the source.
    pub state: CacheState,
}

/// What [`clear`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cleared {
    /// Index files.
    pub files: usize,
    /// Bytes of all removed files.
    pub bytes: u64,
}

/// The index files of a folder, by name. An absent folder has none. Costs milliseconds a file: neither the sources
/// nor the blocks of the files are read, see [`compare`] and [`verify`] for that.
///
/// # Errors
///
/// [`RepodataError::Io`] when the folder cannot be read.
pub fn list(cache_dir: &Path) -> Result<Vec<CacheEntry>, RepodataError> {
    let mut entries: Vec<CacheEntry> = files(cache_dir)?
        .into_iter()
        .filter(|path| path.extension() == Some(OsStr::new(INDEX)))
        .map(entry)
        .collect();
    entries.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(entries)
}

fn entry(file: PathBuf) -> CacheEntry {
    let stamp = Stamp::read(&file.with_extension(STAMP));
    let bytes = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
    let (records, own_subdir, state) = match Segment::open(&file) {
        Err(RepodataError::IndexFile { reason, .. }) => (0, None, CacheState::Refused(reason)),
        Err(error) => (0, None, CacheState::Refused(error.to_string())),
        Ok(segment) => {
            let state = state(stamp.as_ref(), &segment);
            let subdir = segment.subdir().to_string();
            (segment.record_count(), Some(subdir), state)
        }
    };
    let known = stamp.map(|stamp| (stamp.source, stamp.subdir));
    let (source, asked) = known.map_or((None, None), |(source, subdir)| {
        (Some(source), Some(subdir))
    });
    CacheEntry {
        file,
        source,
        subdir: own_subdir.or(asked).unwrap_or_default(),
        records,
        bytes,
        state,
    }
}

fn state(stamp: Option<&Stamp>, segment: &Segment) -> CacheState {
    let Some(stamp) = stamp else {
        return CacheState::Unsure;
    };
    match std::fs::metadata(&stamp.source) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => CacheState::Orphan,
        Ok(metadata)
            if stamp.trusts(&Fingerprint::of(&metadata))
                && segment.identity() == Some(stamp.identity) =>
        {
            CacheState::Fresh
        }
        _ => CacheState::Unsure,
    }
}

/// Reads a whole index file and compares all its checksums.
///
/// # Errors
///
/// [`RepodataError::IndexFile`] when something does not hold, [`RepodataError::Io`] when the file is absent.
pub fn verify(file: &Path) -> Result<(), RepodataError> {
    let bad = "blocks do not match their checksums";
    match Segment::open(file)? {
        segment if segment.verify() => Ok(()),
        _ => Err(index_error(file, bad.into())),
    }
}

/// Reads the source of an index file and says whether the file was built from these bytes, as the next load would.
///
/// # Errors
///
/// Those of opening the index file.
pub fn compare(file: &Path) -> Result<CacheState, RepodataError> {
    let segment = Segment::open(file)?;
    let Some(stamp) = Stamp::read(&file.with_extension(STAMP)) else {
        return Ok(CacheState::Unsure);
    };
    Ok(match open_regular(&stamp.source).and_then(digest) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => CacheState::Orphan,
        Err(_) => CacheState::Unsure,
        Ok(digest) => {
            let built_from = |variant| Some(identity(&digest, &stamp.subdir, variant));
            if [0, 1, 2, 3].map(built_from).contains(&segment.identity()) {
                CacheState::Fresh
            } else {
                CacheState::Stale
            }
        }
    })
}

/// Removes all index files of a folder, their stamps and the leftovers of dead writers. Processes that have the
/// files mapped keep what they have.
///
/// # Errors
///
/// [`RepodataError::Io`] for the first file that cannot be removed; an absent folder is no error.
pub fn clear(cache_dir: &Path) -> Result<Cleared, RepodataError> {
    let mut cleared = Cleared::default();
    let ours = |path: &PathBuf| {
        let extension = path.extension();
        extension == Some(OsStr::new(INDEX)) || extension == Some(OsStr::new(STAMP))
    };
    let mut paths: Vec<PathBuf> = files(cache_dir)?.into_iter().filter(ours).collect();
    paths.extend(stale_temporaries(cache_dir));
    for path in paths {
        let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        match std::fs::remove_file(&path) {
            Ok(()) => {
                cleared.bytes += bytes;
                cleared.files += usize::from(path.extension() == Some(OsStr::new(INDEX)));
            }
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(RepodataError::Io { path, source }),
        }
    }
    Ok(cleared)
}

/// The files of a folder whose names are those of this library.
fn files(cache_dir: &Path) -> Result<Vec<PathBuf>, RepodataError> {
    let failed = |source| RepodataError::Io {
        path: cache_dir.to_path_buf(),
        source,
    };
    let entries = match std::fs::read_dir(cache_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let digest = path
            .file_stem()
            .and_then(OsStr::to_str)
            .and_then(|stem| stem.rsplit_once('-'))
            .map_or("", |(_, digest)| digest);
        if digest.len() == DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            paths.push(path);
        }
    }
    Ok(paths)
}
