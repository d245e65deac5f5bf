//! Reading `repodata.json`: bytes in, columns out.
//!
//! The text goes once through a reader that writes straight into columns: no document tree is built, strings and
//! lists of specs are interned once. Usual records are read by comparing them with what came before
//! (`fast_reader.rs`); everything else goes through a SIMD JSON parser (`sonic-rs`) with visitors. A large text is
//! read in chunks by several workers while it is decompressed (`chunks.rs`, `workers.rs`), so it is never in memory
//! as a whole. What comes out (`columns.rs`, private to the crate) has no order that means anything; [`crate::index`]
//! sorts it and makes it permanent.
//!
//! The format is that of CEP 36 with CEP 15 (`base_url`), CEP 47 (`indexed_timestamp`) and the deviations of old
//! channels that conda accepts: `build_number` and `size` as strings, `depends` as `null` or one string,
//! `track_features` as a string or a list, timestamps in seconds, `noarch: true`.
//!
//! Bad input is always a typed [`RepodataError`]: one that is not JSON has a line and a column, one that is JSON
//! but not repodata names the key, and a wrong record names the record, the field and what was found there. With
//! [`ParseOptions::skip_bad_records`] wrong records are left out and reported instead.
//! Nesting is limited to 255 levels by the parser, so hostile input cannot exhaust the stack.

mod chunks;
pub(crate) mod columns;
mod cursor;
mod document;
mod draft;
mod error;
mod fast_reader;
mod fields;
mod file_name;
mod intern;
mod predictor;
mod record;
pub(crate) mod row;
mod scratch;
mod source;
mod workers;

use std::path::Path;
use std::sync::Mutex;

use serde::de::DeserializeSeed;

pub use error::{RepodataError, SUPPORTED_REPODATA_VERSION};
pub(crate) use intern::{Lists, Texts};
pub(crate) use source::{digest, open_regular};
pub use source::{Encoding, Located, Source};

use chunks::Chunks;
pub(crate) use chunks::CHUNK;
use columns::Columns;
use document::{Document, Failure, FileNames};
use fields::{Found, Value};
use scratch::Scratch;
use workers::Refused;

/// How to treat what is not as it should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// Leave out records with a missing key or a wrong type, and report them, instead of failing.
    pub skip_bad_records: bool,
    /// How many threads read; 0 for as many as the machine has. The result is the same.
    pub workers: usize,
}

/// A record that was left out while reading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RejectedRecord {
    pub file_name: String,
    pub rejection: Rejection,
}

/// Why a record was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rejection {
    /// A missing key or a wrong type; the field is empty when the record as a whole is wrong.
    Wrong { field: String, reason: String },
    /// `record_version` above 1.
    RecordVersion(u64),
    /// No spec can name the record, or it cannot be shown in a line: left out whatever is asked.
    Unusable { field: String, reason: String },
}

/// The text's offsets are kept in 32 bits.
const LONGEST: u64 = u32::MAX as u64;

/// Parses repodata. `file` is only used in errors.
pub(crate) fn parse(
    json: &[u8],
    file: &Path,
    options: ParseOptions,
) -> Result<Columns, RepodataError> {
    let too_large = || RepodataError::TooLarge {
        file: file.to_path_buf(),
        limit: LONGEST,
    };
    if json.len() as u64 > LONGEST {
        return Err(too_large());
    }
    match workers::read(Chunks::new(json, CHUNK, LONGEST), options) {
        Ok(columns) => Ok(columns),
        Err(Refused::TooLarge) => Err(too_large()),
        Err(Refused::Unclear) => parse_whole(json, file, options),
    }
}

/// Reads and parses a file; with the columns comes BLAKE3 of the stored bytes. `limit` is one of the stored and of
/// the decompressed size, in bytes.
pub(crate) fn read(
    located: &Located,
    limit: u64,
    options: ParseOptions,
) -> Result<(Columns, [u8; 32]), RepodataError> {
    let longest = limit.min(LONGEST).min(located.most()?);
    located.check_start(limit)?;
    let hash = Mutex::default();
    let stream = located.stream(limit, &hash)?;
    match workers::read(Chunks::new(stream, CHUNK, longest), options) {
        Ok(columns) => {
            // What a decompressor leaves unread belongs to the file too.
            located.drain(&hash)?;
            Ok((columns, source::finish(hash)))
        }
        Err(Refused::TooLarge) => Err(RepodataError::TooLarge {
            file: located.file.clone(),
            limit: longest,
        }),
        Err(Refused::Unclear) => {
            let source = located.read(limit)?;
            let digest = *blake3::hash(&source.bytes).as_bytes();
            let json = source.into_json(longest)?;
            Ok((parse_whole(&json, &located.file, options)?, digest))
        }
    }
}

/// Parses repodata in one go, which finds the place of a fault.
pub(crate) fn parse_whole(
    json: &[u8],
    file: &Path,
    options: ParseOptions,
) -> Result<Columns, RepodataError> {
    let mut columns = Columns::default();
    if json.is_empty() {
        return Ok(columns);
    }
    let mut failure = None;
    let document = Document {
        columns: &mut columns,
        scratch: &mut Scratch::default(),
        skip_bad_records: options.skip_bad_records,
        file_names: Some(&mut FileNames::default()),
        continues: false,
        keys: &mut Vec::new(),
        ends_in_section: &mut false,
        failure: &mut failure,
    };
    let outcome = deserialize(document, json);
    match (failure, outcome) {
        (Some(failure), _) => Err(failed(failure, file)),
        (None, Ok(Ok(()))) => {
            columns.settle();
            Ok(columns)
        }
        (None, Ok(Err(found))) => Err(RepodataError::Document {
            file: file.to_path_buf(),
            key: String::new(),
            reason: format!("expected an object, found {found}"),
        }),
        (None, Err(error)) => Err(syntax(&error, json, file)),
    }
}

/// Parses repodata in chunks of a size; `None` where that does not work and [`parse`] would read in one go.
#[cfg(test)]
pub(crate) fn parse_chunks(json: &[u8], size: usize, options: ParseOptions) -> Option<Columns> {
    workers::read(Chunks::new(json, size, LONGEST), options).ok()
}

/// Reads a whole document.
fn deserialize(document: Document<'_>, json: &[u8]) -> sonic_rs::Result<Result<(), Found>> {
    let mut parser = sonic_rs::Deserializer::from_slice(json);
    let outcome = Value(document).deserialize(&mut parser)?;
    parser.end().map(|()| outcome)
}

fn failed(failure: Failure, file: &Path) -> RepodataError {
    let file = file.to_path_buf();
    match failure {
        Failure::Document { key, reason } => RepodataError::Document { file, key, reason },
        Failure::Version(found) => RepodataError::UnsupportedVersion { file, found },
        Failure::Record(RejectedRecord {
            file_name,
            rejection,
        }) => {
            let (field, reason) = match rejection {
                Rejection::Wrong { field, reason } | Rejection::Unusable { field, reason } => {
                    (field, reason)
                }
                Rejection::RecordVersion(version) => {
                    ("record_version".into(), format!("unsupported: {version}"))
                }
            };
            RepodataError::Record {
                file,
                record: file_name,
                field,
                reason,
            }
        }
    }
}

/// The parser's error as ours: its place, and its message without the excerpt of the text.
fn syntax(error: &sonic_rs::Error, json: &[u8], file: &Path) -> RepodataError {
    let offset = error.offset().min(json.len());
    let before = &json[..offset];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let column = before
        .iter()
        .rev()
        .take_while(|&&byte| byte != b'\n')
        .count()
        + 1;
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or_default();
    RepodataError::Json {
        file: file.to_path_buf(),
        line,
        column,
        reason: message.to_string(),
    }
}
