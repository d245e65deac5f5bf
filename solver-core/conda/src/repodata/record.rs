//! One record: its keys, its required fields, its coercions (CEP 36, and the habits of older channels).
//!
//! Required are `name`, `version`, `build` and `build_number`; everything else may be absent. Keys that no
//! column knows are kept as one JSON object. A key that comes twice is an error: parsers disagree on which one
//! wins, so the record would mean different things to different tools.

use bumpalo::Bump;
use serde::de::{MapAccess, SeqAccess};

use super::fields::{
    write_json_string, Accept, Found, Ignore, OptStr, OptUnsigned, Rewrite, Specs, Str, Text,
    Unsigned, Value, Words,
};
use super::raw::{RawRare, RawRecord, RawRepodata, NONE};
use crate::record::NoArch;

/// The last second that is read as seconds: 9999-12-31T23:59:59Z. Above it a timestamp is in milliseconds.
const LAST_SECOND: u64 = 253_402_300_799;

/// A key of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    Other(&'a str),
}

impl<'a> Key<'a> {
    fn from_text(text: &'a str) -> Key<'a> {
        match text {
            "name" => Key::Name,
            "version" => Key::Version,
            "build" => Key::Build,
            "build_number" => Key::BuildNumber,
            "depends" => Key::Depends,
            "constrains" => Key::Constrains,
            "subdir" => Key::Subdir,
            "noarch" => Key::NoArch,
            "track_features" => Key::TrackFeatures,
            "features" => Key::Features,
            "timestamp" => Key::Timestamp,
            "indexed_timestamp" => Key::IndexedTimestamp,
            "md5" => Key::Md5,
            "sha256" => Key::Sha256,
            "size" => Key::Size,
            "license" => Key::License,
            "license_family" => Key::LicenseFamily,
            "python_site_packages_path" => Key::SitePackages,
            "extra_depends" => Key::ExtraDepends,
            "flags" => Key::Flags,
            "record_version" => Key::RecordVersion,
            other => Key::Other(other),
        }
    }

    fn as_str(self) -> &'a str {
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
    fn bit(self) -> u32 {
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
struct KeyOf<'a>(&'a Bump);

impl<'a> Accept<'a> for KeyOf<'a> {
    type Out = Key<'a>;

    #[inline]
    fn string(self, text: Text<'a, '_>) -> Result<Key<'a>, Found> {
        Ok(match text {
            Text::Borrowed(text) => Key::from_text(text),
            Text::Unescaped(_) => Key::from_text(text.keep(self.0)),
        })
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

/// `extra_depends`: group to list of specs (CEP 44).
struct ExtraDepends<'x, 'a> {
    raw: &'x mut RawRepodata<'a>,
    arena: &'a Bump,
}

impl<'a> Accept<'a> for ExtraDepends<'_, 'a> {
    type Out = Vec<(&'a str, (u32, u32))>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(Vec::new())
    }
    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<Self::Out, Found>, A::Error> {
        let mut groups = Vec::new();
        let mut wrong = None;
        while let Some(group) = map.next_key_seed(Value(Str(self.arena)))? {
            let list = map.next_value_seed(Value(Specs {
                specs: &mut self.raw.specs,
                items: &mut self.raw.items,
                arena: self.arena,
            }))?;
            match (group, list) {
                (Ok(group), Ok(list)) => groups.push((group, list)),
                (Err(found), _) | (_, Err(found)) => wrong = wrong.or(Some(found)),
            }
        }
        Ok(wrong.map_or(Ok(groups), Err))
    }
}

/// What became of a record's text.
pub(crate) enum Outcome<'a> {
    /// A row for the columns.
    Record(RawRecord<'a>),
    /// `record_version` above 1: made for newer tools, conda leaves it out too.
    Newer(u64),
    /// Field and reason.
    Wrong(&'a str, String),
}

/// Reads one record into the interners of `raw`, without adding the row.
pub(crate) struct RecordOf<'x, 'a> {
    pub raw: &'x mut RawRepodata<'a>,
    pub arena: &'a Bump,
    pub file_name: &'a str,
}

impl<'a> Accept<'a> for RecordOf<'_, 'a> {
    type Out = Outcome<'a>;

    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<Self::Out, Found>, A::Error> {
        while list.next_element_seed(Value(Ignore))?.is_some() {}
        Ok(Err(Found::List))
    }

    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<Self::Out, Found>, A::Error> {
        let RecordOf {
            raw,
            arena,
            file_name,
        } = self;
        let mut record = RawRecord {
            file_name,
            name: NONE,
            version: NONE,
            build: NONE,
            build_number: 0,
            timestamp: 0,
            indexed_timestamp: 0,
            size: None,
            md5: None,
            sha256: None,
            depends: (0, 0),
            constrains: (0, 0),
            license: NONE,
            license_family: NONE,
            noarch: None,
            rare: NONE,
        };
        let mut rare = RawRare::default();
        let mut extra = String::new();
        let mut other_keys: Vec<&str> = Vec::new();
        let mut record_version = 0;
        let mut seen = 0;
        let mut wrong: Option<(&'a str, String)> = None;

        // Reads the next value by `$accept`; a mismatch is noted with the words for what was expected.
        macro_rules! value {
            ($key:expr, $accept:expr, $expected:literal) => {
                match map.next_value_seed(Value($accept))? {
                    Ok(value) => Some(value),
                    Err(found) => {
                        let reason = format!(concat!("expected ", $expected, ", found {}"), found);
                        wrong.get_or_insert(($key.as_str(), reason));
                        None
                    }
                }
            };
        }
        macro_rules! specs {
            ($key:expr) => {
                value!(
                    $key,
                    Specs {
                        specs: &mut raw.specs,
                        items: &mut raw.items,
                        arena
                    },
                    "a list of strings"
                )
            };
        }

        while let Some(key) = map.next_key_seed(Value(KeyOf(arena)))? {
            // Keys are strings, the parser has made sure.
            let Ok(key) = key else { continue };
            if seen & key.bit() != 0 {
                wrong.get_or_insert((key.as_str(), "the key is given twice".into()));
            }
            seen |= key.bit();
            match key {
                Key::Name => {
                    if let Some(text) = value!(key, Str(arena), "a string") {
                        record.name = raw.names.intern(text);
                    }
                }
                Key::Version => {
                    if let Some(text) = value!(key, Str(arena), "a string") {
                        record.version = raw.versions.intern(text);
                    }
                }
                Key::Build => {
                    if let Some(text) = value!(key, Str(arena), "a string") {
                        record.build = raw.builds.intern(text);
                    }
                }
                Key::BuildNumber => {
                    if let Some(number) = value!(key, Unsigned, "a non-negative integer") {
                        record.build_number = number;
                    }
                }
                Key::Depends => record.depends = specs!(key).unwrap_or((0, 0)),
                Key::Constrains => record.constrains = specs!(key).unwrap_or((0, 0)),
                Key::Subdir => {
                    rare.subdir = value!(key, OptStr(arena), "a string").flatten();
                }
                Key::NoArch => {
                    record.noarch =
                        value!(key, NoArchOf, "`python`, `generic` or a boolean").flatten();
                }
                Key::TrackFeatures => {
                    rare.track_features =
                        value!(key, Words(arena), "a string or a list of strings")
                            .unwrap_or_default();
                }
                Key::Features => {
                    rare.features = value!(key, Words(arena), "a string or a list of strings")
                        .unwrap_or_default();
                }
                Key::Flags => {
                    rare.flags = value!(key, Words(arena), "a list of strings").unwrap_or_default();
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
                    let text = value!(key, OptStr(arena), "a string").flatten();
                    record.md5 = text.and_then(from_hex);
                    rare.md5 = text.filter(|text| record.md5.is_none() && !text.is_empty());
                }
                Key::Sha256 => {
                    let text = value!(key, OptStr(arena), "a string").flatten();
                    record.sha256 = text.and_then(from_hex);
                    rare.sha256 = text.filter(|text| record.sha256.is_none() && !text.is_empty());
                }
                Key::Size => {
                    record.size = value!(key, OptUnsigned, "a non-negative integer").flatten();
                }
                Key::License => {
                    if let Some(text) = value!(key, OptStr(arena), "a string").flatten() {
                        record.license = raw.licenses.intern(text);
                    }
                }
                Key::LicenseFamily => {
                    if let Some(text) = value!(key, OptStr(arena), "a string").flatten() {
                        record.license_family = raw.licenses.intern(text);
                    }
                }
                Key::SitePackages => {
                    rare.python_site_packages_path =
                        value!(key, OptStr(arena), "a string").flatten();
                }
                Key::ExtraDepends => {
                    let accept = ExtraDepends {
                        raw: &mut *raw,
                        arena,
                    };
                    rare.extra_depends =
                        value!(key, accept, "an object of lists of strings").unwrap_or_default();
                }
                Key::RecordVersion => {
                    let number = value!(key, OptUnsigned, "a non-negative integer").flatten();
                    record_version = number.unwrap_or(0);
                }
                Key::Other(name) => {
                    if other_keys.contains(&name) {
                        wrong.get_or_insert((name, "the key is given twice".into()));
                    }
                    other_keys.push(name);
                    extra.push(if extra.is_empty() { '{' } else { ',' });
                    write_json_string(&mut extra, name);
                    extra.push(':');
                    // `Rewrite` takes every value.
                    map.next_value_seed(Value(Rewrite(&mut extra)))?.ok();
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
                return Ok(Ok(Outcome::Wrong(key.as_str(), reason)));
            }
        }
        if !extra.is_empty() {
            extra.push('}');
            rare.extra_json = arena.alloc_str(&extra);
        }
        if rare != RawRare::default() {
            let common_subdir = RawRare {
                subdir: rare.subdir,
                ..RawRare::default()
            };
            // Nearly every record repeats its subdir; consecutive ones share one row for that.
            let repeats = rare == common_subdir && raw.rare.last() == Some(&rare);
            if !repeats {
                raw.rare.push(rare);
            }
            record.rare = raw.rare.len() as u32 - 1;
        }
        Ok(Ok(Outcome::Record(record)))
    }
}

/// Timestamps of old records are in seconds.
fn milliseconds(time: u64) -> u64 {
    if time <= LAST_SECOND {
        time * 1000
    } else {
        time
    }
}

/// `2N` hex digits, of either case.
fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut invalid = 0;
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = HEX_VALUE[usize::from(pair[0])];
        let low = HEX_VALUE[usize::from(pair[1])];
        invalid |= high | low;
        *byte = high << 4 | low & 0x0f;
    }
    (invalid < 16).then_some(bytes)
}

/// The value of each byte as a hex digit; 16 or more for those that are none.
const HEX_VALUE: [u8; 256] = {
    let mut table = [0x80; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};
