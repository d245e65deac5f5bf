//! Installed records beside the channels'.
//!
//! An environment may hold records that no channel has any more. They become segments of their own, so that code that
//! reads an index meets them in the same form as all others: specs taken apart, versions with keys.

use std::path::Path;
use std::sync::Arc;

use sonic_rs::{json, Value};

use super::{ChannelInfo, Index, IndexSegment, RecordId, RecordRef, Segment};
use crate::record::PackageRecord;
use crate::repodata::{ParseOptions, RepodataError};

impl Index {
    /// The index record that is the same package as `record` ([`PackageRecord::is_same_package`]), the same file
    /// rather than another, if there is one.
    pub fn find_record(&self, record: &PackageRecord) -> Option<RecordRef> {
        let mut found: Option<RecordRef> = None;
        for (position, member) in self.segments.iter().enumerate() {
            let segment = &member.segment;
            if segment.subdir() != record.subdir
                || self.channels[member.channel].name != record.channel
            {
                continue;
            }
            let Some(package) = segment.find_package(&record.name) else {
                continue;
            };
            for at in segment.records(package).map(RecordId) {
                if segment.version(at) == record.version
                    && segment.build(at) == record.build
                    && segment.build_number(at) == record.build_number
                {
                    let here = RecordRef {
                        segment: position as u32,
                        record: at,
                    };
                    if segment.file_name(at) == record.file_name {
                        return Some(here);
                    }
                    if found.is_none() && self.record(here).is_same_package(record) {
                        found = Some(here);
                    }
                }
            }
        }
        found
    }

    /// The same index with further records, which are installed and in no channel.
    ///
    /// # Errors
    /// If a record cannot be written as repodata and read again; it names the record.
    pub fn with_installed(&self, records: &[PackageRecord]) -> Result<Index, RepodataError> {
        let mut index = self.clone();
        let mut groups: Vec<(usize, &str, Vec<&PackageRecord>)> = Vec::new();
        for record in records {
            let channel = match index.channels.iter().position(|c| c.name == record.channel) {
                Some(channel) => channel,
                None => {
                    index.channels.push(ChannelInfo {
                        name: record.channel.clone(),
                        base_url: record.channel.clone(),
                    });
                    index.channels.len() - 1
                }
            };
            match groups
                .iter_mut()
                .find(|(c, subdir, _)| *c == channel && *subdir == record.subdir)
            {
                Some((_, _, members)) => members.push(record),
                None => groups.push((channel, &record.subdir, vec![record])),
            }
        }
        for (channel, subdir, members) in groups {
            let text = repodata(subdir, &members);
            let segment = Segment::from_json(
                text.as_bytes(),
                subdir,
                Path::new("conda-meta"),
                ParseOptions::default(),
            )?;
            index.segments.push(IndexSegment {
                channel,
                segment: Arc::new(segment),
                download_url: String::new(),
                installed: true,
            });
        }
        Ok(index)
    }
}

/// Records as the text of a repodata file.
fn repodata(subdir: &str, records: &[&PackageRecord]) -> String {
    let (mut conda, mut tar_bz2) = (json!({}), json!({}));
    for record in records {
        let mut entry = json!({
            "name": record.name, "version": record.version, "build": record.build,
            "build_number": record.build_number, "depends": record.depends, "constrains": record.constrains,
            "timestamp": record.timestamp, "subdir": record.subdir,
        });
        let texts = [
            ("md5", &record.md5),
            ("sha256", &record.sha256),
            ("license", &record.license),
            ("license_family", &record.license_family),
            (
                "python_site_packages_path",
                &record.python_site_packages_path,
            ),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                entry.insert(key, json!(value));
            }
        }
        if let Some(size) = record.size {
            entry.insert("size", json!(size));
        }
        if let Some(noarch) = record.noarch {
            entry.insert("noarch", json!(noarch.as_str()));
        }
        for (key, list) in [
            ("track_features", &record.track_features),
            ("features", &record.features),
            ("flags", &record.flags),
        ] {
            if !list.is_empty() {
                entry.insert(key, json!(list));
            }
        }
        if !record.extra_depends.is_empty() {
            let mut groups = json!({});
            for (group, specs) in &record.extra_depends {
                groups.insert(group, json!(specs));
            }
            entry.insert("extra_depends", groups);
        }
        let file_name = if record.file_name.is_empty() {
            format!("{}-{}-{}.conda", record.name, record.version, record.build)
        } else {
            record.file_name.clone()
        };
        let section: &mut Value = if file_name.ends_with(".tar.bz2") {
            &mut tar_bz2
        } else {
            &mut conda
        };
        section.insert(&file_name, entry);
    }
    let whole = json!({"info": {"subdir": subdir}, "packages": tar_bz2, "packages.conda": conda});
    sonic_rs::to_string(&whole).unwrap_or_default()
}
