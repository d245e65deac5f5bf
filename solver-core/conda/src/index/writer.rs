//! Sections into the buffer, and the table that says where they are.

use super::layout::{seal, Buffer, Digest, Section, Span, Toc, ALIGNMENT, HEADER, SECTION_COUNT};
use super::segment::Segment;
use super::storage::Storage;

/// Appends sections to the buffer and keeps the table.
pub(super) struct Writer {
    buffer: Buffer,
    toc: Toc,
}

impl Writer {
    /// With room for about `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        let mut buffer = Buffer::with_capacity(capacity);
        let toc = [Span::default(); SECTION_COUNT];
        // Room for header and table, which come last.
        buffer.extend(&[0u8; HEADER]);
        buffer.extend(&toc);
        Writer { buffer, toc }
    }

    /// Adds a section.
    pub(super) fn slice<T: bytemuck::Pod>(&mut self, section: Section, items: &[T]) {
        self.buffer.align(ALIGNMENT);
        let offset = self.buffer.len() as u64;
        self.buffer.extend(items);
        self.toc[section as usize] = Span {
            offset,
            length: self.buffer.len() as u64 - offset,
        };
    }

    /// Adds a section of items as they come.
    pub(super) fn column<T: bytemuck::Pod>(
        &mut self,
        section: Section,
        items: impl ExactSizeIterator<Item = T>,
    ) {
        self.buffer.align(ALIGNMENT);
        let offset = self.buffer.len() as u64;
        self.buffer.extend_from(items);
        self.toc[section as usize] = Span {
            offset,
            length: self.buffer.len() as u64 - offset,
        };
    }

    /// As `slice`, but a column of zeros is left empty.
    pub(super) fn optional<T: bytemuck::Pod + PartialEq>(&mut self, section: Section, items: &[T]) {
        let zero = T::zeroed();
        if items.iter().any(|item| *item != zero) {
            self.slice(section, items);
        }
    }

    /// Adds texts as two sections: where each ends, and the bytes of all.
    pub(super) fn texts<T: AsRef<[u8]>>(
        &mut self,
        offsets: Section,
        bytes: Section,
        texts: impl IntoIterator<Item = T>,
    ) {
        let mut ends = vec![0u32];
        let mut all = Vec::new();
        for text in texts {
            all.extend_from_slice(text.as_ref());
            ends.push(all.len() as u32);
        }
        self.slice(offsets, &ends);
        self.slice(bytes, &all);
    }

    /// Appends the sections of another writer.
    pub(super) fn append(&mut self, other: &Writer) {
        // Both ends of the copy are aligned, so the sections stay so.
        let start = (HEADER + size_of::<Toc>()).next_multiple_of(ALIGNMENT);
        let sections = other.buffer.bytes().get(start..).unwrap_or_default();
        self.buffer.align(ALIGNMENT);
        let moved = self.buffer.len() as u64;
        self.buffer.extend(sections);
        for (own, span) in self.toc.iter_mut().zip(&other.toc) {
            if span.offset != 0 {
                *own = Span {
                    offset: span.offset - start as u64 + moved,
                    length: span.length,
                };
            }
        }
    }

    /// Header, table and checksums complete the segment.
    pub(super) fn finish(mut self, identity: &Digest) -> Segment {
        seal(&mut self.buffer, identity, &self.toc);
        self.buffer.shrink();
        Segment::new(Storage::owned(self.buffer, self.toc))
    }
}
