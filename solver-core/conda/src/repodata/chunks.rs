//! A repodata text in chunks, so that it need not be in memory as a whole and several workers can read it.
//!
//! A chunk ends behind a record and the next one begins with the next record's name. Where that is cannot be known
//! without reading everything before it; it is *guessed* from how a record's name looks, and proved afterwards. A
//! chunk is completed to a document of its own: `{"":{` before it stands for the section that it goes on with, `}}`
//! behind it closes section and document. When the chunk is then a sound document whose last key is a section, the
//! text did stand between two records of a section at its end, if it did at its beginning; so by induction from
//! the first chunk all guesses are right. When one is not, or anything else is wrong, the text is read again in one
//! go by the same reader, which then also knows the place of the fault.

use std::io::{self, Read};

/// Text of a chunk, in bytes: many records, and still in a processor's cache while it is read.
pub(crate) const CHUNK: usize = 1 << 19;

/// Stands for all before the chunk.
const OPEN: &[u8] = b"{\"\":{";
/// Stands for all behind the chunk.
const CLOSE: &[u8] = b"}}";
/// Longest name of an archive that is looked for.
const LONGEST_NAME: usize = 512;

/// Why there is no next chunk.
#[derive(Debug)]
pub(super) enum NoChunk {
    /// The text is longer than the limit.
    TooLarge,
    /// The system or the decompressor said no.
    Io(#[allow(dead_code)] io::Error),
}

/// A chunk, whose text is in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    /// It begins inside of a section.
    pub continues: bool,
    /// It ends with the text.
    pub last: bool,
}

/// Room for the text of a chunk, used again for the next one without being cleared.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    /// Beyond `length` there is what earlier texts left.
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// The text.
    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The `count` bytes behind the text, whatever they are.
    fn behind(&mut self, count: usize) -> &mut [u8] {
        let end = self.length + count;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.length..end]
    }

    fn push(&mut self, text: &[u8]) {
        self.behind(text.len()).copy_from_slice(text);
        self.length += text.len();
    }
}

/// Cuts what a reader gives.
#[derive(Debug)]
pub(super) struct Chunks<R> {
    reader: R,
    size: usize,
    /// Bytes that may still come.
    allowed: u64,
    /// What was read beyond the last chunk.
    rest: Vec<u8>,
    started: bool,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    /// Chunks of about `size` bytes of a text of at most `limit` bytes.
    pub(super) fn new(reader: R, size: usize, limit: u64) -> Chunks<R> {
        Chunks {
            reader,
            size,
            allowed: limit,
            rest: Vec::new(),
            started: false,
            ended: false,
        }
    }

    /// There shall be no further chunk.
    pub(super) fn stop(&mut self) {
        self.ended = true;
    }

    /// Puts the next chunk, completed to a document, into `buffer`.
    ///
    /// # Errors
    ///
    /// [`NoChunk`]; the reader is then of no further use.
    pub(super) fn next(&mut self, buffer: &mut Buffer) -> Result<Option<Chunk>, NoChunk> {
        if self.ended {
            return Ok(None);
        }
        let continues = std::mem::replace(&mut self.started, true);
        buffer.length = 0;
        if continues {
            buffer.push(OPEN);
        }
        buffer.push(&self.rest);
        loop {
            let searched = buffer.length.saturating_sub(LONGEST_NAME);
            let read = append(&mut self.reader, buffer, self.size).map_err(NoChunk::Io)?;
            let allowed = self.allowed.checked_sub(read as u64);
            self.allowed = allowed.ok_or(NoChunk::TooLarge)?;
            if read < self.size {
                self.ended = true;
                return Ok(Some(Chunk {
                    continues,
                    last: true,
                }));
            }
            if let Some((end, next)) = boundary(buffer.text(), searched) {
                self.rest.clear();
                self.rest.extend_from_slice(&buffer.text()[next..]);
                buffer.length = end;
                buffer.push(CLOSE);
                return Ok(Some(Chunk {
                    continues,
                    last: false,
                }));
            }
        }
    }
}

/// Appends `count` bytes, or all that are left; how many.
fn append(reader: &mut impl Read, buffer: &mut Buffer, count: usize) -> io::Result<usize> {
    let room = buffer.behind(count);
    let mut filled = 0;
    while filled < count {
        match reader.read(&mut room[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.length += filled;
    Ok(filled)
}

/// The last place from `from` on that looks like one between two records: the end of the one, the start of the other.
fn boundary(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut end = text.len();
    while let Some(at) = text[from..end].iter().rposition(|&byte| byte == b'}') {
        let brace = from + at;
        if let Some(next) = next_record(text, brace + 1) {
            return Some((brace + 1, next));
        }
        end = brace;
    }
    None
}

/// Where the name of a record begins, when `, "….conda": {` or the like is at `at`.
fn next_record(text: &[u8], at: usize) -> Option<usize> {
    let after = |at: usize, byte: u8| {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let found = at + text.get(at..)?.iter().position(|byte| !blank(byte))?;
        (text[found] == byte).then_some(found + 1)
    };
    let quote = after(after(at, b',')?, b'"')?;
    let name = &text[quote..text.len().min(quote + LONGEST_NAME)];
    let name = &name[..name.iter().position(|&byte| byte == b'"')?];
    if !name.ends_with(b".conda") && !name.ends_with(b".tar.bz2") {
        return None;
    }
    after(after(quote + name.len() + 1, b':')?, b'{')?;
    Some(quote - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, size: usize) -> Vec<String> {
        let mut chunks = Chunks::new(text.as_bytes(), size, 1 << 20);
        let mut buffer = Buffer::default();
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next(&mut buffer).unwrap() {
            assert_eq!(chunk.continues, !all.is_empty());
            all.push(String::from_utf8(buffer.text().to_vec()).unwrap());
        }
        all
    }

    #[test]
    fn pieces_are_documents() {
        let text = r#"{"info":{},"packages":{"a.conda":{"x":1}, "b.conda" : {"y":{}},"c.tar.bz2":{}},"removed":[]}"#;
        assert_eq!(
            cut(text, 58),
            [
                r#"{"info":{},"packages":{"a.conda":{"x":1}}}"#,
                r#"{"":{"b.conda" : {"y":{}},"c.tar.bz2":{}},"removed":[]}"#,
            ]
        );
        for size in 1..100 {
            let chunks = cut(text, size);
            assert!(chunks.len() <= 3);
            for chunk in chunks {
                assert!(
                    sonic_rs::from_str::<sonic_rs::Value>(&chunk).is_ok(),
                    "{chunk}"
                );
            }
        }
        assert_eq!(cut("", 7), [""]);
        assert_eq!(cut("0123456", 7), ["0123456"]);
    }

    #[test]
    fn the_limit_is_one_of_the_text() {
        let text = [b' '; 100];
        let mut buffer = Buffer::default();
        assert!(Chunks::new(&text[..], 8, 100).next(&mut buffer).is_ok());
        let longer = Chunks::new(&text[..], 8, 99).next(&mut buffer);
        assert!(matches!(longer, Err(NoChunk::TooLarge)));
    }
}
