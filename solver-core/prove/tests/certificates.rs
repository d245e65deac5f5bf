//! Certificates that the writer makes are accepted, and none is made of what is not so.

#![allow(clippy::unwrap_used)]

use std::time::Instant;

use certify::{check, Accepted, Document};
use conda::PackageRecord;
use prove::{prove, Limits, ProveError};
use serde_json::{json, Value};

/// A record of the channel `c` as `name version`, with dependencies.
fn record(name: &str, version: usize, depends: &[String]) -> Value {
    json!({
        "name": name, "version": version.to_string(), "build": "0", "build_number": 0, "channel": "c",
        "subdir": "linux-64", "fn": format!("{name}-{version}-0.conda"), "depends": depends, "constrains": [],
    })
}

fn problem(specs: &[String], records: &[Value]) -> String {
    json!({
        "format": "resolvent-problem-2", "version": "0", "platform": "linux-64", "channels": ["c"],
        "virtual_packages": [],
        "request": {
            "specs": specs, "constraints": [], "pins": [], "strategy": "highest", "channel_priority": "strict",
            "policy": {
                "exclude_newer": null, "exclude_newer_channels": [], "exclude_newer_packages": [], "deny": [],
                "licenses_allow": null, "licenses_deny": [],
            },
            "environment": null,
        },
        "records": records,
    })
    .to_string()
}

/// Pigeons that need a hole each; whose hole's version names them. With a refuge each has an older version without one.
fn pigeons(count: usize, holes: usize, refuge: bool) -> String {
    let mut records = Vec::new();
    for pigeon in 0..count {
        let version = |hole: usize| hole + 1;
        for hole in 0..holes {
            records.push(record(
                &format!("pigeon{pigeon}"),
                version(hole),
                &[format!("hole{hole} =={pigeon}")],
            ));
        }
        if refuge {
            records.push(record(&format!("pigeon{pigeon}"), 0, &[]));
        }
    }
    for hole in 0..holes {
        for pigeon in 0..count {
            records.push(record(&format!("hole{hole}"), pigeon, &[]));
        }
    }
    let specs: Vec<String> = (0..count).map(|p| format!("pigeon{p}")).collect();
    problem(&specs, &records)
}

fn package(name: &str, version: usize) -> PackageRecord {
    PackageRecord {
        name: name.to_string(),
        version: version.to_string(),
        build: "0".to_string(),
        channel: "c".to_string(),
        subdir: "linux-64".to_string(),
        file_name: format!("{name}-{version}-0.conda"),
        ..PackageRecord::default()
    }
}

fn accepted(text: &str, certificate: &Value) -> Result<Accepted, certify::Error> {
    let mut whole: Value = serde_json::from_str(text).unwrap();
    whole["certificate"] = certificate.clone();
    check(&whole.to_string())
}

#[test]
fn pigeons_have_no_answer() {
    let text = pigeons(6, 5, false);
    let certificate = prove(&text, None, Limits::default()).unwrap().to_json();
    let shown = accepted(&text, &certificate).unwrap();
    assert!(
        shown.claim == "unsatisfiable" && shown.steps > 20,
        "{shown:?}"
    );
    // A proof that lacks its middle is no proof.
    let steps = certificate["proofs"]["0"].as_str().unwrap();
    let lines: Vec<&str> = steps.lines().collect();
    let mut shortened = certificate.clone();
    shortened["proofs"]["0"] = json!(lines[lines.len() - 2..].join("\n") + "\n");
    assert!(accepted(&text, &shortened).is_err());
    assert!(matches!(
        prove(&pigeons(5, 5, false), None, Limits::default()),
        Err(ProveError::Satisfiable)
    ));
}

#[test]
fn the_best_of_pigeons_costs_what_it_must() {
    // Four pigeons, three holes: one takes the refuge; the others have holes of their own, the first named the best.
    let text = pigeons(4, 3, true);
    let mut answer = vec![package("pigeon3", 0)];
    for (pigeon, hole) in [(0, 2), (1, 1), (2, 0)] {
        answer.push(package(&format!("pigeon{pigeon}"), hole + 1));
        answer.push(package(&format!("hole{hole}"), pigeon));
    }
    let certificate = prove(&text, Some(&answer), Limits::default())
        .unwrap()
        .to_json();
    let shown = accepted(&text, &certificate).unwrap();
    let value = |step: &str| shown.levels.iter().find(|(s, _)| s == step).unwrap().1;
    assert_eq!(value("level 2: version ranks of the requested"), 1 + 2 + 3);
    assert!(
        !certificate["bounds"].as_object().unwrap().is_empty(),
        "no pigeon alone must pay"
    );

    // Two pigeons exchanged: the sum is the same, the order is not.
    let mut exchanged = answer.clone();
    for record in &mut exchanged {
        let (name, version) = match (record.name.as_str(), record.version.as_str()) {
            ("pigeon0", _) => ("pigeon0", 2),
            ("pigeon1", _) => ("pigeon1", 3),
            ("hole2", _) => ("hole2", 1),
            ("hole1", _) => ("hole1", 0),
            _ => continue,
        };
        *record = package(name, version);
    }
    match prove(&text, Some(&exchanged), Limits::default()) {
        Err(ProveError::NotBest(step)) => {
            assert_eq!(
                step,
                "level 2: version ranks of the requested, ties, pigeon0"
            );
        }
        other => panic!("{other:?}"),
    }
    // All in the refuge: valid, and far from the best.
    let lazy: Vec<PackageRecord> = (0..4).map(|p| package(&format!("pigeon{p}"), 0)).collect();
    assert!(matches!(
        prove(&text, Some(&lazy), Limits::default()),
        Err(ProveError::NotBest(_))
    ));
    // Not valid at all.
    let invalid = &answer[..answer.len() - 1];
    assert!(matches!(
        prove(&text, Some(invalid), Limits::default()),
        Err(ProveError::Invalid(_))
    ));
}

#[test]
fn limits_name_the_step() {
    let text = pigeons(9, 8, false);
    let passed = Limits {
        deadline: Some(Instant::now()),
        ..Limits::default()
    };
    let error = prove(&text, None, passed).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no answer: the proof was not found in the time allowed"
    );
    let small = Limits {
        bytes: Some(100),
        ..Limits::default()
    };
    let error = prove(&pigeons(6, 5, false), None, small).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no answer: the proof was not found in the size allowed"
    );
    let stop = || true;
    let stopped = Limits {
        stop: Some(&stop),
        ..Limits::default()
    };
    assert!(matches!(
        prove(&text, None, stopped),
        Err(ProveError::Limit { .. })
    ));
}

#[test]
fn the_same_certificate_each_time() {
    let text = pigeons(5, 4, false);
    let write = || {
        prove(&text, None, Limits::default())
            .unwrap()
            .to_json()
            .to_string()
    };
    assert_eq!(write(), write());
    assert_eq!(
        Document::parse(&text).unwrap().digest,
        Document::parse(&text).unwrap().digest
    );
}
