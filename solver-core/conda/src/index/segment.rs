//! Reading a segment: every accessor is a bounds-checked look into the bytes.
//!
//! Ids are positions in the columns of *this* segment. Accessors never panic: an id of another segment, or a
//! damaged file, yields empty values (and a damaged file is noticed, see [`Segment::is_damaged`]).

use std::ops::Range;

use super::layout::{spec_flag, Digest, Meta, Section, SpecRow};
use super::storage::Storage;
use super::warning::{self, Warning};
use crate::record::NoArch;
use crate::repodata::row::flag;

/// A package name of a segment, by position: names are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub u32);

/// A name that a segment has packages of, or only mentions in specs. Those below
/// [`Segment::package_count`] are the [`PackageId`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

/// A record of a segment, by position: the records of a package are contiguous, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u32);

/// A distinct version literal of a segment, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub u32);

/// A distinct spec string of a segment.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, bytemuck::Pod, bytemuck::Zeroable,
)]
#[repr(transparent)]
pub struct SpecId(pub u32);

/// A distinct list of specs of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u32);

/// What a spec asks of the build string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuildPattern<'a> {
    /// Nothing.
    Any,
    /// To be this string.
    Exact(&'a str),
    /// To match this glob (`*` for any run of characters).
    Glob(&'a str),
    /// To match this regular expression as a whole.
    Regex(&'a str),
}

/// A spec of a segment, with the parts that the index has parsed; read when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct SpecRef<'a> {
    segment: &'a Segment,
    row: SpecRow,
}

impl<'a> SpecRef<'a> {
    /// The text as written in the repodata.
    pub fn text(&self) -> &'a str {
        self.segment.string(self.row.text)
    }

    /// The exact name; empty when the spec has none (a glob).
    pub fn name(&self) -> &'a str {
        self.name_id().map_or("", |name| self.segment.name(name))
    }

    /// Id of the exact name.
    #[inline]
    pub fn name_id(&self) -> Option<NameId> {
        (self.row.name != u32::MAX).then_some(NameId(self.row.name))
    }

    /// Compiled version spec for [`crate::version_spec::program_matches`]; empty for any version.
    pub fn version_program(&self) -> &'a [u8] {
        self.segment.bytes_of(
            Section::ProgramOffsets,
            Section::ProgramBytes,
            self.row.program,
        )
    }

    /// What is asked of the build string.
    pub fn build(&self) -> BuildPattern<'a> {
        let text = || self.segment.string(self.row.build);
        match self.row.flags & spec_flag::BUILD_MASK {
            spec_flag::BUILD_EXACT => BuildPattern::Exact(text()),
            spec_flag::BUILD_GLOB => BuildPattern::Glob(text()),
            spec_flag::BUILD_REGEX => BuildPattern::Regex(text()),
            _ => BuildPattern::Any,
        }
    }

    /// Whether name, version and build say everything. If not, the text must be parsed as a
    /// [`crate::match_spec::MatchSpec`] and matched on the whole record.
    #[inline]
    pub fn is_simple(&self) -> bool {
        self.row.flags & spec_flag::SIMPLE != 0
    }

    /// Whether the text is no match spec at all; nothing matches it.
    #[inline]
    pub fn is_unparsable(&self) -> bool {
        self.row.flags & spec_flag::UNPARSABLE != 0
    }

    /// Whether it asks for optional dependency groups (CEP 44).
    #[inline]
    pub fn asks_for_extras(&self) -> bool {
        self.row.flags & spec_flag::EXTRAS != 0
    }
}

/// The records of one channel's subdir: immutable, columnar, in one run of bytes.
#[derive(Debug)]
pub struct Segment {
    pub(super) storage: Storage,
    pub(super) meta: Meta,
}

impl Segment {
    pub(super) fn new(storage: Storage) -> Segment {
        let meta = storage
            .slice::<Meta>(Section::Meta, 0..1)
            .first()
            .copied()
            .unwrap_or_default();
        Segment { storage, meta }
    }

    /// Whether the file has as many rows as it says. The numbers size tables of its reader, so in a forged file
    /// they must not be larger than the file.
    pub(super) fn counts_fit(&self) -> bool {
        let Meta {
            records,
            packages,
            names,
            versions,
            lists,
            specs,
            ..
        } = self.meta;
        let rows = |count: u32, size: u64, section| {
            self.storage.length(section) == u64::from(count) * size
        };
        let ends = |count: u32, section| self.storage.length(section) == (u64::from(count) + 1) * 4;
        rows(records, 4, Section::RecordPackage)
            && rows(records, 2, Section::RecordFlags)
            && rows(specs, size_of::<SpecRow>() as u64, Section::Specs)
            && ends(packages, Section::PackageStart)
            && ends(names, Section::NameOffsets)
            && ends(versions, Section::VersionTextOffsets)
            && ends(lists, Section::ListOffsets)
    }

    /// The subdir, such as `linux-64`.
    pub fn subdir(&self) -> &str {
        self.string(self.meta.subdir)
    }

    /// `info.base_url` of the repodata (CEP 15): absolute, or relative to the repodata's own URL; empty if absent.
    pub fn declared_base_url(&self) -> &str {
        self.string(self.meta.base_url)
    }

    /// Number of records.
    pub fn record_count(&self) -> usize {
        self.meta.records as usize
    }

    /// Number of names that have records.
    pub fn package_count(&self) -> usize {
        self.meta.packages as usize
    }

    /// Number of names that have records or are mentioned in a spec.
    pub fn name_count(&self) -> usize {
        self.meta.names as usize
    }

    /// Number of distinct spec strings.
    pub fn spec_count(&self) -> usize {
        self.meta.specs as usize
    }

    /// The bytes of the segment: what its index file holds, byte for byte. Those of an opened file are not checked.
    pub fn as_bytes(&self) -> &[u8] {
        self.storage.bytes()
    }

    /// What the header says the contents are; checked when the file was opened.
    pub(super) fn identity(&self) -> Option<Digest> {
        self.as_bytes().get(24..56)?.try_into().ok()
    }

    /// Whether the segment is a mapped file rather than memory of its own.
    pub fn is_mapped(&self) -> bool {
        self.storage.is_mapped()
    }

    /// Compares all blocks of an opened file with their checksums; whether they match. True for a segment built
    /// in memory. Reads everything.
    pub fn verify(&self) -> bool {
        self.storage.verify()
    }

    /// Whether bytes that were read since opening turned out to be damaged. Answers that used them are void.
    /// Always false for a segment built in memory.
    pub fn is_damaged(&self) -> bool {
        self.storage.is_damaged()
    }

    /// The package of a name, by binary search.
    pub fn find_package(&self, name: &str) -> Option<PackageId> {
        self.find_between(name, 0, self.meta.packages)
            .map(PackageId)
    }

    fn find_between(&self, name: &str, start: u32, end: u32) -> Option<u32> {
        let (mut low, mut high) = (start, end);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.bytes_of(Section::NameOffsets, Section::NameBytes, middle);
            match found.cmp(name.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// A package's name.
    pub fn package_name(&self, package: PackageId) -> &str {
        self.name(NameId(package.0))
    }

    /// A name.
    pub fn name(&self, name: NameId) -> &str {
        self.text_of(Section::NameOffsets, Section::NameBytes, name.0)
    }

    /// All packages, sorted by name.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = PackageId> + use<> {
        (0..self.meta.packages).map(PackageId)
    }

    /// Ids of a package's records, best first: version descending, build number descending, timestamp
    /// descending, `.conda` before `.tar.bz2`, file name.
    pub fn records(&self, package: PackageId) -> Range<u32> {
        let bounds = self.storage.u32_pair(Section::PackageStart, package.0);
        match bounds {
            Some([start, end]) if start <= end && end <= self.meta.records => start..end,
            _ => 0..0,
        }
    }

    /// The package a record belongs to.
    pub fn package_of(&self, record: RecordId) -> PackageId {
        PackageId(self.storage.u32(Section::RecordPackage, record.0))
    }

    /// The name of a record.
    pub fn name_of(&self, record: RecordId) -> &str {
        self.package_name(self.package_of(record))
    }

    /// The record's version, by id: ids are ordered as versions are, newest first (equal versions that are
    /// written differently have neighbouring ids).
    pub fn version_id(&self, record: RecordId) -> VersionId {
        VersionId(self.storage.u32(Section::RecordVersion, record.0))
    }

    /// The key of a record's version ([`crate::version::Version::key`]); empty when the literal is no version.
    pub fn version_key(&self, record: RecordId) -> &[u8] {
        let version = self.version_id(record);
        self.bytes_of(
            Section::VersionKeyOffsets,
            Section::VersionKeyBytes,
            version.0,
        )
    }

    /// A record's version as written.
    pub fn version(&self, record: RecordId) -> &str {
        let version = self.version_id(record);
        self.text_of(
            Section::VersionTextOffsets,
            Section::VersionTextBytes,
            version.0,
        )
    }

    /// A record's build string.
    pub fn build(&self, record: RecordId) -> &str {
        self.string(self.storage.u32(Section::RecordBuild, record.0))
    }

    /// A record's build number.
    pub fn build_number(&self, record: RecordId) -> u64 {
        self.storage.u64(Section::RecordBuildNumber, record.0)
    }

    /// When the record was built, in milliseconds since 1970; 0 when unknown.
    pub fn timestamp(&self, record: RecordId) -> u64 {
        self.storage.u64(Section::RecordTimestamp, record.0)
    }

    /// When the server indexed the record, in milliseconds since 1970 (CEP 47).
    pub fn indexed_timestamp(&self, record: RecordId) -> Option<u64> {
        // The section is empty when no record has one; reading beyond it gives 0.
        match self.storage.u64(Section::RecordIndexed, record.0) {
            0 => None,
            time => Some(time),
        }
    }

    pub(super) fn flags(&self, record: RecordId) -> u16 {
        self.storage.u16(Section::RecordFlags, record.0)
    }

    /// Whether the record turns on features, which the solver avoids.
    pub fn has_track_features(&self, record: RecordId) -> bool {
        self.flags(record) & flag::TRACK_FEATURES != 0
    }

    /// How the record is noarch, if it is.
    pub fn noarch(&self, record: RecordId) -> Option<NoArch> {
        let flags = self.flags(record);
        if flags & flag::NOARCH_PYTHON != 0 {
            Some(NoArch::Python)
        } else if flags & flag::NOARCH_GENERIC != 0 {
            Some(NoArch::Generic)
        } else {
            None
        }
    }

    /// Whether the archive is a `.conda` file.
    pub fn is_conda_archive(&self, record: RecordId) -> bool {
        self.flags(record) & flag::CONDA_ARCHIVE != 0
    }

    /// Whether the record's version, or one of its specs, cannot be parsed. Such a record can never be chosen.
    pub fn is_unparsable(&self, record: RecordId) -> bool {
        self.flags(record) & flag::UNPARSABLE != 0
    }

    /// Whether the record has optional dependency groups (CEP 44), see [`Segment::extra_depends`].
    #[inline]
    pub fn has_extras(&self, record: RecordId) -> bool {
        self.flags(record) & flag::EXTRAS != 0
    }

    /// What the record depends on.
    pub fn depends(&self, record: RecordId) -> &[SpecId] {
        self.list(self.depends_list(record))
    }

    /// What the record constrains.
    pub fn constrains(&self, record: RecordId) -> &[SpecId] {
        self.list(self.constrains_list(record))
    }

    /// The record's list of dependencies, by id: records with equal lists share one.
    pub fn depends_list(&self, record: RecordId) -> ListId {
        ListId(self.storage.u32(Section::RecordDepends, record.0))
    }

    /// The record's list of constraints, by id.
    pub fn constrains_list(&self, record: RecordId) -> ListId {
        ListId(self.storage.u32(Section::RecordConstrains, record.0))
    }

    /// The specs of a list, in the order written.
    pub fn list(&self, list: ListId) -> &[SpecId] {
        match self.bounds(Section::ListOffsets, list.0) {
            Some(range) => self.storage.slice(Section::ListItems, range),
            None => &[],
        }
    }

    /// A spec.
    #[inline]
    pub fn spec(&self, spec: SpecId) -> SpecRef<'_> {
        let row = self.spec_row(spec);
        SpecRef { segment: self, row }
    }

    fn spec_row(&self, spec: SpecId) -> SpecRow {
        let position = spec.0 as usize;
        let row: Option<&SpecRow> = self
            .storage
            .slice(Section::Specs, position..position + 1)
            .first();
        // A spec that is not there must not read as one that matches everything.
        row.copied().unwrap_or(SpecRow {
            name: u32::MAX,
            flags: spec_flag::UNPARSABLE,
            ..SpecRow::default()
        })
    }

    /// What was wrong with records of this segment; `location` is put into the entries.
    pub fn warnings(&self, location: &str) -> Vec<Warning> {
        let section = self.storage.section(Section::Warnings);
        warning::decode(section, location)
    }

    pub(super) fn string(&self, id: u32) -> &str {
        self.text_of(Section::StringOffsets, Section::StringBytes, id)
    }

    pub(super) fn bounds(&self, offsets: Section, id: u32) -> Option<Range<usize>> {
        let [start, end] = self.storage.u32_pair(offsets, id)?;
        Some(start as usize..end as usize)
    }

    pub(super) fn bytes_of(&self, offsets: Section, bytes: Section, id: u32) -> &[u8] {
        match self.bounds(offsets, id) {
            Some(range) => self.storage.slice(bytes, range),
            None => &[],
        }
    }

    fn text_of(&self, offsets: Section, bytes: Section, id: u32) -> &str {
        // Checked each time: the strings are short, and a mapped file is not ours to trust.
        std::str::from_utf8(self.bytes_of(offsets, bytes, id)).unwrap_or_default()
    }
}
