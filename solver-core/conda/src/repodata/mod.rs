//! Reading `repodata.json`: bytes in, columns out.
//!
//! The text goes once through a SIMD JSON parser (`sonic-rs`) whose visitors write straight into columns: no
//! document tree is built, strings are borrowed from the text and interned once, and lists of specs become runs
//! of ids in one vector. What comes out ([`raw::RawRepodata`], private to the crate) is still in the order of
//! the file; [`crate::index`] sorts it and makes it permanent.
//!
//! The format is that of CEP 36 with CEP 15 (`base_url`), CEP 47 (`indexed_timestamp`) and the deviations of old
//! channels that conda accepts: `build_number` and `size` as strings, `depends` as `null` or one string,
//! `track_features` as a string or a list, timestamps in seconds, `noarch: true`.
//!
//! Bad input is always a typed [`RepodataError`]: one that is not JSON has a line and a column, one that is JSON
//! but not repodata names the key, and a wrong record names the record, the field and what was found there. With
//! [`ParseOptions::skip_bad_records`] wrong records are left out and reported instead.
//! Nesting is limited to 255 levels by the parser, so hostile input cannot exhaust the stack.

mod document;
mod error;
mod fields;
mod intern;
pub(crate) mod raw;
mod record;
mod source;

use std::path::Path;

use bumpalo::Bump;
use serde::de::DeserializeSeed;

pub use error::{RepodataError, SUPPORTED_REPODATA_VERSION};
pub(crate) use intern::Interner;
pub use source::{Encoding, Located, Source};

use document::{Document, Failure};
use fields::Value;
use raw::RawRepodata;

/// How to treat what is not as it should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// Leave out records with a missing key or a wrong type, and report them, instead of failing.
    pub skip_bad_records: bool,
}

/// A record that was left out while reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedRecord {
    pub file_name: String,
    pub rejection: Rejection,
}

/// Why a record was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// A missing key or a wrong type; the field is empty when the record as a whole is wrong.
    Wrong { field: String, reason: String },
    /// `record_version` above 1.
    RecordVersion(u64),
}

/// Parses repodata. `file` is only used in errors; `arena` holds the few strings that cannot be borrowed.
pub(crate) fn parse<'a>(
    json: &'a [u8],
    file: &Path,
    options: ParseOptions,
    arena: &'a Bump,
) -> Result<RawRepodata<'a>, RepodataError> {
    let mut raw = RawRepodata::default();
    if json.is_empty() {
        return Ok(raw);
    }
    if json.len() > u32::MAX as usize {
        return Err(RepodataError::TooLarge {
            file: file.to_path_buf(),
            limit: u64::from(u32::MAX),
        });
    }
    let mut failure = None;
    let document = Document {
        raw: &mut raw,
        arena,
        skip_bad_records: options.skip_bad_records,
        failure: &mut failure,
    };
    let mut parser = sonic_rs::Deserializer::from_slice(json);
    let outcome = Value(document)
        .deserialize(&mut parser)
        .and_then(|outcome| parser.end().map(|()| outcome));
    match (failure, outcome) {
        (Some(failure), _) => Err(failed(failure, file)),
        (None, Ok(Ok(()))) => Ok(raw),
        (None, Ok(Err(found))) => Err(RepodataError::Document {
            file: file.to_path_buf(),
            key: String::new(),
            reason: format!("expected an object, found {found}"),
        }),
        (None, Err(error)) => Err(syntax(&error, json, file)),
    }
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
                Rejection::Wrong { field, reason } => (field, reason),
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
