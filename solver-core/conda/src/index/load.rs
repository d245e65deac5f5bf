//! Loading channels from folders, from single files, or from JSON text in memory.

use std::path::Path;
use std::sync::Arc;

use super::layout::Digest;
use super::load_cached::{self, Loaded};
use super::options::{ChannelSource, Contents, Data, LoadOptions, SubdirSource};
use super::{builder, ChannelInfo, Index, Segment};
use crate::repodata::{self, Located, ParseOptions, RepodataError, Source};

impl Index {
    /// Loads the platform's and the `noarch` subdir of each channel.
    ///
    /// A subdir that is absent has no records. The two subdirs of a channel are read in parallel. What happened to
    /// index files that had to be rebuilt, or could not be written, is in [`Index::log`]; it is not an error.
    ///
    /// # Errors
    ///
    /// [`RepodataError::ChannelNotFound`] when a channel has neither subdir, and the errors of reading and
    /// parsing, see [`RepodataError`].
    pub fn from_channels(
        sources: &[ChannelSource],
        platform: &str,
        options: &LoadOptions,
    ) -> Result<Index, RepodataError> {
        let mut channels = Vec::with_capacity(sources.len());
        let mut segments = Vec::with_capacity(sources.len() * 2);
        let mut log = Vec::new();
        let mut notes = Vec::new();
        for (position, source) in sources.iter().enumerate() {
            channels.push(channel_info(source));
            for loaded in load_channel(source, platform, options)? {
                segments.push((position, Arc::new(loaded.segment)));
                log.extend(loaded.log);
                notes.extend(loaded.notes);
            }
        }
        let mut index = Index::new(platform, channels, segments);
        index.log = log;
        index.notes = notes;
        Ok(index.read_from(sources, options))
    }

    /// Builds an index from JSON texts, given as (channel, subdir, text) in channel order; channels are identified
    /// apart by name. For tests and generators.
    ///
    /// # Errors
    ///
    /// The errors of parsing, naming the file `channel/subdir/repodata.json`.
    pub fn from_json(
        texts: &[(&str, &str, &[u8])],
        platform: &str,
    ) -> Result<Index, RepodataError> {
        let mut channels: Vec<ChannelInfo> = Vec::new();
        let mut segments = Vec::new();
        for (name, subdir, json) in texts {
            let info = named_channel(name);
            let channel = match channels.iter().position(|known| *known == info) {
                Some(position) => position,
                None => {
                    channels.push(info);
                    channels.len() - 1
                }
            };
            let file = Path::new(name).join(subdir).join("repodata.json");
            let segment = Segment::from_json(json, subdir, &file, ParseOptions::default())?;
            segments.push((channel, Arc::new(segment)));
        }
        Ok(Index::new(platform, channels, segments))
    }
}

impl Segment {
    /// Builds a segment from repodata text. `subdir` counts where the text does not name its own; `file` is
    /// only used in errors.
    ///
    /// # Errors
    ///
    /// The errors of parsing, see [`RepodataError`].
    pub fn from_json(
        json: &[u8],
        subdir: &str,
        file: &Path,
        options: ParseOptions,
    ) -> Result<Segment, RepodataError> {
        let raw = repodata::parse(json, file, options)?;
        let none = Digest::default();
        Ok(builder::build(&raw, subdir, &none, options.workers))
    }
}

fn load_channel(
    source: &ChannelSource,
    platform: &str,
    options: &LoadOptions,
) -> Result<Vec<Loaded>, RepodataError> {
    let folder = match &source.contents {
        Contents::Folder(folder) => folder,
        Contents::Subdirs(subdirs) => return load_subdirs(subdirs, options),
    };
    let subdirs: &[&str] = if platform == "noarch" {
        &["noarch"]
    } else {
        &[platform, "noarch"]
    };
    let not_found = |reason: String| RepodataError::ChannelNotFound {
        channel: source
            .name
            .clone()
            .unwrap_or_else(|| folder.display().to_string()),
        location: folder.clone(),
        reason,
    };
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(not_found("it is a file, not a folder".into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(not_found("there is no such folder".into()));
        }
        Err(source_error) => {
            return Err(RepodataError::Io {
                path: folder.clone(),
                source: source_error,
            });
        }
    }
    let load = |subdir: &str| load_subdir(folder, subdir, options);
    let loaded: Vec<_> = match subdirs {
        [first, second] => std::thread::scope(|scope| {
            let other = scope.spawn(|| load(second));
            let first = load(first);
            let other = other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            vec![first, other]
        }),
        _ => subdirs.iter().map(|subdir| load(subdir)).collect(),
    };
    let mut segments = Vec::new();
    for segment in loaded {
        segments.extend(segment?);
    }
    if segments.is_empty() {
        let names = subdirs.join(" nor ");
        return Err(not_found(format!(
            "it has repodata for neither {names} (repodata.json.zst, repodata.json or repodata.json.bz2)"
        )));
    }
    Ok(segments)
}

fn load_subdir(
    channel: &Path,
    subdir: &str,
    options: &LoadOptions,
) -> Result<Option<Loaded>, RepodataError> {
    let folder = channel.join(subdir);
    let (candidates, mut notes) = Source::candidates(&folder, options.zstd)?;
    let mut problem = None;
    for located in candidates {
        let file = located.file.clone();
        match load_file(located, subdir, options) {
            Ok(mut loaded) => {
                if let Some(problem) = problem {
                    notes.push(format!("{problem}; {} is used instead", file.display()));
                }
                loaded.notes = notes;
                return Ok(Some(loaded));
            }
            // What is wrong with the first form is reported if no other one can be had.
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    problem.map_or(Ok(None), Err)
}

fn load_file(
    located: Located,
    subdir: &str,
    options: &LoadOptions,
) -> Result<Loaded, RepodataError> {
    match &options.cache_dir {
        Some(cache_dir) => load_cached::load(cache_dir, located, subdir, options),
        None => Ok(Loaded {
            segment: builder::build_from(&located, subdir, options, |_| Digest::default())?.0,
            log: Vec::new(),
            notes: Vec::new(),
        }),
    }
}

/// Loads subdirs that are given one by one, in parallel.
fn load_subdirs(
    subdirs: &[SubdirSource],
    options: &LoadOptions,
) -> Result<Vec<Loaded>, RepodataError> {
    let load = |source: &SubdirSource| match &source.data {
        Data::File(file) => load_file(Source::open(file)?, &source.subdir, options),
        Data::Text(text) => {
            let file = Path::new(&source.subdir).join("repodata.json");
            let parse = ParseOptions {
                skip_bad_records: options.skip_bad_records,
                workers: 0,
            };
            let mut raw = repodata::parse(text, &file, parse)?;
            if options.add_pip {
                raw.add_pip_to_python();
            }
            let identity = Digest::default();
            Ok(Loaded {
                segment: builder::build(&raw, &source.subdir, &identity, parse.workers),
                log: Vec::new(),
                notes: Vec::new(),
            })
        }
    };
    match subdirs {
        [] => Ok(Vec::new()),
        [first, others @ ..] => std::thread::scope(|scope| {
            let others: Vec<_> = others
                .iter()
                .map(|source| scope.spawn(move || load(source)))
                .collect();
            let mut loaded = vec![load(first)?];
            for other in others {
                let other = other.join();
                loaded.push(other.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(loaded)
        }),
    }
}

/// The identity of a channel to load.
fn channel_info(source: &ChannelSource) -> ChannelInfo {
    let mut info = match (&source.name, &source.contents) {
        (Some(name), _) => named_channel(name),
        (None, Contents::Folder(folder)) => named_channel(&crate::channel::url_of_folder(folder)),
        (None, Contents::Subdirs(_)) => named_channel(source.base_url.as_deref().unwrap_or("")),
    };
    if let Some(base_url) = &source.base_url {
        info.base_url = base_url.trim_end_matches('/').to_string();
    }
    info
}

fn named_channel(name: &str) -> ChannelInfo {
    let base_url = if name.contains("://") {
        name.trim_end_matches('/').to_string()
    } else {
        format!("https://conda.anaconda.org/{name}")
    };
    ChannelInfo {
        name: name.to_string(),
        base_url,
    }
}

/// Where archives are (CEP 15): `declared` against the URL of the subdir, both as folders.
pub(super) fn download_url(subdir_url: &str, declared: &str) -> String {
    let mut url = if declared.is_empty() {
        subdir_url.to_string()
    } else if declared.contains("://") {
        declared.to_string()
    } else {
        resolve_relative(subdir_url, declared)
    };
    if !url.ends_with('/') {
        url.push('/');
    }
    url
}

/// Resolves a relative reference as RFC 3986 does for paths.
fn resolve_relative(base: &str, reference: &str) -> String {
    let host_start = base.find("://").map_or(0, |at| at + 3);
    let path_start = base[host_start..]
        .find('/')
        .map_or(base.len(), |at| host_start + at);
    let (root, base_path) = base.split_at(path_start);
    let mut parts: Vec<&str> = if reference.starts_with('/') {
        Vec::new()
    } else {
        let folder = base_path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folder.split('/').filter(|part| !part.is_empty()).collect()
    };
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("{root}/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_resolve() {
        let base = "https://host/channel/linux-64/";
        assert_eq!(download_url(base, ""), base);
        assert_eq!(download_url(base, "https://cdn/x"), "https://cdn/x/");
        assert_eq!(
            download_url(base, "./pkgs"),
            "https://host/channel/linux-64/pkgs/"
        );
        assert_eq!(download_url(base, "../pkgs/"), "https://host/channel/pkgs/");
        assert_eq!(download_url(base, "/pkgs"), "https://host/pkgs/");
        assert_eq!(download_url(base, "../../../.."), "https://host/");
        assert_eq!(
            download_url("file:///c/noarch/", "../all"),
            "file:///c/all/"
        );
    }
}
