//! Time and memory of index files.
//!
//! ```text
//! index_figures build CHANNEL PLATFORM CACHE   build the index files of a channel's folder, as loading it does
//! index_figures open FILE...                   open index files, as every process after that does
//! ```
//!
//! Each prints wall-clock milliseconds and the process's memory in MB (Linux only): `peak`, and what is resident at the
//! end, apart by what is its own and what are pages of files.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use conda::index::{ChannelSource, Index, LoadOptions, Segment};

const USAGE: &str =
    "usage: index_figures build CHANNEL PLATFORM CACHE | index_figures open FILE...";

/// A line of `/proc/self/status` in MB; 0 where there is none.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_ascii_whitespace().nth(1));
    kilobytes
        .and_then(|text| text.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
}

fn report(what: &str, records: usize, started: Instant) {
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    println!(
        "{what}: {records} records in {milliseconds:.2} ms; memory: peak {:.1} MB, resident {:.1} MB \
         ({:.1} its own, {:.1} pages of files)",
        memory("VmHWM"),
        memory("VmRSS"),
        memory("RssAnon"),
        memory("RssFile"),
    );
}

fn build(channel: &str, platform: &str, cache: &str) -> Result<(), Box<dyn Error>> {
    let source = ChannelSource::folder(None, PathBuf::from(channel));
    let options = LoadOptions {
        cache_dir: Some(PathBuf::from(cache)),
        ..LoadOptions::default()
    };
    let started = Instant::now();
    let index = Index::from_channels(&[source], platform, &options)?;
    report("built", index.len(), started);
    for line in index.log() {
        println!("{line}");
    }
    Ok(())
}

fn open(files: &[String]) -> Result<(), Box<dyn Error>> {
    report("nothing opened", 0, Instant::now());
    let started = Instant::now();
    let files = files.iter().map(|file| Segment::open(Path::new(file)));
    let segments: Vec<Segment> = files.collect::<Result<_, _>>()?;
    let records = segments.iter().map(Segment::record_count).sum();
    report("opened", records, started);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["build", channel, platform, cache] => build(channel, platform, cache),
        ["open", _, ..] => open(&arguments[1..]),
        _ => Err(USAGE.into()),
    }
}
