//! Small channels in temporary folders.
#![allow(dead_code)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use conda::index::{ChannelSource, Index, LoadOptions};
use conda::repodata::RepodataError;

/// A folder that is removed with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("resolvent-test-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("temporary folder");
        Folder(path.canonicalize().expect("temporary folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Repodata with a record a line; `variant` makes the contents differ.
pub(crate) fn repodata(records: usize, variant: usize) -> String {
    let mut text = String::from("{\"info\":{\"subdir\":\"linux-64\"},\"packages.conda\":{\n");
    for at in 0..records {
        let comma = if at + 1 < records { "," } else { "" };
        let other = (at * 7 + 1) % records;
        writeln!(
            text,
            "\"package-{at:04}-1.{at}-h{variant}_0.conda\":{{\"name\":\"package-{at:04}\",\"version\":\"1.{at}\",\
             \"build\":\"h{variant}_0\",\"build_number\":0,\"depends\":[\"package-{other:04} >=1.{other},<2\",\
             \"python >=3.{}\"],\"license\":\"MIT\",\"sha256\":\"{:064x}\",\"size\":{at},\"timestamp\":{}}}{comma}",
            at % 14,
            at * 31 + variant,
            1_600_000_000_000_u64 + at as u64,
        )
        .expect("a string");
    }
    text.push_str("}}");
    text
}

/// A channel with one subdir and a cache folder beside it.
pub(crate) struct Channel {
    folder: Folder,
}

impl Channel {
    pub(crate) fn new(records: usize) -> Channel {
        let channel = Channel {
            folder: Folder::new(),
        };
        fs::create_dir_all(channel.subdir()).expect("subdir");
        fs::write(channel.source(), repodata(records, 0)).expect("source");
        channel
    }

    pub(crate) fn subdir(&self) -> PathBuf {
        self.folder.path().join("channel/linux-64")
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.subdir().join("repodata.json")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    pub(crate) fn options(&self) -> LoadOptions {
        LoadOptions {
            cache_dir: Some(self.cache()),
            ..LoadOptions::default()
        }
    }

    pub(crate) fn try_load(&self, options: &LoadOptions) -> Result<Index, RepodataError> {
        let source = ChannelSource::folder(Some("test".into()), self.folder.path().join("channel"));
        Index::from_channels(&[source], "linux-64", options)
    }

    pub(crate) fn load_with(&self, options: &LoadOptions) -> Index {
        self.try_load(options).expect("the channel loads")
    }
}

/// Loads by way of the cache.
pub(crate) fn load(channel: &Channel) -> Index {
    channel.load_with(&channel.options())
}

/// Names of all packages.
pub(crate) fn names(index: &Index) -> Vec<String> {
    let segments = index.segments().iter();
    segments
        .flat_map(|entry| {
            let segment = &entry.segment;
            segment
                .packages()
                .map(|package| segment.package_name(package).to_string())
        })
        .collect()
}
