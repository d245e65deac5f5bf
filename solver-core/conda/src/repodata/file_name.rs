//! Names of archives.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use crate::text::is_plain;

/// Archive names become parts of URLs and of paths, so they must not lead elsewhere.
pub(super) fn is_file_name(name: &str) -> bool {
    let plain = |byte: u8| {
        let leads_elsewhere = matches!(byte, b'/' | b'\\' | b'#' | b'?' | b'%');
        byte > b' ' && byte < 0x7f && !leads_elsewhere
    };
    // Fingerprint at all bytes: without a branch at each the compiler makes vector instructions of it.
    if name.len() > 2 && name.bytes().fold(true, |all, byte| all & plain(byte)) {
        return true;
    }
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name
            .chars()
            .any(|c| "/\\#?%".contains(c) || c.is_whitespace() || !is_plain(c))
}

/// The hash by which repeated file names are found; `v3` and the rest are apart.
#[inline]
pub(super) fn hash_of_name(newer: bool, file_name: &str) -> u64 {
    FxBuildHasher.hash_one((newer, file_name))
}
