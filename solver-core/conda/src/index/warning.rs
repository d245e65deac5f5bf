//! What was wrong with a channel without stopping it.
//!
//! A record that cannot be used is no error: channels are long-lived and carry the mistakes of years. Each one
//! is a warning; the list is bounded, and what does not fit is counted in one last entry of its kind.

use std::fmt;

use crate::text::shown;

/// At most this many warnings of one kind are kept for one subdir.
pub(crate) const KEPT_PER_KIND: usize = 100;

/// The kind of a [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WarningKind {
    /// A record's version is no version; the record can never be chosen.
    UnparsableVersion,
    /// A dependency or constraint is no match spec; the record can never be chosen.
    UnparsableSpec,
    /// A record misses a key or has a wrong type and was skipped.
    SkippedRecord,
    /// A record has `record_version` above 1 and was skipped.
    NewerRecord,
    /// A value is not what its field holds and counts as absent.
    OddValue,
    /// The file or a record names another subdir than the folder that it lies in; the folder counts.
    OtherSubdir,
}

const KINDS: [WarningKind; 6] = [
    WarningKind::UnparsableVersion,
    WarningKind::UnparsableSpec,
    WarningKind::SkippedRecord,
    WarningKind::NewerRecord,
    WarningKind::OddValue,
    WarningKind::OtherSubdir,
];

/// One thing that was wrong with a subdir's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What kind of thing.
    pub kind: WarningKind,
    /// Channel and subdir, as `channel/subdir`.
    pub location: String,
    /// Archive name of the record; empty in an entry that stands for several or is about the file.
    pub record: String,
    /// Field at fault, if one is.
    pub field: String,
    /// What is wrong, in words.
    pub message: String,
    /// Number of records this entry stands for.
    pub count: u64,
}

impl Warning {
    /// The name of the package that the warning is about, by the name of its archive; `None` if it is about more.
    pub fn package(&self) -> Option<String> {
        let mut parts = self.record.rsplitn(3, '-');
        let name = parts.nth(2)?;
        Some(name.to_ascii_lowercase())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.location))?;
        match (self.record.is_empty(), self.field.is_empty()) {
            (true, true) => write!(f, ": {} more", self.count)?,
            (true, false) => write!(f, ": {}", shown(&self.field))?,
            (false, true) => write!(f, ": {}", shown(&self.record))?,
            (false, false) => write!(f, ": {}: {}", shown(&self.record), shown(&self.field))?,
        }
        write!(f, ": {}", shown(&self.message))
    }
}

/// Collects the warnings of one segment.
#[derive(Debug, Default)]
pub(crate) struct WarningLog {
    kept: Vec<Warning>,
    counts: [u64; KINDS.len()],
}

impl WarningLog {
    /// Adds one warning, or only counts it when there are enough of its kind.
    pub(super) fn add(
        &mut self,
        kind: WarningKind,
        record: &str,
        field: &str,
        message: impl FnOnce() -> String,
    ) {
        self.counts[kind as usize] += 1;
        if self.counts[kind as usize] <= KEPT_PER_KIND as u64 {
            self.kept.push(Warning {
                kind,
                location: String::new(),
                record: record.to_string(),
                field: field.to_string(),
                message: message(),
                count: 1,
            });
        }
    }

    /// The stored form: entries of kind, count and three strings with their lengths.
    pub(super) fn encode(mut self) -> Vec<u8> {
        for (kind, count) in KINDS.into_iter().zip(self.counts) {
            if count > KEPT_PER_KIND as u64 {
                let message = match kind {
                    WarningKind::UnparsableVersion => "version cannot be parsed",
                    WarningKind::UnparsableSpec => "dependency cannot be parsed",
                    WarningKind::SkippedRecord => "record skipped",
                    WarningKind::NewerRecord => "record_version above 1, record skipped",
                    WarningKind::OddValue => "odd value, counts as absent",
                    WarningKind::OtherSubdir => "another subdir than the folder's",
                };
                self.kept.push(Warning {
                    kind,
                    location: String::new(),
                    record: String::new(),
                    field: String::new(),
                    message: message.to_string(),
                    count: count - KEPT_PER_KIND as u64,
                });
            }
        }
        let mut out = Vec::new();
        for warning in &self.kept {
            out.extend((warning.kind as u32).to_ne_bytes());
            out.extend(warning.count.to_ne_bytes());
            for text in [&warning.record, &warning.field, &warning.message] {
                out.extend((text.len() as u32).to_ne_bytes());
                out.extend(text.as_bytes());
            }
        }
        out
    }
}

/// Reads the stored form; damaged bytes end the list.
pub(crate) fn decode(bytes: &[u8], location: &str) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut rest = bytes;
    while let Some(warning) = decode_one(&mut rest, location) {
        warnings.push(warning);
    }
    warnings
}

fn decode_one(rest: &mut &[u8], location: &str) -> Option<Warning> {
    let kind = *KINDS.get(u32::from_ne_bytes(take(rest)?) as usize)?;
    let count = u64::from_ne_bytes(take(rest)?);
    let mut texts = [String::new(), String::new(), String::new()];
    for text in &mut texts {
        let length = u32::from_ne_bytes(take(rest)?) as usize;
        let (bytes, after) = rest.split_at_checked(length)?;
        *text = String::from_utf8_lossy(bytes).into_owned();
        *rest = after;
    }
    let [record, field, message] = texts;
    Some(Warning {
        kind,
        location: location.to_string(),
        record,
        field,
        message,
        count,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}
