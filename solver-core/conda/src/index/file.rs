//! The index file: opened by mapping, written by replacing.
//!
//! A file is complete from the moment it has its name. A writer fills a temporary file in the same folder and renames
//! it; a process that opens the name sees the old file or the new one, and a writer killed at any moment leaves at most a
//! temporary file. Nothing is forced to the disk, which takes as long as all the rest: what a process has written
//! survives its death. A crash of the whole machine can leave a file with holes; its checksums tell (of the header on
//! opening, of each block at the first touch), and it is rebuilt like any damaged file. While it writes it holds an
//! advisory lock on that file, which the system releases with the process, so later writers tell the leftovers of
//! dead writers from work in progress.
//!
//! Nobody ever changes a file that has its name. That is what makes the mapping sound: bytes that were mapped stay
//! as they are, also after the name went to a newer file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use memmap2::Mmap;

use super::layout::{Buffer, Digest, Header};
use super::segment::Segment;
use super::storage::{Origin, Storage};
use crate::repodata::{open_regular, RepodataError};

/// How names of temporary files begin and end.
const TEMPORARY: (&str, &str) = (".resolvent-", ".tmp");

/// Why a file is not used.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is none.
    Absent,
    /// It is sound and holds something else.
    Stale,
    /// It is foreign, truncated or damaged, or cannot be read.
    Bad(String),
}

/// Maps a file and checks its header; with `identity` the file must have it.
pub(super) fn open(path: &Path, identity: Option<&Digest>) -> Result<Segment, Refusal> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::Absent,
        _ => Refusal::Bad(error.to_string()),
    };
    let mut file = open_regular(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    if !metadata.is_file() {
        return Err(Refusal::Bad("it is no file".into()));
    }
    if metadata.len() == 0 {
        return Err(Refusal::Bad("it is empty".into()));
    }
    let origin = Origin::of(path, &metadata);
    let wanted = |bytes: &[u8]| {
        let header = Header::parse(bytes).map_err(Refusal::Bad)?;
        match identity {
            Some(identity) if *identity != header.identity => Err(Refusal::Stale),
            _ => Ok(header),
        }
    };
    let storage = match map(&file) {
        Ok(map) => {
            let header = wanted(&map)?;
            Storage::mapped(map, header, origin)
        }
        // Some file systems cannot map.
        Err(_) => {
            let length = usize::try_from(metadata.len());
            let length = length.map_err(|_| Refusal::Bad("it is too large".into()))?;
            let mut buffer = Buffer::zeroed(length);
            file.read_exact(buffer.bytes_mut()).map_err(refused)?;
            let header = wanted(buffer.bytes())?;
            Storage::read(buffer, header, origin)
        }
    };
    let segment = Segment::new(storage);
    if !segment.counts_fit() {
        return Err(Refusal::Bad("its numbers of rows do not fit".into()));
    }
    // What every load reads must be sound, or the damage would show only after the load.
    segment.subdir();
    segment.declared_base_url();
    segment.warnings("");
    if segment.is_damaged() {
        return Err(Refusal::Bad("its first blocks are damaged".into()));
    }
    Ok(segment)
}

#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: a mapping is unsound when the file changes under it. Files with the name of an index file are never
    // changed, only replaced by renaming another file over them (see the essay above), which leaves the mapped one
    // as it is. What a mapped page holds is in no case trusted to be what was written: all reads go through
    // bounds and checksums.
    unsafe { Mmap::map(file) }
}

/// Writes a file so that it appears complete or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let (temporary, mut file) = create_temporary(folder)?;
    let written = fill(&mut file, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(())
}

fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    // A lock that cannot be had (some network file systems) only means that the leftover is cleaned up by age.
    let _ = fs4::FileExt::try_lock(file);
    file.write_all(bytes)
}

fn create_temporary(folder: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let (start, end) = TEMPORARY;
    let process = std::process::id();
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        // Process ids repeat between machines and containers that share a folder; clocks hardly.
        let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let clock = clock.unwrap_or_default().as_nanos();
        let path = folder.join(format!("{start}{process}-{count}-{clock:x}{end}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (path, file)),
        }
    }
}

/// Between creating a file and locking it a writer needs far less than this.
const YOUNG: Duration = Duration::from_secs(2);

/// The temporary files of dead writers. A living writer that is taken for dead loses its file and keeps its
/// segment in memory.
pub(super) fn stale_temporaries(folder: &Path) -> Vec<PathBuf> {
    let (start, end) = TEMPORARY;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(start) && name.ends_with(end)
        })
        .filter(|entry| {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|time| time.elapsed().ok());
            age.is_some_and(|age| age > YOUNG)
        })
        .map(|entry| entry.path())
        .filter(|path| {
            // Opening a pipe to write would wait for a reader.
            if !std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
                return false;
            }
            let file = OpenOptions::new().write(true).open(path);
            file.is_ok_and(|file| fs4::FileExt::try_lock(&file).is_ok())
        })
        .collect()
}

impl Segment {
    /// Opens an index file. Its header, table and checksums are checked now, its blocks when they are first read.
    ///
    /// # Errors
    ///
    /// [`RepodataError::IndexFile`] when the file is foreign, truncated or damaged, [`RepodataError::Io`] when it
    /// is absent.
    pub fn open(path: &Path) -> Result<Segment, RepodataError> {
        open(path, None).map_err(|refusal| match refusal {
            Refusal::Absent => RepodataError::Io {
                path: path.to_path_buf(),
                source: io::ErrorKind::NotFound.into(),
            },
            Refusal::Stale => index_error(path, "it holds something else".into()),
            Refusal::Bad(reason) => index_error(path, reason),
        })
    }

    /// Writes the segment as an index file, replacing what has the name.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`] when the folder cannot be written or the disk is full.
    pub fn save(&self, path: &Path) -> Result<(), RepodataError> {
        write(path, self.as_bytes()).map_err(|source| RepodataError::Io {
            path: path.to_path_buf(),
            source,
        })
    }
}

pub(super) fn index_error(path: &Path, reason: String) -> RepodataError {
    RepodataError::IndexFile {
        file: path.to_path_buf(),
        reason,
    }
}
