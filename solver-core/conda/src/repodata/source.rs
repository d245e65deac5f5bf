//! From a channel's folder to the bytes of its repodata.
//!
//! In `<channel>/<subdir>/` the files `repodata.json.zst`, `repodata.json` and `repodata.json.bz2` are tried in
//! that order: conda's servers write them together, zstd is the preferred form, and bzip2 the deprecated one. A
//! compressed file that is older than the plain one is a leftover of an earlier index, so it comes after it. Reading, hashing and decompressing are one stream ([`Located::stream`]), which is parsed in
//! chunks; the whole text is only made when something is wrong with it. Both stop at the caller's limit, so a small
//! file that unpacks without end costs at most the limit.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::RepodataError;

/// Files that are tried in a subdir, best first.
const CANDIDATES: [(&str, Encoding); 3] = [
    ("repodata.json.zst", Encoding::Zstd),
    ("repodata.json", Encoding::Plain),
    ("repodata.json.bz2", Encoding::Bzip2),
];

/// A compressed file may unpack to this many bytes, and [`RATIO`] more for each stored one.
const UNPACKED: u64 = 32 << 20;
const RATIO: u64 = 100;

/// How a repodata file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON text.
    Plain,
    /// zstd frames around the text.
    Zstd,
    /// bzip2 streams around the text.
    Bzip2,
}

/// The stored bytes of one subdir's repodata, not yet decompressed.
#[derive(Debug)]
pub struct Source {
    /// The file they came from.
    pub file: PathBuf,
    /// How they are stored.
    pub encoding: Encoding,
    /// The bytes as stored.
    pub bytes: Vec<u8>,
}

/// BLAKE3 of all that a reader gives.
pub(crate) fn digest(reader: impl Read) -> io::Result<[u8; 32]> {
    let mut hash = blake3::Hasher::new();
    hash.update_reader(reader)?;
    Ok(*hash.finalize().as_bytes())
}

/// The repodata file of a subdir, opened and not yet read.
#[derive(Debug)]
pub struct Located {
    /// The file.
    pub file: PathBuf,
    /// How its contents are stored.
    pub encoding: Encoding,
    handle: File,
}

impl Located {
    /// The system's description of the opened file.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`].
    pub fn metadata(&self) -> Result<Metadata, RepodataError> {
        self.handle.metadata().map_err(|source| RepodataError::Io {
            path: self.file.clone(),
            source,
        })
    }

    /// The most bytes that the text may have: of a compressed file, in proportion to what is stored. Real channels
    /// shrink to a tenth or a twentieth, while a bomb unpacks to ten thousand times its size.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`].
    pub(super) fn most(&self) -> Result<u64, RepodataError> {
        let metadata = self.metadata()?;
        let stored = metadata.len();
        Ok(match self.encoding {
            Encoding::Plain => allocated(&metadata).map_or(u64::MAX, |bytes| {
                UNPACKED.saturating_add(bytes.saturating_mul(RATIO))
            }),
            _ => UNPACKED.saturating_add(stored.saturating_mul(RATIO)),
        })
    }

    /// Fails when a large text does not even begin like an object, so that nobody has to keep it to say what is wrong.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`], [`RepodataError::Document`].
    pub(super) fn check_start(&self, limit: u64) -> Result<(), RepodataError> {
        if self.metadata()?.len() <= UNPACKED {
            return Ok(());
        }
        let hash = Mutex::default();
        let mut start = Vec::new();
        let stream = self.stream(limit, &hash)?;
        // What is wrong with the stream itself is reported by the reader of all of it.
        let _ = stream.take(4096).read_to_end(&mut start);
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'{') => Ok(()),
            _ => Err(RepodataError::Document {
                file: self.file.clone(),
                key: String::new(),
                reason: "it does not begin with '{'".into(),
            }),
        }
    }

    fn failed(&self, source: io::Error) -> RepodataError {
        RepodataError::Io {
            path: self.file.clone(),
            source,
        }
    }

    /// Fails when the file is above `limit` bytes.
    fn check_size(&self, limit: u64) -> Result<u64, RepodataError> {
        match self.metadata()?.len() {
            length if length > limit => Err(RepodataError::TooLarge {
                file: self.file.clone(),
                limit,
            }),
            length => Ok(length),
        }
    }

    /// Reads the stored bytes.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`] when the file cannot be read, [`RepodataError::TooLarge`] when it is above `limit`
    /// bytes.
    pub fn read(&self, limit: u64) -> Result<Source, RepodataError> {
        let length = self.check_size(limit)?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
        let mut handle = &self.handle;
        handle.rewind().map_err(|error| self.failed(error))?;
        let read = handle.take(limit.saturating_add(1)).read_to_end(&mut bytes);
        match read.map_err(|error| self.failed(error))? as u64 {
            read if read > limit => Err(RepodataError::TooLarge {
                file: self.file.clone(),
                limit,
            }),
            _ => Ok(Source {
                file: self.file.clone(),
                encoding: self.encoding,
                bytes,
            }),
        }
    }

    /// The text as a stream, from the start; what is read of the stored bytes goes into `hash`.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`], [`RepodataError::TooLarge`] when the stored file alone is above `limit` bytes.
    pub(super) fn stream<'s>(
        &'s self,
        limit: u64,
        hash: &'s Mutex<blake3::Hasher>,
    ) -> Result<Box<dyn Read + Send + 's>, RepodataError> {
        let length = self.check_size(limit)?;
        let mut handle = &self.handle;
        handle.rewind().map_err(|error| self.failed(error))?;
        let stored = self.stored(hash);
        Ok(match self.encoding {
            // A zero-byte file stands for `{}` in whatever encoding its name promises.
            _ if length == 0 => Box::new(stored),
            Encoding::Plain => Box::new(stored),
            Encoding::Zstd => {
                let reader = zstd::stream::read::Decoder::new(stored);
                Box::new(reader.map_err(|error| self.failed(error))?)
            }
            Encoding::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(stored)),
        })
    }

    /// The stored bytes from where the file stands.
    fn stored<'s>(&'s self, hash: &'s Mutex<blake3::Hasher>) -> impl Read + Send + 's {
        Hashing {
            inner: &self.handle,
            hash,
        }
    }

    /// BLAKE3 of the stored bytes.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`].
    pub(crate) fn digest(&self) -> Result<[u8; 32], RepodataError> {
        let mut handle = &self.handle;
        let rewound = handle.rewind();
        rewound
            .and_then(|()| digest(handle))
            .map_err(|error| self.failed(error))
    }

    /// Hashes the stored bytes from where the file stands.
    pub(super) fn drain(&self, hash: &Mutex<blake3::Hasher>) -> Result<(), RepodataError> {
        let mut stored = self.stored(hash);
        let mut buffer = vec![0; 1 << 17];
        loop {
            match stored.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }
}

/// The digest of what went into a hash.
pub(super) fn finish(hash: Mutex<blake3::Hasher>) -> [u8; 32] {
    let hash = hash.into_inner().unwrap_or_else(PoisonError::into_inner);
    *hash.finalize().as_bytes()
}

/// Hashes what is read.
struct Hashing<'s> {
    inner: &'s File,
    hash: &'s Mutex<blake3::Hasher>,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let mut hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// A compressed file that is older than the plain one by more than this is a leftover. Less is how files that were
/// written together, or copied, differ.
const LEFTOVER: Duration = Duration::from_secs(2);

impl Source {
    /// Opens the repodata files of a subdir folder, best first, with a sentence where the usual order is not kept.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`] when none can be opened and one exists.
    pub fn candidates(
        subdir: &Path,
        zstd: bool,
    ) -> Result<(Vec<Located>, Vec<String>), RepodataError> {
        let mut found: Vec<Located> = Vec::new();
        let mut problem = None;
        for (name, encoding) in CANDIDATES {
            if encoding == Encoding::Zstd && !zstd {
                continue;
            }
            let file = subdir.join(name);
            match open_regular(&file) {
                Ok(handle) => found.push(Located {
                    file,
                    encoding,
                    handle,
                }),
                Err(error) if is_absent(&error) => {}
                Err(source) => problem = Some(RepodataError::Io { path: file, source }),
            }
        }
        if let (true, Some(problem)) = (found.is_empty(), problem) {
            return Err(problem);
        }
        let mut notes = Vec::new();
        if let [first, second, ..] = &found[..] {
            if second.encoding == Encoding::Plain && is_leftover(first, second) {
                notes.push(format!(
                    "{} is older than {}, which is used instead; remove the old file, or index the channel again",
                    first.file.display(),
                    second.file.display()
                ));
                found.swap(0, 1);
            }
        }
        Ok((found, notes))
    }

    /// Opens the first repodata file of a subdir folder; `None` when the folder or every candidate is absent.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`] when a file exists but cannot be opened.
    pub fn locate(subdir: &Path) -> Result<Option<Located>, RepodataError> {
        for (name, encoding) in CANDIDATES {
            let file = subdir.join(name);
            match open_regular(&file) {
                Ok(handle) => {
                    return Ok(Some(Located {
                        file,
                        encoding,
                        handle,
                    }));
                }
                Err(error) if is_absent(&error) => {}
                Err(source) => return Err(RepodataError::Io { path: file, source }),
            }
        }
        Ok(None)
    }

    /// Opens a repodata file of any name; `.zst` and `.bz2` at its end say how it is stored.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`] when it cannot be opened.
    pub fn open(file: &Path) -> Result<Located, RepodataError> {
        let encoding = match file.extension().and_then(|end| end.to_str()) {
            Some("zst") => Encoding::Zstd,
            Some("bz2") => Encoding::Bzip2,
            _ => Encoding::Plain,
        };
        let handle = open_regular(file).map_err(|source| RepodataError::Io {
            path: file.to_path_buf(),
            source,
        })?;
        Ok(Located {
            file: file.to_path_buf(),
            encoding,
            handle,
        })
    }

    /// Reads the first repodata file of a subdir folder; `None` when the folder or every candidate is absent.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Io`] when a file exists but cannot be read, [`RepodataError::TooLarge`] when the stored
    /// file alone is above `limit` bytes.
    pub fn find(subdir: &Path, limit: u64) -> Result<Option<Source>, RepodataError> {
        let located = Source::locate(subdir)?;
        located.map(|located| located.read(limit)).transpose()
    }

    /// The JSON text, decompressed.
    ///
    /// # Errors
    ///
    /// [`RepodataError::Compression`] for a damaged or truncated stream, [`RepodataError::TooLarge`] above
    /// `limit` bytes of text.
    pub fn into_json(self, limit: u64) -> Result<Vec<u8>, RepodataError> {
        let Source {
            file,
            encoding,
            bytes,
        } = self;
        match encoding {
            Encoding::Plain => Ok(bytes),
            // A zero-byte file stands for `{}` in whatever encoding its name promises.
            _ if bytes.is_empty() => Ok(bytes),
            Encoding::Zstd => {
                let hint = zstd_content_size(&bytes);
                let reader = zstd::stream::read::Decoder::with_buffer(bytes.as_slice());
                let reader = reader.map_err(|error| compression(&file, &error))?;
                read_limited(reader, hint, limit, &file)
            }
            Encoding::Bzip2 => {
                let reader = bzip2::read::MultiBzDecoder::new(bytes.as_slice());
                read_limited(reader, bytes.len() as u64 * 8, limit, &file)
            }
        }
    }
}

fn is_leftover(old: &Located, new: &Located) -> bool {
    let written = |located: &Located| located.metadata().ok()?.modified().ok();
    match (written(old), written(new)) {
        (Some(old), Some(new)) => new.duration_since(old).is_ok_and(|age| age > LEFTOVER),
        _ => false,
    }
}

/// How many bytes of a file the disk holds, where the system tells; far fewer than its length for one with holes.
fn allocated(metadata: &Metadata) -> Option<u64> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Some file systems say 0 of every file.
        Some(metadata.blocks().saturating_mul(512)).filter(|&bytes| bytes > 0)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// Opens a file, not a pipe, a device or a socket: those block, or have no end.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
    if !std::fs::metadata(path)?.is_file() {
        return Err(refused());
    }
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        // Someone who puts a pipe there meanwhile does not block us.
        use std::os::unix::fs::OpenOptionsExt;
        const O_NONBLOCK: i32 = if cfg!(target_os = "linux") {
            0o4000
        } else {
            0x4
        };
        options.custom_flags(O_NONBLOCK);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(refused())
    }
}

/// The file and the folders on the way to it may be missing; a folder that is a file counts as missing too
/// (the caller has looked at the channel's own folder before).
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The size that the first frame declares, as a hint only: it comes from the file and may lie.
fn zstd_content_size(bytes: &[u8]) -> u64 {
    let declared = zstd::zstd_safe::get_frame_content_size(bytes);
    match declared {
        Ok(Some(size)) => size,
        _ => bytes.len() as u64 * 6,
    }
}

fn read_limited(
    reader: impl Read,
    hint: u64,
    limit: u64,
    file: &Path,
) -> Result<Vec<u8>, RepodataError> {
    // The hint is trusted for an allocation up to 1 GiB (pages that are never written cost nothing).
    let capacity = hint.min(limit).min(1 << 30);
    let mut bytes = Vec::with_capacity(usize::try_from(capacity).unwrap_or(0).saturating_add(64));
    let read = reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| compression(file, &error))?;
    if read as u64 > limit {
        return Err(RepodataError::TooLarge {
            file: file.to_path_buf(),
            limit,
        });
    }
    Ok(bytes)
}

fn compression(file: &Path, error: &io::Error) -> RepodataError {
    RepodataError::Compression {
        file: file.to_path_buf(),
        reason: error.to_string(),
    }
}
