//! Reading one JSON value as what a field should be, with the coercions that real channels need.
//!
//! A value of a wrong type is no parse error: the reader consumes it whole and hands back what was found
//! instead, so that the caller can name record and field, or skip just this record and go on. Only text that
//! is not JSON stops the parser. Nesting is bounded by the parser's own limit (255 levels), because every
//! value, also an ignored one, is walked through its depth-counted entry points.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::columns::NONE;
use super::intern::{Lists, Texts};

/// What stood where something else was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Null,
    Bool,
    Number,
    String,
    List,
    Object,
    /// A list with an element of a wrong type.
    ListWith(&'static str),
    /// Right type, wrong value.
    Other(&'static str),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Null => f.write_str("null"),
            Found::Bool => f.write_str("a boolean"),
            Found::Number => f.write_str("a number"),
            Found::String => f.write_str("a string"),
            Found::List => f.write_str("a list"),
            Found::Object => f.write_str("an object"),
            Found::ListWith(what) => write!(f, "{what} in the list"),
            Found::Other(what) => f.write_str(what),
        }
    }
}

impl Found {
    fn as_element(self) -> Found {
        Found::ListWith(match self {
            Found::Null => "null",
            Found::Bool => "a boolean",
            Found::Number => "a number",
            Found::String => "a string",
            Found::List => "a list",
            Found::Object => "an object",
            Found::ListWith(what) | Found::Other(what) => what,
        })
    }
}

/// A string as the parser hands it out.
pub(crate) enum Text<'a, 's> {
    /// A chunk of the JSON text itself.
    Borrowed(&'a str),
    /// Unescaped into a buffer that the next string overwrites.
    Unescaped(&'s str),
}

impl<'a> Text<'a, '_> {
    /// The string for as long as the JSON lives.
    #[inline]
    pub(super) fn keep(self) -> Cow<'a, str> {
        match self {
            Text::Borrowed(text) => Cow::Borrowed(text),
            Text::Unescaped(text) => Cow::Owned(text.to_owned()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Unescaped(text) => text,
        }
    }
}

/// One way to read a value. The defaults refuse everything.
pub(crate) trait Accept<'a>: Sized {
    /// What the value becomes.
    type Out;

    /// `null`.
    fn null(self) -> Result<Self::Out, Found> {
        Err(Found::Null)
    }
    /// `true` or `false`.
    fn bool(self, _value: bool) -> Result<Self::Out, Found> {
        Err(Found::Bool)
    }
    /// An integer from 0 to 2^64-1.
    fn unsigned(self, _value: u64) -> Result<Self::Out, Found> {
        Err(Found::Number)
    }
    /// A negative integer.
    fn negative(self, _value: i64) -> Result<Self::Out, Found> {
        Err(Found::Number)
    }
    /// Any other number.
    fn float(self, _value: f64) -> Result<Self::Out, Found> {
        Err(Found::Number)
    }
    /// A string.
    fn string(self, _text: Text<'a, '_>) -> Result<Self::Out, Found> {
        Err(Found::String)
    }
    /// A list.
    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<Self::Out, Found>, A::Error> {
        while list.next_element_seed(Value(Ignore))?.is_some() {}
        Ok(Err(Found::List))
    }
    /// An object.
    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<Self::Out, Found>, A::Error> {
        while map.next_key_seed(Value(Ignore))?.is_some() {
            map.next_value_seed(Value(Ignore))?.ok();
        }
        Ok(Err(Found::Object))
    }
}

/// Reads a value of any type by an [`Accept`].
pub(crate) struct Value<T>(pub T);

impl<'a, T: Accept<'a>> DeserializeSeed<'a> for Value<T> {
    type Value = Result<T::Out, Found>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, T: Accept<'a>> Visitor<'a> for Value<T> {
    type Value = Result<T::Out, Found>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.0.null())
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.0.bool(value))
    }
    #[inline]
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(self.0.unsigned(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(match u64::try_from(value) {
            Ok(value) => self.0.unsigned(value),
            Err(_) => self.0.negative(value),
        })
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(self.0.float(value))
    }
    #[inline]
    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(self.0.string(Text::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.string(Text::Unescaped(text)))
    }
    #[inline]
    fn visit_seq<A: SeqAccess<'a>>(self, list: A) -> Result<Self::Value, A::Error> {
        self.0.list(list)
    }
    #[inline]
    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.0.object(map)
    }
}

/// Takes anything and keeps nothing.
pub(crate) struct Ignore;

impl<'a> Accept<'a> for Ignore {
    type Out = ();

    fn null(self) -> Result<(), Found> {
        Ok(())
    }
    fn bool(self, _value: bool) -> Result<(), Found> {
        Ok(())
    }
    fn unsigned(self, _value: u64) -> Result<(), Found> {
        Ok(())
    }
    fn negative(self, _value: i64) -> Result<(), Found> {
        Ok(())
    }
    fn float(self, _value: f64) -> Result<(), Found> {
        Ok(())
    }
    fn string(self, _text: Text<'a, '_>) -> Result<(), Found> {
        Ok(())
    }
    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<(), Found>, A::Error> {
        while list.next_element_seed(Value(Ignore))?.is_some() {}
        Ok(Ok(()))
    }
    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        while map.next_key_seed(Value(Ignore))?.is_some() {
            map.next_value_seed(Value(Ignore))?.ok();
        }
        Ok(Ok(()))
    }
}

/// A string.
pub(crate) struct Str;

impl<'a> Accept<'a> for Str {
    type Out = Cow<'a, str>;

    #[inline]
    fn string(self, text: Text<'a, '_>) -> Result<Self::Out, Found> {
        Ok(text.keep())
    }
}

/// A string, or `null` for none.
pub(crate) struct OptStr;

impl<'a> Accept<'a> for OptStr {
    type Out = Option<Cow<'a, str>>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(None)
    }
    #[inline]
    fn string(self, text: Text<'a, '_>) -> Result<Self::Out, Found> {
        Ok(Some(text.keep()))
    }
}

/// A string, interned. Neighbouring records have much in common, so an id can be tried before the table is asked.
pub(crate) struct Intern<'x> {
    texts: &'x mut Texts,
    guess: u32,
}

impl<'x> Intern<'x> {
    pub(super) fn new(texts: &'x mut Texts) -> Self {
        Intern::guessing(texts, NONE)
    }

    /// `guess` is an id of `texts`, or [`NONE`].
    #[inline]
    pub(super) fn guessing(texts: &'x mut Texts, guess: u32) -> Self {
        Intern { texts, guess }
    }
}

impl<'a> Accept<'a> for Intern<'_> {
    type Out = u32;

    #[inline]
    fn string(self, text: Text<'a, '_>) -> Result<u32, Found> {
        let text = text.as_str();
        if self.guess != NONE && self.texts.get(self.guess) == text {
            return Ok(self.guess);
        }
        Ok(self.texts.intern(text))
    }
}

/// As [`Intern`], or `null` for none.
pub(crate) struct OptIntern<'x>(pub Intern<'x>);

impl<'a> Accept<'a> for OptIntern<'_> {
    type Out = Option<u32>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(None)
    }
    #[inline]
    fn string(self, text: Text<'a, '_>) -> Result<Self::Out, Found> {
        self.0.string(text).map(Some)
    }
}

/// A non-negative integer; old channels write some as strings or as floats.
pub(crate) struct Unsigned;

impl<'a> Accept<'a> for Unsigned {
    type Out = u64;

    #[inline]
    fn unsigned(self, value: u64) -> Result<u64, Found> {
        Ok(value)
    }
    fn negative(self, _value: i64) -> Result<u64, Found> {
        Err(Found::Other("a negative number"))
    }
    fn float(self, value: f64) -> Result<u64, Found> {
        // 2^53: above it a float no longer names one integer.
        if (0.0..=9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0 {
            Ok(value as u64)
        } else if value < 0.0 {
            Err(Found::Other("a negative number"))
        } else if value.fract() == 0.0 {
            Err(Found::Other("a number that is too large"))
        } else {
            Err(Found::Other("a number that is not a whole one"))
        }
    }
    fn string(self, text: Text<'a, '_>) -> Result<u64, Found> {
        let text = text.as_str().trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse()
                .map_err(|_| Found::Other("a number that is too large"))
        } else {
            Err(Found::String)
        }
    }
}

/// As [`Unsigned`], or `null` for none.
pub(crate) struct OptUnsigned;

impl<'a> Accept<'a> for OptUnsigned {
    type Out = Option<u64>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(None)
    }
    #[inline]
    fn unsigned(self, value: u64) -> Result<Self::Out, Found> {
        Ok(Some(value))
    }
    fn negative(self, value: i64) -> Result<Self::Out, Found> {
        Unsigned.negative(value).map(Some)
    }
    fn float(self, value: f64) -> Result<Self::Out, Found> {
        Unsigned.float(value).map(Some)
    }
    fn string(self, text: Text<'a, '_>) -> Result<Self::Out, Found> {
        if text.as_str().is_empty() {
            return Ok(None);
        }
        Unsigned.string(text).map(Some)
    }
}

/// A time: as [`OptUnsigned`], or a fraction, of which conda takes the whole part.
pub(crate) struct Time;

impl<'a> Accept<'a> for Time {
    type Out = Option<u64>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(None)
    }
    #[inline]
    fn unsigned(self, value: u64) -> Result<Self::Out, Found> {
        Ok(Some(value))
    }
    fn negative(self, value: i64) -> Result<Self::Out, Found> {
        Unsigned.negative(value).map(Some)
    }
    fn float(self, value: f64) -> Result<Self::Out, Found> {
        Unsigned.float(value.trunc()).map(Some)
    }
    fn string(self, text: Text<'a, '_>) -> Result<Self::Out, Found> {
        OptUnsigned.string(text)
    }
}

/// A list of specs, interned as a whole; `null` is the empty list, a string a list of one.
pub(crate) struct Specs<'x> {
    pub specs: &'x mut Texts,
    pub lists: &'x mut Lists,
    /// The list that was read before this one in the same place, and room for this one.
    pub scratch: &'x mut ListScratch,
}

/// Remembers a list: its items are tried before the table is asked.
#[derive(Debug, Default)]
pub(crate) struct ListScratch {
    list: Vec<u32>,
    last: Vec<u32>,
}

impl<'a> Accept<'a> for Specs<'_> {
    type Out = u32;

    fn null(self) -> Result<u32, Found> {
        Ok(self.lists.intern(&[]))
    }
    fn string(self, text: Text<'a, '_>) -> Result<u32, Found> {
        Ok(self.lists.intern(&[self.specs.intern(text.as_str())]))
    }
    #[inline]
    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<u32, Found>, A::Error> {
        let ListScratch { list: items, last } = self.scratch;
        std::mem::swap(items, last);
        items.clear();
        let mut wrong = None;
        // Lists are sorted as a rule: what is missing or new moves the place by one.
        let mut guess = 0;
        loop {
            let item = Intern::guessing(self.specs, last.get(guess).copied().unwrap_or(NONE));
            match list.next_element_seed(Value(item))? {
                None => break,
                Some(Ok(spec)) => {
                    let near = last.get(guess..).unwrap_or_default().iter().take(3);
                    let skip = near.enumerate().find(|(_, &known)| known == spec);
                    guess += skip.map_or(0, |(skip, _)| skip + 1);
                    items.push(spec);
                }
                Some(Err(found)) => wrong = wrong.or(Some(found.as_element())),
            }
        }
        Ok(match wrong {
            None => Ok(self.lists.intern(items)),
            Some(found) => Err(found),
        })
    }
}

/// A list of words, interned: a list of strings, or one string split at commas and spaces, or `null`.
pub(crate) struct Words<'x>(pub &'x mut Texts);

impl<'a> Accept<'a> for Words<'_> {
    type Out = Vec<u32>;

    fn null(self) -> Result<Self::Out, Found> {
        Ok(Vec::new())
    }
    fn string(self, text: Text<'a, '_>) -> Result<Self::Out, Found> {
        let words = split_words(text.as_str());
        Ok(words.map(|word| self.0.intern(word)).collect())
    }
    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<Self::Out, Found>, A::Error> {
        let mut words = Vec::new();
        let mut wrong = None;
        while let Some(element) = list.next_element_seed(Value(Str))? {
            match element {
                Ok(text) => words.extend(split_words(&text).map(|word| self.0.intern(word))),
                Err(found) => wrong = wrong.or(Some(found.as_element())),
            }
        }
        Ok(wrong.map_or(Ok(words), Err))
    }
}

fn split_words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).filter(|word| !word.is_empty())
}

/// The value as JSON text again, without spaces. Numbers beyond 64 bits become floats.
pub(crate) struct Rewrite<'x>(pub &'x mut String);

impl<'a> Accept<'a> for Rewrite<'_> {
    type Out = ();

    fn null(self) -> Result<(), Found> {
        self.0.push_str("null");
        Ok(())
    }
    fn bool(self, value: bool) -> Result<(), Found> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }
    fn unsigned(self, value: u64) -> Result<(), Found> {
        self.0.push_str(&value.to_string());
        Ok(())
    }
    fn negative(self, value: i64) -> Result<(), Found> {
        self.0.push_str(&value.to_string());
        Ok(())
    }
    fn float(self, value: f64) -> Result<(), Found> {
        self.0.push_str(&format!("{value:?}"));
        Ok(())
    }
    fn string(self, text: Text<'a, '_>) -> Result<(), Found> {
        write_json_string(self.0, text.as_str());
        Ok(())
    }
    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Result<(), Found>, A::Error> {
        self.0.push('[');
        let start = self.0.len();
        loop {
            let before = self.0.len();
            if before > start {
                self.0.push(',');
            }
            if list.next_element_seed(Value(Rewrite(self.0)))?.is_none() {
                self.0.truncate(before);
                break;
            }
        }
        self.0.push(']');
        Ok(Ok(()))
    }
    fn object<A: MapAccess<'a>>(self, mut map: A) -> Result<Result<(), Found>, A::Error> {
        self.0.push('{');
        let start = self.0.len();
        loop {
            let before = self.0.len();
            if before > start {
                self.0.push(',');
            }
            if map.next_key_seed(Value(Rewrite(self.0)))?.is_none() {
                self.0.truncate(before);
                break;
            }
            self.0.push(':');
            map.next_value_seed(Value(Rewrite(self.0)))?.ok();
        }
        self.0.push('}');
        Ok(Ok(()))
    }
}

/// Appends a string literal with JSON's escapes.
pub(crate) fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if (control as u32) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
