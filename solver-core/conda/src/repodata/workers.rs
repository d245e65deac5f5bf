//! Several workers read one text, a chunk each in turns.
//!
//! The next free thread takes the next chunk: reading it from the disk and decompressing happen under the lock, parsing
//! outside of it, so that both go on at the same time. Which worker had which chunk is chance; nothing that comes
//! out depends on it, because the order and the numbers in [`Columns`] mean nothing.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use super::chunks::{Buffer, Chunk, Chunks, NoChunk};
use super::columns::Columns;
use super::document::{Document, FileNames};
use super::scratch::Scratch;
use super::{fast_reader, ParseOptions};

/// Why the chunks gave nothing.
#[derive(Debug)]
pub(super) enum Refused {
    /// The text is longer than the limit.
    TooLarge,
    /// Something is wrong with the text or its reading, or the text is sound but not of the usual form: reading it
    /// in one go tells.
    Unclear,
}

/// What one worker has.
#[derive(Debug, Default)]
struct Share {
    columns: Columns,
    /// Keys at the top of all chunks.
    keys: Vec<&'static str>,
}

/// Reads all chunks.
pub(super) fn read<R: Read + Send>(
    mut chunks: Chunks<R>,
    options: ParseOptions,
) -> Result<Columns, Refused> {
    let mut buffer = Buffer::default();
    let first = chunks.next(&mut buffer).map_err(refused)?;
    let one_piece = first.is_none_or(|chunk| chunk.last);
    let workers = match options.workers {
        _ if one_piece => 1,
        0 => std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST)),
        count => count,
    };
    let mut share = Share::default();
    let mut scratch = Scratch::default();
    if one_piece {
        if first.is_some_and(|chunk| !share.read(buffer.text(), chunk, &mut scratch, options)) {
            return Err(Refused::Unclear);
        }
    } else {
        let chunks = Mutex::new(chunks);
        let others: Vec<Result<Share, Refused>> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..workers)
                .map(|_| {
                    scope.spawn(|| {
                        let mut share = Share::default();
                        let done = share.work(None, &chunks, Buffer::default(), options);
                        done.map(|()| share)
                    })
                })
                .collect();
            let mine = share.work(first, &chunks, buffer, options);
            let mut all: Vec<_> = others
                .into_iter()
                .map(|other| {
                    other
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect();
            all.extend(mine.err().map(Err));
            all
        });
        let mut unclear = false;
        let mut shares = Vec::new();
        for other in others {
            match other {
                Ok(other) => shares.push(other),
                Err(Refused::TooLarge) => return Err(Refused::TooLarge),
                Err(Refused::Unclear) => unclear = true,
            }
        }
        if unclear {
            return Err(Refused::Unclear);
        }
        let mut hashes = std::mem::take(&mut share.columns.file_hashes);
        for other in &mut shares {
            hashes.append(&mut other.columns.file_hashes);
        }
        let repeats = std::thread::scope(|scope| {
            let repeats = scope.spawn(|| repeats(hashes));
            for other in shares {
                share.keys.extend(other.keys);
                share.columns.absorb(other.columns);
            }
            repeats.join().unwrap_or(true)
        });
        if repeats {
            return Err(Refused::Unclear);
        }
    }
    let Share { mut columns, keys } = share;
    if repeats(keys) || repeats(std::mem::take(&mut columns.file_hashes)) {
        return Err(Refused::Unclear);
    }
    columns.settle();
    Ok(columns)
}

/// Whether two are the same.
fn repeats<T: Ord>(mut all: Vec<T>) -> bool {
    all.sort();
    all.windows(2).any(|pair| pair[0] == pair[1])
}

/// More workers than this only make more to merge.
const MOST: usize = 8;

fn refused(reason: NoChunk) -> Refused {
    match reason {
        NoChunk::TooLarge => Refused::TooLarge,
        NoChunk::Io(_) => Refused::Unclear,
    }
}

impl Share {
    /// Takes chunks until none is left, after the one that is in the buffer already, if any.
    fn work<R: Read>(
        &mut self,
        mut given: Option<Chunk>,
        chunks: &Mutex<Chunks<R>>,
        mut buffer: Buffer,
        options: ParseOptions,
    ) -> Result<(), Refused> {
        let mut scratch = Scratch::default();
        let locked = || chunks.lock().unwrap_or_else(PoisonError::into_inner);
        let result = loop {
            let next = match given.take() {
                Some(chunk) => Ok(Some(chunk)),
                None => locked().next(&mut buffer),
            };
            match next {
                Ok(None) => break Ok(()),
                Ok(Some(chunk)) if self.read(buffer.text(), chunk, &mut scratch, options) => {}
                Ok(Some(_)) => break Err(Refused::Unclear),
                Err(reason) => break Err(refused(reason)),
            }
        };
        if result.is_err() {
            locked().stop();
        }
        // Sorted stretches are merged faster than all is sorted, and now the others are at work, too.
        self.columns.file_hashes.sort_unstable();
        result
    }

    /// Reads a chunk; whether it is sound and ends where it should.
    fn read(
        &mut self,
        text: &[u8],
        chunk: Chunk,
        scratch: &mut Scratch,
        options: ParseOptions,
    ) -> bool {
        if text.is_empty() {
            return true;
        }
        let mut failure = None;
        let mut ends_in_section = false;
        let document = Document {
            columns: &mut self.columns,
            scratch,
            skip_bad_records: options.skip_bad_records,
            file_names: None::<&mut FileNames>,
            continues: chunk.continues,
            keys: &mut self.keys,
            ends_in_section: &mut ends_in_section,
            failure: &mut failure,
        };
        let sound = fast_reader::read(document, text);
        sound && failure.is_none() && (chunk.last || ends_in_section)
    }
}
