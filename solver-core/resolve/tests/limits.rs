//! Deadlines and cancellation, of a session and of single solves.
//!
//! The request is the pigeonhole principle: hole packages whose version says which pigeon sits in them, and pigeon
//! packages that need a hole each. With one pigeon too many no solver of this kind gets to an end in the time of a
//! test, so that whatever stops the search here is the limit.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conda::index::Index;
use resolve::{solve, Budget, Optimality, Request, RequestSpec, Session, SolveError};

const HOLES: usize = 14;

/// The index; with a `refuge` each pigeon has an older version that needs no hole.
fn pigeons(holes: usize, refuge: bool) -> Arc<Index> {
    let mut records: Vec<String> = Vec::new();
    let mut add = |name: &str, version: usize, build: &str, depends: &str| {
        let mut text = String::new();
        let _ = write!(
            text,
            r#""{name}-{version}-{build}.conda": {{"name": "{name}", "version": "{version}", "build": "{build}",
            "build_number": 0, "depends": [{depends}], "subdir": "linux-64"}}"#
        );
        records.push(text);
    };
    for pigeon in 0..=holes {
        for hole in 0..holes {
            add(&format!("hole{hole}"), pigeon, "h_0", "");
            add(
                &format!("pigeon{pigeon}"),
                2,
                &format!("h{hole}_0"),
                &format!(r#""hole{hole} =={pigeon}""#),
            );
        }
        if refuge {
            add(&format!("pigeon{pigeon}"), 1, "h_0", "");
        }
    }
    let text = format!(
        r#"{{"packages": {{}}, "packages.conda": {{{}}}}}"#,
        records.join(",")
    );
    Arc::new(
        Index::from_json(&[("channel", "linux-64", text.as_bytes())], "linux-64")
            .expect("valid repodata"),
    )
}

fn request(pigeons: usize) -> Request {
    let spec = |pigeon| RequestSpec::parse(&format!("pigeon{pigeon}")).expect("valid spec");
    Request {
        specs: (0..pigeons).map(spec).collect(),
        ..Request::default()
    }
}

fn deadline(milliseconds: u64) -> Budget<'static> {
    Budget {
        deadline: Some(Instant::now() + Duration::from_millis(milliseconds)),
        ..Budget::default()
    }
}

#[test]
fn the_family_is_what_it_says() {
    let index = pigeons(4, false);
    assert!(solve(&index, &request(4), Budget::default()).is_ok());
    let none = solve(&index, &request(5), Budget::default());
    assert!(matches!(none, Err(SolveError::Unsatisfiable(_))));
    let solution = solve(&pigeons(4, true), &request(5), Budget::default()).expect("a refuge");
    assert_eq!(solution.optimality, Optimality::Proved);
    assert_eq!(solution.levels.requested_versions, Some(1));
}

#[test]
fn a_deadline_before_any_answer() {
    let result = solve(&pigeons(HOLES, false), &request(HOLES + 1), deadline(100));
    assert!(matches!(result, Err(SolveError::Interrupted)));
}

#[test]
fn a_deadline_that_is_over_already() {
    for refuge in [false, true] {
        match solve(&pigeons(4, refuge), &request(4), deadline(0)) {
            Err(SolveError::Interrupted) => {}
            Ok(solution) => assert_eq!(solution.optimality, Optimality::Feasible),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn cancelling_stops_the_search() {
    let polls = Cell::new(0_u32);
    let cancelled = || {
        polls.set(polls.get() + 1);
        polls.get() > 3
    };
    let budget = Budget {
        cancelled: Some(&cancelled),
        ..Budget::default()
    };
    let result = solve(&pigeons(HOLES, false), &request(HOLES + 1), budget);
    assert!(matches!(result, Err(SolveError::Interrupted)));
    assert!(polls.get() > 3);
}

#[test]
fn an_answer_is_not_withheld_for_lack_of_proof() {
    let solution =
        solve(&pigeons(HOLES, true), &request(HOLES + 1), deadline(2_000)).expect("a refuge");
    assert_eq!(solution.optimality, Optimality::Feasible);
    assert_eq!(solution.levels.requested_versions, None);
    assert!(!solution.levels.layers_done && !solution.levels.candidates_done);
    let broken = resolve::check(
        &solution.records(),
        &request(HOLES + 1),
        Some(&solution.index),
    );
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn a_session_goes_on_after_a_deadline() {
    let index = pigeons(HOLES, true);
    let session = Session::new(Arc::clone(&index));
    let _ = session.solve(&request(HOLES + 1), deadline(200));
    let warm = session
        .solve(&request(3), Budget::default())
        .expect("a hole for each");
    let fresh = solve(&index, &request(3), Budget::default()).expect("a hole for each");
    assert_eq!(warm.optimality, Optimality::Proved);
    assert_eq!(warm.places, fresh.places);
}
