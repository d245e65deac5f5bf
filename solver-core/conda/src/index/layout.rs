//! The bytes of a segment: a header, a table of sections, the sections.
//!
//! ```text
//! 0     magic "resolvix"                            8 bytes
//! 8     format version                              u32
//! 12    byte-order mark 0x0A0B0C0D                  u32
//! 16    length of the whole                         u64
//! 24    identity of the contents (BLAKE3), see      32 bytes
//!       `cache_admin.rs`; zeros for none
//! 56    number of sections                          u32
//! 60    bytes a checksummed block                   u32
//! 64    section table: (offset u64, length u64) ×   SECTION_COUNT
//! …     the sections, each at a multiple of 64 bytes; the contents end at a multiple of 64
//! …     block checksums (XXH3), u64 each, of the contents from byte 0 on
//! end-8 checksum (XXH3) of header, table and block checksums
//! ```
//!
//! Opening reads header, table and block checksums, compares the checksum at the end and believes nothing else.
//!
//! Numbers are in the byte order of the machine that wrote them; a file with another mark is foreign and is
//! rebuilt. Sections hold arrays of fixed-size integers or plain bytes, and refer to each other by position only,
//! so the same bytes serve in memory and mapped from a file.

use bytemuck::Pod;
use xxhash_rust::xxh3::{xxh3_64, Xxh3};

/// Identity of a segment's contents, BLAKE3.
pub(crate) type Digest = [u8; 32];

/// First bytes of an index file.
pub(crate) const MAGIC: [u8; 8] = *b"resolvix";
/// Changes whenever the meaning of the bytes does; older files are then rebuilt.
pub(crate) const FORMAT_VERSION: u32 = 7;
/// Reads differently on a machine of the other byte order.
pub(crate) const BYTE_ORDER_MARK: u32 = 0x0A0B_0C0D;
/// Unit of the checksums: small enough that a solve checks little more than it reads.
pub(crate) const BLOCK: usize = 1 << 12;
/// Alignment of the sections: a cache line.
pub(crate) const ALIGNMENT: usize = 64;
/// Bytes before the section table.
pub(crate) const HEADER: usize = 64;

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a section holds. The order is the order in the file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub(crate) enum Section { $($(#[$doc])* $name,)* }

        /// Every section, in order.
        pub(crate) const SECTIONS: &[Section] = &[$(Section::$name,)*];
    };
}

sections! {
    /// u32: counts, ids of single strings, see [`Meta`].
    Meta,
    /// Warnings found while building, see `warning.rs`.
    Warnings,
    /// u32 × (names + 1): ends of the names; packages first, sorted; then names only specs mention, sorted.
    NameOffsets,
    /// The names' text.
    NameBytes,
    /// u32 × (packages + 1): first record of each package.
    PackageStart,
    /// u32 × records: package.
    RecordPackage,
    /// u32 × records: version id.
    RecordVersion,
    /// u16 × records: bits of [`flag`].
    RecordFlags,
    /// u32 × records: list id.
    RecordDepends,
    /// u32 × records: list id.
    RecordConstrains,
    /// u32 × records: string id.
    RecordBuild,
    /// u64 × records.
    RecordBuildNumber,
    /// u64 × records: milliseconds, 0 for none.
    RecordTimestamp,
    /// u64 × records, or empty when no record has one: milliseconds, 0 for none.
    RecordIndexed,
    /// u32 × records: string id, 0 when it is name-version-build with the extension of the flags.
    RecordFileName,
    /// u64 × records: bytes + 1, 0 for none.
    RecordSize,
    /// 16 bytes × records.
    RecordMd5,
    /// 32 bytes × records.
    RecordSha256,
    /// u32 × records: string id.
    RecordLicense,
    /// u32 × records: string id.
    RecordLicenseFamily,
    /// u32 × records: row of the rare fields, 0 for none.
    RecordRare,
    /// u32 × (versions + 1): ends of the version texts; versions are sorted, newest first.
    VersionTextOffsets,
    /// The version texts.
    VersionTextBytes,
    /// u32 × (versions + 1): ends of the version keys; an empty key belongs to a version that is none.
    VersionKeyOffsets,
    /// The version keys.
    VersionKeyBytes,
    /// u32 × (lists + 1): ends of the lists.
    ListOffsets,
    /// u32: spec ids of all lists.
    ListItems,
    /// 5 × u32 a spec, see [`SpecRow`].
    Specs,
    /// u32 × (programs + 1): ends of the programs.
    ProgramOffsets,
    /// Compiled version specs.
    ProgramBytes,
    /// u32 × (rows + 1): ends of the rare rows.
    RareOffsets,
    /// u32: rare fields as (tag, length, items…).
    RareItems,
    /// u32 × (strings + 1): ends of the strings; string 0 is empty.
    StringOffsets,
    /// Strings of every other kind.
    StringBytes,
}

/// Number of sections.
pub(crate) const SECTION_COUNT: usize = SECTIONS.len();

/// The single numbers of a segment.
#[derive(Debug, Clone, Copy, Default, Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Meta {
    pub records: u32,
    pub packages: u32,
    pub names: u32,
    pub versions: u32,
    pub lists: u32,
    pub specs: u32,
    /// String ids.
    pub subdir: u32,
    pub base_url: u32,
}

/// A spec of the segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct SpecRow {
    /// String id of the text as written.
    pub text: u32,
    /// Name id, or `u32::MAX` when the name is no exact one.
    pub name: u32,
    /// Program id; program 0 is empty.
    pub program: u32,
    /// String id of the build pattern.
    pub build: u32,
    /// Bits of [`spec_flag`].
    pub flags: u32,
}

/// Bits of a spec.
pub(crate) mod spec_flag {
    /// Name, version program and build pattern say everything.
    pub(crate) const SIMPLE: u32 = 1;
    /// The text is no match spec.
    pub(crate) const UNPARSABLE: u32 = 1 << 1;
    /// Mask and values of the build pattern's kind.
    pub(crate) const BUILD_MASK: u32 = 3 << 2;
    pub(crate) const BUILD_EXACT: u32 = 1 << 2;
    pub(crate) const BUILD_GLOB: u32 = 2 << 2;
    pub(crate) const BUILD_REGEX: u32 = 3 << 2;
    /// The text asks for optional dependency groups (CEP 44).
    pub(crate) const EXTRAS: u32 = 1 << 4;
}

/// Where a section lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Span {
    pub offset: u64,
    pub length: u64,
}

/// Where every section lies.
pub(crate) type Toc = [Span; SECTION_COUNT];

/// What the header and the table say, after they were checked.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// Identity of the contents.
    pub identity: Digest,
    /// Where the sections lie, all within the contents.
    pub toc: Toc,
    /// Length of header, table and sections: what the block checksums cover.
    pub content: usize,
}

impl Header {
    /// Reads and checks header, table and checksums of a whole file.
    ///
    /// # Errors
    ///
    /// What does not hold, in words.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Header, String> {
        let table = HEADER + size_of::<Toc>();
        if bytes.len() < table + 8 {
            return Err("it is too short".into());
        }
        if bytes[..8] != MAGIC {
            return Err("it is no index file".into());
        }
        let u32_at = |at: usize| u32_of(&bytes[at..at + 4]);
        match u32_at(12) {
            BYTE_ORDER_MARK => {}
            other if other.swap_bytes() == BYTE_ORDER_MARK => {
                return Err("it was written by a machine of the other byte order".into());
            }
            _ => return Err("its byte-order mark is damaged".into()),
        }
        if u32_at(8) != FORMAT_VERSION {
            let found = u32_at(8);
            return Err(format!("it has format {found}, not {FORMAT_VERSION}"));
        }
        if u32_at(56) as usize != SECTION_COUNT || u32_at(60) as usize != BLOCK {
            return Err("its section table has another shape".into());
        }
        let total = u64_of(&bytes[16..24]);
        if total != bytes.len() as u64 {
            let found = bytes.len();
            return Err(format!("it has {found} bytes instead of {total}"));
        }
        let content =
            content_length(bytes.len()).ok_or_else(|| "its length is damaged".to_string())?;
        let end = bytes.len() - 8;
        let sum = seal_sum(&bytes[..table], &bytes[content..end]);
        if sum != u64_of(&bytes[end..]) {
            return Err("its header, table or checksums are damaged".into());
        }
        let mut toc: Toc = [Span::default(); SECTION_COUNT];
        bytemuck::cast_slice_mut(&mut toc).copy_from_slice(&bytes[HEADER..table]);
        let mut identity = Digest::default();
        identity.copy_from_slice(&bytes[24..56]);
        for span in &toc {
            let end = span.offset.checked_add(span.length);
            if end.is_none_or(|end| end > content as u64) || span.offset % ALIGNMENT as u64 != 0 {
                return Err("a section lies outside of it".into());
            }
        }
        Ok(Header {
            identity,
            toc,
            content,
        })
    }
}

/// The contents' length in a file of `total` bytes, if there is one: contents, a checksum a block, a checksum.
fn content_length(total: usize) -> Option<usize> {
    let sums_and_contents = total.checked_sub(8)?;
    // Whole blocks take BLOCK + 8 bytes; what is left is a shorter block and its checksum.
    let whole = sums_and_contents / (BLOCK + 8);
    let rest = sums_and_contents % (BLOCK + 8);
    let content = match rest {
        0 => whole * BLOCK,
        _ => whole * BLOCK + rest.checked_sub(8)?,
    };
    (content % ALIGNMENT == 0 && content >= HEADER + size_of::<Toc>()).then_some(content)
}

/// The checksum at the end.
fn seal_sum(header_and_table: &[u8], sums: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(header_and_table);
    hash.update(sums);
    hash.digest()
}

/// Completes the bytes of a segment: header and table are put in place, checksums appended.
pub(crate) fn seal(buffer: &mut Buffer, identity: &Digest, toc: &Toc) {
    buffer.align(ALIGNMENT);
    let content = buffer.len();
    let total = (content + content.div_ceil(BLOCK) * 8 + 8) as u64;
    let table = HEADER + size_of::<Toc>();
    let bytes = buffer.bytes_mut();
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_ne_bytes());
    bytes[12..16].copy_from_slice(&BYTE_ORDER_MARK.to_ne_bytes());
    bytes[16..24].copy_from_slice(&total.to_ne_bytes());
    bytes[24..56].copy_from_slice(identity);
    bytes[56..60].copy_from_slice(&(SECTION_COUNT as u32).to_ne_bytes());
    bytes[60..64].copy_from_slice(&(BLOCK as u32).to_ne_bytes());
    bytes[HEADER..table].copy_from_slice(bytemuck::cast_slice(toc));
    let sums: Vec<u64> = buffer.bytes().chunks(BLOCK).map(xxh3_64).collect();
    let sum = seal_sum(&buffer.bytes()[..table], bytemuck::cast_slice(&sums));
    buffer.extend(&sums);
    buffer.extend(&[sum]);
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_ne_bytes)
}

fn u64_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_ne_bytes)
}

/// An 8-byte aligned, growing byte buffer (a plain `Vec<u8>` promises no alignment).
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Zeros beyond `length`: the system gives them, and pages that are not needed are never touched.
    words: Vec<u64>,
    length: usize,
}

impl Buffer {
    /// A buffer with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Buffer {
        Buffer {
            words: vec![0; capacity / 8 + 1],
            length: 0,
        }
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }

    /// The bytes, to be changed in place.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.length]
    }

    /// A buffer of `length` zeros.
    pub(crate) fn zeroed(length: usize) -> Buffer {
        Buffer {
            words: vec![0; length.div_ceil(8)],
            length,
        }
    }

    /// Number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Appends the bytes of a slice.
    pub(crate) fn extend<T: Pod>(&mut self, items: &[T]) {
        let bytes: &[u8] = bytemuck::cast_slice(items);
        let start = self.length;
        self.resize(start + bytes.len());
        self.bytes_mut()[start..].copy_from_slice(bytes);
    }

    /// Appends items as they come. The buffer must end at a multiple of their size.
    pub(crate) fn extend_from<T: Pod>(&mut self, items: impl ExactSizeIterator<Item = T>) {
        let start = self.length;
        self.resize(start + items.len() * size_of::<T>());
        let room: &mut [T] = bytemuck::cast_slice_mut(&mut self.bytes_mut()[start..]);
        for (place, item) in room.iter_mut().zip(items) {
            *place = item;
        }
    }

    /// Appends zeros up to a multiple of `alignment`.
    pub(crate) fn align(&mut self, alignment: usize) {
        self.resize(self.length.next_multiple_of(alignment));
    }

    /// Gives back the room that was not needed.
    pub(crate) fn shrink(&mut self) {
        self.words.truncate(self.length.div_ceil(8));
        self.words.shrink_to_fit();
    }

    fn resize(&mut self, length: usize) {
        let words = length.div_ceil(8);
        if words > self.words.len() {
            self.words.resize(words.max(2 * self.words.len()), 0);
        }
        self.length = length;
    }
}
