//! Proofs written by hand, right and wrong.

use proof_check::{check, check_core, Cnf, Error, Proof};

/// Three pigeons, two holes: variables `2 * pigeon + hole + 1`.
const PIGEONS: &[u8] = b"p cnf 6 9
1 2 0
3 4 0
5 6 0
-1 -3 0
-1 -5 0
-3 -5 0
-2 -4 0
-2 -6 0
-4 -6 0
";

fn verdict(cnf: &[u8], proof: &str) -> Result<(), Error> {
    let cnf = Cnf::parse(cnf).expect("a formula");
    check(&cnf, &Proof::parse(proof.as_bytes()).expect("a proof"))
}

#[test]
fn a_refutation_is_accepted() {
    assert_eq!(verdict(PIGEONS, "-1 0\n0\n"), Ok(()));
    assert_eq!(verdict(PIGEONS, "-1 0\nd -1 -3 0\nd -1 -5 0\n0\n"), Ok(()));
    assert_eq!(verdict(b"p cnf 1 2\n1 0\n-1 0\n", "0\n"), Ok(()));
    assert_eq!(verdict(b"p cnf 1 1\n0\n", ""), Ok(()));
}

#[test]
fn a_proof_without_its_end_is_refused() {
    assert_eq!(verdict(PIGEONS, "-1 0\n"), Err(Error::NotRefuted));
    assert_eq!(verdict(PIGEONS, ""), Err(Error::NotRefuted));
}

#[test]
fn a_step_that_does_not_follow_is_refused() {
    assert_eq!(verdict(PIGEONS, "0\n"), Err(Error::NotImplied { step: 1 }));
    assert_eq!(
        verdict(b"p cnf 2 1\n1 2 0\n", "1 2 0\n1 0\n"),
        Err(Error::NotImplied { step: 2 })
    );
}

#[test]
fn a_rat_step_is_refused() {
    // The definition of a new variable 3 = 1 and 2 is RAT, not RUP.
    assert_eq!(
        verdict(b"p cnf 2 1\n1 2 0\n", "3 -1 -2 0\n"),
        Err(Error::NotImplied { step: 1 })
    );
}

#[test]
fn deletions_count() {
    assert_eq!(
        verdict(PIGEONS, "d 1 3 0\n"),
        Err(Error::NotPresent { step: 1 })
    );
    assert_eq!(
        verdict(PIGEONS, "d 2 1 0\nd 1 2 0\n"),
        Err(Error::NotPresent { step: 2 })
    );
    assert_eq!(
        verdict(PIGEONS, "d 1 2 0\n-1 0\n0\n"),
        Err(Error::NotImplied { step: 3 })
    );
}

#[test]
fn cores_are_clauses_of_negated_assumptions() {
    let cnf = Cnf::parse(b"p cnf 4 2\n-1 2 0\n-2 -3 0\n").expect("a formula");
    let proof = |text: &str| Proof::parse(text.as_bytes()).expect("a proof");
    assert_eq!(check_core(&cnf, &proof("-1 -3 0\n"), &[4, 3, 1]), Ok(()));
    assert_eq!(
        check_core(&cnf, &proof("-1 -3 0\n"), &[1]),
        Err(Error::NotCore)
    );
    assert_eq!(check_core(&cnf, &proof(""), &[1, 3]), Err(Error::NotCore));
    assert_eq!(
        check_core(&cnf, &proof("-1 0\n"), &[1, 3]),
        Err(Error::NotImplied { step: 1 })
    );
}

/// Tables are as long as there are variables, not as these are called: else nine bytes would take gigabytes. Run with a
/// bound on memory by the test in Python; here many large names must not add up.
#[test]
fn large_variables_cost_no_more_than_small_ones() {
    let largest = i32::MAX;
    let mut proof = Vec::new();
    for lit in [largest, largest - 1, 1 << 30, 12_345_678] {
        let mut bytes = vec![b'a'];
        let mut code = 2 * u64::from(lit.unsigned_abs()) + 1;
        while code >= 0x80 {
            bytes.push(code as u8 | 0x80);
            code >>= 7;
        }
        bytes.extend([code as u8, 0]);
        proof.extend(bytes);
    }
    let parsed = Proof::parse(&proof).expect("literals of 31 bits");
    assert_eq!(parsed.steps.len(), 4);
    let cnf = Cnf {
        clauses: vec![vec![largest, 1], vec![-largest, 1], vec![-1, 1 << 29]],
    };
    let refused = proof_check::check(&cnf, &parsed);
    assert!(refused.is_err(), "{refused:?}");
    let mut incremental = proof_check::Incremental::default();
    cnf.clauses
        .iter()
        .for_each(|clause| incremental.add(clause));
    assert!(incremental.implies(&[1]) && incremental.implies(&[1 << 29]));
    assert!(!incremental.implies(&[1 << 28]));
}
