//! The same channels for other platforms.
//!
//! An index remembers which folders it was read from. Where those folders hold the data of other platforms too, code that
//! explains why a package cannot be had can look whether another platform has it. Nothing is fetched for that.

use std::sync::Arc;

use super::{ChannelSource, Contents, Index, LoadOptions};

/// Subdirs that are looked for, the most used first.
const PLATFORMS: [&str; 9] = [
    "linux-64",
    "osx-arm64",
    "win-64",
    "osx-64",
    "linux-aarch64",
    "win-arm64",
    "linux-ppc64le",
    "linux-32",
    "win-32",
];

/// Largest repodata file that is read to look whether another platform has something, in bytes as stored.
const MOST_BYTES: u64 = 16 << 20;

/// What an index was read from.
#[derive(Debug)]
pub(super) struct Origin {
    pub sources: Vec<ChannelSource>,
    pub options: LoadOptions,
}

impl Index {
    /// Remembers what the index was read from.
    pub(super) fn read_from(mut self, sources: &[ChannelSource], options: &LoadOptions) -> Self {
        self.origin = Some(Arc::new(Origin {
            sources: sources.to_vec(),
            options: options.clone(),
        }));
        self
    }

    /// Other platforms whose repodata lies in the folders that this index was read from. Files that take long to
    /// read are left alone.
    pub fn sibling_platforms(&self) -> Vec<&'static str> {
        let Some(origin) = &self.origin else {
            return Vec::new();
        };
        let is_there = |platform: &&str| {
            *platform != self.platform && {
                let folders = origin
                    .sources
                    .iter()
                    .filter_map(|source| match &source.contents {
                        Contents::Folder(folder) => Some(folder.join(platform)),
                        Contents::Subdirs(_) => None,
                    });
                let files = folders.flat_map(|folder| {
                    ["repodata.json.zst", "repodata.json"].map(|file| folder.join(file))
                });
                let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
                let sizes: Vec<u64> = sizes.collect();
                !sizes.is_empty() && sizes.iter().sum::<u64>() <= MOST_BYTES
            }
        };
        PLATFORMS.into_iter().filter(is_there).collect()
    }

    /// The same channels for another platform; `None` if they cannot be read.
    pub fn sibling(&self, platform: &str) -> Option<Index> {
        let origin = self.origin.as_ref()?;
        Index::from_channels(&origin.sources, platform, &origin.options).ok()
    }
}
