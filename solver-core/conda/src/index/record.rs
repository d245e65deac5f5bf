//! From columns back to a whole [`PackageRecord`].

use super::fingerprint::hex;
use super::layout::Section;
use super::segment::{RecordId, Segment, SpecId};
use super::ChannelInfo;
use crate::record::PackageRecord;
use crate::repodata::row::{flag, rare_fields, rare_tag};

impl Segment {
    /// The archive's file name.
    pub fn file_name(&self, record: RecordId) -> String {
        // The column is empty when every name is regular; reading beyond it gives 0.
        let stored = self.storage.u32(Section::RecordFileName, record.0);
        if stored != 0 {
            return self.string(stored).to_string();
        }
        let flags = self.flags(record);
        let extension = if flags & flag::CONDA_ARCHIVE != 0 {
            ".conda"
        } else {
            ".tar.bz2"
        };
        let (name, version, build) = (
            self.name_of(record),
            self.version(record),
            self.build(record),
        );
        format!("{name}-{version}-{build}{extension}")
    }

    /// MD5 of the archive; `None` when unknown (or not given as hex, then only [`Self::package_record`] has it).
    pub fn md5(&self, record: RecordId) -> Option<[u8; 16]> {
        let known = self.flags(record) & flag::HAS_MD5 != 0;
        known
            .then(|| self.storage.array(Section::RecordMd5, record.0))
            .flatten()
    }

    /// SHA-256 of the archive; `None` when unknown.
    pub fn sha256(&self, record: RecordId) -> Option<[u8; 32]> {
        let known = self.flags(record) & flag::HAS_SHA256 != 0;
        known
            .then(|| self.storage.array(Section::RecordSha256, record.0))
            .flatten()
    }

    /// Size of the archive in bytes.
    pub fn size(&self, record: RecordId) -> Option<u64> {
        self.storage
            .u64(Section::RecordSize, record.0)
            .checked_sub(1)
    }

    /// The optional dependency groups of a record (CEP 44), in the order written.
    pub fn extra_depends(&self, record: RecordId) -> Vec<(&str, Vec<SpecId>)> {
        self.rare(record)
            .filter(|(tag, _)| *tag == rare_tag::EXTRA_DEPENDS)
            .filter_map(|(_, items)| items.split_first())
            .map(|(group, specs)| {
                let specs = specs.iter().copied().map(SpecId).collect();
                (self.string(*group), specs)
            })
            .collect()
    }

    /// The subdir that a record names itself, nearly always the segment's.
    pub fn subdir_of(&self, record: RecordId) -> &str {
        let own = self
            .rare(record)
            .find(|(tag, _)| *tag == rare_tag::SUBDIR)
            .and_then(|(_, items)| items.first());
        own.map_or_else(|| self.subdir(), |&id| self.string(id))
    }

    /// The record as it came from the channel, with everything.
    pub fn package_record(&self, record: RecordId, channel: &ChannelInfo) -> PackageRecord {
        let url = super::load::download_url(
            &format!("{}/{}/", channel.base_url, self.subdir()),
            self.declared_base_url(),
        );
        self.package_record_at(record, &channel.name, &url)
    }

    pub(super) fn package_record_at(
        &self,
        record: RecordId,
        channel: &str,
        download_url: &str,
    ) -> PackageRecord {
        let texts = |specs: &[SpecId]| -> Vec<String> {
            let text = |spec: &SpecId| self.spec(*spec).text().to_string();
            specs.iter().map(text).collect()
        };
        let text = |id: u32| (id != 0).then(|| self.string(id).to_string());
        let file_name = self.file_name(record);
        let mut whole = PackageRecord {
            name: self.name_of(record).to_string(),
            version: self.version(record).to_string(),
            build: self.build(record).to_string(),
            build_number: self.build_number(record),
            subdir: self.subdir().to_string(),
            channel: channel.to_string(),
            url: format!("{download_url}{file_name}"),
            file_name,
            depends: texts(self.depends(record)),
            constrains: texts(self.constrains(record)),
            noarch: self.noarch(record),
            timestamp: self.timestamp(record),
            indexed_timestamp: self.indexed_timestamp(record),
            md5: self.md5(record).map(|hash| hex(&hash)),
            sha256: self.sha256(record).map(|hash| hex(&hash)),
            size: self.size(record),
            license: text(self.storage.u32(Section::RecordLicense, record.0)),
            license_family: text(self.storage.u32(Section::RecordLicenseFamily, record.0)),
            ..PackageRecord::default()
        };
        for (tag, items) in self.rare(record) {
            let words = || items.iter().map(|&id| self.string(id).to_string());
            match tag {
                rare_tag::TRACK_FEATURES => whole.track_features = words().collect(),
                rare_tag::FEATURES => whole.features = words().collect(),
                rare_tag::FLAGS => whole.flags = words().collect(),
                rare_tag::SITE_PACKAGES => whole.python_site_packages_path = words().next(),
                rare_tag::SUBDIR => whole.subdir = words().next().unwrap_or_default(),
                rare_tag::EXTRA_JSON => whole.extra_json = words().next().unwrap_or_default(),
                rare_tag::MD5 => whole.md5 = words().next(),
                rare_tag::SHA256 => whole.sha256 = words().next(),
                _ => {}
            }
        }
        whole.extra_depends = self
            .extra_depends(record)
            .into_iter()
            .map(|(group, specs)| (group.to_string(), texts(&specs)))
            .collect();
        whole
    }

    /// Reads whatever [`Segment::package_record`] reads of a record and a solve does not, so that damage of the file
    /// there is found now and not later.
    pub(super) fn touch(&self, record: RecordId) {
        let _ = (self.noarch(record), self.size(record));
        let _ = (self.timestamp(record), self.indexed_timestamp(record));
        let _ = (self.md5(record), self.sha256(record));
        let touch = |id: u32| self.bytes_of(Section::StringOffsets, Section::StringBytes, id);
        for section in [
            Section::RecordFileName,
            Section::RecordLicense,
            Section::RecordLicenseFamily,
        ] {
            touch(self.storage.u32(section, record.0));
        }
        for (_, items) in self.rare(record) {
            for &id in items {
                touch(id);
            }
        }
    }

    /// The rare fields of a record as (tag, items).
    fn rare(&self, record: RecordId) -> impl Iterator<Item = (u32, &[u32])> {
        let row = self.storage.u32(Section::RecordRare, record.0);
        let range = self.bounds(Section::RareOffsets, row).unwrap_or(0..0);
        rare_fields(self.storage.slice(Section::RareItems, range))
    }
}
