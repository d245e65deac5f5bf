//! The conformance vectors of versions, version specs and match specs: answers of conda, rattler and libsolv.
//!
//! A row on which all agree must come out the same here. Where they differ conda decides, except for the rows listed
//! below, each with its reason; `docs/matching-decisions.md` explains them to users. A listed row must really differ,
//! so the lists cannot outlive their reasons.

#![allow(clippy::print_stderr, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use conda::{MatchSpec, PackageRecord, Version, VersionSpec};
use serde_json::Value;

fn vectors(file: &str) -> Option<Value> {
    let shared = std::env::var_os("RESOLVENT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/material"),
        PathBuf::from,
    );
    let path = shared.join("vectors").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn answer(result: Option<bool>) -> Value {
    result.map_or_else(|| "error".into(), Value::Bool)
}

/// Specs that are answered otherwise than conda does: which, on how many contested rows, and why.
type Decision = (fn(&str) -> bool, usize, &'static str);

/// Checks `[spec, subject, expected, {other}]` rows.
fn check_rows(rows: &[Value], decided: &[Decision], ours: impl Fn(&str, &Value) -> Value) {
    let mut wrong = Vec::new();
    let mut counts = vec![0; decided.len()];
    let (mut consensus, mut contested) = (0, 0);
    for (number, row) in rows.iter().enumerate() {
        let spec = row[0].as_str().unwrap();
        let got = ours(spec, &row[1]);
        let differs = row.get(3).is_some();
        *(if differs {
            &mut contested
        } else {
            &mut consensus
        }) += 1;
        if got == row[2] {
            continue;
        }
        match decided.iter().position(|(is_it, _, _)| is_it(spec)) {
            Some(position) if differs => counts[position] += 1,
            _ => wrong.push(format!("row {number}: {row}, here {got}")),
        }
    }
    eprintln!("{consensus} rows of consensus, {contested} contested, {counts:?} decided otherwise");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for ((_, expected, reason), count) in decided.iter().zip(counts) {
        assert_eq!(count, *expected, "rows decided otherwise because {reason}");
    }
}

#[test]
fn version_order() {
    let Some(vectors) = vectors("version_order.json") else {
        return;
    };
    let groups: Vec<Vec<Version>> = vectors["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let group = group.as_array().unwrap().iter();
            group
                .map(|text| Version::parse(text.as_str().unwrap()).unwrap())
                .collect()
        })
        .collect();
    let hash = |version: &Version| {
        use std::hash::{BuildHasher, RandomState};
        thread_local!(static STATE: RandomState = RandomState::new());
        STATE.with(|state| state.hash_one(version))
    };
    for (low, group) in groups.iter().enumerate() {
        for member in group {
            assert_eq!(*member, group[0]);
            assert_eq!(hash(member), hash(&group[0]), "{member}");
        }
        for higher in &groups[low + 1..] {
            for (a, b) in group
                .iter()
                .flat_map(|a| higher.iter().map(move |b| (a, b)))
            {
                assert!(a < b, "{a} {b}");
            }
        }
    }
}

/// Bare version specs on which conda's answer is an accident.
const VERSION_DECISIONS: &[Decision] = &[
    (
        |spec| spec.ends_with('@'),
        18,
        "'@' cannot be part of a version",
    ),
    (
        |spec| spec.ends_with("**"),
        24,
        "a second star is a slip: an error, or after '.' the same as one",
    ),
    (
        |spec| spec.starts_with(['=', '<', '>', '!']) && spec.ends_with('*'),
        112,
        "conda takes the star behind an operator for a piece of the version, which no version has",
    ),
];

#[test]
fn version_match() {
    let Some(vectors) = vectors("version_match.json") else {
        return;
    };
    check_rows(
        vectors["cases"].as_array().unwrap(),
        VERSION_DECISIONS,
        |spec, version| {
            let version = Version::parse(version.as_str().unwrap());
            answer(match (VersionSpec::parse(spec), version) {
                (Ok(spec), Ok(version)) => Some(spec.matches(&version)),
                _ => None,
            })
        },
    );
}

fn record(json: &Value) -> PackageRecord {
    let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let set = |key: &str| {
        text(key)
            .split([',', ' '])
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect()
    };
    PackageRecord {
        name: text("name"),
        version: text("version"),
        build: text("build"),
        build_number: json["build_number"].as_u64().unwrap(),
        subdir: text("subdir"),
        channel: text("channel"),
        file_name: text("fn"),
        url: text("url"),
        md5: json["md5"].as_str().map(str::to_owned),
        sha256: json["sha256"].as_str().map(str::to_owned),
        license: json["license"].as_str().map(str::to_owned),
        license_family: json["license_family"].as_str().map(str::to_owned),
        track_features: set("track_features"),
        features: set("features"),
        ..PackageRecord::default()
    }
}

/// Match specs on which conda's answer is an accident, or that of its older parser.
const MATCH_DECISIONS: &[Decision] = &[
    (
        |spec| spec.starts_with(' '),
        2,
        "white space around a spec means nothing",
    ),
    (
        |spec| {
            spec.ends_with(" if python") || spec.ends_with("[optional]") || spec.ends_with("[=1]")
        },
        15,
        "conda's newer parser does not drop what it cannot read",
    ),
    (
        |spec| spec.ends_with("[version>=1.11]") || spec.contains("] "),
        6,
        "a condition that is written down is not lost",
    ),
    (
        |spec| spec.contains("[extras=") || spec.contains(",extras=[") || spec.contains("[flags=["),
        9,
        "repodata v3",
    ),
    (
        |spec| spec.contains("[build='^py(27|3[0-9])_"),
        5,
        "conda's newer parser reads brackets inside quotes",
    ),
    (
        |spec| spec.ends_with('=') || spec.contains("=>"),
        10,
        "an unfinished or unknown operator is an error",
    ),
    (
        |spec| spec.matches("::").count() == 2,
        5,
        "a spec has one channel",
    ),
    (
        |spec| spec.contains("[name=other]"),
        10,
        "a spec has one name",
    ),
    (
        |spec| spec.contains("[md5=xyz]") || spec.contains("[build_number="),
        15,
        "what can never be a hash or a build number is an error",
    ),
];

#[test]
fn matchspec_match() {
    let Some(vectors) = vectors("matchspec_match.json") else {
        return;
    };
    check_rows(
        vectors["cases"].as_array().unwrap(),
        MATCH_DECISIONS,
        |spec, json| {
            answer(
                MatchSpec::parse(spec)
                    .ok()
                    .map(|spec| spec.matches(&record(json))),
            )
        },
    );
}

const SPACE: &str = "white space around a spec means nothing";
const GROUPS: &str = "parentheses mean the same behind the name as in brackets";
const FLAGS: &str = "CEP 45 has no such flags";
const LENIENT: &str = "conda's older parser and rattler accept it";
const BEHIND: &str = "conda drops a build behind the brackets";
const OPERATOR: &str = "an unfinished or unknown operator is an error";
const CHANNELS: &str = "a spec has one channel";
const NAMES: &str = "a spec has one name";
const NEVER: &str = "what can never be a hash or a build number is an error";
const URL: &str = "the string keeps the URL, else it would not parse back to an equal spec";
const WHEN: &str = "conditions are written as CEP 43 has them, without spaces in a spec";

/// Match specs that conda (its newer parser where there are two) accepts and rattler rejects, or the other way
/// round, and that are not treated as conda does.
const PARSE_DECISIONS: &[(&str, &str)] = &[
    ("numpy (1.11|2.0),>=1.11", GROUPS),
    ("  numpy  ", SPACE),
    ("  numpy   1.11   py36_0  ", SPACE),
    ("  ruamel.yaml  ", SPACE),
    ("numpy[flags=[\"~cuda\"]]", FLAGS),
    ("numpy[flags=[\"?release\"]]", FLAGS),
    ("ruamel.yaml[flags=[\"~cuda\"]]", FLAGS),
    ("numpy[]", LENIENT),
    ("numpy[version=1.11,version=2.0]", LENIENT),
    ("numpy[version=1.11] py36_0", BEHIND),
    ("ruamel.yaml[version=0.17.21] h5eee18b_1003", BEHIND),
    ("numpy=", OPERATOR),
    ("numpy=>1.11", OPERATOR),
    ("conda-forge::conda-forge::numpy", CHANNELS),
    ("numpy[name=other]", NAMES),
    ("*[name=other]", NAMES),
    ("ruamel.yaml[name=other]", NAMES),
    ("numpy[md5=xyz]", NEVER),
    ("numpy[build_number=a]", NEVER),
    ("numpy[build_number='>=a']", NEVER),
    ("ruamel.yaml[build_number=a]", NEVER),
    ("ruamel.yaml[build_number='>=a']", NEVER),
];

/// Match specs whose canonical string is not conda's.
const CANONICAL_DECISIONS: &[(&str, &str)] = &[
    (
        "https://conda.anaconda.org/conda-forge/linux-64/numpy-1.11-py36_0.tar.bz2",
        URL,
    ),
    (
        "https://conda.anaconda.org/conda-forge/linux-64/numpy-1.11-py36_0.conda",
        URL,
    ),
    (
        "https://example.com/conda-forge/noarch/numpy-1.11-py36_0.conda",
        URL,
    ),
    ("/srv/conda-forge/linux-64/numpy-1.11-py36_0.tar.bz2", URL),
    (
        "https://conda.anaconda.org/pkgs/main/noarch/ruamel.yaml-0.17.21-h5eee18b_1003.tar.bz2",
        URL,
    ),
    (
        "https://example.com/pkgs/main/noarch/ruamel.yaml-0.17.21-h5eee18b_1003.conda",
        URL,
    ),
    ("numpy[when=\"python >=1.11\"]", WHEN),
    ("numpy[extras=[a],when=\"python >=3.8\"]", WHEN),
    ("ruamel.yaml[extras=[a],when=\"python >=3.8\"]", WHEN),
];

#[test]
fn matchspec_parse() {
    let Some(vectors) = vectors("matchspec_parse.json") else {
        return;
    };
    let mut wrong = Vec::new();
    let mut unused: BTreeSet<&'static str> = BTreeSet::new();
    for (spec, _) in PARSE_DECISIONS.iter().chain(CANONICAL_DECISIONS) {
        unused.insert(spec);
    }
    for (number, case) in vectors["cases"].as_array().unwrap().iter().enumerate() {
        let input = case["input"].as_str().unwrap();
        let conda = case.get("v3").unwrap_or(case);
        let accepted = conda.get("error").is_none();
        let agreed = accepted == case["rattler"].get("error").is_none();
        let ours = MatchSpec::parse(input);
        let mut complain = |list: &'static [(&str, &str)], text: String| match list
            .iter()
            .find(|(spec, _)| *spec == input)
        {
            Some((spec, _)) => {
                unused.remove(spec);
            }
            None => wrong.push(format!("row {number} {input:?}: {text}")),
        };
        if ours.is_ok() != accepted {
            let list: &'static [_] = if agreed { &[] } else { PARSE_DECISIONS };
            complain(
                list,
                format!("{ours:?}, conda {conda}, rattler {}", case["rattler"]),
            );
        }
        let Ok(spec) = ours else { continue };
        let canonical = spec.to_string();
        let again = MatchSpec::parse(&canonical);
        assert_eq!(again.as_ref(), Ok(&spec), "{input:?} -> {canonical:?}");
        if !accepted {
            continue;
        }
        let fields = &conda["fields"];
        let expected = ["name", "version", "build"].map(|key| fields[key].as_str());
        let any = |text: Option<&str>| text.filter(|text| *text != "*").map(str::to_owned);
        let got = [
            spec.name().map(ToString::to_string),
            spec.version().map(ToString::to_string),
            spec.build().map(ToString::to_string),
        ];
        if got
            != [
                any(expected[0]),
                any(expected[1]),
                expected[2].map(str::to_owned),
            ]
        {
            let list: &'static [_] = if agreed { &[] } else { PARSE_DECISIONS };
            complain(list, format!("{got:?}, conda {fields}"));
        }
        if canonical != conda["canonical"] {
            complain(
                CANONICAL_DECISIONS,
                format!("{canonical:?}, conda {}", conda["canonical"]),
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(unused.is_empty(), "decisions without effect: {unused:?}");
}
