//! Repodata in the form that nearly all of it has, without a parser for all of JSON.
//!
//! A record of a channel has a dozen keys in the order of the record before, most values are those of the record before,
//! and no string has an escape. So this reader guesses: the key that followed this one last time, the spec that
//! followed this one last time. A right guess is one comparison of bytes: nothing is searched, unescaped or hashed.
//!
//! What is not of that form goes to the reader for everything (`document.rs`, `record.rs`): a record with a rare key
//! or an escape as a document that holds only this record, any other part of the file as a document that holds only this
//! part. Guesses are compared and never believed, and a refused record is read anew from its start; so what comes
//! out is what the other reader gives. Nothing is said about what is wrong: then the text is read again in one go.

use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

use super::cursor::{Cursor, Token};
use super::deserialize;
use super::document::{is_file_name, Document};
use super::draft::{from_hex, milliseconds, Draft};
use super::intern::{Lists, Texts};
use super::raw::{Columns, NONE};
use super::record::Room;
use crate::index::layout::flag;

/// The keys of usual records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Usual {
    Name,
    Version,
    Build,
    BuildNumber,
    Depends,
    Constrains,
    Subdir,
    NoArch,
    Timestamp,
    IndexedTimestamp,
    Md5,
    Sha256,
    Size,
    License,
    LicenseFamily,
}

impl Usual {
    const COUNT: usize = 15;

    /// Each with its text, quotes and colon included.
    const ALL: [(Usual, &'static str, Token); Usual::COUNT] = [
        usual(Usual::Name, "\"name\":"),
        usual(Usual::Version, "\"version\":"),
        usual(Usual::Build, "\"build\":"),
        usual(Usual::BuildNumber, "\"build_number\":"),
        usual(Usual::Depends, "\"depends\":"),
        usual(Usual::Constrains, "\"constrains\":"),
        usual(Usual::Subdir, "\"subdir\":"),
        usual(Usual::NoArch, "\"noarch\":"),
        usual(Usual::Timestamp, "\"timestamp\":"),
        usual(Usual::IndexedTimestamp, "\"indexed_timestamp\":"),
        usual(Usual::Md5, "\"md5\":"),
        usual(Usual::Sha256, "\"sha256\":"),
        usual(Usual::Size, "\"size\":"),
        usual(Usual::License, "\"license\":"),
        usual(Usual::LicenseFamily, "\"license_family\":"),
    ];

    /// The keys that each record must have, a bit each.
    const REQUIRED: u32 = 1 << Usual::Name as u8
        | 1 << Usual::Version as u8
        | 1 << Usual::Build as u8
        | 1 << Usual::BuildNumber as u8;

    /// Takes a key and its colon; `guess` is tried first.
    #[inline]
    fn take(cursor: &mut Cursor<'_>, guess: Usual) -> Option<Usual> {
        cursor.blank();
        if cursor.took_token(&Usual::ALL[guess as usize].2) {
            return Some(guess);
        }
        let text = cursor.string()?;
        cursor.take(b':')?;
        let is_it = |(_, known, _): &&(_, &str, _)| known.get(1..known.len() - 2) == Some(text);
        Usual::ALL.iter().find(is_it).map(|(key, ..)| *key)
    }
}

const fn usual(key: Usual, text: &'static str) -> (Usual, &'static str, Token) {
    (key, text, Token::new(text))
}

/// What followed what last time.
#[derive(Debug)]
pub(super) struct Habits {
    /// The key behind each key; at the end, the first one.
    keys: [Usual; Usual::COUNT + 1],
    depends: Followers,
    constrains: Followers,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            keys: [Usual::Name; Usual::COUNT + 1],
            depends: Followers::default(),
            constrains: Followers::default(),
        }
    }
}

/// The spec behind each spec in the lists of one key.
#[derive(Debug, Default)]
struct Followers {
    /// By the id of the spec before, plus one; [`NONE`] where nothing is known.
    of: Vec<u32>,
    list: Vec<u32>,
}

impl Followers {
    /// Takes a list of specs.
    #[inline]
    fn list(
        &mut self,
        cursor: &mut Cursor<'_>,
        specs: &mut Texts,
        lists: &mut Lists,
    ) -> Option<u32> {
        cursor.take(b'[')?;
        self.list.clear();
        if cursor.took(b']') {
            return Some(lists.intern(&[]));
        }
        let mut place = 0;
        loop {
            if place >= self.of.len() {
                self.of.resize(specs.len() + 1, NONE);
            }
            let guess = &mut self.of[place];
            let spec = intern(cursor, specs, *guess)?;
            *guess = spec;
            place = spec as usize + 1;
            self.list.push(spec);
            if !cursor.more(b']')? {
                return Some(lists.intern(&self.list));
            }
        }
    }
}

/// Takes a string; `guess` is an id of `texts` or [`NONE`].
#[inline]
fn intern(cursor: &mut Cursor<'_>, texts: &mut Texts, guess: u32) -> Option<u32> {
    if guess != NONE && cursor.took_string(texts.get(guess)) {
        return Some(guess);
    }
    cursor.string().map(|text| texts.intern(text))
}

/// As [`intern`]; [`NONE`] for `null`.
#[inline]
fn intern_or_null(cursor: &mut Cursor<'_>, texts: &mut Texts, guess: u32) -> Option<u32> {
    match cursor.is_at(b'"') {
        true => intern(cursor, texts, guess),
        false => cursor.took_null().then_some(NONE),
    }
}

/// Reads a document, or a piece of one; whether it is sound.
///
/// Apart from the loop of its worker it takes a twentieth more instructions.
#[inline(always)]
pub(super) fn read(document: Document<'_>, text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let mut reader = Reader {
        document,
        cursor: Cursor::new(text),
        room: String::new(),
    };
    reader.document() == Some(()) && reader.cursor.is_at_end()
}

/// A document and how far it is read. Steps give `None` when the text as a whole is to be read another way.
struct Reader<'a, 'x> {
    document: Document<'x>,
    cursor: Cursor<'a>,
    /// Room for parts that the other reader gets.
    room: String,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Option<()> {
        self.cursor.take(b'{')?;
        if self.cursor.took(b'}') {
            return Some(());
        }
        let mut continues = self.document.continues;
        loop {
            self.cursor.blank();
            let start = self.cursor.clone();
            match self.opens_section(continues) {
                Some(key) => self.records(key)?,
                None => {
                    self.cursor = start;
                    self.part("{", "}", continues)?;
                }
            }
            continues = false;
            if !self.cursor.more(b'}')? {
                return Some(());
            }
        }
    }

    /// Takes the key of a section of records and the bracket behind it; `None` if it is something else, or a key that is
    /// given twice.
    fn opens_section(&mut self, continues: bool) -> Option<Option<&'static str>> {
        let key = match self.cursor.string()? {
            _ if continues => None,
            "packages" => Some("packages"),
            "packages.conda" => Some("packages.conda"),
            _ => return None,
        };
        let known = key.is_some_and(|key| self.document.keys.contains(&key));
        self.cursor.take(b':')?;
        self.cursor.take(b'{')?;
        (!known).then_some(key)
    }

    /// Takes the records of a section.
    fn records(&mut self, key: Option<&'static str>) -> Option<()> {
        self.document.keys.extend(key);
        *self.document.ends_in_section = true;
        let mut more = !self.cursor.took(b'}');
        while more {
            self.cursor.blank();
            let start = self.cursor.clone();
            if self.record().is_none() {
                self.cursor = start;
                self.part("{\"\":{", "}}", true)?;
            }
            more = self.cursor.more(b'}')?;
        }
        Some(())
    }

    /// Gives a key and its value to the other reader, as all there is in a document.
    #[cold]
    fn part(&mut self, open: &str, close: &str, continues: bool) -> Option<()> {
        let start = self.cursor.at();
        self.cursor.skip_string()?;
        self.cursor.take(b':')?;
        self.cursor.skip_value()?;
        self.room.clear();
        self.room.push_str(open);
        self.room.push_str(self.cursor.since(start)?);
        self.room.push_str(close);
        let Document {
            columns,
            room,
            skip_bad_records,
            keys,
            ends_in_section,
            failure,
            ..
        } = &mut self.document;
        let document = Document {
            columns,
            room,
            skip_bad_records: *skip_bad_records,
            file_names: None,
            continues,
            keys,
            ends_in_section,
            failure,
        };
        let outcome = deserialize(document, self.room.as_bytes());
        matches!(outcome, Ok(Ok(()))).then_some(())
    }

    /// Takes a record with its file name.
    #[inline]
    fn record(&mut self) -> Option<()> {
        let file_name = self.cursor.string()?;
        self.cursor.take(b':')?;
        if !is_file_name(file_name) {
            return None;
        }
        let Document { columns, room, .. } = &mut self.document;
        fields(&mut self.cursor, columns, room, file_name)?;
        columns.file_hashes.push(hash_of_name(false, file_name));
        Some(())
    }
}

/// Takes the object of a record into a row of the columns.
#[inline]
fn fields(
    cursor: &mut Cursor<'_>,
    columns: &mut Columns,
    room: &mut Room,
    file_name: &str,
) -> Option<()> {
    cursor.take(b'{')?;
    let mut draft = Draft::new(file_name);
    let record = &mut draft.record;
    let last = columns.records.last();
    let last = last.map_or([NONE; 4], |last| {
        [last.name, last.version, last.license, last.license_family]
    });
    let [name, version, license, license_family] = last;
    let mut seen = 0;
    let mut place = Usual::COUNT;
    loop {
        let guess = &mut room.habits.keys[place];
        let key = Usual::take(cursor, *guess)?;
        *guess = key;
        place = key as usize;
        if seen & 1 << place != 0 {
            return None;
        }
        seen |= 1 << place;
        match key {
            Usual::Name => record.name = intern(cursor, &mut columns.names, name)?,
            Usual::Version => record.version = intern(cursor, &mut columns.versions, version)?,
            Usual::Build => record.build = intern(cursor, &mut columns.builds, NONE)?,
            Usual::BuildNumber => record.build_number = cursor.unsigned()?,
            Usual::Depends => {
                let followers = &mut room.habits.depends;
                record.depends = followers.list(cursor, &mut columns.specs, &mut columns.lists)?;
            }
            Usual::Constrains => {
                let followers = &mut room.habits.constrains;
                record.constrains =
                    followers.list(cursor, &mut columns.specs, &mut columns.lists)?;
            }
            Usual::Subdir => {
                let known = room.subdir.map_or(NONE, |(subdir, _)| subdir);
                let own = intern_or_null(cursor, &mut columns.texts, known)?;
                draft.subdir = (own != NONE).then_some(own);
            }
            Usual::NoArch => match cursor.string()? {
                "python" => record.flags |= flag::NOARCH_PYTHON,
                "generic" => record.flags |= flag::NOARCH_GENERIC,
                _ => return None,
            },
            Usual::Timestamp => record.timestamp = milliseconds(cursor.unsigned()?),
            Usual::IndexedTimestamp => {
                record.indexed_timestamp = milliseconds(cursor.unsigned()?);
            }
            Usual::Md5 => {
                draft.md5 = from_hex(cursor.bytes(32)?)?;
                record.flags |= flag::HAS_MD5;
            }
            Usual::Sha256 => {
                draft.sha256 = from_hex(cursor.bytes(64)?)?;
                record.flags |= flag::HAS_SHA256;
            }
            Usual::Size => record.size = cursor.unsigned()?.saturating_add(1),
            Usual::License => {
                record.license = intern_or_null(cursor, &mut columns.licenses, license)?;
            }
            Usual::LicenseFamily => {
                record.license_family =
                    intern_or_null(cursor, &mut columns.licenses, license_family)?;
            }
        }
        if !cursor.more(b'}')? {
            break;
        }
    }
    if seen & Usual::REQUIRED != Usual::REQUIRED {
        return None;
    }
    draft.complete(None, file_name, columns, room);
    Some(())
}

/// The hash by which repeated file names are found; `v3` and the rest are apart.
#[inline]
pub(super) fn hash_of_name(newer: bool, file_name: &str) -> u64 {
    FxBuildHasher.hash_one((newer, file_name))
}
