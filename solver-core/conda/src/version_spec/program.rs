//! Version specs as a few bytes that an index file can hold and run in place.
//!
//! A program is a postfix expression. No bytes at all means "any version". Lengths and counts are LEB128 numbers.
//!
//! | op | operands | pushes |
//! |---|---|---|
//! | `01` | flags (bit 0: starts inside), count, then each bound as length and bytes, ascending | the key is in the set |
//! | `02` | length, glob | the version's text matches |
//! | `03` | length, regular expression | the version's text matches |
//! | `04` | n | the conjunction of the n topmost values |
//! | `05` | n | the disjunction of the n topmost values |
//!
//! All specs without globs and regular expressions are one `01`, and equal sets give equal programs. A program is
//! read with checks everywhere: damaged bytes make it match nothing, never fail.

use std::ops::Range;

use super::set::KeySet;
use crate::pattern;

const SET: u8 = 1;
const GLOB: u8 = 2;
const REGEX: u8 = 3;
const AND: u8 = 4;
const OR: u8 = 5;

/// A compiled (sub)expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Compiled {
    /// Decided by the key alone.
    Set(KeySet),
    /// Postfix code with at least one text test.
    Code(Vec<u8>),
}

impl Compiled {
    pub(crate) fn glob(pattern: &str) -> Self {
        Self::text(GLOB, pattern)
    }

    pub(crate) fn regex(pattern: &str) -> Self {
        Self::text(REGEX, pattern)
    }

    fn text(op: u8, pattern: &str) -> Self {
        let mut code = vec![op];
        write_bytes(pattern.as_bytes(), &mut code);
        Compiled::Code(code)
    }

    /// Conjunction (`all`) or disjunction. What keys decide is merged into one set.
    pub(crate) fn join(parts: Vec<Compiled>, all: bool) -> Self {
        let mut sets = Vec::new();
        let mut codes = Vec::new();
        for part in parts {
            match part {
                Compiled::Set(set) => sets.push(set),
                Compiled::Code(code) => codes.push(code),
            }
        }
        let has_sets = !sets.is_empty();
        let set = KeySet::join(sets, all);
        let decided = if all { set.is_empty() } else { set.is_all() };
        if codes.is_empty() || (has_sets && decided) {
            return Compiled::Set(set);
        }
        let neutral = if all { set.is_all() } else { set.is_empty() };
        let mut code = Vec::new();
        let mut count = codes.len() as u32;
        if has_sets && !neutral {
            write_set(&set, &mut code);
            count += 1;
        }
        for part in codes {
            code.extend_from_slice(&part);
        }
        if count > 1 {
            code.push(if all { AND } else { OR });
            write_number(count, &mut code);
        }
        Compiled::Code(code)
    }

    /// The finished program.
    pub(crate) fn into_program(self) -> Vec<u8> {
        match self {
            Compiled::Set(set) if set.is_all() => Vec::new(),
            Compiled::Set(set) => {
                let mut code = Vec::new();
                write_set(&set, &mut code);
                code
            }
            Compiled::Code(code) => code,
        }
    }
}

/// Whether a version, given by its key and its text, satisfies a program.
pub fn program_matches(program: &[u8], key: &[u8], text: &str) -> bool {
    if program.is_empty() {
        return true;
    }
    let mut reader = Reader { rest: program };
    if program[0] == SET {
        reader.rest = &program[1..];
        match reader.set(key) {
            None => return false,
            Some(inside) if reader.rest.is_empty() => return inside,
            Some(_) => reader.rest = program,
        }
    }
    reader.run(key, text).unwrap_or(false)
}

/// Where the versions that satisfy a program lie in a list sorted by descending key (best first).
///
/// `key_at(i)` gives the key of entry `i < len`. The ranges are appended to `out` in ascending order of index. Returns
/// false, leaving `out` alone, if keys do not decide (a glob or regular expression) or the program is damaged; then
/// every entry must be asked with [`program_matches`].
pub fn program_ranges<'k>(
    program: &[u8],
    len: usize,
    key_at: impl Fn(usize) -> &'k [u8],
    out: &mut Vec<Range<usize>>,
) -> bool {
    if program.is_empty() {
        if len > 0 {
            out.push(0..len);
        }
        return true;
    }
    let before = out.len();
    let mut reader = Reader { rest: program };
    let ranges = reader.byte().filter(|&op| op == SET).and_then(|_| {
        let (mut inside, count) = reader.set_head()?;
        // The list descends while bounds ascend: walk from the end of the list to its front.
        let mut end = len;
        for _ in 0..count {
            let bound = reader.bytes()?;
            let start = partition(end, |at| key_at(at) >= bound);
            if inside && start < end {
                out.push(start..end);
            }
            inside = !inside;
            end = start;
        }
        if inside && end > 0 {
            out.push(0..end);
        }
        reader.rest.is_empty().then_some(())
    });
    if ranges.is_none() {
        out.truncate(before);
        return false;
    }
    out[before..].reverse();
    true
}

/// The one contiguous range of [`program_ranges`] (possibly empty); `None` if there are several or keys do not decide.
pub fn program_range<'k>(
    program: &[u8],
    len: usize,
    key_at: impl Fn(usize) -> &'k [u8],
) -> Option<Range<usize>> {
    let mut ranges = Vec::new();
    if !program_ranges(program, len, key_at, &mut ranges) {
        return None;
    }
    match ranges.len() {
        0 => Some(0..0),
        1 => ranges.pop(),
        _ => None,
    }
}

/// First index below `len` for which `holds` is false, given that it holds for a prefix.
fn partition(len: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn write_number(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_number(bytes.len() as u32, out);
    out.extend_from_slice(bytes);
}

/// The start of a set with `count` bounds, which follow by [`write_bytes`].
pub(super) fn write_set_head(starts_inside: bool, count: u32, out: &mut Vec<u8>) {
    out.push(SET);
    out.push(u8::from(starts_inside));
    write_number(count, out);
}

fn write_set(set: &KeySet, out: &mut Vec<u8>) {
    write_set_head(set.starts_inside, set.bounds.len() as u32, out);
    for bound in &set.bounds {
        write_bytes(bound, out);
    }
}

/// Reads a program; every step is `None` when the bytes do not make sense.
struct Reader<'p> {
    rest: &'p [u8],
}

impl<'p> Reader<'p> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'p [u8]> {
        let length = self.number()? as usize;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn set_head(&mut self) -> Option<(bool, u32)> {
        let flags = self.byte()?;
        let count = self.number()?;
        (flags < 2).then_some((flags == 1, count))
    }

    fn set(&mut self, key: &[u8]) -> Option<bool> {
        let (mut inside, count) = self.set_head()?;
        let mut passed = true;
        for _ in 0..count {
            let bound = self.bytes()?;
            passed = passed && bound <= key;
            if passed {
                inside = !inside;
            }
        }
        Some(inside)
    }

    fn run(&mut self, key: &[u8], text: &str) -> Option<bool> {
        let mut stack: Vec<bool> = Vec::new();
        while let Some(op) = self.byte() {
            let value = match op {
                SET => self.set(key)?,
                GLOB => {
                    pattern::glob_matches(std::str::from_utf8(self.bytes()?).ok()?, text, false)
                }
                REGEX => {
                    pattern::regex_matches(std::str::from_utf8(self.bytes()?).ok()?, text, false)
                }
                AND | OR => {
                    let count = self.number()? as usize;
                    let from = stack.len().checked_sub(count)?;
                    let mut values = stack.drain(from..);
                    if op == AND {
                        values.all(|value| value)
                    } else {
                        values.any(|value| value)
                    }
                }
                _ => return None,
            };
            stack.push(value);
        }
        match stack[..] {
            [value] => Some(value),
            _ => None,
        }
    }
}
