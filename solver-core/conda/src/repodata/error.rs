//! What can be wrong with a channel or a repodata file, as one typed error.
//!
//! Every variant names the file; those about one record also name the record (its key in `packages` or
//! `packages.conda`), the field and the reason, so that a program can point at the place and a person can
//! fix it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::text::shown;

/// Why a channel or a repodata file could not be loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum RepodataError {
    /// The channel has neither the platform's subdir nor `noarch`.
    ChannelNotFound {
        /// The channel as it was asked for.
        channel: String,
        /// The folder that was searched.
        location: PathBuf,
        /// What was looked for, or what stood in the way.
        reason: String,
    },
    /// The operating system refused to read or write a file.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The compressed file is damaged or truncated.
    Compression {
        /// The file.
        file: PathBuf,
        /// What the decompressor said.
        reason: String,
    },
    /// The file (decompressed) is larger than the limit, or larger than the index can address.
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The text is not JSON: truncated, a stray byte, nested too deeply, not UTF-8.
    Json {
        /// The file.
        file: PathBuf,
        /// Line of the first wrong byte, counted from 1.
        line: usize,
        /// Column (bytes) of the first wrong byte, counted from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The JSON is not repodata: a section outside of the records has a wrong type or comes twice.
    Document {
        /// The file.
        file: PathBuf,
        /// The key, such as `packages` or `info.subdir`; empty for the whole document.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// One record misses a key or has a value of a wrong type.
    Record {
        /// The file.
        file: PathBuf,
        /// The record's key in the file: its archive name.
        record: String,
        /// The field; empty for the record as a whole.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// `repodata_version` is newer than this reader.
    UnsupportedVersion {
        /// The file.
        file: PathBuf,
        /// The version the file declares.
        found: u64,
    },
    /// An index file is not one of ours, of another format version, or damaged.
    IndexFile {
        /// The file.
        file: PathBuf,
        /// What does not hold.
        reason: String,
    },
}

/// The newest `repodata_version` that is understood (CEP 15).
pub const SUPPORTED_REPODATA_VERSION: u64 = 2;

impl RepodataError {
    /// The file or folder the error is about.
    pub fn file(&self) -> &Path {
        match self {
            Self::ChannelNotFound { location, .. } => location,
            Self::Io { path, .. } => path,
            Self::Compression { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Json { file, .. }
            | Self::Document { file, .. }
            | Self::Record { file, .. }
            | Self::UnsupportedVersion { file, .. }
            | Self::IndexFile { file, .. } => file,
        }
    }

    /// The record's key in the file, when the error is about one record.
    pub fn record(&self) -> Option<&str> {
        match self {
            Self::Record { record, .. } => Some(record),
            _ => None,
        }
    }

    /// The key or field at fault, when there is one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Record { field, .. } if !field.is_empty() => Some(field),
            Self::Document { key, .. } if !key.is_empty() => Some(key),
            Self::UnsupportedVersion { .. } => Some("repodata_version"),
            _ => None,
        }
    }
}

/// What to do about one wrong record.
const WAY_OUT: &str = "; --skip-bad-records (skip_bad_records=True) leaves such records out";

impl fmt::Display for RepodataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelNotFound {
                channel,
                location,
                reason,
            } => write!(
                f,
                "channel `{channel}` not found at {}: {reason}",
                location.display()
            ),
            Self::Io { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Self::Compression { file, reason } => {
                write!(f, "{} cannot be decompressed: {reason}", file.display())
            }
            Self::TooLarge { file, limit } => write!(
                f,
                "{} is larger than the limit of {limit} bytes",
                file.display()
            ),
            Self::Json {
                file,
                line,
                column,
                reason,
            } => write!(
                f,
                "{} is not valid JSON: line {line}, column {column}: {reason}",
                file.display()
            ),
            Self::Document { file, key, reason } if key.is_empty() => {
                write!(f, "{} is not repodata: {reason}", file.display())
            }
            Self::Document { file, key, reason } => {
                write!(f, "{} is not repodata: `{key}`: {reason}", file.display())
            }
            Self::Record {
                file,
                record,
                field,
                reason,
            } if field.is_empty() => {
                write!(f, "{}: record `{}`: {reason}", file.display(), shown(record))?;
                f.write_str(WAY_OUT)
            }
            Self::Record {
                file,
                record,
                field,
                reason,
            } => {
                let (record, field) = (shown(record), shown(field));
                write!(f, "{}: record `{record}`: field `{field}`: {reason}", file.display())?;
                f.write_str(WAY_OUT)
            }
            Self::UnsupportedVersion { file, found } => write!(
                f,
                "{} has repodata_version {found}, but only versions up to {SUPPORTED_REPODATA_VERSION} are \
                 supported; a newer resolvent is needed to read this channel",
                file.display()
            ),
            Self::IndexFile { file, reason } => {
                write!(f, "index file {} is refused: {reason}", file.display())
            }
        }
    }
}

impl std::error::Error for RepodataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
