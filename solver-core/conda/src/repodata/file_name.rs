//! Names of archives.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

/// Archive names become parts of URLs and of paths, so they must not lead elsewhere.
pub(super) fn is_file_name(name: &str) -> bool {
    let plain = |byte: u8| byte > b' ' && byte < 0x7f && byte != b'/' && byte != b'\\';
    // Fingerprint at all bytes: without a branch at each the compiler makes vector instructions of it.
    if name.len() > 2 && name.bytes().fold(true, |all, byte| all & plain(byte)) {
        return true;
    }
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name
            .chars()
            .any(|c| c == '/' || c == '\\' || c.is_control())
}

/// The hash by which repeated file names are found; `v3` and the rest are apart.
#[inline]
pub(super) fn hash_of_name(newer: bool, file_name: &str) -> u64 {
    FxBuildHasher.hash_one((newer, file_name))
}
