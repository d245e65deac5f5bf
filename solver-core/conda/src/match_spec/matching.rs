//! Whether a record is one that the spec means.

use super::MatchSpec;
use crate::channel::Channel;
use crate::record::PackageRecord;
use crate::version::Version;

impl MatchSpec {
    /// Whether a record matches in every field the spec has. Conditions (`when`) and `extras` say nothing about a
    /// record and are ignored; a record whose version cannot be read matches only specs without a version.
    pub fn matches(&self, record: &PackageRecord) -> bool {
        let exact = |asked: &Option<String>, has: &str| asked.as_deref().is_none_or(|a| a == has);
        let hash = |asked: &Option<String>, has: &Option<String>| {
            asked.as_deref().is_none_or(|asked| {
                has.as_deref()
                    .is_some_and(|has| asked.eq_ignore_ascii_case(has))
            })
        };
        let text = |asked: &Option<crate::pattern::StringMatcher>, has: &Option<String>| {
            asked
                .as_ref()
                .is_none_or(|asked| asked.matches(has.as_deref().unwrap_or_default()))
        };
        let set = |asked: &Option<Vec<String>>, has: &[String]| {
            asked.as_ref().is_none_or(|asked| {
                has.iter().all(|name| asked.binary_search(name).is_ok())
                    && asked.iter().all(|name| has.contains(name))
            })
        };
        self.name.matches(&record.name)
            && self.matches_version(&record.version)
            && self
                .build
                .as_ref()
                .is_none_or(|build| build.matches(&record.build))
            && self
                .build_number
                .as_ref()
                .is_none_or(|number| number.matches(record.build_number))
            && exact(&self.subdir, &record.subdir)
            && exact(&self.file_name, &record.file_name)
            && exact(&self.url, &record.url)
            && hash(&self.md5, &record.md5)
            && hash(&self.sha256, &record.sha256)
            && text(&self.license, &record.license)
            && text(&self.license_family, &record.license_family)
            && set(&self.track_features, &record.track_features)
            && set(&self.features, &record.features)
            && self
                .flags
                .iter()
                .all(|asked| record.flags.iter().any(|flag| asked.matches(flag)))
            && self.matches_channel_of(&record.channel)
    }

    /// Whether a channel of this canonical name and base URL is meant; true if the spec has no channel.
    pub fn matches_channel(&self, canonical_name: &str, base_url: &str) -> bool {
        self.channel
            .as_ref()
            .is_none_or(|channel| channel.matches(canonical_name, base_url))
    }

    fn matches_version(&self, version: &str) -> bool {
        self.version
            .as_ref()
            .is_none_or(|spec| Version::parse(version).is_ok_and(|version| spec.matches(&version)))
    }

    /// The same for a channel as records name it: by canonical name or base URL.
    fn matches_channel_of(&self, channel: &str) -> bool {
        let Some(asked) = &self.channel else {
            return true;
        };
        if asked.exact().is_some() && asked.matches(channel, channel) {
            return true;
        }
        Channel::parse(channel)
            .is_ok_and(|channel| asked.matches(channel.canonical_name(), channel.base_url()))
    }
}
