//! Which channels are loaded, and how.

use std::path::PathBuf;
use std::sync::Arc;

/// A channel to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSource {
    /// Name or URL that the records belong to; without one the channel is the folder's `file://` URL.
    pub name: Option<String>,
    /// Where its archives are, without credentials; without one the address that the name stands for.
    pub base_url: Option<String>,
    /// Where its repodata is.
    pub contents: Contents,
}

/// Where the repodata of a channel is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// A folder with one folder a subdir in it.
    Folder(PathBuf),
    /// One file or text a subdir. They count in the order given, whatever the platform of the index is.
    Subdirs(Vec<SubdirSource>),
}

/// The repodata of one subdir.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubdirSource {
    /// `linux-64`, `noarch` and so on; what the repodata says itself wins.
    pub subdir: String,
    /// What to read.
    pub data: Data,
}

/// One repodata file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A file of any name; `.zst` and `.bz2` at its end say how it is stored.
    File(PathBuf),
    /// JSON text. It is kept in memory and has no index file.
    Text(Arc<[u8]>),
}

impl ChannelSource {
    /// A channel whose data lies in a folder.
    pub fn folder(name: Option<String>, folder: PathBuf) -> ChannelSource {
        ChannelSource {
            name,
            base_url: None,
            contents: Contents::Folder(folder),
        }
    }
}

/// How to load channels.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// Leave out records with a missing key or a wrong type, with a warning, instead of failing.
    pub skip_bad_records: bool,
    /// Make each python 2 and 3 depend on pip, as conda and mamba do while they read repodata.
    pub add_pip: bool,
    /// Prefer `repodata.json.zst`; otherwise it is never read.
    pub zstd: bool,
    /// Largest accepted size of one repodata file, in bytes, stored or decompressed.
    pub max_size: u64,
    /// Folder of the index files. With one, a subdir's segment is mapped from its file there while the source is
    /// what it was, and otherwise built and written; without one, segments are built in memory.
    pub cache_dir: Option<PathBuf>,
    /// Check every block of an index file when it is opened, instead of each when it is first read. For reloading
    /// after [`super::Index::is_damaged`], and for folders that cannot be trusted.
    pub verify: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            skip_bad_records: false,
            add_pip: false,
            zstd: true,
            // Four times the largest channel of today.
            max_size: 4 << 30,
            cache_dir: None,
            verify: false,
        }
    }
}
