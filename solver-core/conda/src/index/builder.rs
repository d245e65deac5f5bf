//! From parsed repodata to the bytes of a segment.
//!
//! The order of everything follows from the contents alone, never from the order in the file or from who read which
//! part: packages by name; the records of a package by version, build number and timestamp (each descending), archive
//! type and file name; versions by their order; specs, lists and strings by first use in that sequence of records. So
//! a shuffled repodata gives the same bytes, and so does any number of threads.
//!
//! Two threads share the work: one of them sorts and numbers while the other begins with the distinct specs, which both
//! then compile until they meet.

use rustc_hash::FxHashMap;

use super::layout::{spec_flag, Digest, Meta, Section, SpecRow};
use super::numbering::{RareRows, SpecLists, StringIds, Strings};
use super::options::LoadOptions;
use super::order::{sort_records, Names, Stays, Versions};
use super::segment::Segment;
use super::spec_compiler::{CompiledSpecs, SpecCompiler};
use super::specs::SpecTable;
use super::warning::{WarningKind, WarningLog};
use super::writer::Writer;
use crate::pattern::PatternKind;
use crate::repodata::columns::{Columns, NONE};
use crate::repodata::row::{flag, rare_fields, rare_tag};
use crate::repodata::{self, Located, ParseOptions, Rejection, RepodataError, Texts};
use crate::version::shorten;

/// Below this many specs a thread costs more than it brings.
const SPECS_FOR_A_THREAD: usize = 2000;

/// Room that the sections of a small segment need beside that for its records.
const SMALL: usize = 1 << 12;

/// A segment from a file, and BLAKE3 of the stored bytes; `identity` makes the segment's identity of it.
pub(super) fn build_from(
    located: &Located,
    subdir: &str,
    options: &LoadOptions,
    identity: impl FnOnce(&Digest) -> Digest,
) -> Result<(Segment, Digest), RepodataError> {
    let parse = ParseOptions {
        skip_bad_records: options.skip_bad_records,
        workers: 0,
    };
    let (mut raw, digest) = repodata::read(located, options.max_size, parse)?;
    if options.add_pip {
        raw.add_pip_to_python();
    }
    let segment = build(&raw, subdir, &identity(&digest), parse.workers);
    Ok((segment, digest))
}

/// Builds a segment of the folder `subdir`, whatever the repodata says. `workers` is as in
/// [`ParseOptions`](crate::repodata::ParseOptions).
pub(super) fn build(raw: &Columns, subdir: &str, identity: &Digest, workers: usize) -> Segment {
    let compiler = SpecCompiler::new(&raw.specs);
    if workers == 1 || raw.specs.len() < SPECS_FOR_A_THREAD {
        let specs = CompiledSpecs::new(compiler.forwards(), SpecTable::new());
        return Sorted::new(raw, subdir).write(raw, &specs, identity, false);
    }
    let (sorted, specs) = std::thread::scope(|scope| {
        let front = scope.spawn(|| compiler.forwards());
        let sorted = Sorted::new(raw, subdir);
        let back = compiler.backwards();
        let front = front.join();
        let front = front.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (sorted, CompiledSpecs::new(front, back))
    });
    sorted.write(raw, &specs, identity, true)
}

/// What needs no look into the specs: the sequence of the records, and the columns that hold numbers of lists and
/// strings.
struct Sorted<'a> {
    /// The folder's.
    subdir: &'a str,
    names: Names<'a>,
    versions: Versions<'a>,
    /// Positions in the raw columns.
    order: Vec<u32>,
    lists: SpecLists<'a>,
    strings: Strings,
    meta: Meta,
    rare: RareRows<'a>,
    depends: Vec<u32>,
    constrains: Vec<u32>,
    rare_column: Vec<u32>,
    build: Vec<u32>,
    license: Vec<u32>,
    license_family: Vec<u32>,
    file_name: Vec<u32>,
}

impl<'a> Sorted<'a> {
    fn new(raw: &'a Columns, subdir: &'a str) -> Sorted<'a> {
        let stays = Stays::new(raw);
        let names = Names::new(raw, &stays);
        let versions = Versions::new(&raw.versions);
        let order = sort_records(raw, &stays, &names, &versions);
        let mut strings = Strings::new();
        let meta = Meta {
            records: order.len() as u32,
            packages: names.sorted.len() as u32,
            versions: versions.order.len() as u32,
            subdir: strings.add(subdir),
            base_url: strings.add(&declared_base_url(raw)),
            ..Meta::default()
        };
        let room = || Vec::with_capacity(order.len());
        let mut sorted = Sorted {
            subdir,
            lists: SpecLists::new(raw),
            rare: RareRows::new(raw),
            depends: room(),
            constrains: room(),
            rare_column: room(),
            build: room(),
            license: room(),
            license_family: room(),
            file_name: room(),
            names,
            versions,
            order: Vec::new(),
            strings,
            meta,
        };
        let mut builds = StringIds::new(&raw.builds);
        let mut licenses = StringIds::new(&raw.licenses);
        let (lists, strings) = (&mut sorted.lists, &mut sorted.strings);
        for &at in &order {
            let record = &raw.records[at as usize];
            sorted.depends.push(lists.list(record.depends));
            sorted.constrains.push(lists.list(record.constrains));
            let row = sorted.rare.row(record.rare, lists, strings);
            sorted.rare_column.push(row);
            sorted.build.push(builds.get(record.build, strings));
            sorted.license.push(licenses.get(record.license, strings));
            let family = licenses.get(record.license_family, strings);
            sorted.license_family.push(family);
            let file_name = sorted.rare.text(record.file_name, strings);
            sorted.file_name.push(file_name);
        }
        sorted.order = order;
        sorted
    }

    /// Two threads make half of the sections each; one after the other they are the same.
    fn write(
        mut self,
        raw: &Columns,
        specs: &CompiledSpecs<'_>,
        identity: &Digest,
        both: bool,
    ) -> Segment {
        let mut meta = self.meta;
        let mut strings = std::mem::take(&mut self.strings);
        // Bytes a record, by rule of thumb; the columns are the larger part, so the rest is copied behind them.
        let records = raw.records.len();
        let columns = || {
            let mut writer = Writer::new(records * 190 + SMALL);
            self.write_columns(raw, &mut writer);
            let warnings = self.write_flags(raw, specs, &mut writer);
            writer.slice(Section::Warnings, &warnings.encode());
            writer
        };
        let mut rest = || {
            let mut writer = Writer::new(records * 70 + SMALL);
            let names = self.write_names(raw, specs, &mut meta, &mut writer);
            self.write_specs(raw, specs, &names, &mut strings, &mut writer);
            strings.write(&mut writer);
            meta.lists = self.lists.len() as u32;
            meta.specs = self.lists.order.len() as u32;
            writer.slice(Section::Meta, &[meta]);
            writer
        };
        let (mut writer, rest) = if both {
            std::thread::scope(|scope| {
                let columns = scope.spawn(columns);
                let rest = rest();
                let columns = columns.join();
                let columns = columns.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                (columns, rest)
            })
        } else {
            (columns(), rest())
        };
        writer.append(&rest);
        writer.finish(identity)
    }

    /// Names: packages, then those that only specs mention, each sorted. The name of each spec.
    fn write_names(
        &self,
        raw: &Columns,
        specs: &CompiledSpecs<'_>,
        meta: &mut Meta,
        writer: &mut Writer,
    ) -> Vec<u32> {
        let mut texts = Texts::default();
        let spec_names = self.lists.order.iter().map(|&at| {
            let name = specs.get(at).name.as_deref();
            name.map_or(NONE, |name| texts.intern(name))
        });
        let spec_names: Vec<u32> = spec_names.collect();
        let package = |name| {
            let known = raw.names.find(name);
            known.map_or(NONE, |id| self.names.of[id as usize])
        };
        let mut ids: Vec<u32> = texts.iter().map(package).collect();
        let absent = (0..texts.len() as u32).filter(|&text| ids[text as usize] == NONE);
        let mut mentioned: Vec<u32> = absent.collect();
        mentioned.sort_unstable_by_key(|&text| texts.get(text));
        let packages = self.names.sorted.len();
        for (at, &text) in (packages as u32..).zip(&mentioned) {
            ids[text as usize] = at;
        }
        meta.names = (packages + mentioned.len()) as u32;
        let mentioned = mentioned.iter().map(|&text| texts.get(text));
        let all = self.names.sorted.iter().copied().chain(mentioned);
        writer.texts(Section::NameOffsets, Section::NameBytes, all);
        let id = |name: u32| ids.get(name as usize).copied().unwrap_or(NONE);
        spec_names.into_iter().map(id).collect()
    }

    fn write_specs(
        &self,
        raw: &Columns,
        specs: &CompiledSpecs<'_>,
        names: &[u32],
        strings: &mut Strings,
        writer: &mut Writer,
    ) {
        // Programs by first use, equal ones once.
        let mut program_of = vec![NONE; specs.program_count()];
        program_of[0] = 0;
        let mut programs: FxHashMap<&[u8], u32> = FxHashMap::default();
        let mut program_bytes: Vec<&[u8]> = vec![&[]];
        let mut patterns: FxHashMap<&str, u32> = FxHashMap::default();
        let rows = self.lists.order.iter().zip(names).map(|(&at, &name)| {
            let spec = specs.get(at);
            let number = specs.program_of(at);
            let program = &mut program_of[number];
            if *program == NONE {
                let bytes = specs.program(number);
                *program = *programs.entry(bytes).or_insert_with(|| {
                    program_bytes.push(bytes);
                    program_bytes.len() as u32 - 1
                });
            }
            let mut row = SpecRow {
                text: strings.add(raw.specs.get(at)),
                name,
                program: *program,
                build: 0,
                flags: 0,
            };
            if spec.simple {
                row.flags |= spec_flag::SIMPLE;
            }
            if spec.error.is_some() {
                row.flags |= spec_flag::UNPARSABLE;
            }
            if spec.extras {
                row.flags |= spec_flag::EXTRAS;
            }
            if let Some((kind, pattern)) = &spec.build {
                row.build = *patterns
                    .entry(pattern)
                    .or_insert_with(|| strings.add(pattern));
                row.flags |= match kind {
                    PatternKind::Exact => spec_flag::BUILD_EXACT,
                    PatternKind::Glob => spec_flag::BUILD_GLOB,
                    PatternKind::Regex => spec_flag::BUILD_REGEX,
                };
            }
            row
        });
        let rows: Vec<SpecRow> = rows.collect();
        writer.slice(Section::Specs, &rows);
        writer.texts(
            Section::ProgramOffsets,
            Section::ProgramBytes,
            program_bytes,
        );
        self.lists.write(writer);
    }

    /// The flags, and what is wrong with records.
    fn write_flags(
        &self,
        raw: &Columns,
        specs: &CompiledSpecs<'_>,
        writer: &mut Writer,
    ) -> WarningLog {
        let mut warnings = WarningLog::default();
        log_rejected(raw, &mut warnings);
        log_odd(raw, self.subdir, &mut warnings);
        let other_subdirs = other_subdirs(raw, self.subdir);
        let error = |spec: usize| specs.get(self.lists.order[spec]).error.as_deref();
        let bad_specs: Vec<bool> = (0..self.lists.order.len())
            .map(|spec| error(spec).is_some())
            .collect();
        let bad_lists = self.lists.any(&bad_specs);
        let mut flags = Vec::with_capacity(self.order.len());
        let mut file_name = String::new();
        for (at, &place) in self.order.iter().enumerate() {
            let record = &raw.records[place as usize];
            let bad_version = self.versions.is_bad(record.version);
            let (depends, constrains) = (self.depends[at], self.constrains[at]);
            let bad_list = bad_lists[depends as usize] || bad_lists[constrains as usize];
            if let Some(other) = other_subdirs.get(&record.rare) {
                file_name.clear();
                raw.file_name(record, &mut file_name);
                let kind = WarningKind::OtherSubdir;
                warnings.add(kind, &file_name, "subdir", || {
                    other_subdir(other, self.subdir)
                });
            }
            if !bad_version && !bad_list {
                flags.push(record.flags);
                continue;
            }
            flags.push(record.flags | flag::UNPARSABLE);
            file_name.clear();
            raw.file_name(record, &mut file_name);
            if bad_version {
                let kind = WarningKind::UnparsableVersion;
                let reason = || self.versions.reason(record.version);
                warnings.add(kind, &file_name, "version", reason);
            }
            let fields = [("depends", depends), ("constrains", constrains)];
            let bad = fields.iter().find_map(|(field, list)| {
                let spec = self.lists.find_in(*list, &bad_specs);
                let spec = spec?;
                let text = raw.specs.get(self.lists.order[spec]);
                Some((*field, text, error(spec)?))
            });
            if let Some((field, text, error)) = bad {
                let kind = WarningKind::UnparsableSpec;
                warnings.add(kind, &file_name, field, || format!("'{text}': {error}"));
            }
        }
        writer.slice(Section::RecordFlags, &flags);
        warnings
    }

    /// The plain columns.
    fn write_columns(&self, raw: &Columns, writer: &mut Writer) {
        let records = || self.order.iter().map(|&at| &raw.records[at as usize]);
        let mut start = vec![0u32; self.names.sorted.len() + 1];
        let package: Vec<u32> = records()
            .map(|record| self.names.of[record.name as usize])
            .collect();
        for &package in &package {
            start[package as usize + 1] += 1;
        }
        for at in 1..start.len() {
            start[at] += start[at - 1];
        }
        writer.slice(Section::PackageStart, &start);
        writer.slice(Section::RecordPackage, &package);
        let version = records().map(|record| self.versions.of[record.version as usize]);
        writer.column(Section::RecordVersion, version);
        self.versions.write(writer);
        writer.slice(Section::RecordDepends, &self.depends);
        writer.slice(Section::RecordConstrains, &self.constrains);
        writer.optional(Section::RecordRare, &self.rare_column);
        self.rare.write(writer);
        writer.slice(Section::RecordBuild, &self.build);
        writer.slice(Section::RecordLicense, &self.license);
        writer.slice(Section::RecordLicenseFamily, &self.license_family);
        writer.optional(Section::RecordFileName, &self.file_name);
        let number = records().map(|record| record.build_number);
        writer.column(Section::RecordBuildNumber, number);
        let timestamp = records().map(|record| record.timestamp);
        writer.column(Section::RecordTimestamp, timestamp);
        if records().any(|record| record.indexed_timestamp != 0) {
            let indexed = records().map(|record| record.indexed_timestamp);
            writer.column(Section::RecordIndexed, indexed);
        }
        writer.column(Section::RecordSize, records().map(|record| record.size));
        let places = || self.order.iter().map(|&at| at as usize);
        writer.column(Section::RecordMd5, places().map(|at| raw.md5[at]));
        writer.column(Section::RecordSha256, places().map(|at| raw.sha256[at]));
    }
}

/// Records that were left out while reading, by name: the order in the file must not show.
/// Notes values that count as absent, and a file that names another subdir than its folder.
fn log_odd(raw: &Columns, subdir: &str, warnings: &mut WarningLog) {
    if let Some(own) = raw
        .subdir
        .as_deref()
        .filter(|own| !own.is_empty() && *own != subdir)
    {
        let kind = WarningKind::OtherSubdir;
        warnings.add(kind, "", "info.subdir", || other_subdir(own, subdir));
    }
    let mut odd: Vec<_> = raw.odd.iter().collect();
    odd.sort();
    for value in odd {
        let kind = WarningKind::OddValue;
        warnings.add(kind, &value.file_name, &value.field, || {
            format!("{}; it counts as absent", value.reason)
        });
    }
}

fn other_subdir(own: &str, subdir: &str) -> String {
    format!(
        "{:?} is not the folder {subdir:?}, which counts",
        shorten(own, 80)
    )
}

/// The raw rows of rare fields with another subdir than the folder's.
fn other_subdirs<'r>(raw: &'r Columns, subdir: &str) -> FxHashMap<u32, &'r str> {
    let of_row = |row: usize| {
        let mut fields = rare_fields(raw.rows.get(row as u32));
        let (_, items) = fields.find(|(tag, _)| *tag == rare_tag::SUBDIR)?;
        let own = raw.texts.get(*items.first()?);
        (own != subdir && !own.is_empty()).then_some((row as u32, own))
    };
    (0..raw.rows.len()).filter_map(of_row).collect()
}

fn log_rejected(raw: &Columns, warnings: &mut WarningLog) {
    let mut rejected: Vec<_> = raw.rejected.iter().collect();
    rejected.sort();
    for record in rejected {
        match &record.rejection {
            Rejection::Wrong { field, reason } | Rejection::Unusable { field, reason } => {
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

/// Where the repodata says that the archives are. Credentials in it are nobody's business: index files and lock files
/// are handed around.
fn declared_base_url(raw: &Columns) -> std::borrow::Cow<'_, str> {
    match raw.base_url.as_deref() {
        Some(url) if url.contains("://") && (url.contains('@') || url.contains("/t/")) => {
            crate::channel::without_credentials(url).into()
        }
        url => url.unwrap_or("").into(),
    }
}
