//! Where a segment's bytes live, and the few ways to read numbers from them.

use std::ops::Range;

use bytemuck::Pod;

use super::layout::{Buffer, Section, Toc};

/// The bytes of a segment and the places of its sections.
#[derive(Debug)]
pub(super) struct Storage {
    bytes: Buffer,
    toc: Toc,
}

impl Storage {
    /// A segment that was just built.
    pub fn owned(bytes: Buffer, toc: Toc) -> Storage {
        Storage { bytes, toc }
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.bytes()
    }

    /// Whether damage was found while reading.
    pub fn is_damaged(&self) -> bool {
        false
    }

    /// The bytes of a whole section.
    pub fn section(&self, section: Section) -> &[u8] {
        let span = self.toc[section as usize];
        let (start, length) = (span.offset as usize, span.length as usize);
        self.bytes()
            .get(start..start.saturating_add(length))
            .unwrap_or_default()
    }

    /// Items `range` of a section that is an array of `T`; empty when out of bounds.
    #[inline]
    pub fn slice<T: Pod>(&self, section: Section, range: Range<usize>) -> &[T] {
        let size = size_of::<T>();
        let bytes = self
            .section(section)
            .get(range.start.saturating_mul(size)..range.end.saturating_mul(size))
            .unwrap_or_default();
        bytemuck::try_cast_slice(bytes).unwrap_or_default()
    }

    /// Item `index` of an array of `u16`; 0 when out of bounds.
    #[inline]
    pub fn u16(&self, section: Section, index: u32) -> u16 {
        self.array::<2>(section, index)
            .map_or(0, u16::from_ne_bytes)
    }

    /// Item `index` of an array of `u32`; 0 when out of bounds.
    #[inline]
    pub fn u32(&self, section: Section, index: u32) -> u32 {
        self.array::<4>(section, index)
            .map_or(0, u32::from_ne_bytes)
    }

    /// Item `index` of an array of `u64`; 0 when out of bounds.
    #[inline]
    pub fn u64(&self, section: Section, index: u32) -> u64 {
        self.array::<8>(section, index)
            .map_or(0, u64::from_ne_bytes)
    }

    /// Items `index` and `index + 1` of an array of `u32`.
    #[inline]
    pub fn u32_pair(&self, section: Section, index: u32) -> Option<[u32; 2]> {
        let start = (index as usize).checked_mul(4)?;
        let bytes = self.section(section).get(start..start.checked_add(8)?)?;
        let bytes: [u8; 8] = bytes.try_into().ok()?;
        Some(bytemuck::cast(bytes))
    }

    /// Item `index` of an array of `N`-byte items.
    #[inline]
    pub fn array<const N: usize>(&self, section: Section, index: u32) -> Option<[u8; N]> {
        let start = (index as usize).checked_mul(N)?;
        let bytes = self.section(section).get(start..start.checked_add(N)?)?;
        bytes.try_into().ok()
    }
}
