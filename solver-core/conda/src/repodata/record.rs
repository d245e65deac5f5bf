//! One record: its keys, its required fields, its coercions (CEP 36, and the habits of older channels).
//!
//! Required are `name`, `version`, `build` and `build_number`; everything else may be absent. Keys that no
//! column knows are kept as one JSON object. A key that comes twice is an error: parsers disagree on which one
//! wins, so the record would mean different things to different tools.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use super::fields::{
    write_json_string, Accept, Found, Ignore, Intern, ListRoom, OptIntern, OptStr, OptUnsigned,
    Rewrite, Specs, Text, Unsigned, Value, Words,
};
use super::quick::Habits;
use super::raw::{archive_flag, is_regular, Columns, RawRecord, NONE};
use crate::index::layout::{flag, rare_tag};
use crate::record::NoArch;

/// The last second that is read as seconds: 9999-12-31T23:59:59Z. Above it a timestamp is in milliseconds.
const LAST_SECOND: u64 = 253_402_300_799;

/// A key of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key<'a> {
    Name,
    Version,
    Build,
    BuildNumber,
    Depends,
    Constrains,
    Subdir,
    NoArch,
    TrackFeatures,
    Features,
    Timestamp,
    IndexedTimestamp,
    Md5,
    Sha256,
    Size,
    License,
    LicenseFamily,
    SitePackages,
    ExtraDepends,
    Flags,
    RecordVersion,
    Other(Cow<'a, str>),
}

impl<'a> Key<'a> {
    #[inline]
    fn from_text(text: Text<'a, '_>) -> Key<'a> {
        // By length first: each record has a dozen keys.
        let known = match text.as_str().len() {
            3 => match text.as_str() {
                "md5" => Some(Key::Md5),
                _ => None,
            },
            4 => match text.as_str() {
                "name" => Some(Key::Name),
                "size" => Some(Key::Size),
                _ => None,
            },
            5 => match text.as_str() {
                "build" => Some(Key::Build),
                "flags" => Some(Key::Flags),
                _ => None,
            },
            6 => match text.as_str() {
                "subdir" => Some(Key::Subdir),
                "noarch" => Some(Key::NoArch),
                "sha256" => Some(Key::Sha256),
                _ => None,
            },
            7 => match text.as_str() {
                "version" => Some(Key::Version),
                "depends" => Some(Key::Depends),
                "license" => Some(Key::License),
                _ => None,
            },
            8 => match text.as_str() {
                "features" => Some(Key::Features),
                _ => None,
            },
            9 => match text.as_str() {
                "timestamp" => Some(Key::Timestamp),
                _ => None,
            },
            10 => match text.as_str() {
                "constrains" => Some(Key::Constrains),
                _ => None,
            },
            12 => match text.as_str() {
                "build_number" => Some(Key::BuildNumber),
                _ => None,
            },
            13 => match text.as_str() {
                "extra_depends" => Some(Key::ExtraDepends),
                _ => None,
            },
            14 => match text.as_str() {
                "track_features" => Some(Key::TrackFeatures),
                "license_family" => Some(Key::LicenseFamily),
                "record_version" => Some(Key::RecordVersion),
                _ => None,
            },
            17 => match text.as_str() {
                "indexed_timestamp" => Some(Key::IndexedTimestamp),
                _ => None,
            },
            25 => match text.as_str() {
                "python_site_packages_path" => Some(Key::SitePackages),
                _ => None,
            },
            _ => None,
        };
        known.unwrap_or_else(|| Key::Other(text.keep()))
    }

    fn as_str(&self) -> &str {
        match self {
            Key::Name => "name",
            Key::Version => "version",
            Key::Build => "build",
            Key::BuildNumber => "build_number",
            Key::Depends => "depends",
            Key::Constrains => "constrains",
            Key::Subdir => "subdir",
            Key::NoArch => "noarch",
            Key::TrackFeatures => "track_features",
            Key::Features => "features",
            Key::Timestamp => "timestamp",
            Key::IndexedTimestamp => "indexed_timestamp",
            Key::Md5 => "md5",
            Key::Sha256 => "sha256",
            Key::Size => "size",
            Key::License => "license",
            Key::LicenseFamily => "license_family",
            Key::SitePackages => "python_site_packages_path",
            Key::ExtraDepends => "extra_depends",
            Key::Flags => "flags",
            Key::RecordVersion => "record_version",
            Key::Other(other) => other,
        }
    }

    /// One bit a column key, for finding repetitions.
    fn bit(&self) -> u32 {
        match self {
            Key::Name => 1,
            Key::Version => 1 << 1,
            Key::Build => 1 << 2,
            Key::BuildNumber => 1 << 3,
            Key::Depends => 1 << 4,
            Key::Constrains => 1 << 5,
            Key::Subdir => 1 << 6,
            Key::NoArch => 1 << 7,
            Key::TrackFeatures => 1 << 8,
            Key::Features => 1 << 9,
            Key::Timestamp => 1 << 10,
            Key::IndexedTimestamp => 1 << 11,
            Key::Md5 => 1 << 12,
            Key::Sha256 => 1 << 13,
            Key::Size => 1 << 14,
            Key::License => 1 << 15,
            Key::LicenseFamily => 1 << 16,
            Key::SitePackages => 1 << 17,
            Key::ExtraDepends => 1 << 18,
            Key::Flags => 1 << 19,
            Key::RecordVersion => 1 << 20,
            Key::Other(_) => 0,
        }
    }
}

/// Reads a key.
struct KeyOf;

impl<'a> Accept<'a> for KeyOf {
    type Out = Key<'a>;

    #[inline]
    fn string(self, text: Text<'a, '_>) -> Result<Key<'a>, Found> {
        Ok(Key::from_text(text))
    }
}

/// `noarch`: absent, `false` and `null` are none; `true` is the oldest way to say `generic`.
struct NoArchOf;

impl<'a> Accept<'a> for NoArchOf {
    type Out = Option<NoArch>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(None)
    }
    fn bool(self, value: bool) -> Result<Self::Out, Found> {
        Ok(value.then_some(NoArch::Generic))
    }
    fn string(self, text: Text<'a, '_>) -> Result<Self::Out, Found> {
        match text.as_str() {
            "python" => Ok(Some(NoArch::Python)),
            "generic" => Ok(Some(NoArch::Generic)),
            _ => Err(Found::Other("another word")),
        }
    }
}

/// `extra_depends`: group to list of specs (CEP 44), as ids of texts and lists.
struct ExtraDepends<'x> {
    columns: &'x mut Columns,
    room: &'x mut ListRoom,
}

impl<'a> Accept<'a> for ExtraDepends<'_> {
    type Out = Vec<(u32, u32)>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(Vec::new())
    }
    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<Self::Out, Found>, A::Error> {
        let mut groups = Vec::new();
        let mut wrong = None;
        while let Some(group) = map.next_key_seed(Value(Intern::new(&mut self.columns.texts)))? {
            let list = map.next_value_seed(Value(Specs {
                specs: &mut self.columns.specs,
                lists: &mut self.columns.lists,
                room: &mut *self.room,
            }))?;
            match (group, list) {
                (Ok(group), Ok(list)) => groups.push((group, list)),
                (Err(found), _) | (_, Err(found)) => wrong = wrong.or(Some(found)),
            }
        }
        Ok(wrong.map_or(Ok(groups), Err))
    }
}

/// The fields that few records have; ids of texts.
#[derive(Debug, Default)]
struct Rare {
    track_features: Vec<u32>,
    features: Vec<u32>,
    flags: Vec<u32>,
    site_packages: Option<u32>,
    /// The record's own `subdir`; the builder drops it where it only repeats the segment's.
    subdir: Option<u32>,
    /// Hashes that are not hex of the right length are kept as written: no download can match them.
    md5: Option<u32>,
    sha256: Option<u32>,
    /// Group and list of specs.
    extra_depends: Vec<(u32, u32)>,
    /// The remaining keys as one JSON object, or empty.
    extra_json: String,
}

impl Rare {
    /// Adds the row, or finds it.
    fn row(&self, columns: &mut Columns, row: &mut Vec<u32>) -> u32 {
        row.clear();
        let words = [
            (rare_tag::TRACK_FEATURES, self.track_features.as_slice()),
            (rare_tag::FEATURES, &self.features),
            (rare_tag::FLAGS, &self.flags),
            (rare_tag::SITE_PACKAGES, self.site_packages.as_slice()),
            (rare_tag::SUBDIR, self.subdir.as_slice()),
            (rare_tag::MD5, self.md5.as_slice()),
            (rare_tag::SHA256, self.sha256.as_slice()),
        ];
        for (tag, texts) in words {
            if !texts.is_empty() {
                row.extend([tag, texts.len() as u32]);
                row.extend(texts);
            }
        }
        if !self.extra_json.is_empty() {
            let text = columns.texts.intern(&self.extra_json);
            row.extend([rare_tag::EXTRA_JSON, 1, text]);
        }
        for &(group, list) in &self.extra_depends {
            let specs = columns.lists.get(list);
            row.extend([rare_tag::EXTRA_DEPENDS, specs.len() as u32 + 1, group]);
            row.extend(specs);
        }
        columns.rows.intern(row)
    }
}

/// What became of a record's text.
pub(crate) enum Outcome {
    /// A row of the columns, the last one now.
    Record,
    /// `record_version` above 1: made for newer tools, conda leaves it out too.
    Newer(u64),
    /// Field and reason.
    Wrong(String, String),
}

/// What is used again for each record.
#[derive(Debug, Default)]
pub(crate) struct Room {
    depends: ListRoom,
    constrains: ListRoom,
    extra: ListRoom,
    row: Vec<u32>,
    /// The last subdir and the row that says only that.
    pub(super) subdir: Option<(u32, u32)>,
    /// Guesses for usual records.
    pub(super) habits: Habits,
}

/// Reads one record into `columns`.
pub(crate) struct RecordOf<'x> {
    pub columns: &'x mut Columns,
    pub room: &'x mut Room,
    pub file_name: &'x str,
}

impl<'a> Accept<'a> for RecordOf<'_> {
    type Out = Outcome;

    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<Self::Out, Found>, A::Error> {
        while list.next_element_seed(Value(Ignore))?.is_some() {}
        Ok(Err(Found::List))
    }

    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<Self::Out, Found>, A::Error> {
        let RecordOf {
            columns,
            room,
            file_name,
        } = self;
        // Guesses for this one.
        let last = columns.records.last().map_or(RawRecord::NEW, Clone::clone);
        let mut record = RawRecord {
            flags: archive_flag(file_name),
            ..RawRecord::NEW
        };
        let (mut md5, mut sha256) = ([0; 16], [0; 32]);
        let mut subdir = None;
        let mut rare: Option<Box<Rare>> = None;
        let mut other_keys: Vec<Cow<'a, str>> = Vec::new();
        let mut record_version = 0;
        let mut seen = 0;
        let mut wrong: Option<(String, String)> = None;

        // Reads the next value by `$accept`; a mismatch is noted with the words for what was expected.
        macro_rules! value {
            ($key:expr, $accept:expr, $expected:literal) => {
                match map.next_value_seed(Value($accept))? {
                    Ok(value) => Some(value),
                    Err(found) => {
                        let reason = format!(concat!("expected ", $expected, ", found {}"), found);
                        wrong.get_or_insert(($key.as_str().into(), reason));
                        None
                    }
                }
            };
        }
        macro_rules! specs {
            ($key:expr, $room:ident) => {
                value!(
                    $key,
                    Specs {
                        specs: &mut columns.specs,
                        lists: &mut columns.lists,
                        room: &mut room.$room
                    },
                    "a list of strings"
                )
            };
        }

        while let Some(key) = map.next_key_seed(Value(KeyOf))? {
            // Keys are strings, the parser has made sure.
            let Ok(key) = key else { continue };
            if seen & key.bit() != 0 {
                wrong.get_or_insert((key.as_str().into(), "the key is given twice".into()));
            }
            seen |= key.bit();
            match key {
                Key::Name => {
                    if let Some(id) = value!(
                        key,
                        Intern::guessing(&mut columns.names, last.name),
                        "a string"
                    ) {
                        record.name = id;
                    }
                }
                Key::Version => {
                    if let Some(id) = value!(
                        key,
                        Intern::guessing(&mut columns.versions, last.version),
                        "a string"
                    ) {
                        record.version = id;
                    }
                }
                Key::Build => {
                    if let Some(id) = value!(key, Intern::new(&mut columns.builds), "a string") {
                        record.build = id;
                    }
                }
                Key::BuildNumber => {
                    if let Some(number) = value!(key, Unsigned, "a non-negative integer") {
                        record.build_number = number;
                    }
                }
                Key::Depends => record.depends = specs!(key, depends).unwrap_or(0),
                Key::Constrains => record.constrains = specs!(key, constrains).unwrap_or(0),
                Key::Subdir => {
                    let known = room.subdir.map_or(NONE, |(subdir, _)| subdir);
                    let own = OptIntern(Intern::guessing(&mut columns.texts, known));
                    subdir = value!(key, own, "a string").flatten();
                }
                Key::NoArch => {
                    let kind = value!(key, NoArchOf, "`python`, `generic` or a boolean").flatten();
                    record.flags |= match kind {
                        None => 0,
                        Some(NoArch::Generic) => flag::NOARCH_GENERIC,
                        Some(NoArch::Python) => flag::NOARCH_PYTHON,
                    };
                }
                Key::TrackFeatures => {
                    let words = Words(&mut columns.texts);
                    let words = value!(key, words, "a string or a list of strings");
                    rare.get_or_insert_default().track_features = words.unwrap_or_default();
                }
                Key::Features => {
                    let words = Words(&mut columns.texts);
                    let words = value!(key, words, "a string or a list of strings");
                    rare.get_or_insert_default().features = words.unwrap_or_default();
                }
                Key::Flags => {
                    let words = Words(&mut columns.texts);
                    let words = value!(key, words, "a list of strings");
                    rare.get_or_insert_default().flags = words.unwrap_or_default();
                }
                Key::Timestamp => {
                    let time = value!(key, OptUnsigned, "a non-negative integer").flatten();
                    record.timestamp = milliseconds(time.unwrap_or(0));
                }
                Key::IndexedTimestamp => {
                    let time = value!(key, OptUnsigned, "a non-negative integer").flatten();
                    record.indexed_timestamp = milliseconds(time.unwrap_or(0));
                }
                Key::Md5 => {
                    let text = value!(key, OptStr, "a string")
                        .flatten()
                        .unwrap_or_default();
                    match from_hex(text.as_bytes()) {
                        Some(hash) => {
                            md5 = hash;
                            record.flags |= flag::HAS_MD5;
                        }
                        None if text.is_empty() => {}
                        None => {
                            let text = columns.texts.intern(&text);
                            rare.get_or_insert_default().md5 = Some(text);
                        }
                    }
                }
                Key::Sha256 => {
                    let text = value!(key, OptStr, "a string")
                        .flatten()
                        .unwrap_or_default();
                    match from_hex(text.as_bytes()) {
                        Some(hash) => {
                            sha256 = hash;
                            record.flags |= flag::HAS_SHA256;
                        }
                        None if text.is_empty() => {}
                        None => {
                            let text = columns.texts.intern(&text);
                            rare.get_or_insert_default().sha256 = Some(text);
                        }
                    }
                }
                Key::Size => {
                    let size = value!(key, OptUnsigned, "a non-negative integer").flatten();
                    record.size = size.map_or(0, |size| size.saturating_add(1));
                }
                Key::License => {
                    let text = Intern::guessing(&mut columns.licenses, last.license);
                    let id = value!(key, OptIntern(text), "a string").flatten();
                    record.license = id.unwrap_or(NONE);
                }
                Key::LicenseFamily => {
                    let text = Intern::guessing(&mut columns.licenses, last.license_family);
                    let id = value!(key, OptIntern(text), "a string").flatten();
                    record.license_family = id.unwrap_or(NONE);
                }
                Key::SitePackages => {
                    let path = value!(key, OptIntern(Intern::new(&mut columns.texts)), "a string")
                        .flatten();
                    rare.get_or_insert_default().site_packages = path;
                }
                Key::ExtraDepends => {
                    let accept = ExtraDepends {
                        columns: &mut *columns,
                        room: &mut room.extra,
                    };
                    let groups = value!(key, accept, "an object of lists of strings");
                    rare.get_or_insert_default().extra_depends = groups.unwrap_or_default();
                }
                Key::RecordVersion => {
                    let number = value!(key, OptUnsigned, "a non-negative integer").flatten();
                    record_version = number.unwrap_or(0);
                }
                Key::Other(name) => {
                    if other_keys.contains(&name) {
                        let twice = "the key is given twice".into();
                        wrong.get_or_insert((name.to_string(), twice));
                    }
                    let extra = &mut rare.get_or_insert_default().extra_json;
                    extra.push(if extra.is_empty() { '{' } else { ',' });
                    write_json_string(extra, &name);
                    extra.push(':');
                    other_keys.push(name);
                    // `Rewrite` takes every value.
                    map.next_value_seed(Value(Rewrite(extra)))?.ok();
                }
            }
        }

        if record_version > 1 {
            return Ok(Ok(Outcome::Newer(record_version)));
        }
        if let Some((field, reason)) = wrong {
            return Ok(Ok(Outcome::Wrong(field, reason)));
        }
        for key in [Key::Name, Key::Version, Key::Build, Key::BuildNumber] {
            if seen & key.bit() == 0 {
                let reason = "the key is missing".to_string();
                return Ok(Ok(Outcome::Wrong(key.as_str().into(), reason)));
            }
        }
        let draft = Draft {
            record,
            md5,
            sha256,
            subdir,
        };
        draft.complete(rare, file_name, columns, room);
        Ok(Ok(Outcome::Record))
    }
}

/// A record whose keys were read, before it becomes a row.
pub(super) struct Draft {
    pub record: RawRecord,
    pub md5: [u8; 16],
    pub sha256: [u8; 32],
    /// In [`Columns::texts`].
    pub subdir: Option<u32>,
}

impl Draft {
    /// A draft of which only the archive is known.
    #[inline]
    pub fn new(file_name: &str) -> Draft {
        Draft {
            record: RawRecord {
                flags: archive_flag(file_name),
                ..RawRecord::NEW
            },
            md5: [0; 16],
            sha256: [0; 32],
            subdir: None,
        }
    }

    /// Adds the row. Name, version and build must be there.
    ///
    /// A call of its own: inlined into the loop over keys, a build takes 5 % more instructions.
    #[inline(never)]
    fn complete(
        mut self,
        rare: Option<Box<Rare>>,
        file_name: &str,
        columns: &mut Columns,
        room: &mut Room,
    ) {
        let regular = is_regular(
            file_name,
            columns.names.get(self.record.name),
            columns.versions.get(self.record.version),
            columns.builds.get(self.record.build),
        );
        if !regular {
            self.record.file_name = columns.texts.intern(file_name);
        }
        self.record.rare = match (rare, self.subdir) {
            (None, None) => 0,
            // Nearly every record repeats its subdir and has nothing else.
            (None, Some(subdir)) => match room.subdir {
                Some((last, row)) if last == subdir => row,
                _ => {
                    let row = [rare_tag::SUBDIR, 1, subdir];
                    let row = columns.rows.intern(&row);
                    room.subdir = Some((subdir, row));
                    row
                }
            },
            (Some(mut rare), subdir) => {
                rare.subdir = subdir;
                if !rare.track_features.is_empty() {
                    self.record.flags |= flag::TRACK_FEATURES;
                }
                if !rare.extra_depends.is_empty() {
                    self.record.flags |= flag::EXTRAS;
                }
                if !rare.extra_json.is_empty() {
                    rare.extra_json.push('}');
                }
                rare.row(columns, &mut room.row)
            }
        };
        columns.records.push(self.record);
        columns.md5.push(self.md5);
        columns.sha256.push(self.sha256);
    }

    /// Adds the row of a record that has nothing rare but its subdir.
    #[inline]
    pub fn complete_usual(self, file_name: &str, columns: &mut Columns, room: &mut Room) {
        self.complete(None, file_name, columns, room);
    }
}

/// Timestamps of old records are in seconds.
pub(super) fn milliseconds(time: u64) -> u64 {
    if time <= LAST_SECOND {
        time * 1000
    } else {
        time
    }
}

/// `2N` hex digits, of either case; `N` must be a multiple of 4.
#[inline]
pub(super) fn from_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut valid = true;
    for (bytes, digits) in bytes.chunks_exact_mut(4).zip(text.chunks_exact(8)) {
        let (four, sound) = from_eight_digits(digits.first_chunk()?);
        bytes.copy_from_slice(&four);
        valid &= sound;
    }
    valid.then_some(bytes)
}

/// Eight digits at once, as the bytes of one word; and whether they are digits.
#[inline]
fn from_eight_digits(digits: &[u8; 8]) -> ([u8; 4], bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let word = u64::from_le_bytes(*digits);
    // The high bit of each byte that is at least `least`; right for bytes below 0x80, and no other is a digit.
    let at_least =
        |word: u64, least: u8| (word & !HIGH).wrapping_add(u64::from(0x80 - least) * ONES) & HIGH;
    let lower = word | (0x20 * ONES);
    let decimal = at_least(word, b'0') & !at_least(word, b'9' + 1);
    let letter = at_least(word, b'A') & at_least(lower, b'a') & !at_least(lower, b'f' + 1);
    let valid = (decimal | letter) & !word & HIGH == HIGH;
    let values = (word & (0x0f * ONES)) + (letter >> 7) * 9;
    // The first digit of a pair is the higher one, and the lower byte of the word.
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let pairs = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (((pairs | pairs >> 16) as u32).to_le_bytes(), valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_either_case() {
        let text = "00ff7F80abcdefABCDEF0123456789a9";
        let bytes: [u8; 16] = from_hex(text.as_bytes()).unwrap();
        let as_number = u128::from_str_radix(text, 16).unwrap();
        assert_eq!(bytes, as_number.to_be_bytes());
        for at in 0..32 {
            for wrong in (0..=255u8).filter(|byte| !byte.is_ascii_hexdigit()) {
                let mut text = text.as_bytes().to_vec();
                text[at] = wrong;
                assert_eq!(from_hex::<16>(&text), None, "{text:?}");
            }
        }
        assert_eq!(from_hex::<16>(&text.as_bytes()[1..]), None);
    }
}
