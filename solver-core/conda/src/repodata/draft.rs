//! A record whose keys were read, and how it becomes a row of the columns.

use super::columns::{archive_flag, is_regular, Columns, RawRecord};
use super::row::{flag, rare_tag};
use super::scratch::Scratch;

/// The last second that is read as seconds: 9999-12-31T23:59:59Z. Above it a timestamp is in milliseconds.
const LAST_SECOND: u64 = 253_402_300_799;

/// The fields that few records have; ids of texts.
#[derive(Debug, Default)]
pub(super) struct Rare {
    pub track_features: Vec<u32>,
    pub features: Vec<u32>,
    pub flags: Vec<u32>,
    pub site_packages: Option<u32>,
    /// The record's own `subdir`; the builder drops it where it only repeats the segment's.
    pub subdir: Option<u32>,
    /// Hashes that are not hex of the right length are kept as written: no download can match them.
    pub md5: Option<u32>,
    pub sha256: Option<u32>,
    /// Group and list of specs.
    pub extra_depends: Vec<(u32, u32)>,
    /// The remaining keys as one JSON object, or empty.
    pub extra_json: String,
}

impl Rare {
    /// Adds the row, or finds it.
    fn row(&self, columns: &mut Columns, row: &mut Vec<u32>) -> u32 {
        row.clear();
        let words = [
            (rare_tag::TRACK_FEATURES, self.track_features.as_slice()),
            (rare_tag::FEATURES, &self.features),
            (rare_tag::FLAGS, &self.flags),
            (rare_tag::SITE_PACKAGES, self.site_packages.as_slice()),
            (rare_tag::SUBDIR, self.subdir.as_slice()),
            (rare_tag::MD5, self.md5.as_slice()),
            (rare_tag::SHA256, self.sha256.as_slice()),
        ];
        for (tag, texts) in words {
            if !texts.is_empty() {
                row.extend([tag, texts.len() as u32]);
                row.extend(texts);
            }
        }
        if !self.extra_json.is_empty() {
            let text = columns.texts.intern(&self.extra_json);
            row.extend([rare_tag::EXTRA_JSON, 1, text]);
        }
        for &(group, list) in &self.extra_depends {
            let specs = columns.lists.get(list);
            row.extend([rare_tag::EXTRA_DEPENDS, specs.len() as u32 + 1, group]);
            row.extend(specs);
        }
        columns.rows.intern(row)
    }
}

/// A record whose keys were read, before it becomes a row.
pub(super) struct Draft {
    pub record: RawRecord,
    pub md5: [u8; 16],
    pub sha256: [u8; 32],
    /// In [`Columns::texts`].
    pub subdir: Option<u32>,
}

impl Draft {
    /// A draft of which only the archive is known.
    #[inline]
    pub(super) fn new(file_name: &str) -> Draft {
        Draft {
            record: RawRecord {
                flags: archive_flag(file_name),
                ..RawRecord::NEW
            },
            md5: [0; 16],
            sha256: [0; 32],
            subdir: None,
        }
    }

    /// Adds the row. Name, version and build must be there.
    ///
    /// A call of its own: inlined into the loop over keys, a build takes 5 % more instructions.
    #[inline(never)]
    pub(super) fn complete(
        mut self,
        rare: Option<Box<Rare>>,
        file_name: &str,
        columns: &mut Columns,
        scratch: &mut Scratch,
    ) {
        let regular = is_regular(
            file_name,
            columns.names.get(self.record.name),
            columns.versions.get(self.record.version),
            columns.builds.get(self.record.build),
        );
        if !regular {
            self.record.file_name = columns.texts.intern(file_name);
        }
        self.record.rare = match (rare, self.subdir) {
            (None, None) => 0,
            // Nearly every record repeats its subdir and has nothing else.
            (None, Some(subdir)) => match scratch.subdir {
                Some((last, row)) if last == subdir => row,
                _ => {
                    let row = [rare_tag::SUBDIR, 1, subdir];
                    let row = columns.rows.intern(&row);
                    scratch.subdir = Some((subdir, row));
                    row
                }
            },
            (Some(mut rare), subdir) => {
                rare.subdir = subdir;
                if !rare.track_features.is_empty() {
                    self.record.flags |= flag::TRACK_FEATURES;
                }
                if !rare.extra_depends.is_empty() {
                    self.record.flags |= flag::EXTRAS;
                }
                if !rare.extra_json.is_empty() {
                    rare.extra_json.push('}');
                }
                rare.row(columns, &mut scratch.row)
            }
        };
        columns.records.push(self.record);
        columns.md5.push(self.md5);
        columns.sha256.push(self.sha256);
    }
}

/// Timestamps of old records are in seconds.
pub(super) fn milliseconds(time: u64) -> u64 {
    if time <= LAST_SECOND {
        time * 1000
    } else {
        time
    }
}

/// `2N` hex digits, of either case.
#[inline]
pub(super) fn from_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    // The library takes a leading `0x`, too.
    if text.len() != 2 * N {
        return None;
    }
    const_hex::decode_to_array(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_either_case() {
        let text = "00ff7F80abcdefABCDEF0123456789a9";
        let bytes: [u8; 16] = from_hex(text.as_bytes()).unwrap();
        let as_number = u128::from_str_radix(text, 16).unwrap();
        assert_eq!(bytes, as_number.to_be_bytes());
        for at in 0..32 {
            for wrong in (0..=255u8).filter(|byte| !byte.is_ascii_hexdigit()) {
                let mut text = text.as_bytes().to_vec();
                text[at] = wrong;
                assert_eq!(from_hex::<16>(&text), None, "{text:?}");
            }
        }
        assert_eq!(from_hex::<16>(&text.as_bytes()[1..]), None);
    }
}
