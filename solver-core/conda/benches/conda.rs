//! Versions, match specs, and repodata on its way to an index file and back.
//!
//! `cargo bench -p resolvent-conda`; one group alone: `cargo bench -p resolvent-conda --bench conda -- "JSON to index"`. The repodata is
//! conda-forge's linux-64 where the folder of `RESOLVENT_SHARED` (or `shared` beside the checkout) has it, else made
//! up.

#![allow(missing_docs, reason = "the macros of the harness make public items")]

#[path = "../tests/index_support/mod.rs"]
mod index_support;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use conda::index::Segment;
use conda::repodata::ParseOptions;
use conda::{MatchSpec, PackageRecord, Version, VersionSpec};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use index_support::Folder;

const VERSIONS: [&str; 12] = [
    "1.0",
    "1.0.post1",
    "1.0rc1",
    "2024.1.15",
    "3.12.4",
    "3.9.18",
    "1!0.1",
    "0.0.1.dev3",
    "1.2.3+cuda12",
    "10.0",
    "9.5.0b2",
    "1.1.1w",
];
const SPECS: [&str; 8] = [
    "python >=3.12,<3.13.0a0",
    "numpy 1.26.*",
    "libgcc-ng >=12",
    "blas * *_openblas",
    "conda-forge::pytorch[version='>=2,<3',build=cuda*]",
    "__glibc >=2.17,<3.0.a0",
    "python_abi 3.12.* *_cp312",
    "openssl >=3.2.1,<4.0a0",
];

fn versions(c: &mut Criterion) {
    let mut group = c.benchmark_group("version");
    group.throughput(Throughput::Elements(VERSIONS.len() as u64));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for text in VERSIONS {
                let _ = black_box(Version::parse(black_box(text)));
            }
        })
    });
    let parsed: Vec<Version> = VERSIONS.iter().flat_map(|v| Version::parse(v)).collect();
    group.throughput(Throughput::Elements((parsed.len() * parsed.len()) as u64));
    group.bench_function("compare", |b| {
        b.iter(|| {
            for left in &parsed {
                for right in &parsed {
                    black_box(black_box(left).cmp(right));
                }
            }
        })
    });
    let specs: Vec<VersionSpec> = [">=3.9,<4.0a0", "1.*", "!=1.0", "~=1.0.1|2024.*"]
        .iter()
        .flat_map(|spec| VersionSpec::parse(spec))
        .collect();
    group.throughput(Throughput::Elements((parsed.len() * specs.len()) as u64));
    group.bench_function("match", |b| {
        b.iter(|| {
            for spec in &specs {
                for version in &parsed {
                    black_box(spec.matches(black_box(version)));
                }
            }
        })
    });
    group.finish();
}

fn match_specs(c: &mut Criterion) {
    let mut group = c.benchmark_group("match spec");
    group.throughput(Throughput::Elements(SPECS.len() as u64));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for text in SPECS {
                let _ = black_box(MatchSpec::parse(black_box(text)));
            }
        })
    });
    let parsed: Vec<MatchSpec> = SPECS
        .iter()
        .flat_map(|spec| MatchSpec::parse(spec))
        .collect();
    let record = PackageRecord {
        name: "python".into(),
        version: "3.12.4".into(),
        build: "h194c7f8_0_cpython".into(),
        ..PackageRecord::default()
    };
    group.bench_function("match a record", |b| {
        b.iter(|| {
            for spec in &parsed {
                black_box(spec.matches(black_box(&record)));
            }
        })
    });
    group.finish();
}

/// Repodata text: the real one where it is.
fn repodata() -> Vec<u8> {
    let shared = std::env::var_os("RESOLVENT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let real = shared.join("data/channels/conda-forge/linux-64/repodata.json.zst");
    let read = std::fs::File::open(real).and_then(zstd::stream::decode_all);
    read.unwrap_or_else(|_| index_support::repodata(28_000, 0).into_bytes())
}

fn index(c: &mut Criterion) {
    let json = repodata();
    let folder = Folder::new();
    let path = folder.path().join("segment");
    let file = Path::new("repodata.json");
    let build = |workers: usize| {
        let options = ParseOptions {
            workers,
            ..ParseOptions::default()
        };
        Segment::from_json(&json, "linux-64", file, options)
    };
    let mut group = c.benchmark_group("JSON to index");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(json.len() as u64));
    // What the same text costs a parser that makes a document of it.
    group.bench_function("sonic-rs alone, for comparison", |b| {
        b.iter(|| sonic_rs::from_slice::<sonic_rs::Value>(black_box(&json)).is_ok())
    });
    group.bench_function("one thread", |b| b.iter(|| build(1).is_ok()));
    group.bench_function("all threads", |b| b.iter(|| build(0).is_ok()));
    group.bench_function("all threads, and the file", |b| {
        b.iter(|| build(0).is_ok_and(|segment| segment.save(&path).is_ok()))
    });
    group.finish();
    let mut group = c.benchmark_group("index file");
    group.bench_function("open", |b| {
        b.iter(|| Segment::open(black_box(&path)).is_ok())
    });
    group.bench_function("open and check all of it", |b| {
        b.iter(|| Segment::open(&path).is_ok_and(|segment| segment.verify()))
    });
    group.finish();
}

criterion_group!(benches, versions, match_specs, index);
criterion_main!(benches);
