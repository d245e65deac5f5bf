//! Repodata in the form that nearly all of it has, without a parser for all of JSON.
//!
//! A record of a channel has a dozen keys in the order of the record before, most values are those of the record
//! before, and no string has an escape. So this reader guesses: the key that followed this one last time, the spec
//! that followed this one last time. A right guess is one comparison of bytes: nothing is searched, unescaped or
//! hashed.
//!
//! What is not of that form goes to the reader for everything (`document.rs`, `record.rs`): a record with a rare key
//! or an escape as a document that holds only this record, any other part of the file as a document that holds only
//! this part. Guesses are compared and never believed, and a refused record is read again from its start; so what
//! comes out is what the other reader gives. Nothing is said about what is wrong: then the text is read again in one
//! go.

use super::columns::{Columns, NONE};
use super::cursor::Cursor;
use super::deserialize;
use super::document::Document;
use super::draft::{from_hex, milliseconds, Draft};
use super::file_name::{hash_of_name, is_file_name};
use super::predictor::{intern, intern_or_null, Usual};
use super::row::flag;
use super::scratch::Scratch;

/// Reads a document, or a chunk of one; whether it is sound.
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
        text: String::new(),
    };
    reader.document() == Some(()) && reader.cursor.is_at_end()
}

/// A document and how far it is read. Steps give `None` when the text as a whole is to be read another way.
struct Reader<'a, 'x> {
    document: Document<'x>,
    cursor: Cursor<'a>,
    /// Room for parts that the other reader gets.
    text: String,
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

    /// Takes the key of a section of records and the bracket behind it; `None` if it is something else, or a key that
    /// is given twice.
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
        self.text.clear();
        self.text.push_str(open);
        self.text.push_str(self.cursor.since(start)?);
        self.text.push_str(close);
        let Document {
            columns,
            scratch,
            skip_bad_records,
            keys,
            ends_in_section,
            failure,
            ..
        } = &mut self.document;
        let document = Document {
            columns,
            scratch,
            skip_bad_records: *skip_bad_records,
            file_names: None,
            continues,
            keys,
            ends_in_section,
            failure,
        };
        let outcome = deserialize(document, self.text.as_bytes());
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
        let Document {
            columns, scratch, ..
        } = &mut self.document;
        fields(&mut self.cursor, columns, scratch, file_name)?;
        columns.file_hashes.push(hash_of_name(false, file_name));
        Some(())
    }
}

/// Takes the object of a record into a row of the columns.
#[inline]
fn fields(
    cursor: &mut Cursor<'_>,
    columns: &mut Columns,
    scratch: &mut Scratch,
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
        let guess = &mut scratch.predictor.keys[place];
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
                let followers = &mut scratch.predictor.depends;
                record.depends = followers.list(cursor, &mut columns.specs, &mut columns.lists)?;
            }
            Usual::Constrains => {
                let followers = &mut scratch.predictor.constrains;
                record.constrains =
                    followers.list(cursor, &mut columns.specs, &mut columns.lists)?;
            }
            Usual::Subdir => {
                let known = scratch.subdir.map_or(NONE, |(subdir, _)| subdir);
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
    draft.complete(None, file_name, columns, scratch);
    Some(())
}
