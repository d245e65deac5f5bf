//! A repodata file after parsing and before sorting: one row a record, in the order of the file.
//!
//! Everything textual is borrowed from the JSON or interned, so the whole is smaller than the text it came from.

use super::intern::Interner;
use super::RejectedRecord;
use crate::record::NoArch;

/// "No string" and "no row" in the optional id columns below.
pub(crate) const NONE: u32 = u32::MAX;

/// One record; ids point into the interners of [`RawRepodata`].
#[derive(Debug, Clone)]
pub(crate) struct RawRecord<'a> {
    pub file_name: &'a str,
    pub name: u32,
    pub version: u32,
    pub build: u32,
    pub build_number: u64,
    /// Milliseconds; 0 when unknown.
    pub timestamp: u64,
    /// Milliseconds (CEP 47); 0 when absent.
    pub indexed_timestamp: u64,
    pub size: Option<u64>,
    pub md5: Option<[u8; 16]>,
    pub sha256: Option<[u8; 32]>,
    /// Ranges of [`RawRepodata::items`], holding spec ids.
    pub depends: (u32, u32),
    pub constrains: (u32, u32),
    pub license: u32,
    pub license_family: u32,
    pub noarch: Option<NoArch>,
    /// Index of [`RawRepodata::rare`], or [`NONE`].
    pub rare: u32,
}

/// The fields that few records have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RawRare<'a> {
    pub track_features: Vec<&'a str>,
    pub features: Vec<&'a str>,
    pub flags: Vec<&'a str>,
    pub python_site_packages_path: Option<&'a str>,
    /// The record's own `subdir`; the builder drops it where it only repeats the segment's.
    pub subdir: Option<&'a str>,
    /// Hashes that are not hex of the right length are kept as written: no download can match them.
    pub md5: Option<&'a str>,
    pub sha256: Option<&'a str>,
    /// Group and range of [`RawRepodata::items`].
    pub extra_depends: Vec<(&'a str, (u32, u32))>,
    /// The remaining keys as one JSON object, or empty.
    pub extra_json: &'a str,
}

/// A parsed repodata file.
#[derive(Debug, Default)]
pub(crate) struct RawRepodata<'a> {
    /// `info.subdir`.
    pub subdir: Option<&'a str>,
    /// `info.base_url`.
    pub base_url: Option<&'a str>,
    pub names: Interner<&'a str>,
    pub versions: Interner<&'a str>,
    pub builds: Interner<&'a str>,
    pub specs: Interner<&'a str>,
    pub licenses: Interner<&'a str>,
    /// Spec ids of every list, end to end.
    pub items: Vec<u32>,
    pub records: Vec<RawRecord<'a>>,
    pub rare: Vec<RawRare<'a>>,
    /// File names that the channel withdrew.
    pub removed: Vec<&'a str>,
    /// Records that were left out while reading.
    pub rejected: Vec<RejectedRecord>,
}
