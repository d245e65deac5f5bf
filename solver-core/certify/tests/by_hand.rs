//! Certificates made by hand, for problems whose claims follow by unit propagation: no solver is involved.

#![allow(clippy::unwrap_used)]

use certify::{check, Document};
use serde_json::{json, Value};

fn record(name: &str, version: &str, depends: &[&str]) -> Value {
    json!({
        "name": name, "version": version, "build": "0", "build_number": 0, "channel": "c", "subdir": "linux-64",
        "fn": format!("{name}-{version}-0.conda"), "depends": depends, "constrains": [],
    })
}

fn problem(specs: &[&str], records: &[Value]) -> Value {
    json!({
        "format": "resolvent-problem-2", "version": "0", "platform": "linux-64", "channels": ["c"],
        "virtual_packages": ["__glibc 2.28 0"],
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
}

/// The file with a certificate.
fn certified(mut problem: Value, mut certificate: Value) -> String {
    let digest = Document::parse(&problem.to_string()).unwrap().digest;
    certificate["problem"] = json!(digest);
    problem["certificate"] = certificate;
    problem.to_string()
}

fn best(keys: &[&str]) -> Value {
    let keys: Vec<String> = keys
        .iter()
        .map(|k| format!("c/linux-64/{k}-0.conda"))
        .collect();
    json!({"claim": "best", "answer": keys, "loops": [], "bounds": {}, "proofs": {}})
}

fn nothing() -> Value {
    json!({"claim": "unsatisfiable", "bounds": {}, "proofs": {}})
}

fn chain() -> Vec<Value> {
    vec![
        record("app", "1", &["lib"]),
        record("app", "2", &["lib <2", "__glibc >=2.17"]),
        record("lib", "1", &[]),
        record("lib", "2", &["__glibc >=3"]),
    ]
}

#[test]
fn what_follows_by_propagation_needs_no_proof() {
    let accepted = check(&certified(
        problem(&["app"], &chain()),
        best(&["app-2", "lib-1"]),
    ))
    .unwrap();
    assert!(accepted.claim == "best" && accepted.steps == accepted.claims);
    assert_eq!(accepted.answer, ["app 2 0", "lib 1 0"]);
    // lib 2 exists, and cannot be had.
    let layer = accepted
        .levels
        .iter()
        .find(|(step, _)| step == "level 6, layer 1: version ranks");
    assert_eq!(layer.unwrap().1, 1);
    for specs in [
        &["app 2.*", "lib >1"][..],
        &["app", "lib 2"],
        &["gone"],
        &["__cuda"],
    ] {
        let accepted = check(&certified(problem(specs, &chain()), nothing())).unwrap();
        assert_eq!(accepted.claim, "unsatisfiable", "{specs:?}");
    }
}

#[test]
fn what_is_not_so_is_refused() {
    let refused = |specs: &[&str], certificate: Value| {
        check(&certified(problem(specs, &chain()), certificate))
            .unwrap_err()
            .to_string()
    };
    for (answer, reason) in [
        (
            &["app-1", "lib-1"][..],
            "level 2: version ranks of the requested, app",
        ),
        (
            &["app-2", "lib-2"],
            "depends on 'lib <2', which is not satisfied",
        ),
        (&["app-2"], "depends on 'lib <2', which is not satisfied"),
        (&["lib-1"], "the answer has records that nothing needs"),
        (
            &["app-2", "app-1", "lib-1"],
            "two records have the name app",
        ),
        (&["app-3"], "there is no record c/linux-64/app-3-0.conda"),
    ] {
        let text = refused(&["app"], best(answer));
        assert!(text.contains(reason), "{answer:?}: {text}");
    }
    assert!(refused(&["app"], nothing()).contains("no answer: claim 0 does not follow"));
    let mut empty = nothing();
    empty["proofs"] = json!({"0": "0\n"});
    assert!(refused(&["app"], empty).contains("step 1: the clause does not follow"));
    let mut high = best(&["app-2", "lib-1"]);
    high["bounds"] = json!({"0": [[0, 9]]});
    assert!(refused(&["app"], high).contains("a lower bound is above what is paid"));
}

#[test]
fn a_certificate_is_for_its_problem_only() {
    let text = certified(problem(&["app"], &chain()), best(&["app-2", "lib-1"]));
    for (old, new) in [
        ("\"lib <2\"", "\"lib <3\""),
        ("\"__glibc >=3\"", "\"__glibc >=2\""),
        ("\"strict\"", "\"disabled\""),
        ("__glibc 2.28 0", "__glibc 2.29 0"),
    ] {
        let changed = text.replace(old, new);
        assert_ne!(changed, text);
        assert!(check(&changed)
            .unwrap_err()
            .to_string()
            .contains("another problem"));
    }
}

#[test]
fn a_choice_needs_a_proof() {
    // Either lib will do for app, none goes with the other: no unit propagation shows that lib is there.
    let records = [
        record("app", "1", &["one"]),
        record("one", "1", &["left <2"]),
        record("one", "2", &["left >1", "right <2"]),
        record("left", "1", &["right >1"]),
        record("left", "2", &["right >1"]),
        record("right", "1", &[]),
        record("right", "2", &["gone"]),
    ];
    let claim = |proofs: Value| {
        let certificate = json!({"claim": "unsatisfiable", "bounds": {}, "proofs": proofs});
        check(&certified(problem(&["app"], &records), certificate))
    };
    // Here propagation is enough: right 2 cannot be had, so neither left, so neither one.
    assert_eq!(claim(json!({})).unwrap().claim, "unsatisfiable");
    assert!(
        claim(json!({"0": "1 0\n"})).is_ok(),
        "a step that follows does no harm"
    );
    assert!(claim(json!({"0": "x 0\n"}))
        .unwrap_err()
        .to_string()
        .contains("byte 0"));
}

#[test]
fn other_files_are_refused_without_a_panic() {
    let whole = certified(problem(&["app"], &chain()), best(&["app-2", "lib-1"]));
    for end in (0..whole.len()).step_by(7) {
        if whole.is_char_boundary(end) {
            assert!(check(&whole[..end]).is_err());
        }
    }
    let value: Value = serde_json::from_str(&whole).unwrap();
    for key in [
        "format",
        "channels",
        "virtual_packages",
        "request",
        "records",
        "certificate",
    ] {
        for other in [json!(null), json!(7), json!({}), json!([1]), json!("x")] {
            let mut changed = value.clone();
            changed[key] = other;
            assert!(check(&changed.to_string()).is_err(), "{key}");
        }
    }
}
