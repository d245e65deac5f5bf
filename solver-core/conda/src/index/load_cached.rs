//! Loading one subdir by way of its index file.
//!
//! The name of a file is a digest of what tells one request from another: where the source is, the subdir, the
//! options that change the contents, the format. Whether the file is *right* is another question, answered by the
//! contents of the source alone: the header's identity must be the one of the source's bytes. A stamp
//! (`fingerprint.rs`) spares hashing them when the source has not been touched. Nothing that goes wrong with the
//! cache fails a load; it becomes a line of the log, and the segment is built from the source.

use std::path::{Path, PathBuf};

use super::builder::build_from;
use super::file::{self, Refusal};
use super::fingerprint::{hex, now, Fingerprint, Stamp};
use super::layout::{Digest, FORMAT_VERSION};
use super::options::LoadOptions;
use super::segment::Segment;
use crate::repodata::{Located, RepodataError};

/// A loaded subdir.
#[derive(Debug)]
pub(super) struct Loaded {
    pub segment: Segment,
    /// What happened to its index file.
    pub log: Vec<String>,
    /// Which files of repodata were passed over, and why.
    pub notes: Vec<String>,
}

/// Ends of the names.
pub(super) const INDEX: &str = "index";
pub(super) const STAMP: &str = "stamp";

/// Hex digits of the digest in a name.
pub(super) const DIGITS: usize = 32;

/// Names of the two files of a subdir.
#[derive(Debug)]
struct Place {
    index: PathBuf,
    stamp: PathBuf,
}

impl Place {
    fn new(cache_dir: &Path, source: &Path, subdir: &str, options: &LoadOptions) -> Place {
        // The same source by another path is the same source.
        let canonical = std::fs::canonicalize(source);
        let source = canonical.as_deref().unwrap_or(source);
        let mut hash = Hash::new("place");
        hash.text(source.as_os_str().as_encoded_bytes());
        hash.text(subdir.as_bytes());
        hash.text(&[variant(options)]);
        let stem = format!("{}-{}", plain(subdir), &hex(&hash.finish())[..DIGITS]);
        Place {
            index: cache_dir.join(format!("{stem}.{INDEX}")),
            stamp: cache_dir.join(format!("{stem}.{STAMP}")),
        }
    }
}

/// What of a subdir may stand in a file name; for people only.
fn plain(subdir: &str) -> String {
    let legal = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    subdir.chars().filter(legal).take(40).collect()
}

/// BLAKE3 of fields with their lengths, and of everything that all files of this format share.
struct Hash(blake3::Hasher);

impl Hash {
    fn new(purpose: &str) -> Hash {
        let mut hash = Hash(blake3::Hasher::new());
        hash.text(b"resolvent index");
        hash.text(&FORMAT_VERSION.to_le_bytes());
        hash.text(purpose.as_bytes());
        hash
    }

    fn text(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> Digest {
        *self.0.finalize().as_bytes()
    }
}

/// What of the options changes the contents.
pub(super) fn variant(options: &LoadOptions) -> u8 {
    u8::from(options.skip_bad_records) | u8::from(options.add_pip) << 1
}

/// The identity of the contents that a source gives.
pub(super) fn identity(digest: &Digest, subdir: &str, variant: u8) -> Digest {
    let mut hash = Hash::new("contents");
    hash.text(digest);
    hash.text(subdir.as_bytes());
    hash.text(&[variant]);
    hash.finish()
}

/// One load, and what it has to tell.
struct Load<'a> {
    place: Place,
    options: &'a LoadOptions,
    log: Vec<String>,
    /// The file was refused, so there is no use in looking at it again.
    refused: bool,
}

impl Load<'_> {
    fn note(&mut self, text: impl std::fmt::Display) {
        self.log.push(text.to_string());
    }

    /// The index file, if it is sound and has this identity.
    fn open(&mut self, identity: &Digest) -> Option<Segment> {
        if self.refused {
            return None;
        }
        let reason = match file::open(&self.place.index, Some(identity)) {
            Ok(segment) if !self.options.verify || segment.verify() => return Some(segment),
            Ok(_) => "it is damaged".to_string(),
            Err(Refusal::Absent | Refusal::Stale) => return None,
            Err(Refusal::Bad(reason)) => reason,
        };
        self.refused = true;
        let file = self.place.index.display();
        self.note(format!("index file {file} refused and rebuilt: {reason}"));
        None
    }

    fn write_stamp(&mut self, stamp: &Stamp) {
        if let Err(error) = file::write(&self.place.stamp, stamp.encode().as_bytes()) {
            let file = self.place.stamp.display();
            self.note(format!("stamp {file} cannot be written: {error}"));
        }
    }
}

/// Loads a subdir from its index file, or builds it from the source and writes the file.
///
/// # Errors
///
/// Those of reading and parsing the source; none about the cache.
pub(super) fn load(
    cache_dir: &Path,
    located: Located,
    subdir: &str,
    options: &LoadOptions,
) -> Result<Loaded, RepodataError> {
    let mut load = Load {
        place: Place::new(cache_dir, &located.file, subdir, options),
        options,
        log: Vec::new(),
        refused: false,
    };

    // Before the source is read: a change from now on makes it look different.
    let checked = now();
    let looks = Fingerprint::of(&located.metadata()?);
    if let Some(stamp) = Stamp::read(&load.place.stamp) {
        let expected = identity(&stamp.digest, subdir, variant(options));
        if stamp.trusts(&looks) && expected == stamp.identity {
            if let Some(segment) = load.open(&expected) {
                let log = load.log;
                return Ok(Loaded {
                    segment,
                    log,
                    notes: Vec::new(),
                });
            }
        }
    }

    let path = std::path::absolute(&located.file).unwrap_or_else(|_| located.file.clone());
    let stamp = |digest: Digest, identity: Digest| Stamp {
        source: path,
        subdir: subdir.to_string(),
        digest,
        identity,
        looks,
        checked,
    };
    // With no file to compare with, the source is hashed while it is parsed.
    if load.place.index.exists() {
        let digest = located.digest()?;
        let identity = identity(&digest, subdir, variant(options));
        if let Some(segment) = load.open(&identity) {
            load.write_stamp(&stamp(digest, identity));
            let log = load.log;
            return Ok(Loaded {
                segment,
                log,
                notes: Vec::new(),
            });
        }
    }

    let (built, digest) = build_from(&located, subdir, options, |digest| {
        identity(digest, subdir, variant(options))
    })?;
    let identity = identity(&digest, subdir, variant(options));
    let stamp = stamp(digest, identity);
    for stale in file::stale_temporaries(cache_dir) {
        let _ = std::fs::remove_file(stale);
    }
    let segment = match file::write(&load.place.index, built.as_bytes()) {
        Ok(()) => {
            load.write_stamp(&stamp);
            // From here on the pages are shared with other processes and can be dropped by the system. Another
            // process may have replaced or removed the file in the meantime.
            file::open(&load.place.index, Some(&identity)).unwrap_or(built)
        }
        Err(error) => {
            let file = load.place.index.display();
            load.note(format!(
                "index file {file} cannot be written, the index stays in memory: {error}"
            ));
            built
        }
    };
    let log = load.log;
    Ok(Loaded {
        segment,
        log,
        notes: Vec::new(),
    })
}
