//! A fault on demand, in the unit tests of this crate alone: what happens to an answer that is wrong.
//!
//! The check of answers is the last guard, and no request is known that reaches it. So the tests damage the records of
//! an answer on their way to it.

use std::cell::Cell;
use std::sync::Arc;

use conda::index::{Index, RecordRef};

use crate::optimize::Budget;
use crate::request::{Request, RequestSpec};
use crate::solve::{solve, SolveError};

/// What is done to the records of an answer.
type Damage = fn(&mut Vec<RecordRef>);

thread_local! {
    static DAMAGE: Cell<Option<Damage>> = const { Cell::new(None) };
}

/// The records, damaged if a test wants it.
pub(crate) fn damaged(mut places: Vec<RecordRef>) -> Vec<RecordRef> {
    if let Some(damage) = DAMAGE.get() {
        damage(&mut places);
    }
    places
}

fn index() -> Arc<Index> {
    let record = |name: &str, version: &str, depends: &str| {
        format!(
            r#""{name}-{version}-0.conda": {{"name": "{name}", "version": "{version}", "build": "0", "build_number": 0,
            "depends": [{depends}], "subdir": "linux-64"}}"#
        )
    };
    let records = [
        record("app", "1", r#""lib""#),
        record("lib", "1", ""),
        record("lib", "2", ""),
    ];
    let text = format!(
        r#"{{"packages": {{}}, "packages.conda": {{{}}}}}"#,
        records.join(",")
    );
    let files = [("channel", "linux-64", text.as_bytes())];
    Arc::new(Index::from_json(&files, "linux-64").expect("valid repodata"))
}

/// The sentences of the failed check of an answer to `app`.
fn failure(damage: Damage) -> Vec<String> {
    let request = Request {
        specs: vec![RequestSpec::parse("app").expect("valid spec")],
        ..Request::default()
    };
    DAMAGE.set(Some(damage));
    let result = solve(&index(), &request, Budget::default());
    DAMAGE.set(None);
    assert!(solve(&index(), &request, Budget::default()).is_ok());
    match result {
        Err(SolveError::Internal(broken)) => broken,
        other => panic!("a wrong answer was not withheld: {other:?}"),
    }
}

#[test]
fn a_wrong_answer_is_withheld() {
    assert_eq!(
        failure(|places| places.retain(|at| at.record.0 == 0)),
        ["app 1 0 depends on 'lib', which is not satisfied"]
    );
    let broken = failure(|places| {
        let other = |at: RecordRef| conda::index::RecordId(if at.record.0 == 1 { 2 } else { 1 });
        let lib = places.iter().copied().find(|at| at.record.0 != 0);
        places.extend(lib.map(|at| RecordRef {
            record: other(at),
            ..at
        }));
    });
    assert!(
        broken[0].starts_with("two records have the name lib"),
        "{broken:?}"
    );
    assert_eq!(
        failure(Vec::clear),
        ["the requested spec 'app' is not satisfied"]
    );
}
