//! The order of names, versions and records, which follows from what they are and never from where they stood.

use rustc_hash::FxHashSet;

use super::layout::Section;
use super::writer::Writer;
use crate::repodata::columns::{Columns, RawRecord, NONE};
use crate::repodata::Texts;
use crate::version::encode_version;

/// The names of all records that stay, sorted, and where each interned name went.
pub(super) struct Names<'a> {
    pub sorted: Vec<&'a str>,
    /// Position in `sorted`, by interned id.
    pub of: Vec<u32>,
}

impl<'a> Names<'a> {
    /// Sorts the names of the records of which `stays` holds.
    pub(super) fn new(raw: &'a Columns, stays: &Stays) -> Self {
        let mut used = vec![false; raw.names.len()];
        for (at, record) in raw.records.iter().enumerate() {
            if stays.holds(at) {
                used[record.name as usize] = true;
            }
        }
        let mut ids: Vec<u32> = (0..used.len() as u32)
            .filter(|&id| used[id as usize])
            .collect();
        ids.sort_unstable_by_key(|&id| raw.names.get(id));
        let mut of = vec![NONE; used.len()];
        for (at, &id) in ids.iter().enumerate() {
            of[id as usize] = at as u32;
        }
        let sorted = ids.iter().map(|&id| raw.names.get(id)).collect();
        Names { sorted, of }
    }
}

/// Which records the channel did not withdraw.
pub(super) struct Stays(Option<Vec<bool>>);

impl Stays {
    /// Compares the records' file names with those of `removed`.
    pub(super) fn new(raw: &Columns) -> Stays {
        if raw.removed.is_empty() {
            return Stays(None);
        }
        let removed: FxHashSet<&str> = raw.removed.iter().map(String::as_str).collect();
        let mut name = String::new();
        let stays = raw.records.iter().map(|record| {
            name.clear();
            raw.file_name(record, &mut name);
            !removed.contains(name.as_str())
        });
        Stays(Some(stays.collect()))
    }

    /// Whether a record stays.
    pub(super) fn holds(&self, record: usize) -> bool {
        self.0.as_ref().is_none_or(|stays| stays[record])
    }
}

/// The distinct version literals, newest first; those that are no version come last.
pub(super) struct Versions<'a> {
    texts: &'a Texts,
    keys: Vec<u8>,
    /// End of each literal's key in `keys`, by interned id; an empty key is a bad literal.
    ends: Vec<u32>,
    /// Interned ids, newest first.
    pub order: Vec<u32>,
    /// Position in `order`, by interned id.
    pub of: Vec<u32>,
    /// Equal versions share a class; classes ascend from the newest.
    class: Vec<u32>,
}

impl<'a> Versions<'a> {
    /// Makes the keys and sorts by them.
    pub(super) fn new(texts: &'a Texts) -> Self {
        let count = texts.len();
        let mut keys = Vec::with_capacity(count * 16);
        let mut ends = Vec::with_capacity(count);
        for text in texts.iter() {
            let start = keys.len();
            if encode_version(text, &mut keys).is_err() {
                keys.truncate(start);
            }
            ends.push(keys.len() as u32);
        }
        let mut versions = Versions {
            texts,
            keys,
            ends,
            order: Vec::new(),
            of: vec![0; count],
            class: vec![0; count],
        };
        let mut order: Vec<(u64, u32)> = (0..count as u32)
            .map(|id| (!prefix(versions.key(id)), id))
            .collect();
        order.sort_unstable_by(|&(a_start, a), &(b_start, b)| {
            a_start
                .cmp(&b_start)
                .then_with(|| versions.key(b).cmp(versions.key(a)))
                .then_with(|| texts.get(a).cmp(texts.get(b)))
        });
        let order: Vec<u32> = order.into_iter().map(|(_, id)| id).collect();
        let mut class = 0;
        for (at, &id) in order.iter().enumerate() {
            versions.of[id as usize] = at as u32;
            if at > 0 && versions.key(order[at - 1]) != versions.key(id) {
                class += 1;
            }
            versions.class[id as usize] = class;
        }
        versions.order = order;
        versions
    }

    fn key(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[start as usize..self.ends[id] as usize]
    }

    /// Whether a literal is no version.
    pub(super) fn is_bad(&self, id: u32) -> bool {
        self.key(id).is_empty()
    }

    /// Why a literal is no version.
    pub(super) fn reason(&self, id: u32) -> String {
        match encode_version(self.texts.get(id), &mut Vec::new()) {
            Err(error) => error.to_string(),
            Ok(()) => String::new(),
        }
    }

    /// Adds the sections of texts and keys.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.texts(
            Section::VersionTextOffsets,
            Section::VersionTextBytes,
            self.order.iter().map(|&id| self.texts.get(id)),
        );
        writer.texts(
            Section::VersionKeyOffsets,
            Section::VersionKeyBytes,
            self.order.iter().map(|&id| self.key(id)),
        );
    }
}

/// The first bytes of a key as a number that compares as they do.
fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = key.len().min(8);
    bytes[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(bytes)
}

/// Positions of the records that stay: by package; version, build number and timestamp descending; archive type;
/// file name.
pub(super) fn sort_records(
    raw: &Columns,
    stays: &Stays,
    names: &Names<'_>,
    versions: &Versions<'_>,
) -> Vec<u32> {
    struct Key {
        version: u32,
        at: u32,
        build_number: u64,
        timestamp: u64,
    }
    let package = |record: &RawRecord| names.of[record.name as usize] as usize;
    let staying = || {
        let records = raw.records.iter().enumerate();
        records.filter(|(at, _)| stays.holds(*at))
    };
    // By package first: where each one's records begin, then where the next of them goes.
    let mut next = vec![0u32; names.sorted.len() + 1];
    for (_, record) in staying() {
        next[package(record) + 1] += 1;
    }
    for at in 1..next.len() {
        next[at] += next[at - 1];
    }
    let mut order = vec![0; next.last().map_or(0, |&count| count as usize)];
    for (at, record) in staying() {
        let place = &mut next[package(record)];
        order[*place as usize] = at as u32;
        *place += 1;
    }
    // Now `next` says where each ends.
    let mut keys: Vec<Key> = Vec::new();
    let mut start = 0;
    for &end in &next[..names.sorted.len()] {
        let records = &mut order[start..end as usize];
        start = end as usize;
        keys.clear();
        keys.extend(records.iter().map(|&at| {
            let record = &raw.records[at as usize];
            Key {
                version: versions.class[record.version as usize],
                at,
                build_number: !record.build_number,
                timestamp: !record.timestamp,
            }
        }));
        keys.sort_unstable_by(|a, b| {
            let key = |key: &Key| (key.version, key.build_number, key.timestamp);
            key(a).cmp(&key(b)).then_with(|| {
                let record = |key: &Key| &raw.records[key.at as usize];
                by_archive(raw, record(a), record(b))
            })
        });
        for (place, key) in records.iter_mut().zip(&keys) {
            *place = key.at;
        }
    }
    order
}

/// `.conda` before `.tar.bz2` before the unknown, then by file name.
#[cold]
fn by_archive(raw: &Columns, a: &RawRecord, b: &RawRecord) -> std::cmp::Ordering {
    let archive = |record: &RawRecord| {
        let mut name = String::new();
        raw.file_name(record, &mut name);
        let kind = crate::repodata::columns::archive_flag(&name);
        (kind.wrapping_sub(1), name)
    };
    archive(a).cmp(&archive(b))
}
