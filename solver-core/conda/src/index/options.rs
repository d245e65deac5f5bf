//! Which channels are loaded, and how.

use std::path::PathBuf;

/// A channel to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSource {
    /// Name or URL that the records belong to; without one the channel is the folder's `file://` URL.
    pub name: Option<String>,
    /// The folder with the channel's subdirs.
    pub location: PathBuf,
}

/// How to load channels.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// Leave out records with a missing key or a wrong type, with a warning, instead of failing.
    pub skip_bad_records: bool,
    /// Largest accepted size of one repodata file, in bytes, stored or decompressed.
    pub max_size: u64,
    /// Folder of the index files. With one, a subdir's segment is mapped from its file there while the source is
    /// what it was, and otherwise built and written; without one, segments are built in memory.
    pub cache_dir: Option<PathBuf>,
    /// Check every block of an index file when it is opened, instead of each when it is first read. For reloading
    /// after [`super::Index::is_damaged`], and for folders that cannot be trusted.
    pub verify: bool,
    /// What the caller knows about sources, as (folder of the subdir, token): an ETag, say. When the token is the
    /// one of the last load, the source is taken to be what it was then, without a look at it.
    pub tokens: Vec<(PathBuf, String)>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            skip_bad_records: false,
            // Four times the largest channel of today.
            max_size: 4 << 30,
            cache_dir: None,
            verify: false,
            tokens: Vec::new(),
        }
    }
}
