//! Writes version keys: the parser of literals and the byte encoding that the parent module describes.

use super::error::VersionError;
use super::MAX_VERSION_LENGTH;

const STRING: u8 = 0x30;
const STRING_END: u8 = 0x01;
const ZERO_BEFORE_NEGATIVE: u8 = 0x7D;
const SEGMENT_BEFORE_NEGATIVE: u8 = 0x7E;
const PART_END: u8 = 0x80;
const SEGMENT_BEFORE_POSITIVE: u8 = 0x82;
const ZERO_BEFORE_POSITIVE: u8 = 0x83;
const INTEGER: u8 = 0x90;
const LONG_INTEGER: u8 = 0x99;
const POST: u8 = 0xFE;
/// Above every byte that can begin a run or a marker.
const TOP: u8 = 0xFF;

/// Appends the key of `text` (already trimmed) to `out`.
pub(crate) fn encode(text: &str, out: &mut Vec<u8>) -> Result<(), VersionError> {
    let literal = Literal::split(text)?;
    let mut writer = Writer::new(out);
    literal.main_runs(&mut |token| writer.token(token))?;
    writer.finish_part();
    literal.local_runs(&mut |token| writer.token(token))?;
    writer.finish_part();
    Ok(())
}

/// Appends to `low` and `high` the bounds of the keys `low <= key < high` whose versions start with `text`
/// (conda's `startswith`: all runs of `text` but the last are equal; the last is equal if an integer or
/// `post`, a prefix if a string; what follows is free). With `whole_words` a last run that is a string must be equal.
pub(crate) fn encode_prefix(
    text: &str,
    whole_words: bool,
    low: &mut Vec<u8>,
    high: &mut Vec<u8>,
) -> Result<(), VersionError> {
    let literal = Literal::split(text)?;
    let mut tokens = Vec::with_capacity(16);
    let has_local = literal.local.is_some();
    if has_local {
        literal.local_runs(&mut |token| tokens.push(token))?;
    } else {
        literal.main_runs(&mut |token| tokens.push(token))?;
    }
    // The last token is the end of the last segment, the one before it that segment's last run.
    tokens.pop();
    let last = tokens.pop();
    for (out, end) in [(low, Bound::Low), (high, Bound::High)] {
        let mut writer = Writer::new(out);
        if has_local {
            literal.main_runs(&mut |token| writer.token(token))?;
            writer.finish_part();
        }
        for token in &tokens {
            writer.token(*token);
        }
        match (last, end) {
            (Some(Token::Text(bytes)), _) if !whole_words => writer.open_text(bytes, end),
            (last, _) => {
                if let Some(token) = last {
                    writer.token(token);
                }
                writer.open(end);
            }
        }
    }
    Ok(())
}

/// Which bound of an interval is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    Low,
    High,
}

/// One step of a literal: a run, or the end of a segment.
#[derive(Clone, Copy)]
enum Token<'a> {
    /// Decimal digits, possibly with leading zeros.
    Digits(&'a [u8]),
    /// Letters and underscores in any case, other than `post`.
    Text(&'a [u8]),
    /// The word `post`.
    Post,
    /// No runs are left in this segment.
    SegmentEnd,
}

/// A literal cut into its parts.
struct Literal<'a> {
    text: &'a str,
    epoch: &'a [u8],
    main: &'a [u8],
    main_start: usize,
    local: Option<&'a [u8]>,
    local_start: usize,
}

impl<'a> Literal<'a> {
    fn split(text: &'a str) -> Result<Self, VersionError> {
        let fail = |span, reason| Err(VersionError::new(text, span, reason));
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return fail(0..0, "it is empty");
        }
        if bytes.len() > MAX_VERSION_LENGTH {
            return fail(
                MAX_VERSION_LENGTH..bytes.len(),
                "it is longer than 65536 bytes",
            );
        }
        let (mut bang, mut plus, mut dash, mut underscore) = (None, None, None, None);
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' => {}
                b'_' => underscore = Some(at),
                b'-' => dash = Some(at),
                b'!' if bang.is_some() => return fail(at..at + 1, "more than one '!'"),
                b'!' => bang = Some(at),
                b'+' if plus.is_some() => return fail(at..at + 1, "more than one '+'"),
                b'+' => plus = Some(at),
                _ => {
                    let length = text[at..].chars().next().map_or(1, char::len_utf8);
                    return fail(at..at + length, "a character that versions cannot have");
                }
            }
        }
        if let (Some(at), Some(_)) = (dash, underscore) {
            return fail(at..at + 1, "'-' and '_' in one version");
        }
        let main_start = bang.map_or(0, |at| at + 1);
        let epoch = bang.map_or(&b"0"[..], |at| &bytes[..at]);
        if epoch.is_empty() || !epoch.iter().all(u8::is_ascii_digit) {
            return fail(0..main_start, "the epoch before '!' must be an integer");
        }
        if plus.is_some_and(|at| at < main_start) {
            return fail(0..main_start, "'+' before '!'");
        }
        let main_end = plus.unwrap_or(bytes.len());
        Ok(Literal {
            text,
            epoch,
            main: &bytes[main_start..main_end],
            main_start,
            local: plus.map(|at| &bytes[at + 1..]),
            local_start: main_end + 1,
        })
    }

    /// Epoch and main part.
    fn main_runs(&self, emit: &mut impl FnMut(Token<'a>)) -> Result<(), VersionError> {
        emit(Token::Digits(self.epoch));
        emit(Token::SegmentEnd);
        if self.main.is_empty() {
            let at = self.main_start;
            return Err(VersionError::new(
                self.text,
                at..at,
                "there is no version number",
            ));
        }
        if self
            .main
            .iter()
            .all(|byte| matches!(byte, b'.' | b'_' | b'-'))
        {
            return Err(VersionError::new(
                self.text,
                self.main_start..self.main_start + self.main.len(),
                "only separators",
            ));
        }
        // One final underscore belongs to the last segment instead of separating another.
        let glued = matches!(self.main.last(), Some(b'_' | b'-'));
        self.part(self.main, self.main_start, glued, emit)
    }

    /// Local part, if there is one.
    fn local_runs(&self, emit: &mut impl FnMut(Token<'a>)) -> Result<(), VersionError> {
        match self.local {
            Some(local) => self.part(local, self.local_start, false, emit),
            None => Ok(()),
        }
    }

    fn part(
        &self,
        part: &'a [u8],
        offset: usize,
        glued: bool,
        emit: &mut impl FnMut(Token<'a>),
    ) -> Result<(), VersionError> {
        let body = if glued { &part[..part.len() - 1] } else { part };
        let mut start = 0;
        loop {
            let length = body[start..]
                .iter()
                .position(|byte| matches!(byte, b'.' | b'_' | b'-'))
                .unwrap_or(body.len() - start);
            let end = start + length;
            let last = end == body.len();
            // The glued underscore lies right behind the last segment, so the slice can simply include it.
            let segment = if last && glued {
                &part[start..]
            } else {
                &body[start..end]
            };
            if segment.is_empty() {
                let at = (offset + start).min(self.text.len());
                return Err(VersionError::new(
                    self.text,
                    at..at,
                    "an empty segment between separators",
                ));
            }
            Self::segment(segment, emit);
            if last {
                return Ok(());
            }
            start = end + 1;
        }
    }

    fn segment(mut segment: &'a [u8], emit: &mut impl FnMut(Token<'a>)) {
        if !segment[0].is_ascii_digit() {
            emit(Token::Digits(b"0"));
        }
        while let Some(first) = segment.first() {
            let digits = first.is_ascii_digit();
            let length = segment
                .iter()
                .position(|byte| byte.is_ascii_digit() != digits)
                .unwrap_or(segment.len());
            let (run, rest) = segment.split_at(length);
            segment = rest;
            emit(if digits {
                Token::Digits(run)
            } else if run.eq_ignore_ascii_case(b"post") {
                Token::Post
            } else {
                Token::Text(run)
            });
        }
        emit(Token::SegmentEnd);
    }
}

/// Writes runs as key bytes; zeros wait in counters until the sign of the next run is known.
struct Writer<'o> {
    out: &'o mut Vec<u8>,
    segments: usize,
    zeros: usize,
}

impl<'o> Writer<'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        Writer {
            out,
            segments: 0,
            zeros: 0,
        }
    }

    fn token(&mut self, token: Token<'_>) {
        match token {
            Token::Digits(digits) => self.digits(digits),
            Token::Text(text) => {
                self.text(text);
                self.out.push(STRING_END);
            }
            Token::Post => {
                self.flush(true);
                self.out.push(POST);
            }
            Token::SegmentEnd => {
                // Zeros at the end of a segment say nothing.
                self.zeros = 0;
                self.segments += 1;
            }
        }
    }

    fn finish_part(&mut self) {
        self.segments = 0;
        self.zeros = 0;
        self.out.push(PART_END);
    }

    /// Ends a prefix behind a complete run: below or above everything that can follow.
    fn open(&mut self, bound: Bound) {
        match bound {
            Bound::Low => {
                self.flush(false);
                self.out.push(STRING);
            }
            Bound::High => {
                self.flush(true);
                self.out.push(TOP);
            }
        }
    }

    /// Ends a prefix within a string run.
    fn open_text(&mut self, text: &[u8], bound: Bound) {
        self.text(text);
        if bound == Bound::High {
            self.out.push(TOP);
        }
    }

    fn flush(&mut self, positive: bool) {
        let (segment, zero) = if positive {
            (SEGMENT_BEFORE_POSITIVE, ZERO_BEFORE_POSITIVE)
        } else {
            (SEGMENT_BEFORE_NEGATIVE, ZERO_BEFORE_NEGATIVE)
        };
        self.out.extend(std::iter::repeat_n(segment, self.segments));
        self.out.extend(std::iter::repeat_n(zero, self.zeros));
        self.segments = 0;
        self.zeros = 0;
    }

    fn text(&mut self, text: &[u8]) {
        self.flush(false);
        self.out.push(STRING);
        if text.eq_ignore_ascii_case(b"dev") {
            self.out.extend_from_slice(b"DEV");
        } else {
            // A final `-` is glued like a final `_` and means the same.
            self.out.extend(text.iter().map(|&byte| match byte {
                b'-' => b'_',
                byte => byte.to_ascii_lowercase(),
            }));
        }
    }

    fn digits(&mut self, digits: &[u8]) {
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        let digits = &digits[zeros..];
        if digits.is_empty() {
            self.zeros += 1;
            return;
        }
        self.flush(true);
        let small = digits.iter().try_fold(0u64, |value, digit| {
            value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        });
        match small {
            Some(value) => {
                let skip = value.leading_zeros() as usize / 8;
                self.out.push(INTEGER + (8 - skip) as u8);
                self.out.extend_from_slice(&value.to_be_bytes()[skip..]);
            }
            None => {
                self.out.push(LONG_INTEGER);
                self.out
                    .extend_from_slice(&(digits.len() as u32).to_be_bytes());
                self.out.extend_from_slice(digits);
            }
        }
    }
}
