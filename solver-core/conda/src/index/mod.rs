//! The index: records as columns, immutable, combined from channels without copying.
//!
//! A [`Segment`] holds one channel's subdir. It is one run of bytes (see `layout.rs`) in which strings, versions,
//! specs and lists are stored once, the records of a package are contiguous and sorted best first, and
//! dependencies are ids of specs that were parsed while building. The same bytes are the index file, so opening a
//! file needs no work that grows with its size, and only the pages that a solve touches are read.
//!
//! An [`Index`] is the ordered list of the segments of all channels: for each channel the platform's subdir, then
//! `noarch`. Whatever a solve needs it reads through accessors of the segments; a [`PackageRecord`] with
//! everything is only made when somebody looks at it.

mod builder;
pub mod cache_admin;
mod file;
mod fingerprint;
mod installed;
pub(crate) mod layout;
mod load;
mod load_cached;
mod numbering;
mod options;
mod order;
mod other_platforms;
mod query;
mod record;
mod segment;
mod spec_compiler;
mod specs;
mod storage;
#[cfg(test)]
mod tests;
mod warning;
mod writer;

use std::sync::Arc;

pub use options::{ChannelSource, Contents, Data, LoadOptions, SubdirSource};
pub use segment::{
    BuildPattern, ListId, NameId, PackageId, RecordId, Segment, SpecId, SpecRef, VersionId,
};
pub use warning::{Warning, WarningKind};

use crate::record::PackageRecord;

/// A channel of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Canonical name: `conda-forge`, or the base URL of a channel without a name.
    pub name: String,
    /// Base URL without credentials, subdir and trailing slash.
    pub base_url: String,
}

/// One subdir of one channel in an index.
#[derive(Debug, Clone)]
pub struct IndexSegment {
    /// Position in [`Index::channels`].
    pub channel: usize,
    /// The records.
    pub segment: Arc<Segment>,
    /// Where the archives are, with a trailing slash.
    pub download_url: String,
    /// The records are installed and in no channel, see [`Index::with_installed`].
    pub installed: bool,
}

/// A record of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// Position in [`Index::segments`].
    pub segment: u32,
    /// The record within it.
    pub record: RecordId,
}

/// The records of several channels for one platform, in channel order.
#[derive(Debug, Clone)]
pub struct Index {
    platform: String,
    channels: Vec<ChannelInfo>,
    segments: Vec<IndexSegment>,
    warnings: Vec<Warning>,
    pub(super) log: Vec<String>,
    pub(super) notes: Vec<String>,
    /// What it was read from, if from folders.
    origin: Option<Arc<other_platforms::Origin>>,
}

impl Index {
    /// Combines segments. Each names its channel by position; the order given is kept.
    pub fn new(
        platform: &str,
        channels: Vec<ChannelInfo>,
        segments: Vec<(usize, Arc<Segment>)>,
    ) -> Index {
        let mut warnings = Vec::new();
        let mut combined = Vec::with_capacity(segments.len());
        for (channel, segment) in segments {
            let base_url = channels
                .get(channel)
                .map_or("", |info| info.base_url.as_str());
            let name = channels.get(channel).map_or("", |info| info.name.as_str());
            let subdir = segment.subdir();
            warnings.extend(segment.warnings(&format!("{name}/{subdir}")));
            let download_url = load::download_url(
                &format!("{base_url}/{subdir}/"),
                segment.declared_base_url(),
            );
            combined.push(IndexSegment {
                channel,
                segment,
                download_url,
                installed: false,
            });
        }
        Index {
            platform: platform.to_string(),
            channels,
            segments: combined,
            warnings,
            log: Vec::new(),
            notes: Vec::new(),
            origin: None,
        }
    }

    /// The target platform, such as `linux-64`.
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// The channels, highest priority first.
    pub fn channels(&self) -> &[ChannelInfo] {
        &self.channels
    }

    /// The subdirs with records, in channel order, the platform before `noarch`.
    pub fn segments(&self) -> &[IndexSegment] {
        &self.segments
    }

    /// The member at a position, as in a [`RecordRef`].
    ///
    /// # Panics
    /// If there is none.
    pub fn member(&self, position: u32) -> &IndexSegment {
        &self.segments[position as usize]
    }

    /// The records of the member at a position, as in a [`RecordRef`].
    ///
    /// # Panics
    /// If there is none.
    pub fn segment(&self, position: u32) -> &Segment {
        &self.segments[position as usize].segment
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.segments
            .iter()
            .map(|entry| entry.segment.record_count())
            .sum()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was wrong with records of the channels; bounded, see [`Warning`].
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What happened to index files while loading, one line each: files that were refused and rebuilt, a folder that
    /// cannot be written. Empty when all went well.
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// Which files of repodata were passed over while loading, and why, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether bytes of an index file that were read since opening turned out to be damaged. Answers that used
    /// them are void; loading the index again rebuilds the file.
    pub fn is_damaged(&self) -> bool {
        self.segments.iter().any(|entry| entry.segment.is_damaged())
    }

    /// A record with everything, for people and programs to look at. A reference of another index gives an
    /// empty record.
    pub fn record(&self, at: RecordRef) -> PackageRecord {
        let Some(entry) = self.segments.get(at.segment as usize) else {
            return PackageRecord::default();
        };
        let channel = self.channels.get(entry.channel);
        let channel = channel.map_or("", |info| info.name.as_str());
        entry
            .segment
            .package_record_at(at.record, channel, &entry.download_url)
    }

    /// Reads what a solve has not read of a record, so that damage of an index file shows in [`Index::is_damaged`]
    /// before the record is looked at.
    pub fn touch(&self, at: RecordRef) {
        if let Some(entry) = self.segments.get(at.segment as usize) {
            entry.segment.touch(at.record);
        }
    }
}
