//! Several workers read one text, a piece each in turns.
//!
//! Whoever is free takes the next piece: reading it from the disk and decompressing happen under the lock, parsing
//! outside of it, so that both go on at the same time. Which worker had which piece is chance; nothing that comes
//! out depends on it, because the order and the numbers in [`Columns`] mean nothing.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use super::document::{Document, FileNames};
use super::pieces::{Buffer, NoPiece, Piece, Pieces};
use super::raw::Columns;
use super::record::Room;
use super::{quick, ParseOptions};

/// Why the pieces gave nothing.
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
    /// Keys at the top of all pieces.
    keys: Vec<&'static str>,
}

/// Reads all pieces.
pub(super) fn read<R: Read + Send>(
    mut pieces: Pieces<R>,
    options: ParseOptions,
) -> Result<Columns, Refused> {
    let mut buffer = Buffer::default();
    let first = pieces.next(&mut buffer).map_err(refused)?;
    let one_piece = first.is_none_or(|piece| piece.last);
    let workers = match options.workers {
        _ if one_piece => 1,
        0 => std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST)),
        count => count,
    };
    let mut share = Share::default();
    let mut room = Room::default();
    if one_piece {
        if first.is_some_and(|piece| !share.read(buffer.text(), piece, &mut room, options)) {
            return Err(Refused::Unclear);
        }
    } else {
        let pieces = Mutex::new(pieces);
        let others: Vec<Result<Share, Refused>> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..workers)
                .map(|_| {
                    scope.spawn(|| {
                        let mut share = Share::default();
                        let done = share.work(None, &pieces, Buffer::default(), options);
                        done.map(|()| share)
                    })
                })
                .collect();
            let mine = share.work(first, &pieces, buffer, options);
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

fn refused(reason: NoPiece) -> Refused {
    match reason {
        NoPiece::TooLarge => Refused::TooLarge,
        NoPiece::Io(_) => Refused::Unclear,
    }
}

impl Share {
    /// Takes pieces until there are no more, after the one that is in the buffer already, if any.
    fn work<R: Read>(
        &mut self,
        mut given: Option<Piece>,
        pieces: &Mutex<Pieces<R>>,
        mut buffer: Buffer,
        options: ParseOptions,
    ) -> Result<(), Refused> {
        let mut room = Room::default();
        let locked = || pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let result = loop {
            let next = match given.take() {
                Some(piece) => Ok(Some(piece)),
                None => locked().next(&mut buffer),
            };
            match next {
                Ok(None) => break Ok(()),
                Ok(Some(piece)) if self.read(buffer.text(), piece, &mut room, options) => {}
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

    /// Reads a piece; whether it is sound and ends where it should.
    fn read(&mut self, text: &[u8], piece: Piece, room: &mut Room, options: ParseOptions) -> bool {
        if text.is_empty() {
            return true;
        }
        let mut failure = None;
        let mut ends_in_section = false;
        let document = Document {
            columns: &mut self.columns,
            room,
            skip_bad_records: options.skip_bad_records,
            file_names: None::<&mut FileNames>,
            continues: piece.continues,
            keys: &mut self.keys,
            ends_in_section: &mut ends_in_section,
            failure: &mut failure,
        };
        let sound = quick::read(document, text);
        sound && failure.is_none() && (piece.last || ends_in_section)
    }
}
