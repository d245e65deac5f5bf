//! The index file: what is written is what was built, and nothing damaged, foreign or outdated is ever believed.

mod index_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use conda::index::cache_admin::{self, CacheState};
use conda::index::{Index, Segment};
use conda::repodata::{ParseOptions, RepodataError};
use index_support::{load, names, repodata, Channel, Folder};

fn segment(json: &str) -> Segment {
    let file = Path::new("repodata.json");
    Segment::from_json(json.as_bytes(), "linux-64", file, ParseOptions::default())
        .expect("repodata parses")
}

/// The one file with this ending.
fn only(folder: &Path, extension: &str) -> PathBuf {
    let entries = fs::read_dir(folder).expect("folder");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Reads everything of every record.
fn everything(index: &Index) -> Vec<String> {
    let channel = &index.channels()[0];
    let mut all = Vec::new();
    for entry in index.segments() {
        for record in 0..entry.segment.record_count() as u32 {
            let record = conda::index::RecordId(record);
            all.push(format!(
                "{:?}",
                entry.segment.package_record(record, channel)
            ));
        }
    }
    all
}

#[test]
fn a_file_holds_the_bytes_of_the_segment() {
    let folder = Folder::new();
    for records in [0, 1, 20, 3000] {
        let built = segment(&repodata(records, 0));
        let path = folder.path().join("segment");
        built.save(&path).expect("written");
        assert_eq!(fs::read(&path).expect("file"), built.as_bytes());
        let opened = Segment::open(&path).expect("opened");
        assert!(opened.is_mapped() && !built.is_mapped());
        assert_eq!(opened.as_bytes(), built.as_bytes());
        assert!(opened.verify());
        assert_eq!(opened.record_count(), records);
    }
}

/// Every kind of field; the digest below changes with the meaning of any byte.
const EVERYTHING: &str = r#"{"info":{"subdir":"linux-64","base_url":"../all"},"repodata_version":2,
"packages":{"old-1.0-0.tar.bz2":{"name":"old","version":"1.0","build":"0","build_number":0,"depends":["x"],
 "noarch":true,"track_features":"a b","features":["c"],"md5":"0123456789abcdef0123456789abcdef","timestamp":1400000000},
"bad-1..0-0.tar.bz2":{"name":"bad","version":"1..0","build":"0","build_number":0}},
"packages.conda":{"new-2.0a1-py312_3.conda":{"name":"new","version":"2.0a1","build":"py312_3","build_number":3,
 "depends":["python >=3.12,<3.13.0a0","old 1.* *_0","y[build=z]","w =1.1|^2$"],"constrains":["old <2"],"noarch":"python",
 "subdir":"noarch","license":"MIT","license_family":"MIT","size":7,"timestamp":1600000000000,"indexed_timestamp":1600000000001,
 "sha256":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","extra_depends":{"g":["old >1"]},
 "flags":["f"],"python_site_packages_path":"lib/x","unknown":{"k":[1,2.5,null]}},
"other.conda":{"name":"new","version":"2.0","build":"1","build_number":1,"md5":"no hex"},
"gone-1-0.conda":{"name":"gone","version":"1","build":"0","build_number":0}},"removed":["gone-1-0.conda"],
"v3":{"conda":{"third-1-0":{"name":"third","version":"1","build":"0","build_number":0,"depends":["new[extras=[g]]"]}}}}"#;

/// A change of the format must raise `FORMAT_VERSION`, so that older files are rebuilt instead of misread. Whoever
/// changes these digests changes the version with them.
#[test]
#[cfg(target_endian = "little")]
fn the_bytes_of_a_format_are_fixed() {
    const FORMAT: u32 = 7;
    let digest = |text: &str| {
        let built = segment(text);
        let version: [u8; 4] = built.as_bytes()[8..12].try_into().expect("four bytes");
        assert_eq!(u32::from_le_bytes(version), FORMAT);
        let digest = blake3::hash(built.as_bytes()).to_hex();
        digest[..16].to_string()
    };
    let found = [digest("{}"), digest(EVERYTHING), digest(&repodata(3000, 1))];
    assert_eq!(
        found,
        ["c7a5c3252cac3bfc", "a38a970b8ba6d814", "903ff39053302470"]
    );
}

#[test]
fn the_order_of_the_source_does_not_show() {
    let text = repodata(500, 0);
    let mut lines: Vec<&str> = text.lines().collect();
    let (first, last) = (lines.remove(0), lines.pop().expect("last line"));
    let mut lines: Vec<&str> = lines
        .iter()
        .map(|line| line.trim_end_matches(','))
        .collect();
    // A fixed permutation: 211 and 500 have no common divisor.
    lines = (0..500).map(|at| lines[at * 211 % 500]).collect();
    let shuffled = format!("{first}\n{}\n{last}", lines.join(",\n"));
    assert_ne!(shuffled, text);
    assert_eq!(segment(&shuffled).as_bytes(), segment(&text).as_bytes());
}

#[test]
fn every_flipped_byte_is_seen() {
    let folder = Folder::new();
    let built = segment(&repodata(12, 0));
    let good = built.as_bytes();
    let path = folder.path().join("segment");
    for at in 0..good.len() {
        let mut bytes = good.to_vec();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, &bytes).expect("written");
        // All blocks of so small a file are read at opening.
        match Segment::open(&path) {
            Err(RepodataError::IndexFile { .. }) => {}
            other => panic!("byte {at} flipped: {other:?}"),
        }
    }
}

#[test]
fn damage_is_found_when_a_block_is_read() {
    let channel = Channel::new(3000);
    let expected = everything(&load(&channel));
    let path = only(&channel.cache(), "index");
    let good = fs::read(&path).expect("file");
    assert!(good.len() > 50 * 4096, "several blocks: {}", good.len());
    let mut late = 0;
    for at in (100..good.len()).step_by(19_973) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        // Replaced, not changed: the previous round still has its file mapped.
        fs::remove_file(&path).ok();
        fs::write(&path, &bytes).expect("written");
        let index = load(&channel);
        let read = everything(&index);
        if index.is_damaged() {
            late += 1;
            // The plain reload is enough: the damaged file is out of the way.
            let again = load(&channel);
            assert!(!again.is_damaged());
            assert_eq!(everything(&again), expected);
        } else if read != expected {
            panic!("byte {at}: wrong records without a word");
        } else {
            let log = index.log();
            assert!(log.is_empty() || log[0].contains("refused"), "{log:?}");
        }
    }
    assert!(late > 5, "damage found while reading: {late} times");
}

#[test]
fn checking_everything_at_once_rebuilds_at_once() {
    let channel = Channel::new(3000);
    let expected = everything(&load(&channel));
    let path = only(&channel.cache(), "index");
    let mut bytes = fs::read(&path).expect("file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&path).expect("removed");
    fs::write(&path, &bytes).expect("written");
    assert!(cache_admin::verify(&path).is_err());
    // `verify` took it away as any reader does.
    fs::write(&path, &bytes).expect("written");
    let mut options = channel.options();
    options.verify = true;
    let index = channel.load_with(&options);
    assert_eq!(index.log().len(), 1, "{:?}", index.log());
    assert!(!index.is_damaged());
    assert_eq!(everything(&index), expected);
    assert!(cache_admin::verify(&path).is_ok());
}

#[test]
fn cut_and_foreign_files_are_rebuilt() {
    let channel = Channel::new(3000);
    let expected = everything(&load(&channel));
    let path = only(&channel.cache(), "index");
    let good = fs::read(&path).expect("file");
    let cut = |length: usize| good[..length].to_vec();
    let mut longer = good.clone();
    longer.push(0);
    let mut swapped = good.clone();
    swapped[8..12].reverse();
    swapped[12..16].reverse();
    let mut newer = good.clone();
    newer[8] ^= 0x40;
    let mut cases = vec![longer, swapped, newer, vec![0; good.len()], b"{}".to_vec()];
    for length in [0, 1, 7, 8, 15, 63, 64, 100, 700, 4096, 4097, 8192, 65536] {
        cases.push(cut(length));
    }
    for less in [1, 7, 8, 9, 16, 64, 4096] {
        cases.push(cut(good.len() - less));
    }
    for bytes in cases {
        fs::remove_file(&path).expect("removed");
        fs::write(&path, &bytes).expect("written");
        let index = load(&channel);
        assert_eq!(
            index.log().len(),
            1,
            "{} bytes: {:?}",
            bytes.len(),
            index.log()
        );
        assert!(index.log()[0].contains("refused and rebuilt"));
        assert_eq!(everything(&index), expected);
        assert_eq!(fs::read(&path).expect("file"), good);
    }
}

#[test]
fn the_contents_of_the_source_decide() {
    let channel = Channel::new(30);
    assert_eq!(names(&load(&channel)).len(), 30);
    let index = only(&channel.cache(), "index");
    let before = fs::metadata(&index)
        .expect("file")
        .modified()
        .expect("time");

    // Touched, moved away and back, stamp lost: the same contents, so the same file.
    let source = channel.source();
    let touch = |time: SystemTime| {
        let file = fs::File::options()
            .write(true)
            .open(&source)
            .expect("source");
        file.set_modified(time).expect("time set");
    };
    touch(SystemTime::now() - Duration::from_secs(1000));
    assert_eq!(names(&load(&channel)).len(), 30);
    fs::remove_file(only(&channel.cache(), "stamp")).expect("stamp removed");
    assert!(load(&channel).segments()[0].segment.is_mapped());
    let after = fs::metadata(&index)
        .expect("file")
        .modified()
        .expect("time");
    assert_eq!(before, after, "the file was rewritten for nothing");

    // Other contents of the same length, in the same inode, with the same time.
    let old = fs::metadata(&source).expect("source");
    let text = fs::read_to_string(&source).expect("source");
    let other = text.replace("package-0007", "package-xxxx");
    assert_eq!(text.len(), other.len());
    fs::write(&source, other).expect("source written");
    touch(old.modified().expect("time"));
    assert!(names(&load(&channel)).contains(&"package-xxxx".to_string()));

    // An index file of another source under this name is not taken.
    let stranger = Channel::new(31);
    load(&stranger);
    fs::copy(only(&stranger.cache(), "index"), &index).expect("copied");
    assert!(names(&load(&channel)).contains(&"package-xxxx".to_string()));
    fs::remove_file(only(&channel.cache(), "stamp")).expect("stamp removed");
    fs::remove_file(&index).expect("removed");
    fs::copy(only(&stranger.cache(), "index"), &index).expect("copied");
    assert!(names(&load(&channel)).contains(&"package-xxxx".to_string()));
}

#[test]
fn options_that_change_the_contents_have_files_of_their_own() {
    let channel = Channel::new(3);
    let text = fs::read_to_string(channel.source()).expect("source");
    let bad = text.replacen("\"build_number\":0", "\"build_number\":[]", 1);
    fs::write(channel.source(), bad).expect("source written");
    let mut options = channel.options();
    options.skip_bad_records = true;
    let lenient = channel.load_with(&options);
    assert_eq!((lenient.len(), lenient.warnings().len()), (2, 1));
    // From the file, with the warning; and without the option it is an error as ever.
    assert_eq!(channel.load_with(&options).warnings(), lenient.warnings());
    assert!(matches!(
        channel.try_load(&channel.options()),
        Err(RepodataError::Record { .. })
    ));
}

#[test]
fn a_folder_that_cannot_be_written_is_no_error() {
    let channel = Channel::new(10);
    let mut options = channel.options();
    // A file where the folder should be; rights do not stop the superuser.
    let file = channel.subdir().join("file");
    fs::write(&file, "").expect("written");
    options.cache_dir = Some(file.join("cache"));
    let index = channel.load_with(&options);
    assert_eq!(index.len(), 10);
    assert!(!index.segments()[0].segment.is_mapped());
    assert_eq!(index.log().len(), 1, "{:?}", index.log());
    assert!(index.log()[0].contains("stays in memory"));
}

#[test]
fn the_folder_can_be_looked_after() {
    let channel = Channel::new(10);
    assert_eq!(cache_admin::list(&channel.cache()).expect("absent"), []);
    load(&channel);
    let entries = cache_admin::list(&channel.cache()).expect("listed");
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].subdir.as_str(), entries[0].records),
        ("linux-64", 10)
    );
    assert_eq!(entries[0].source, Some(channel.source()));
    // The source was written a moment ago, so its looks prove nothing yet.
    assert_eq!(entries[0].state, CacheState::Unsure);
    cache_admin::verify(&entries[0].file).expect("sound");
    let compared = || cache_admin::compare(&entries[0].file).expect("sound");
    assert_eq!(compared(), CacheState::Fresh);
    let source = fs::read(channel.source()).expect("source");
    fs::write(channel.source(), [&source[..], b" "].concat()).expect("written");
    assert_eq!(compared(), CacheState::Stale);
    // A writer that was killed between index file and stamp leaves an old stamp.
    let stamp = entries[0].file.with_extension("stamp");
    let old = fs::read(&stamp).expect("stamp");
    load(&channel);
    fs::write(&stamp, old).expect("written");
    assert_eq!(compared(), CacheState::Fresh);
    fs::write(channel.source(), source).expect("written");
    assert_eq!(compared(), CacheState::Stale);

    let bytes = fs::read(&entries[0].file).expect("file");
    fs::remove_file(&entries[0].file).expect("removed");
    fs::write(&entries[0].file, &bytes[..bytes.len() - 1]).expect("written");
    let damaged = cache_admin::list(&channel.cache()).expect("listed");
    assert!(matches!(damaged[0].state, CacheState::Refused(_)));
    assert!(cache_admin::verify(&damaged[0].file).is_err());
    load(&channel);
    fs::remove_file(channel.source()).expect("removed");
    let orphan = cache_admin::list(&channel.cache()).expect("listed");
    assert_eq!(orphan[0].state, CacheState::Orphan);
    assert_eq!(compared(), CacheState::Orphan);

    fs::write(channel.cache().join("notes.txt"), "mine").expect("written");
    let cleared = cache_admin::clear(&channel.cache()).expect("cleared");
    assert_eq!(cleared.files, 1);
    let left: Vec<_> = fs::read_dir(channel.cache()).expect("folder").collect();
    assert_eq!(left.len(), 1, "only what is not ours");
}
