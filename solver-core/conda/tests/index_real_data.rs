//! Every channel of the material loads, and the records say what the repodata says.

#![allow(clippy::print_stderr, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use conda::index::{ChannelSource, Index, LoadOptions, PackageId, RecordId};

/// The folder with real channels; `None` (with a note) where it does not exist.
fn material() -> Option<PathBuf> {
    let root = std::env::var_os("RESOLVENT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/material"),
        PathBuf::from,
    );
    let data = root.join("data");
    if data.is_dir() {
        Some(data)
    } else {
        eprintln!("skipped: no real channels at {}", data.display());
        None
    }
}

fn load(folder: &Path, name: &str, platform: &str) -> Index {
    let source = ChannelSource::folder(Some(name.to_string()), folder.to_path_buf());
    Index::from_channels(&[source], platform, &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{name} for {platform}: {error}"))
}

#[test]
fn conda_forge_has_all_its_records() {
    let Some(data) = material() else { return };
    let index = load(
        &data.join("channels/conda-forge"),
        "conda-forge",
        "linux-64",
    );
    let counts: Vec<(&str, usize)> = index
        .segments()
        .iter()
        .map(|entry| (entry.segment.subdir(), entry.segment.record_count()))
        .collect();
    assert_eq!(counts, [("linux-64", 28_116), ("noarch", 11_263)]);
    assert_eq!(index.len(), 39_379);
    assert_eq!(index.warnings(), []);

    let entry = &index.segments()[0];
    let segment = &entry.segment;
    let numpy = segment.find_package("numpy").expect("numpy is a package");
    let records = segment.records(numpy);
    assert!(records.len() > 50);
    for pair in records.clone().collect::<Vec<_>>().windows(2) {
        let key = |at: u32| {
            let at = RecordId(at);
            (
                segment.version_key(at),
                segment.build_number(at),
                segment.timestamp(at),
            )
        };
        assert!(key(pair[0]) >= key(pair[1]));
    }
    for at in records {
        let record = segment.package_record(RecordId(at), &index.channels()[0]);
        assert_eq!(record.name, "numpy");
        assert_eq!(record.channel, "conda-forge");
        assert_eq!(
            record.url,
            format!(
                "https://conda.anaconda.org/conda-forge/linux-64/{}",
                record.file_name
            )
        );
        let listed: Vec<&str> = segment
            .depends(RecordId(at))
            .iter()
            .map(|&spec| segment.spec(spec).text())
            .collect();
        assert_eq!(listed, record.depends);
    }
}

#[test]
fn every_channel_loads() {
    let Some(data) = material() else { return };
    let mut records = 0;
    for folder in std::fs::read_dir(data.join("channels")).expect("channels folder") {
        let folder = folder.expect("entry").path();
        let name = folder
            .file_name()
            .expect("name")
            .to_string_lossy()
            .into_owned();
        for subdir in std::fs::read_dir(&folder).expect("subdirs") {
            let subdir = subdir.expect("entry").file_name();
            let subdir = subdir.to_string_lossy();
            let index = load(&folder, &name, &subdir);
            let own = &index.segments()[0].segment;
            assert_eq!(own.subdir(), subdir);
            records += own.record_count();
        }
    }
    // What the repository carries is a part of it.
    match data.join("older").is_dir() {
        true => assert_eq!(records, 138_108),
        false => assert!(records > 39_379, "{records}"),
    }
}

#[test]
fn old_channels_load() {
    let Some(data) = material().filter(|data| data.join("older").is_dir()) else {
        eprintln!(
            "skipped: only the whole material (RESOLVENT_SHARED) has indices of earlier years"
        );
        return;
    };
    let first = load(
        &data.join("older/defaults-2013"),
        "defaults-2013",
        "linux-64",
    );
    assert_eq!(first.len(), 1149);
    for folder in std::fs::read_dir(data.join("older")).expect("older folder") {
        let folder = folder.expect("entry").path();
        let index = load(&folder, "older", "linux-64");
        // A `noarch` of those days may be empty.
        assert!(index.segments()[0].segment.record_count() > 0);
        for entry in index.segments() {
            let segment = &entry.segment;
            for package in segment.packages() {
                let name = segment.package_name(package).to_string();
                assert_eq!(segment.find_package(&name), Some(package));
                for record in segment.records(package) {
                    assert_eq!(segment.name_of(RecordId(record)), name);
                }
            }
            let total: usize = (0..segment.package_count() as u32)
                .map(|package| segment.records(PackageId(package)).len())
                .sum();
            assert_eq!(total, segment.record_count());
        }
    }
}
