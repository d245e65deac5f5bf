//! Repodata after parsing and before sorting: what one worker has read, one row a record.
//!
//! Everything textual is interned, lists of specs as well, so the whole is much smaller than the text it came from,
//! and owns what it holds. Workers read chunks of a file each into columns of their own; [`Columns::absorb`] makes
//! one of them. Neither the order of records nor the numbers given to strings mean anything afterwards.

use rustc_hash::FxHashSet;

use super::cursor::is_same;
use super::intern::{Lists, Texts};
use super::row::{flag, rare_fields, rare_tag};
use super::{RejectedRecord, Rejection};
use crate::text::is_plain_text;

/// Ends of the names of archives.
const CONDA: &str = ".conda";
const TAR_BZ2: &str = ".tar.bz2";

/// "No string" in the optional id columns below.
pub(crate) const NONE: u32 = u32::MAX;

/// One record; ids point into the tables of [`Columns`].
#[derive(Debug, Clone)]
pub(crate) struct RawRecord {
    pub build_number: u64,
    /// Milliseconds; 0 when unknown.
    pub timestamp: u64,
    /// Milliseconds (CEP 47); 0 when absent.
    pub indexed_timestamp: u64,
    /// Bytes + 1; 0 when unknown.
    pub size: u64,
    pub name: u32,
    pub version: u32,
    pub build: u32,
    /// Lists of spec ids.
    pub depends: u32,
    pub constrains: u32,
    pub license: u32,
    pub license_family: u32,
    /// In [`Columns::texts`], or [`NONE`] when it is name-version-build with the extension of the flags.
    pub file_name: u32,
    /// Row of the rare fields, see [`rare_tag`](super::row::rare_tag).
    pub rare: u32,
    /// The record is one of `v3`.
    pub newer: bool,
    /// Archive type, noarch kind, known hashes, features and extras, as [`flag`](super::row::flag) has them.
    pub flags: u16,
}

impl RawRecord {
    /// A record of which nothing is known.
    pub(crate) const NEW: RawRecord = RawRecord {
        build_number: 0,
        timestamp: 0,
        indexed_timestamp: 0,
        size: 0,
        name: NONE,
        version: NONE,
        build: NONE,
        depends: 0,
        constrains: 0,
        license: NONE,
        license_family: NONE,
        file_name: NONE,
        rare: 0,
        newer: false,
        flags: 0,
    };
}

/// What was read of a repodata file.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// `info.subdir`.
    pub subdir: Option<String>,
    /// `info.base_url`.
    pub base_url: Option<String>,
    pub names: Texts,
    pub versions: Texts,
    pub builds: Texts,
    pub specs: Texts,
    pub licenses: Texts,
    /// Texts of every other kind.
    pub texts: Texts,
    /// Lists of spec ids.
    pub lists: Lists,
    /// Rows of rare fields: (tag, length, items) after each other.
    pub rows: Lists,
    pub records: Vec<RawRecord>,
    /// Hash of each record's file name, for finding repetitions; they are removed once checked.
    pub file_hashes: Vec<u64>,
    /// A row a record; zeros when unknown.
    pub md5: Vec<[u8; 16]>,
    /// A row a record; zeros when unknown.
    pub sha256: Vec<[u8; 32]>,
    /// File names that the channel withdrew.
    pub removed: Vec<String>,
    /// Records that were left out while reading.
    pub rejected: Vec<RejectedRecord>,
    /// Values that count as absent.
    pub odd: Vec<OddValue>,
}

/// A value of a record that is not what its field holds, and that no decision needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OddValue {
    pub file_name: String,
    pub field: String,
    pub reason: String,
}

impl Columns {
    /// Makes each python 2 and 3 depend on pip. Packages of the name `python` that are older or newer than that are
    /// left alone, as conda leaves them.
    pub(crate) fn add_pip_to_python(&mut self) {
        let Some(python) = self.names.find("python") else {
            return;
        };
        let pip = self.specs.intern("pip");
        for record in &mut self.records {
            let version = || self.versions.get(record.version);
            if record.name != python || !version().starts_with(['2', '3']) {
                continue;
            }
            if !matches!(version().as_bytes().get(1), Some(b'.')) {
                continue;
            }
            let mut list = self.lists.get(record.depends).to_vec();
            if !list.contains(&pip) {
                list.push(pip);
                record.depends = self.lists.intern(&list);
            }
        }
    }

    /// Takes in what another worker has read.
    pub(crate) fn absorb(&mut self, other: Columns) {
        let of = |map: &[u32], id: u32| map.get(id as usize).copied().unwrap_or(NONE);
        // Specs and lists are one half of the work.
        let (specs, lists) = (&mut self.specs, &mut self.lists);
        let (specs, lists, words) = std::thread::scope(|scope| {
            let of_specs = scope.spawn(|| {
                let specs = specs.absorb(&other.specs);
                let lists = lists.absorb(&other.lists, |list, out| {
                    out.extend(list.iter().map(|&spec| of(&specs, spec)));
                });
                (specs, lists)
            });
            let words = [
                self.names.absorb(&other.names),
                self.versions.absorb(&other.versions),
                self.builds.absorb(&other.builds),
                self.licenses.absorb(&other.licenses),
                self.texts.absorb(&other.texts),
            ];
            self.records.reserve(other.records.len());
            let of_specs = of_specs.join();
            let (specs, lists) = of_specs.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (specs, lists, words)
        });
        let [names, versions, builds, licenses, texts] = words;
        let rows = self.rows.absorb(&other.rows, |row, out| {
            renumber_row(row, out, |text| of(&texts, text), |spec| of(&specs, spec));
        });
        self.records
            .extend(other.records.into_iter().map(|record| RawRecord {
                name: of(&names, record.name),
                version: of(&versions, record.version),
                build: of(&builds, record.build),
                depends: of(&lists, record.depends),
                constrains: of(&lists, record.constrains),
                license: of(&licenses, record.license),
                license_family: of(&licenses, record.license_family),
                file_name: of(&texts, record.file_name),
                rare: of(&rows, record.rare),
                ..record
            }));
        self.file_hashes.extend(other.file_hashes);
        self.md5.extend(other.md5);
        self.sha256.extend(other.sha256);
        self.removed.extend(other.removed);
        self.rejected.extend(other.rejected);
        self.odd.extend(other.odd);
        self.subdir = self.subdir.take().or(other.subdir);
        self.base_url = self.base_url.take().or(other.base_url);
    }

    /// Drops the last record.
    pub(crate) fn pop(&mut self) {
        self.records.pop();
        self.md5.pop();
        self.sha256.pop();
    }

    /// What can only be done when all is read: records that no spec can name leave, names are in lower case, and of the
    /// older sections those leave that `v3` has too.
    pub(crate) fn settle(&mut self) {
        self.settle_names();
        self.settle_sections();
    }

    /// Brings names into lower case, as all specs have them (CEP 29), and leaves records out that have a name that no
    /// spec can have, or a version or build that does not fit into a line.
    fn settle_names(&mut self) {
        let odd = |texts: &Texts| -> Vec<bool> {
            texts.iter().map(|text| !is_plain_text(text)).collect()
        };
        let capitals: Vec<bool> = self
            .names
            .iter()
            .map(|name| name.bytes().any(|byte| byte.is_ascii_uppercase()))
            .collect();
        let reasons: Vec<Option<String>> = self
            .names
            .iter()
            .map(|name| crate::match_spec::check_name(name).err())
            .collect();
        let (versions, builds) = (odd(&self.versions), odd(&self.builds));
        let any = |flags: &[bool]| flags.contains(&true);
        if !any(&capitals)
            && !any(&versions)
            && !any(&builds)
            && reasons.iter().all(Option::is_none)
        {
            return;
        }
        let mut lower: Vec<u32> = Vec::with_capacity(capitals.len());
        for (id, &capital) in capitals.iter().enumerate() {
            let name = capital.then(|| self.names.get(id as u32).to_ascii_lowercase());
            lower.push(name.map_or(id as u32, |name| self.names.intern(&name)));
        }
        let mut kept = Vec::with_capacity(self.records.len());
        let mut records = std::mem::take(&mut self.records);
        for record in &mut records {
            let mut file_name = String::new();
            let line = "a character that does not fit into a line of text";
            let reason = match () {
                () if versions[record.version as usize] => Some(("version", line.to_owned())),
                () if builds[record.build as usize] => Some(("build", line.to_owned())),
                () => reasons[record.name as usize]
                    .clone()
                    .map(|reason| ("name", reason)),
            };
            if reason.is_some() || capitals[record.name as usize] {
                self.file_name(record, &mut file_name);
            }
            kept.push(reason.is_none());
            if let Some((field, reason)) = reason {
                let field = field.to_owned();
                self.rejected.push(RejectedRecord {
                    file_name,
                    rejection: Rejection::Unusable { field, reason },
                });
            } else if capitals[record.name as usize] {
                record.file_name = self.texts.intern(&file_name);
                record.name = lower[record.name as usize];
            }
        }
        self.records = records;
        self.keep(&kept);
    }

    /// Drops the records that are marked so.
    fn keep(&mut self, kept: &[bool]) {
        let mut of = kept.iter();
        self.records.retain(|_| of.next().is_none_or(|kept| *kept));
        let mut of = kept.iter();
        self.md5.retain(|_| of.next().is_none_or(|kept| *kept));
        let mut of = kept.iter();
        self.sha256.retain(|_| of.next().is_none_or(|kept| *kept));
    }

    fn settle_sections(&mut self) {
        let mut names = FxHashSet::default();
        let mut name = String::new();
        for record in self.records.iter().filter(|record| record.newer) {
            name.clear();
            self.file_name(record, &mut name);
            names.insert(name.clone());
        }
        if names.is_empty() {
            return;
        }
        let kept = self.records.iter().map(|record| {
            name.clear();
            self.file_name(record, &mut name);
            record.newer || !names.contains(&name)
        });
        let kept: Vec<bool> = kept.collect();
        self.keep(&kept);
    }

    /// The archive's file name of a record, at the end of `out`.
    pub(crate) fn file_name(&self, record: &RawRecord, out: &mut String) {
        if record.file_name != NONE {
            out.push_str(self.texts.get(record.file_name));
            return;
        }
        out.push_str(self.names.get(record.name));
        out.push('-');
        out.push_str(self.versions.get(record.version));
        out.push('-');
        out.push_str(self.builds.get(record.build));
        out.push_str(if record.flags & flag::CONDA_ARCHIVE != 0 {
            CONDA
        } else {
            TAR_BZ2
        });
    }
}

/// The flag of the archive type; 0 for an unknown one.
pub(crate) fn archive_flag(file_name: &str) -> u16 {
    if file_name.ends_with(CONDA) {
        flag::CONDA_ARCHIVE
    } else if file_name.ends_with(TAR_BZ2) {
        flag::TAR_BZ2_ARCHIVE
    } else {
        0
    }
}

/// Whether the file name follows from name, version, build and archive type.
pub(crate) fn is_regular(file_name: &str, name: &str, version: &str, build: &str) -> bool {
    let stem = file_name
        .strip_suffix(CONDA)
        .or_else(|| file_name.strip_suffix(TAR_BZ2));
    let Some(stem) = stem.map(str::as_bytes) else {
        return false;
    };
    let [name, version, build] = [name, version, build].map(str::as_bytes);
    let (first, second) = (name.len(), name.len() + 1 + version.len());
    stem.len() == second + 1 + build.len()
        && stem[first] == b'-'
        && stem[second] == b'-'
        && is_same(&stem[..first], name)
        && is_same(&stem[first + 1..second], version)
        && is_same(&stem[second + 1..], build)
}

/// A row of rare fields with other ids of its texts and specs, at the end of `out`.
pub(crate) fn renumber_row(
    row: &[u32],
    out: &mut Vec<u32>,
    mut text: impl FnMut(u32) -> u32,
    mut spec: impl FnMut(u32) -> u32,
) {
    for (tag, items) in rare_fields(row) {
        out.extend([tag, items.len() as u32]);
        match (tag, items.split_first()) {
            (rare_tag::EXTRA_DEPENDS, Some((group, specs))) => {
                out.push(text(*group));
                out.extend(specs.iter().map(|&id| spec(id)));
            }
            _ => out.extend(items.iter().map(|&id| text(id))),
        }
    }
}
