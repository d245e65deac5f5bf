//! Guesses for usual records: the key that followed this one last time, the spec that followed this one last time.

use super::columns::NONE;
use super::cursor::{Cursor, Token};
use super::intern::{Lists, Texts};

/// The keys of usual records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Usual {
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
    pub(super) const COUNT: usize = 15;

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
    pub(super) const REQUIRED: u32 = 1 << Usual::Name as u8
        | 1 << Usual::Version as u8
        | 1 << Usual::Build as u8
        | 1 << Usual::BuildNumber as u8;

    /// Takes a key and its colon; `guess` is tried first.
    #[inline]
    pub(super) fn take(cursor: &mut Cursor<'_>, guess: Usual) -> Option<Usual> {
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
pub(super) struct Predictor {
    /// The key behind each key; at the end, the first one.
    pub(super) keys: [Usual; Usual::COUNT + 1],
    pub(super) depends: Followers,
    pub(super) constrains: Followers,
}

impl Default for Predictor {
    fn default() -> Predictor {
        Predictor {
            keys: [Usual::Name; Usual::COUNT + 1],
            depends: Followers::default(),
            constrains: Followers::default(),
        }
    }
}

/// The spec behind each spec in the lists of one key.
#[derive(Debug, Default)]
pub(super) struct Followers {
    /// By the id of the spec before, plus one; [`NONE`] where nothing is known.
    of: Vec<u32>,
    list: Vec<u32>,
}

impl Followers {
    /// Takes a list of specs.
    #[inline]
    pub(super) fn list(
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
pub(super) fn intern(cursor: &mut Cursor<'_>, texts: &mut Texts, guess: u32) -> Option<u32> {
    if guess != NONE && cursor.took_string(texts.get(guess)) {
        return Some(guess);
    }
    cursor.string().map(|text| texts.intern(text))
}

/// As [`intern`]; [`NONE`] for `null`.
#[inline]
pub(super) fn intern_or_null(
    cursor: &mut Cursor<'_>,
    texts: &mut Texts,
    guess: u32,
) -> Option<u32> {
    match cursor.is_at(b'"') {
        true => intern(cursor, texts, guess),
        false => cursor.took_null().then_some(NONE),
    }
}
