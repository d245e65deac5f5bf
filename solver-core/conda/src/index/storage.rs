//! Where a segment's bytes live, and the few ways to read numbers from them.
//!
//! A segment that was just built owns its bytes. One that was opened is a mapped file, and nothing in it is
//! believed before the checksum of its 4 KiB block was compared: on the first touch of a block, once. After that
//! the price of a read is one load of the block's state byte. A block that does not match reads as absent for ever
//! and marks the whole storage damaged.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use bytemuck::Pod;
use memmap2::Mmap;
use xxhash_rust::xxh3::xxh3_64;

use std::path::{Path, PathBuf};

use super::layout::{Buffer, Header, Section, Toc, BLOCK};

/// The bytes of a segment and the places of its sections.
#[derive(Debug)]
pub(super) struct Storage {
    bytes: Bytes,
    toc: Toc,
    /// `None` for bytes that this process made itself.
    checks: Option<Checks>,
}

#[derive(Debug)]
enum Bytes {
    Owned(Buffer),
    Mapped(Mmap),
}

/// What is known about the blocks of a file.
#[derive(Debug)]
struct Checks {
    /// One of [`UNKNOWN`], [`GOOD`], [`BAD`] a block.
    states: Box<[AtomicU8]>,
    /// Where the blocks end and their checksums begin.
    content: usize,
    damaged: AtomicBool,
    origin: Origin,
}

const UNKNOWN: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

impl Storage {
    /// A segment that was just built.
    pub(super) fn owned(bytes: Buffer, toc: Toc) -> Storage {
        Storage {
            bytes: Bytes::Owned(bytes),
            toc,
            checks: None,
        }
    }

    /// A mapped file whose header was checked.
    pub(super) fn mapped(map: Mmap, header: Header, origin: Origin) -> Storage {
        Storage {
            bytes: Bytes::Mapped(map),
            toc: header.toc,
            checks: Some(Checks::new(header.content, origin)),
        }
    }

    /// A file that could not be mapped and was read instead; its header was checked.
    pub(super) fn read(bytes: Buffer, header: Header, origin: Origin) -> Storage {
        Storage {
            bytes: Bytes::Owned(bytes),
            toc: header.toc,
            checks: Some(Checks::new(header.content, origin)),
        }
    }

    /// All bytes, unchecked.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Owned(buffer) => buffer.bytes(),
            Bytes::Mapped(map) => map,
        }
    }

    /// Whether the bytes are a mapped file.
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self.bytes, Bytes::Mapped(_))
    }

    /// Whether damage was found while reading.
    pub(super) fn is_damaged(&self) -> bool {
        let checks = self.checks.as_ref();
        checks.is_some_and(|checks| checks.damaged.load(Ordering::Relaxed))
    }

    /// Compares every block with its checksum; whether all match.
    pub(super) fn verify(&self) -> bool {
        let Some(checks) = &self.checks else {
            return true;
        };
        // Every block, so that the first bad one does not hide the others.
        let bad = (0..checks.states.len()).filter(|&block| !checks.check(self.bytes(), block));
        bad.count() == 0
    }

    /// Bytes `range` of a section; `None` when out of bounds or damaged.
    #[inline]
    fn get(&self, section: Section, start: usize, length: usize) -> Option<&[u8]> {
        let span = self.toc[section as usize];
        let end = start.checked_add(length)?;
        if end > span.length as usize {
            return None;
        }
        if length == 0 {
            return Some(&[]);
        }
        let start = span.offset as usize + start;
        let bytes = self.bytes().get(start..start + length)?;
        match &self.checks {
            None => Some(bytes),
            Some(checks) => checks
                .touch(self.bytes(), start..start + length)
                .then_some(bytes),
        }
    }

    /// How many bytes a section has.
    pub(super) fn length(&self, section: Section) -> u64 {
        self.toc[section as usize].length
    }

    /// The bytes of a whole section; empty when damaged.
    pub(super) fn section(&self, section: Section) -> &[u8] {
        let length = self.toc[section as usize].length as usize;
        self.get(section, 0, length).unwrap_or_default()
    }

    /// Items `range` of a section that is an array of `T`; empty when out of bounds.
    #[inline]
    pub(super) fn slice<T: Pod>(&self, section: Section, range: Range<usize>) -> &[T] {
        let size = size_of::<T>();
        let start = range.start.saturating_mul(size);
        let Some(length) = range.end.saturating_mul(size).checked_sub(start) else {
            return &[];
        };
        let bytes = self.get(section, start, length).unwrap_or_default();
        bytemuck::try_cast_slice(bytes).unwrap_or_default()
    }

    /// Item `index` of an array of `u16`; 0 when out of bounds.
    #[inline]
    pub(super) fn u16(&self, section: Section, index: u32) -> u16 {
        self.array::<2>(section, index)
            .map_or(0, u16::from_ne_bytes)
    }

    /// Item `index` of an array of `u32`; 0 when out of bounds.
    #[inline]
    pub(super) fn u32(&self, section: Section, index: u32) -> u32 {
        self.array::<4>(section, index)
            .map_or(0, u32::from_ne_bytes)
    }

    /// Item `index` of an array of `u64`; 0 when out of bounds.
    #[inline]
    pub(super) fn u64(&self, section: Section, index: u32) -> u64 {
        self.array::<8>(section, index)
            .map_or(0, u64::from_ne_bytes)
    }

    /// Items `index` and `index + 1` of an array of `u32`.
    #[inline]
    pub(super) fn u32_pair(&self, section: Section, index: u32) -> Option<[u32; 2]> {
        let bytes = self.get(section, (index as usize).checked_mul(4)?, 8)?;
        let bytes: [u8; 8] = bytes.try_into().ok()?;
        Some(bytemuck::cast(bytes))
    }

    /// Item `index` of an array of `N`-byte items.
    #[inline]
    pub(super) fn array<const N: usize>(&self, section: Section, index: u32) -> Option<[u8; N]> {
        let bytes = self.get(section, (index as usize).checked_mul(N)?, N)?;
        bytes.try_into().ok()
    }
}

impl Checks {
    fn new(content: usize, origin: Origin) -> Checks {
        let states = (0..content.div_ceil(BLOCK)).map(|_| AtomicU8::new(UNKNOWN));
        Checks {
            states: states.collect(),
            content,
            damaged: AtomicBool::new(false),
            origin,
        }
    }

    /// Whether the blocks of a range may be believed.
    #[inline]
    fn touch(&self, bytes: &[u8], range: Range<usize>) -> bool {
        let first = range.start / BLOCK;
        let last = range.end.saturating_sub(1) / BLOCK;
        // The bytes never change, so a state is a fact no matter who found it: no ordering is needed.
        let good = |block: usize| {
            let state = self.states.get(block);
            state.is_some_and(|state| state.load(Ordering::Relaxed) == GOOD)
        };
        if first >= last {
            return good(first) || self.check(bytes, first);
        }
        (first..=last).all(|block| good(block) || self.check(bytes, block))
    }

    #[cold]
    #[inline(never)]
    fn check(&self, bytes: &[u8], block: usize) -> bool {
        let Some(state) = self.states.get(block) else {
            return false;
        };
        match state.load(Ordering::Relaxed) {
            GOOD => return true,
            BAD => return false,
            _ => {}
        }
        let start = block * BLOCK;
        let end = self.content.min(start + BLOCK);
        let stored = self.content + block * 8;
        let matches = match (bytes.get(start..end), bytes.get(stored..stored + 8)) {
            (Some(block), Some(stored)) => xxh3_64(block).to_ne_bytes() == *stored,
            _ => false,
        };
        state.store(if matches { GOOD } else { BAD }, Ordering::Relaxed);
        if !matches && !self.damaged.swap(true, Ordering::Relaxed) {
            self.origin.discard();
        }
        matches
    }
}

/// Which file a segment was opened from.
#[derive(Debug)]
pub(super) struct Origin {
    path: PathBuf,
    number: Option<(u64, u64)>,
}

impl Origin {
    /// The file of this path, opened with this metadata.
    pub(super) fn of(path: &Path, metadata: &std::fs::Metadata) -> Origin {
        Origin {
            path: path.to_path_buf(),
            number: file_number(metadata),
        }
    }

    /// Takes a file that turned out to be damaged out of the way, if the name still means it, so that the next
    /// load rebuilds it. Best effort: a load with [`super::LoadOptions::verify`] finds the damage again.
    pub(super) fn discard(&self) {
        let now = std::fs::metadata(&self.path).ok();
        if now.is_some_and(|now| file_number(&now) == self.number) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Device and inode, where the system has them.
fn file_number(metadata: &std::fs::Metadata) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}
