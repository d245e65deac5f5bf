//! How a record becomes a row: the bits of its flags, and the tags of the fields that few records have.
//!
//! Rows of the index file have the same, so a change here is a new format version.

/// Bits of a record.
pub(crate) mod flag {
    pub(crate) const CONDA_ARCHIVE: u16 = 1;
    pub(crate) const TAR_BZ2_ARCHIVE: u16 = 1 << 1;
    pub(crate) const NOARCH_GENERIC: u16 = 1 << 2;
    pub(crate) const NOARCH_PYTHON: u16 = 1 << 3;
    pub(crate) const TRACK_FEATURES: u16 = 1 << 4;
    pub(crate) const UNPARSABLE: u16 = 1 << 5;
    pub(crate) const HAS_MD5: u16 = 1 << 6;
    pub(crate) const HAS_SHA256: u16 = 1 << 7;
    /// The rare fields hold optional dependency groups (CEP 44).
    pub(crate) const EXTRAS: u16 = 1 << 8;
}

/// Tags of the rare fields.
pub(crate) mod rare_tag {
    /// Items: string ids.
    pub(crate) const TRACK_FEATURES: u32 = 1;
    /// Items: string ids.
    pub(crate) const FEATURES: u32 = 2;
    /// Items: string ids.
    pub(crate) const FLAGS: u32 = 3;
    /// Item: string id.
    pub(crate) const SITE_PACKAGES: u32 = 4;
    /// Item: string id of the record's own subdir.
    pub(crate) const SUBDIR: u32 = 5;
    /// Item: string id.
    pub(crate) const EXTRA_JSON: u32 = 6;
    /// Items: string id of the group, then spec ids. Once a group.
    pub(crate) const EXTRA_DEPENDS: u32 = 7;
    /// Item: string id of an MD5 that is no hex.
    pub(crate) const MD5: u32 = 8;
    /// Item: string id of a SHA-256 that is no hex.
    pub(crate) const SHA256: u32 = 9;
}

/// The rare fields of a row as (tag, items).
pub(crate) fn rare_fields(row: &[u32]) -> impl Iterator<Item = (u32, &[u32])> {
    let mut rest = row;
    std::iter::from_fn(move || {
        let ([tag, length], after) = rest.split_first_chunk::<2>()?;
        let (items, after) = after.split_at_checked(*length as usize)?;
        rest = after;
        Some((*tag, items))
    })
}
