//! The tokens of JSON that nearly all repodata is made of, read at a place of a text.
//!
//! Every step is `None` when something else stands there, sound or not: a string with an escape, a number that is no
//! plain integer. The caller then gives the text to the reader for all of JSON. What is read without such a
//! refusal is sound JSON: control characters in strings, leading zeros and the like are refused too.
//!
//! Strings are searched for their end in words of eight bytes. They are short (a name, a spec), so that setting up
//! wider registers costs more than it brings; and many are not searched at all but compared with a guess.

/// Bytes that JSON allows between tokens.
#[inline]
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Bytes in a row that are looked at to find a [`Token`].
const WIDTH: usize = 24;

/// A few bytes to look for, in the form in which one look finds them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    words: [u64; WIDTH / 8],
    /// Which bits of the words count.
    masks: [u64; WIDTH / 8],
    length: usize,
}

impl Token {
    /// The token of a text of at most [`WIDTH`] bytes.
    pub(super) const fn new(text: &str) -> Token {
        let text = text.as_bytes();
        assert!(text.len() <= WIDTH);
        let (mut words, mut masks) = ([0; WIDTH / 8], [0; WIDTH / 8]);
        let mut at = 0;
        while at < text.len() {
            words[at / 8] |= (text[at] as u64) << (at % 8 * 8);
            masks[at / 8] |= 0xff << (at % 8 * 8);
            at += 1;
        }
        let length = text.len();
        Token {
            words,
            masks,
            length,
        }
    }

    /// Whether some bytes begin with it.
    #[inline]
    fn begins(&self, bytes: &[u8; WIDTH]) -> bool {
        let mut differ = 0;
        for (at, bytes) in bytes.chunks_exact(8).enumerate() {
            differ |= (word(bytes) ^ self.words[at]) & self.masks[at];
        }
        differ == 0
    }
}

/// Whether two texts are the same; for short ones, without the call that `==` is.
#[inline]
pub(super) fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if let (Some(a_last), Some(b_last)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        let words = a.chunks_exact(8).zip(b.chunks_exact(8));
        return a_last == b_last
            && words.fold(0, |differ, (a, b)| differ | (word(a) ^ word(b))) == 0;
    }
    if let (Some(a_last), Some(b_last)) = (a.last_chunk::<4>(), b.last_chunk::<4>()) {
        return a_last == b_last && a.first_chunk::<4>() == b.first_chunk::<4>();
    }
    a.iter().zip(b).all(|(a, b)| a == b)
}

/// Eight bytes as a number.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

/// A place in a text.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// The place, in bytes.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from a place up to this one.
    pub(super) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    /// The next byte; 0 at the end, which no token has.
    #[inline]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// What is left.
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Goes to the next token.
    #[inline]
    pub(super) fn blank(&mut self) {
        if self.peek() <= b' ' {
            while is_blank(self.peek()) {
                self.at += 1;
            }
        }
    }

    /// Whether nothing but blanks is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.blank();
        self.at == self.text.len()
    }

    /// Whether the next token begins with a byte.
    #[inline]
    pub(super) fn is_at(&mut self, byte: u8) -> bool {
        self.blank();
        self.peek() == byte
    }

    /// Takes a token of one byte, if it is the next one.
    #[inline]
    pub(super) fn took(&mut self, byte: u8) -> bool {
        let found = self.is_at(byte);
        self.at += usize::from(found);
        found
    }

    /// Takes a token of one byte.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        self.took(byte).then_some(())
    }

    /// Takes `,` and says that more follows, or the closing bracket and says that nothing does.
    #[inline]
    pub(super) fn more(&mut self, close: u8) -> Option<bool> {
        self.blank();
        let byte = self.peek();
        self.at += 1;
        if byte == b',' {
            Some(true)
        } else {
            (byte == close).then_some(false)
        }
    }

    /// Takes `null`, if it is the next token.
    #[inline]
    pub(super) fn took_null(&mut self) -> bool {
        let found = self.is_at(b'n') && self.rest().starts_with(b"null");
        self.at += 4 * usize::from(found);
        found
    }

    /// Takes this token, if it is the next one.
    #[inline]
    pub(super) fn took_token(&mut self, token: &Token) -> bool {
        let found = match self.rest().first_chunk() {
            Some(bytes) => token.begins(bytes),
            // Too near the end of the text: the caller reads the token another way.
            None => false,
        };
        self.at += token.length * usize::from(found);
        found
    }

    /// Takes a string without escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        let end = special(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// Takes this string, if it is next. It must be one that needs no escapes.
    #[inline]
    pub(super) fn took_string(&mut self, known: &str) -> bool {
        if !self.is_at(b'"') {
            return false;
        }
        let (rest, known) = (self.rest(), known.as_bytes());
        let end = known.len() + 1;
        // The quote first: it nearly always tells.
        let found = rest.get(end) == Some(&b'"')
            && rest.get(1..end).is_some_and(|text| is_same(text, known));
        self.at += (end + 1) * usize::from(found);
        found
    }

    /// Takes a string of exactly `length` bytes, whatever they are; the caller must refuse what is no text.
    #[inline]
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let rest = self.rest();
        let bytes = rest.get(..length)?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        self.at += length + 1;
        Some(bytes)
    }

    /// Takes a non-negative integer of at most 18 digits. Whether a number ends there is up to who looks at the next
    /// token: a fraction or an exponent is none.
    #[inline]
    pub(super) fn unsigned(&mut self) -> Option<u64> {
        self.blank();
        let start = self.at;
        let mut value = 0u64;
        loop {
            let digit = self.peek().wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.at += 1;
        }
        let digits = self.at - start;
        let zero_leads = digits > 1 && self.text.as_bytes().get(start) == Some(&b'0');
        ((1..19).contains(&digits) && !zero_leads).then_some(value)
    }

    /// Walks over a string with any contents.
    pub(super) fn skip_string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            self.at = special(self.text.as_bytes(), self.at);
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => return None,
            }
        }
    }

    /// Walks over a value: where it ends *if* it is sound.
    pub(super) fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0usize;
        self.blank();
        loop {
            match self.peek() {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                0 => return None,
                _ if depth > 0 => self.at += 1,
                // A number or a word.
                _ => {
                    let ends = |&byte: &u8| matches!(byte, b',' | b'}' | b']') || is_blank(byte);
                    self.at += self.rest().iter().position(ends)?;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// Each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// Where the first quote, backslash or control character is, from a place on; the end if there is none.
///
/// `(w - n * ONES) & !w & HIGH` marks the bytes of a word that are below `n`, and possibly some above the lowest such
/// one (the subtraction borrows); the lowest mark is right. With one bit turned the quote is the one above the
/// control characters.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const TURNED: u64 = (b'"' ^ b' ') as u64 * ONES;
    let below = |word: u64, limit: u8| word.wrapping_sub(u64::from(limit) * ONES) & !word;
    while let Some(&word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(word);
        let quote_or_control = below(word ^ TURNED, b' ' + 1);
        let backslash = below(word ^ (u64::from(b'\\') * ONES), 1);
        let marks = (quote_or_control | backslash) & HIGH;
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default().iter();
    let is_special = |&byte: &u8| byte < b' ' || byte == b'"' || byte == b'\\';
    at + rest.take_while(|byte| !is_special(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plainly(bytes: &[u8], at: usize) -> usize {
        let found = bytes[at..]
            .iter()
            .position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\');
        found.map_or(bytes.len(), |found| at + found)
    }

    proptest! {
        #[test]
        fn words_find_what_bytes_find(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(b'"'), Just(b'!'), Just(b'#'), Just(b'\\'), Just(b'['), Just(0x1f), Just(b' ')],
                0..40,
            ),
        ) {
            for at in 0..=bytes.len() {
                prop_assert_eq!(special(&bytes, at), plainly(&bytes, at));
            }
        }

        #[test]
        fn short_texts_are_compared_as_a_whole(a in "[ab]{0,30}", b in "[ab]{0,30}", at in 0..30usize) {
            prop_assert_eq!(is_same(a.as_bytes(), b.as_bytes()), a == b);
            prop_assert!(is_same(a.as_bytes(), a.clone().as_bytes()));
            let mut changed = a.clone().into_bytes();
            if let Some(byte) = changed.get_mut(at) {
                *byte = b'c';
                prop_assert!(!is_same(a.as_bytes(), &changed));
            }
        }

        #[test]
        fn tokens_are_prefixes(token in "[ab]{0,24}", text in "[ab]{24,40}") {
            let mut cursor = Cursor::new(&text);
            prop_assert_eq!(cursor.took_token(&Token::new(&token)), text.starts_with(&token));
            let mut cursor = Cursor::new(&token);
            prop_assert_eq!(cursor.took_token(&Token::new(&token)), token.len() == WIDTH);
            let whole = format!("{token}{text}");
            let mut cursor = Cursor::new(&whole);
            prop_assert!(cursor.took_token(&Token::new(&token)));
            prop_assert_eq!(cursor.at(), token.len());
        }

        #[test]
        fn numbers_are_those_of_the_text(text in "[0-9]{1,20}|0[0-9]{0,3}") {
            let sound = text.len() < 19 && (text == "0" || !text.starts_with('0'));
            let expected = sound.then(|| text.parse::<u64>().unwrap());
            let more = format!("{text},");
            let mut cursor = Cursor::new(&more);
            prop_assert_eq!(cursor.unsigned(), expected);
        }
    }

    #[test]
    fn values_are_walked_over() {
        for value in [
            r#""a\"b]""#,
            "12.5e3",
            "null",
            "[]",
            r#"{"a":["}",{"b":[1,2]}],"c":"\\"}"#,
            "true",
        ] {
            let text = format!(" {value} ,");
            let mut cursor = Cursor::new(&text);
            assert_eq!(cursor.skip_value(), Some(()), "{value}");
            assert_eq!(cursor.since(1), Some(value));
            assert!(cursor.took(b','));
        }
        for value in [r#""a"#, "[", "{\"a\":1", "]", "", r#""\"#] {
            assert_eq!(Cursor::new(value).skip_value(), None, "{value}");
        }
    }

    #[test]
    fn guesses_are_compared_as_a_whole() {
        for (known, found) in [("ab", true), ("a", false), ("abc", false), ("", false)] {
            let mut cursor = Cursor::new(r#" "ab","#);
            assert_eq!(cursor.took_string(known), found, "{known}");
            assert_eq!(cursor.took_string("ab"), !found);
        }
    }
}
