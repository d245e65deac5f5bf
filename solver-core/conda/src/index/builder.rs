//! From parsed repodata to the bytes of a segment.
//!
//! The order of everything follows from the contents alone, never from the order in the file: packages by name;
//! the records of a package by version, build number and timestamp (each descending), archive type and file name;
//! versions by their order; specs, lists and strings by first use in that sequence of records. So a shuffled
//! repodata gives the same bytes.

use rustc_hash::FxHashSet;

use super::layout::{
    flag, rare_tag, seal, spec_flag, Buffer, Digest, Meta, Section, Span, SpecRow, Toc, ALIGNMENT,
    HEADER, SECTION_COUNT,
};
use super::segment::Segment;
use super::specs::{self, CompiledSpec};
use super::storage::Storage;
use super::warning::{WarningKind, WarningLog};
use crate::pattern::PatternKind;
use crate::record::NoArch;
use crate::repodata::raw::{RawRare, RawRecord, RawRepodata, NONE};
use crate::repodata::{Interner, Rejection};
use crate::version::encode_version;

/// Builds a segment. `subdir` counts where the repodata itself does not say.
pub(super) fn build(raw: RawRepodata<'_>, subdir: &str, identity: &Digest) -> Segment {
    let mut writer = Writer::new();
    let mut warnings = WarningLog::default();
    log_rejected(&raw, &mut warnings);

    let removed: FxHashSet<&str> = raw.removed.iter().copied().collect();
    let names = Names::new(&raw, &removed);
    let versions = Versions::new(raw.versions.values());
    let order = sort_records(&raw, &removed, &names, &versions);

    let mut strings = Interner::default();
    strings.intern("");
    let subdir = raw.subdir.filter(|text| !text.is_empty()).unwrap_or(subdir);
    let mut meta = Meta {
        records: order.len() as u32,
        packages: names.sorted.len() as u32,
        subdir: strings.intern(subdir),
        base_url: strings.intern(raw.base_url.unwrap_or("")),
        ..Meta::default()
    };

    // Lists of specs, renumbered by first use.
    let mut lists = Lists::new(raw.specs.values().len());
    let mut depends = Vec::with_capacity(order.len());
    let mut constrains = Vec::with_capacity(order.len());
    let mut rare = RareRows::new();
    let mut rare_column = Vec::with_capacity(order.len());
    for &at in &order {
        let record = &raw.records[at as usize];
        depends.push(lists.add(&raw.items, record.depends));
        constrains.push(lists.add(&raw.items, record.constrains));
        let fields = raw.rare.get(record.rare as usize);
        rare_column.push(fields.map_or(0, |fields| {
            rare.add(fields, subdir, &raw.items, &mut lists, &mut strings)
        }));
    }
    meta.lists = lists.ends.len() as u32 - 1;
    meta.specs = lists.order.len() as u32;
    writer.slice(Section::RecordDepends, &depends);
    writer.slice(Section::RecordConstrains, &constrains);
    writer.optional(Section::RecordRare, &rare_column);
    writer.slice(Section::RareOffsets, &rare.ends);
    writer.slice(Section::RareItems, &rare.items);

    let texts = lists
        .order
        .iter()
        .map(|&id| raw.specs.values()[id as usize]);
    let texts: Vec<&str> = texts.collect();
    let compiled: Vec<CompiledSpec<'_>> = texts.iter().map(|text| specs::compile(text)).collect();
    let bad_specs: Vec<bool> = compiled.iter().map(|spec| spec.error.is_some()).collect();
    let bad_lists = lists.any(&bad_specs);

    // Names: packages, then those that only specs mention, each sorted.
    let mut mentioned: Vec<&str> = compiled
        .iter()
        .filter_map(|spec| spec.name.as_deref())
        .filter(|name| names.find(name).is_none())
        .collect();
    mentioned.sort_unstable();
    mentioned.dedup();
    meta.names = (names.sorted.len() + mentioned.len()) as u32;
    let all_names = names.sorted.iter().chain(&mentioned).copied();
    writer.texts(Section::NameOffsets, Section::NameBytes, all_names);
    let name_id = |name: &str| match names.find(name) {
        Some(id) => id,
        None => match mentioned.binary_search(&name) {
            Ok(at) => (names.sorted.len() + at) as u32,
            Err(_) => u32::MAX,
        },
    };

    let mut programs: Interner<&[u8]> = Interner::default();
    programs.intern(&[]);
    let rows: Vec<SpecRow> = texts
        .iter()
        .zip(&compiled)
        .map(|(text, spec)| spec_row(text, spec, &name_id, &mut programs, &mut strings))
        .collect();
    writer.slice(Section::Specs, &rows);
    let programs = programs.into_values();
    writer.texts(Section::ProgramOffsets, Section::ProgramBytes, programs);
    writer.slice(Section::ListOffsets, &lists.ends);
    writer.slice(Section::ListItems, &lists.items);

    meta.versions = versions.order.len() as u32;
    versions.write(&mut writer);

    // The plain columns.
    let records = || order.iter().map(|&at| &raw.records[at as usize]);
    let mut start = vec![0u32; names.sorted.len() + 1];
    for record in records() {
        start[names.of[record.name as usize] as usize + 1] += 1;
    }
    for at in 1..start.len() {
        start[at] += start[at - 1];
    }
    writer.slice(Section::PackageStart, &start);
    let column = |of: &dyn Fn(&RawRecord<'_>) -> u32| -> Vec<u32> { records().map(of).collect() };
    writer.slice(
        Section::RecordPackage,
        &column(&|record| names.of[record.name as usize]),
    );
    writer.slice(
        Section::RecordVersion,
        &column(&|record| versions.of[record.version as usize]),
    );
    let mut flags = Vec::with_capacity(order.len());
    for (at, record) in records().enumerate() {
        let bad_version = versions.is_bad(record.version);
        let bad_list = bad_lists[depends[at] as usize] || bad_lists[constrains[at] as usize];
        let rare = raw.rare.get(record.rare as usize);
        let features = rare.is_some_and(|rare| !rare.track_features.is_empty());
        let extras = rare.is_some_and(|rare| !rare.extra_depends.is_empty());
        let mut bits = record_flags(record, features, bad_version || bad_list);
        bits |= if extras { flag::EXTRAS } else { 0 };
        flags.push(bits);
        if bad_version {
            let text = raw.versions.values()[record.version as usize];
            warnings.add(
                WarningKind::UnparsableVersion,
                record.file_name,
                "version",
                || versions.reason(text),
            );
        }
        if bad_list {
            for (field, list) in [("depends", depends[at]), ("constrains", constrains[at])] {
                let spec = lists.find_in(list, &bad_specs);
                let error = spec.and_then(|spec| compiled[spec].error.as_deref());
                if let Some(error) = error {
                    let kind = WarningKind::UnparsableSpec;
                    warnings.add(kind, record.file_name, field, || error.to_string());
                    break;
                }
            }
        }
    }
    writer.slice(Section::RecordFlags, &flags);
    let builds = raw.builds.values();
    let mut string_column = |of: &dyn Fn(&RawRecord<'_>) -> u32, texts: &[_]| -> Vec<u32> {
        let mut ids = vec![NONE; texts.len()];
        let text_id = |record| match of(record) {
            NONE => 0,
            at => {
                if ids[at as usize] == NONE {
                    ids[at as usize] = strings.intern(texts[at as usize]);
                }
                ids[at as usize]
            }
        };
        records().map(text_id).collect()
    };
    let build = string_column(&|record| record.build, builds);
    writer.slice(Section::RecordBuild, &build);
    let licenses = raw.licenses.values();
    let license = string_column(&|record| record.license, licenses);
    writer.slice(Section::RecordLicense, &license);
    let family = string_column(&|record| record.license_family, licenses);
    writer.slice(Section::RecordLicenseFamily, &family);
    let file_name = |record: &RawRecord<'_>| {
        let name = raw.names.values()[record.name as usize];
        let version = raw.versions.values()[record.version as usize];
        let build = builds[record.build as usize];
        if is_regular(record.file_name, name, version, build) {
            NONE
        } else {
            0
        }
    };
    let irregular: Vec<u32> = records()
        .map(|record| match file_name(record) {
            NONE => 0,
            _ => strings.intern(record.file_name),
        })
        .collect();
    writer.optional(Section::RecordFileName, &irregular);
    writer.texts(
        Section::StringOffsets,
        Section::StringBytes,
        strings.into_values(),
    );

    let wide = |of: &dyn Fn(&RawRecord<'_>) -> u64| -> Vec<u64> { records().map(of).collect() };
    writer.slice(
        Section::RecordBuildNumber,
        &wide(&|record| record.build_number),
    );
    writer.slice(Section::RecordTimestamp, &wide(&|record| record.timestamp));
    let indexed = wide(&|record| record.indexed_timestamp);
    writer.optional(Section::RecordIndexed, &indexed);
    let size = wide(&|record| record.size.map_or(0, |size| size.saturating_add(1)));
    writer.slice(Section::RecordSize, &size);
    let md5: Vec<[u8; 16]> = records().map(|r| r.md5.unwrap_or_default()).collect();
    writer.slice(Section::RecordMd5, &md5);
    let sha256: Vec<[u8; 32]> = records().map(|r| r.sha256.unwrap_or_default()).collect();
    writer.slice(Section::RecordSha256, &sha256);
    writer.slice(Section::Warnings, &warnings.encode());
    writer.slice(Section::Meta, &[meta]);
    writer.finish(identity)
}

fn log_rejected(raw: &RawRepodata<'_>, warnings: &mut WarningLog) {
    // The order in the file must not show.
    let mut rejected: Vec<_> = raw.rejected.iter().collect();
    rejected.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    for record in rejected {
        match &record.rejection {
            Rejection::Wrong { field, reason } => {
                let kind = WarningKind::SkippedRecord;
                warnings.add(kind, &record.file_name, field, || reason.clone());
            }
            Rejection::RecordVersion(version) => {
                let kind = WarningKind::NewerRecord;
                warnings.add(kind, &record.file_name, "record_version", || {
                    format!("record_version {version} is newer than 1")
                });
            }
        }
    }
}

/// The names of all records that stay, sorted, and where each interned name went.
struct Names<'a> {
    sorted: Vec<&'a str>,
    of: Vec<u32>,
}

impl<'a> Names<'a> {
    fn new(raw: &RawRepodata<'a>, removed: &FxHashSet<&str>) -> Self {
        let texts = raw.names.values();
        let mut used = vec![false; texts.len()];
        for record in &raw.records {
            if removed.is_empty() || !removed.contains(record.file_name) {
                used[record.name as usize] = true;
            }
        }
        let mut ids: Vec<u32> = (0..texts.len() as u32)
            .filter(|&id| used[id as usize])
            .collect();
        ids.sort_unstable_by_key(|&id| texts[id as usize]);
        let mut of = vec![NONE; texts.len()];
        for (at, &id) in ids.iter().enumerate() {
            of[id as usize] = at as u32;
        }
        let sorted = ids.iter().map(|&id| texts[id as usize]).collect();
        Names { sorted, of }
    }

    fn find(&self, name: &str) -> Option<u32> {
        let at = self.sorted.binary_search(&name).ok()?;
        Some(at as u32)
    }
}

/// The distinct version literals, newest first; those that are no version come last.
struct Versions<'a> {
    texts: &'a [&'a str],
    keys: Vec<u8>,
    /// End of each literal's key in `keys`, by interned id; an empty key is a bad literal.
    ends: Vec<u32>,
    /// Interned ids, newest first.
    order: Vec<u32>,
    /// Position in `order`, by interned id.
    of: Vec<u32>,
    /// Equal versions share a class; classes ascend from the newest.
    class: Vec<u32>,
}

impl<'a> Versions<'a> {
    fn new(texts: &'a [&'a str]) -> Self {
        let mut keys = Vec::with_capacity(texts.len() * 16);
        let mut ends = Vec::with_capacity(texts.len());
        for text in texts {
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
            order: (0..texts.len() as u32).collect(),
            of: vec![0; texts.len()],
            class: vec![0; texts.len()],
        };
        let mut order = std::mem::take(&mut versions.order);
        order.sort_unstable_by(|&a, &b| {
            let keys = versions.key(b).cmp(versions.key(a));
            keys.then_with(|| texts[a as usize].cmp(texts[b as usize]))
        });
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

    fn is_bad(&self, id: u32) -> bool {
        self.key(id).is_empty()
    }

    fn reason(&self, text: &str) -> String {
        match encode_version(text, &mut Vec::new()) {
            Err(error) => error.to_string(),
            Ok(()) => String::new(),
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.texts(
            Section::VersionTextOffsets,
            Section::VersionTextBytes,
            self.order.iter().map(|&id| self.texts[id as usize]),
        );
        writer.texts(
            Section::VersionKeyOffsets,
            Section::VersionKeyBytes,
            self.order.iter().map(|&id| self.key(id)),
        );
    }
}

/// Positions of the records that stay, sorted.
fn sort_records(
    raw: &RawRepodata<'_>,
    removed: &FxHashSet<&str>,
    names: &Names<'_>,
    versions: &Versions<'_>,
) -> Vec<u32> {
    struct Key {
        package: u32,
        version: u32,
        build_number: u64,
        timestamp: u64,
        at: u32,
    }
    let mut keys: Vec<Key> = Vec::with_capacity(raw.records.len());
    for (at, record) in raw.records.iter().enumerate() {
        if removed.is_empty() || !removed.contains(record.file_name) {
            keys.push(Key {
                package: names.of[record.name as usize],
                version: versions.class[record.version as usize],
                build_number: !record.build_number,
                timestamp: !record.timestamp,
                at: at as u32,
            });
        }
    }
    let archive = |key: &Key| {
        let name = raw.records[key.at as usize].file_name;
        (archive_flag(name).wrapping_sub(1), name)
    };
    keys.sort_unstable_by(|a, b| {
        let key = |key: &Key| (key.package, key.version, key.build_number, key.timestamp);
        key(a)
            .cmp(&key(b))
            .then_with(|| archive(a).cmp(&archive(b)))
    });
    keys.into_iter().map(|key| key.at).collect()
}

/// The flag of the archive type; 0 for an unknown one.
fn archive_flag(file_name: &str) -> u16 {
    if file_name.ends_with(".conda") {
        flag::CONDA_ARCHIVE
    } else if file_name.ends_with(".tar.bz2") {
        flag::TAR_BZ2_ARCHIVE
    } else {
        0
    }
}

/// Whether the file name follows from name, version, build and archive type.
fn is_regular(file_name: &str, name: &str, version: &str, build: &str) -> bool {
    let stem = file_name
        .strip_suffix(".conda")
        .or_else(|| file_name.strip_suffix(".tar.bz2"));
    stem.and_then(|rest| rest.strip_prefix(name))
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_prefix(version))
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|rest| rest == build)
}

fn record_flags(record: &RawRecord<'_>, track_features: bool, unparsable: bool) -> u16 {
    let mut flags = archive_flag(record.file_name);
    flags |= match record.noarch {
        None => 0,
        Some(NoArch::Generic) => flag::NOARCH_GENERIC,
        Some(NoArch::Python) => flag::NOARCH_PYTHON,
    };
    for (condition, bit) in [
        (track_features, flag::TRACK_FEATURES),
        (unparsable, flag::UNPARSABLE),
        (record.md5.is_some(), flag::HAS_MD5),
        (record.sha256.is_some(), flag::HAS_SHA256),
    ] {
        if condition {
            flags |= bit;
        }
    }
    flags
}

/// Lists of specs by contents, specs renumbered by first use.
struct Lists {
    /// New id of a raw spec id, or [`NONE`].
    renumbered: Vec<u32>,
    /// Raw spec id of each new id.
    order: Vec<u32>,
    table: hashbrown::HashTable<u32>,
    items: Vec<u32>,
    ends: Vec<u32>,
    scratch: Vec<u32>,
    /// Raw range and list of the previous call: neighbours often have equal lists.
    hash: rustc_hash::FxBuildHasher,
}

impl Lists {
    fn new(specs: usize) -> Self {
        let mut lists = Lists {
            renumbered: vec![NONE; specs],
            order: Vec::with_capacity(specs),
            table: hashbrown::HashTable::new(),
            items: Vec::new(),
            ends: vec![0],
            scratch: Vec::new(),
            hash: rustc_hash::FxBuildHasher,
        };
        // List 0 is the empty one.
        lists.add(&[], (0, 0));
        lists
    }

    fn spec(&mut self, raw: u32) -> u32 {
        let known = self.renumbered[raw as usize];
        if known != NONE {
            return known;
        }
        let id = self.order.len() as u32;
        self.order.push(raw);
        self.renumbered[raw as usize] = id;
        id
    }

    fn add(&mut self, raw: &[u32], (start, end): (u32, u32)) -> u32 {
        use std::hash::BuildHasher;
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        for &spec in &raw[start as usize..end as usize] {
            scratch.push(self.spec(spec));
        }
        let (items, ends) = (&mut self.items, &mut self.ends);
        let stored = |items: &[u32], ends: &[u32], id: u32| {
            items[ends[id as usize] as usize..ends[id as usize + 1] as usize].to_vec()
        };
        let hasher = self.hash;
        let entry = self.table.entry(
            hasher.hash_one(scratch.as_slice()),
            |&id| {
                let range = ends[id as usize] as usize..ends[id as usize + 1] as usize;
                items[range] == *scratch
            },
            |&id| hasher.hash_one(stored(items, ends, id).as_slice()),
        );
        let id = match entry {
            hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
            hashbrown::hash_table::Entry::Vacant(free) => {
                let id = ends.len() as u32 - 1;
                free.insert(id);
                items.extend_from_slice(&scratch);
                ends.push(items.len() as u32);
                id
            }
        };
        self.scratch = scratch;
        id
    }

    fn list(&self, list: u32) -> &[u32] {
        let list = list as usize;
        &self.items[self.ends[list] as usize..self.ends[list + 1] as usize]
    }

    /// For each list, whether one of its specs is marked.
    fn any(&self, marked: &[bool]) -> Vec<bool> {
        (0..self.ends.len() as u32 - 1)
            .map(|list| self.find_in(list, marked).is_some())
            .collect()
    }

    /// The first marked spec of a list.
    fn find_in(&self, list: u32, marked: &[bool]) -> Option<usize> {
        let found = self.list(list).iter().find(|&&spec| marked[spec as usize]);
        found.map(|&spec| spec as usize)
    }
}

/// Rows of rare fields, equal ones once; row 0 is empty.
struct RareRows {
    ids: rustc_hash::FxHashMap<Vec<u32>, u32>,
    items: Vec<u32>,
    ends: Vec<u32>,
}

impl RareRows {
    fn new() -> Self {
        let mut ids = rustc_hash::FxHashMap::default();
        ids.insert(Vec::new(), 0);
        RareRows {
            ids,
            items: Vec::new(),
            ends: vec![0, 0],
        }
    }

    fn add<'a>(
        &mut self,
        rare: &RawRare<'a>,
        subdir: &str,
        raw_items: &[u32],
        lists: &mut Lists,
        strings: &mut Interner<&'a str>,
    ) -> u32 {
        let mut row = Vec::new();
        let words = [
            (rare_tag::TRACK_FEATURES, rare.track_features.as_slice()),
            (rare_tag::FEATURES, &rare.features),
            (rare_tag::FLAGS, &rare.flags),
            (
                rare_tag::SITE_PACKAGES,
                rare.python_site_packages_path.as_slice(),
            ),
            (
                rare_tag::SUBDIR,
                rare.subdir
                    .as_slice()
                    .split_at(usize::from(rare.subdir.is_some_and(|own| own != subdir)))
                    .0,
            ),
            (rare_tag::MD5, rare.md5.as_slice()),
            (rare_tag::SHA256, rare.sha256.as_slice()),
        ];
        for (tag, texts) in words {
            if !texts.is_empty() {
                row.extend([tag, texts.len() as u32]);
                row.extend(texts.iter().map(|text| strings.intern(text)));
            }
        }
        if !rare.extra_json.is_empty() {
            row.extend([rare_tag::EXTRA_JSON, 1, strings.intern(rare.extra_json)]);
        }
        for (group, (start, end)) in &rare.extra_depends {
            let specs = &raw_items[*start as usize..*end as usize];
            row.extend([rare_tag::EXTRA_DEPENDS, specs.len() as u32 + 1]);
            row.push(strings.intern(group));
            row.extend(specs.iter().map(|&spec| lists.spec(spec)));
        }
        if let Some(&id) = self.ids.get(&row) {
            return id;
        }
        let id = self.ends.len() as u32 - 1;
        self.items.extend_from_slice(&row);
        self.ends.push(self.items.len() as u32);
        self.ids.insert(row, id);
        id
    }
}

fn spec_row<'s>(
    text: &'s str,
    spec: &'s CompiledSpec<'_>,
    name_id: &dyn Fn(&str) -> u32,
    programs: &mut Interner<&'s [u8]>,
    strings: &mut Interner<&'s str>,
) -> SpecRow {
    let mut flags = 0;
    if spec.simple {
        flags |= spec_flag::SIMPLE;
    }
    if spec.error.is_some() {
        flags |= spec_flag::UNPARSABLE;
    }
    if spec.extras {
        flags |= spec_flag::EXTRAS;
    }
    let mut build = 0;
    if let Some((kind, pattern)) = &spec.build {
        build = strings.intern(pattern);
        flags |= match kind {
            PatternKind::Exact => spec_flag::BUILD_EXACT,
            PatternKind::Glob => spec_flag::BUILD_GLOB,
            PatternKind::Regex => spec_flag::BUILD_REGEX,
        };
    }
    SpecRow {
        text: strings.intern(text),
        name: spec.name.as_deref().map_or(u32::MAX, name_id),
        program: programs.intern(&spec.program),
        build,
        flags,
    }
}

/// Appends sections to the buffer and keeps the table.
struct Writer {
    buffer: Buffer,
    toc: Toc,
}

impl Writer {
    fn new() -> Self {
        let mut buffer = Buffer::with_capacity(1 << 16);
        let toc = [Span::default(); SECTION_COUNT];
        // Room for header and table, which come last.
        buffer.extend(&[0u8; HEADER]);
        buffer.extend(&toc);
        Writer { buffer, toc }
    }

    fn slice<T: bytemuck::Pod>(&mut self, section: Section, items: &[T]) {
        self.buffer.align(ALIGNMENT);
        let offset = self.buffer.len() as u64;
        self.buffer.extend(items);
        self.toc[section as usize] = Span {
            offset,
            length: self.buffer.len() as u64 - offset,
        };
    }

    /// As `slice`, but a column of zeros is left empty.
    fn optional<T: bytemuck::Pod + PartialEq>(&mut self, section: Section, items: &[T]) {
        let zero = T::zeroed();
        if items.iter().any(|item| *item != zero) {
            self.slice(section, items);
        }
    }

    fn texts<T: AsRef<[u8]>>(
        &mut self,
        offsets: Section,
        bytes: Section,
        texts: impl IntoIterator<Item = T>,
    ) {
        let mut ends = vec![0u32];
        let mut all = Vec::new();
        for text in texts {
            all.extend_from_slice(text.as_ref());
            ends.push(all.len() as u32);
        }
        self.slice(offsets, &ends);
        self.slice(bytes, &all);
    }

    fn finish(mut self, identity: &Digest) -> Segment {
        seal(&mut self.buffer, identity, &self.toc);
        Segment::new(Storage::owned(self.buffer, self.toc))
    }
}
