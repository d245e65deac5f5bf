//! Many writers of one index file, some of them killed: whoever opens the name finds a whole file.
#![cfg(unix)]

mod index_support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use conda::index::Segment;
use conda::repodata::ParseOptions;
use index_support::{load, names, repodata, Channel, Folder};

const WRITER: &str = "RESOLVENT_TEST_WRITER";
const WRITERS: usize = 4;

fn segment(variant: usize) -> Segment {
    // Each writer has contents of its own, of another length.
    let json = repodata(2000 + variant * 100, variant);
    let file = Path::new("repodata.json");
    Segment::from_json(json.as_bytes(), "linux-64", file, ParseOptions::default())
        .expect("repodata parses")
}

fn spawn(variant: usize, path: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "writer", "--ignored", "--nocapture"])
        .env(WRITER, format!("{variant} {}", path.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process")
}

/// Not a test: what the processes of the tests below run, until they are killed.
#[test]
#[ignore = "run by the tests of this file in processes of their own"]
fn writer() {
    let Ok(task) = std::env::var(WRITER) else {
        return;
    };
    let (variant, path) = task.split_once(' ').expect("variant and path");
    let segment = segment(variant.parse().expect("a number"));
    loop {
        segment.save(Path::new(path)).expect("written");
    }
}

fn kill_writers(kills: usize) {
    let folder = Folder::new();
    let path = folder.path().join("segment");
    let expected: Vec<Segment> = (0..WRITERS).map(segment).collect();
    let mut writers: Vec<Child> = (0..WRITERS).map(|variant| spawn(variant, &path)).collect();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut seen = [0; WRITERS];
    while !path.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    for kill in 0..kills {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_micros((random >> 33) % 40_000));
        let victim = kill % WRITERS;
        // SIGKILL: no destructor, no handler.
        writers[victim].kill().expect("killed");
        writers[victim].wait().expect("ended");
        let opened = Segment::open(&path).expect("a whole file");
        assert!(opened.verify());
        let found = expected
            .iter()
            .position(|known| known.as_bytes() == opened.as_bytes());
        seen[found.expect("one of the contents written")] += 1;
        writers[victim] = spawn(victim, &path);
    }
    for writer in &mut writers {
        writer.kill().expect("killed");
        writer.wait().expect("ended");
    }
    assert_eq!(seen.iter().sum::<usize>(), kills);
}

#[test]
fn killed_writers_leave_whole_files() {
    kill_writers(10);
}

#[test]
#[ignore = "long: 100 kills"]
fn a_hundred_killed_writers_leave_whole_files() {
    kill_writers(100);
}

#[test]
fn leftovers_of_dead_writers_go_and_work_in_progress_stays() {
    let channel = Channel::new(10);
    fs::create_dir_all(channel.cache()).expect("folder");
    let file = |name: &str| {
        let path = channel.cache().join(name);
        let file = fs::File::create(&path).expect("file");
        file.set_modified(SystemTime::now() - Duration::from_secs(60))
            .expect("time");
        (path, file)
    };
    let (dead, _) = file(".resolvent-1-0-0.tmp");
    let (busy, handle) = file(".resolvent-1-0-1.tmp");
    let (other, _) = file("unrelated.tmp");
    fs4::FileExt::lock(&handle).expect("locked");
    let young = channel.cache().join(".resolvent-1-0-2.tmp");
    fs::write(&young, "").expect("written");
    load(&channel);
    assert!(!dead.exists());
    assert!(busy.exists() && other.exists() && young.exists());
}

#[test]
fn threads_and_a_changing_source_never_mix() {
    let channel = Channel::new(300);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..30 {
                    let index = load(&channel);
                    let count = names(&index).len();
                    assert!(count == 300 || count == 400, "{count} packages");
                    assert!(!index.is_damaged());
                    assert_eq!(index.len(), count);
                }
            });
        }
        for turn in 0..30 {
            // The source itself changes as a careful downloader changes it.
            let next = channel.subdir().join("next");
            fs::write(&next, repodata(300 + turn % 2 * 100, 0)).expect("written");
            fs::rename(&next, channel.source()).expect("renamed");
        }
    });
    // The last turn wrote 400, and that is what counts in the end.
    assert_eq!(names(&load(&channel)).len(), 400);
}
