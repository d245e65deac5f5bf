//! One record: its keys, its required fields, its coercions (CEP 36, and the habits of older channels).
//!
//! Required are `name`, `version`, `build` and `build_number`; everything else may be absent. A value of a wrong type
//! makes the record wrong where a decision needs it (dependencies, features, flags); any other counts as absent, and
//! is noted. Keys that no column knows are kept as one JSON object. A key that comes twice is an error: parsers disagree on which one
//! wins, so the record would mean different things to different tools.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use super::columns::{Columns, OddValue, RawRecord, NONE};
use super::draft::{from_hex, milliseconds, Draft, Rare};
use super::fields::{
    write_json_string, Accept, Found, Ignore, Intern, ListScratch, OptIntern, OptStr, OptUnsigned,
    Rewrite, Specs, Text, Time, Unsigned, Value, Words,
};
use super::row::flag;
use super::scratch::Scratch;
use crate::record::NoArch;

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
            "" => Ok(None),
            _ => Err(Found::Other("another word")),
        }
    }
}

/// `extra_depends`: group to list of specs (CEP 44), as ids of texts and lists.
struct ExtraDepends<'x> {
    columns: &'x mut Columns,
    scratch: &'x mut ListScratch,
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
                scratch: &mut *self.scratch,
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
pub(crate) enum Outcome {
    /// A row of the columns, the last one now.
    Record,
    /// `record_version` above 1: made for newer tools, conda leaves it out too.
    Newer(u64),
    /// Field and reason.
    Wrong(String, String),
}

/// Reads one record into `columns`.
pub(crate) struct RecordOf<'x> {
    pub columns: &'x mut Columns,
    pub scratch: &'x mut Scratch,
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
            scratch,
            file_name,
        } = self;
        // Guesses for this one.
        let last = columns.records.last().map_or(RawRecord::NEW, Clone::clone);
        let mut draft = Draft::new(file_name);
        let record = &mut draft.record;
        let mut rare: Option<Box<Rare>> = None;
        let mut other_keys: Vec<Cow<'a, str>> = Vec::new();
        let mut record_version = 0;
        let mut seen = 0;
        let mut wrong: Option<(String, String)> = None;
        let mut odd: Vec<(String, String)> = Vec::new();

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
        // The same for what no decision needs: a mismatch counts as an absent value.
        macro_rules! lenient {
            ($key:expr, $accept:expr, $expected:literal) => {
                match map.next_value_seed(Value($accept))? {
                    Ok(value) => value,
                    Err(found) => {
                        let reason = format!(concat!("expected ", $expected, ", found {}"), found);
                        odd.push(($key.as_str().to_owned(), reason));
                        None
                    }
                }
            };
        }
        macro_rules! specs {
            ($key:expr, $scratch:ident) => {
                value!(
                    $key,
                    Specs {
                        specs: &mut columns.specs,
                        lists: &mut columns.lists,
                        scratch: &mut scratch.$scratch
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
                    let known = scratch.subdir.map_or(NONE, |(subdir, _)| subdir);
                    let own = OptIntern(Intern::guessing(&mut columns.texts, known));
                    draft.subdir = lenient!(key, own, "a string");
                }
                Key::NoArch => {
                    let kind = lenient!(key, NoArchOf, "`python`, `generic` or a boolean");
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
                    let words: Option<Vec<u32>> = match map.next_value_seed(Value(words))? {
                        Ok(words) => Some(words),
                        Err(found) => {
                            let reason =
                                format!("expected a string or a list of strings, found {found}");
                            odd.push((key.as_str().to_owned(), reason));
                            None
                        }
                    };
                    rare.get_or_insert_default().features = words.unwrap_or_default();
                }
                Key::Flags => {
                    let words = Words(&mut columns.texts);
                    let words = value!(key, words, "a list of strings");
                    rare.get_or_insert_default().flags = words.unwrap_or_default();
                }
                Key::Timestamp => {
                    let time = lenient!(key, Time, "a non-negative number");
                    record.timestamp = milliseconds(time.unwrap_or(0));
                }
                Key::IndexedTimestamp => {
                    let time = lenient!(key, Time, "a non-negative number");
                    record.indexed_timestamp = milliseconds(time.unwrap_or(0));
                }
                Key::Md5 => {
                    let text = lenient!(key, OptStr, "a string").unwrap_or_default();
                    match from_hex(text.as_bytes()) {
                        Some(hash) => {
                            draft.md5 = hash;
                            record.flags |= flag::HAS_MD5;
                        }
                        None if text.is_empty() => {}
                        None => {
                            let reason = "expected 32 hexadecimal digits, found another text";
                            odd.push((key.as_str().to_owned(), reason.to_owned()));
                        }
                    }
                }
                Key::Sha256 => {
                    let text = lenient!(key, OptStr, "a string").unwrap_or_default();
                    match from_hex(text.as_bytes()) {
                        Some(hash) => {
                            draft.sha256 = hash;
                            record.flags |= flag::HAS_SHA256;
                        }
                        None if text.is_empty() => {}
                        None => {
                            let reason = "expected 64 hexadecimal digits, found another text";
                            odd.push((key.as_str().to_owned(), reason.to_owned()));
                        }
                    }
                }
                Key::Size => {
                    let size = lenient!(key, OptUnsigned, "a non-negative integer");
                    record.size = size.map_or(0, |size| size.saturating_add(1));
                }
                Key::License => {
                    let text = Intern::guessing(&mut columns.licenses, last.license);
                    let id = lenient!(key, OptIntern(text), "a string");
                    record.license = id.unwrap_or(NONE);
                }
                Key::LicenseFamily => {
                    let text = Intern::guessing(&mut columns.licenses, last.license_family);
                    let id = lenient!(key, OptIntern(text), "a string");
                    record.license_family = id.unwrap_or(NONE);
                }
                Key::SitePackages => {
                    let path = OptIntern(Intern::new(&mut columns.texts));
                    let path = lenient!(key, path, "a string");
                    rare.get_or_insert_default().site_packages = path;
                }
                Key::ExtraDepends => {
                    let accept = ExtraDepends {
                        columns: &mut *columns,
                        scratch: &mut scratch.extra,
                    };
                    let groups = value!(key, accept, "an object of lists of strings");
                    rare.get_or_insert_default().extra_depends = groups.unwrap_or_default();
                }
                Key::RecordVersion => {
                    let number = lenient!(key, OptUnsigned, "a non-negative integer");
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
        draft.complete(rare, file_name, columns, scratch);
        if !odd.is_empty() {
            let note = |(field, reason)| OddValue {
                file_name: file_name.to_owned(),
                field,
                reason,
            };
            columns.odd.extend(odd.into_iter().map(note));
        }
        Ok(Ok(Outcome::Record))
    }
}
