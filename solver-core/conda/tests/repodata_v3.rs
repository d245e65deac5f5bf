//! Records of the `v3` section (CEP 48) and what is new in them: they join the others and survive the index file.

mod index_support;

use std::path::Path;

use conda::index::{RecordId, RecordRef, Segment};
use conda::record::PackageRecord;
use conda::repodata::{ParseOptions, RepodataError};
use index_support::{load, Channel};

fn segment(json: &str) -> Result<Segment, RepodataError> {
    let file = Path::new("repodata.json");
    Segment::from_json(json.as_bytes(), "linux-64", file, ParseOptions::default())
}

const OLD: &str = r#""packages":{"c-1-0.tar.bz2":{"name":"c","version":"1","build":"0","build_number":0}},
  "packages.conda":{
    "a-1-0.conda":{"name":"a","version":"1","build":"0","build_number":0,"depends":["old"]},
    "b-1-0.conda":{"name":"b","version":"1","build":"0","build_number":0}}"#;

const NEW: &str = r#""v3":{
    "conda":{
      "a-1-0":{"name":"a","version":"1","build":"0","build_number":0,
        "depends":["gen[when=\"python>=3.8\"]","d[extras=[x,y]]"],
        "extra_depends":{"x":["tomli"],"y":["b[version='>=1']","no spec["],"none":[]},
        "flags":["cuda","blas:mkl"]}},
    "tar.bz2":{"d-2-0":{"name":"d","version":"2","build":"0","build_number":0}},
    "whl":{"w-1-0":{"fn":"w-1-py3-none-any.whl","name":"w"}}}"#;

fn document(first: &str, second: &str) -> String {
    format!("{{\"info\":{{\"subdir\":\"linux-64\"}},{first},{second}}}")
}

fn file_names(segment: &Segment) -> Vec<String> {
    (0..segment.record_count() as u32)
        .map(|record| segment.file_name(RecordId(record)))
        .collect()
}

fn texts(segment: &Segment, specs: &[conda::index::SpecId]) -> Vec<String> {
    let text = |spec: &conda::index::SpecId| segment.spec(*spec).text().to_string();
    specs.iter().map(text).collect()
}

#[test]
fn records_of_the_revision_join_the_others_and_count_before_them() {
    let found = segment(&document(OLD, NEW)).expect("repodata");
    assert_eq!(
        file_names(&found),
        [
            "a-1-0.conda",
            "b-1-0.conda",
            "c-1-0.tar.bz2",
            "d-2-0.tar.bz2"
        ]
    );
    let a = RecordId(0);
    assert!(
        !found.is_unparsable(a),
        "a bad spec of a group spoils the group alone"
    );
    assert!(found.has_extras(a) && !found.has_extras(RecordId(1)));
    let depends = found.depends(a);
    assert_eq!(
        texts(&found, depends),
        ["gen[when=\"python>=3.8\"]", "d[extras=[x,y]]"]
    );
    let asks = depends.iter().map(|&dep| found.spec(dep).asks_for_extras());
    assert_eq!(asks.collect::<Vec<_>>(), [false, true]);
    let groups: Vec<(String, Vec<String>)> = found
        .extra_depends(a)
        .into_iter()
        .map(|(group, specs)| (group.to_string(), texts(&found, &specs)))
        .collect();
    let expected = [
        ("x", vec!["tomli"]),
        ("y", vec!["b[version='>=1']", "no spec["]),
        ("none", vec![]),
    ]
    .map(|(group, specs)| {
        (
            group.to_string(),
            specs.into_iter().map(String::from).collect(),
        )
    });
    assert_eq!(groups, expected);
}

#[test]
fn the_order_of_the_sections_does_not_show() {
    let folder = index_support::Folder::new();
    let bytes = |json: &str, name: &str| {
        let path = folder.path().join(name);
        segment(json).expect("repodata").save(&path).expect("saved");
        std::fs::read(path).expect("a file")
    };
    assert!(bytes(&document(OLD, NEW), "old") == bytes(&document(NEW, OLD), "new"));
}

#[test]
fn the_index_file_keeps_everything() {
    let channel = Channel::new(1);
    std::fs::write(channel.source(), document(OLD, NEW)).expect("source");
    let read = |index: &conda::index::Index| -> Vec<PackageRecord> {
        let count = index.segments()[0].segment.record_count() as u32;
        let at = |record| RecordRef {
            segment: 0,
            record: RecordId(record),
        };
        (0..count).map(|record| index.record(at(record))).collect()
    };
    let built = read(&load(&channel));
    let mapped = read(&load(&channel));
    assert_eq!(built, mapped);
    assert_eq!(mapped[0].flags, ["cuda", "blas:mkl"]);
    assert_eq!(mapped[0].extra_depends.len(), 3);
}

#[test]
fn wrong_shapes_are_named() {
    for (section, place) in [
        (r#""v3":[]"#, "v3"),
        (r#""v3":{"conda":[]}"#, "v3.conda"),
        (
            r#""v3":{"conda":{"a-1-0":{"name":"a","version":"1","build":"0","build_number":0,"extra_depends":[]}}}"#,
            "extra_depends",
        ),
        (
            r#""v3":{"conda":{"a/../b":{"name":"a","version":"1","build":"0","build_number":0}}}"#,
            "a/../b.conda",
        ),
    ] {
        let error = segment(&document(OLD, section))
            .expect_err(section)
            .to_string();
        assert!(error.contains(place), "{error}");
    }
}
