//! Families whose verdict is known, with checked proofs, and proofs damaged on purpose.

mod common;

use cdcl::{Config, DratFormat, DratWriter, Limits, Lit, Outcome, Restarts, Solver, Var};
use common::families::{
    at_most_one_ladder, packages, parity, pigeonhole, random_ksat, wheel, Formula,
};
use common::{configs, numbers, Recorder, Rng};
use proof_check::{check, Cnf, Error, Proof, Step};

fn loaded<P: cdcl::ProofSink>(config: Config, formula: &Formula, proof: P) -> Solver<P> {
    let mut solver = Solver::with_proof(config, proof);
    solver.new_vars(formula.vars);
    for clause in &formula.clauses {
        solver.add_clause(clause);
    }
    solver
}

/// Solves; a model is checked here, a refutation by the proof checker.
fn verdict(config: Config, formula: &Formula) -> bool {
    let mut solver = loaded(config, formula, Recorder::default());
    match solver.solve(&[], &Limits::default()) {
        Outcome::Satisfiable => {
            let value = |lit: &Lit| solver.value(*lit) == Some(true);
            assert!(formula
                .clauses
                .iter()
                .all(|clause| clause.iter().any(value)));
            true
        }
        outcome => {
            assert_eq!(outcome, Outcome::Unsatisfiable);
            assert!(solver.core().is_empty());
            solver.into_proof().assert_core(&[]);
            false
        }
    }
}

fn expect(formula: &Formula, satisfiable: bool) {
    for config in configs() {
        assert_eq!(verdict(config, formula), satisfiable, "{config:?}");
    }
}

#[test]
fn pigeons() {
    for n in 1..=6 {
        expect(&pigeonhole(n, n), true);
        expect(&pigeonhole(n + 1, n), false);
    }
}

#[test]
fn parities() {
    for n in [2, 5, 8, 11] {
        for (seed, values) in [(true, true), (false, false), (true, false), (false, true)]
            .iter()
            .enumerate()
        {
            expect(
                &parity(n, seed as u64, values.0, values.1),
                values.0 == values.1,
            );
        }
    }
}

#[test]
fn colourings() {
    for rim in 3..12 {
        expect(&wheel(rim, 2), false);
        expect(&wheel(rim, 3), rim % 2 == 0);
        expect(&wheel(rim, 4), true);
    }
}

#[test]
fn ladders_allow_at_most_one() {
    for n in [2usize, 3, 10, 200] {
        let formula = at_most_one_ladder(n);
        let mut solver = loaded(Config::default(), &formula, Recorder::default());
        let mut rng = Rng(n as u64);
        for _ in 0..20 {
            let (a, b) = (rng.below(n), rng.below(n));
            let [a, b] = [a, b].map(|i| Var(i as u32).positive());
            let outcome = solver.solve(&[a, b], &Limits::default());
            assert_eq!(outcome == Outcome::Satisfiable, a == b);
            if a == b {
                assert!(
                    (0..n as u32).all(|i| solver.value(Var(i).positive()) == Some(i == a.var().0))
                );
            } else {
                assert_eq!(solver.core(), [a, b]);
            }
        }
    }
}

#[test]
fn long_implication_chains() {
    // Long enough that a recursive minimisation would overflow its stack.
    let n = 200_000u32;
    let lit = |i: u32| Var(i).positive();
    let mut solver = Solver::new();
    solver.new_vars(n as usize + 2);
    for i in 0..n {
        solver.add_binary(!lit(i), lit(i + 1));
    }
    solver.add_clause(&[!lit(n), !lit(n / 2), lit(n + 1)]);
    assert_eq!(
        solver.implied(&[lit(0)]).map(|lits| lits.len()),
        Ok(n as usize + 2)
    );
    assert_eq!(
        solver.solve(&[lit(3), !lit(n + 1)], &Limits::default()),
        Outcome::Unsatisfiable
    );
    assert_eq!(solver.core(), [lit(3), !lit(n + 1)]);
    assert_eq!(
        solver.solve(&[!lit(n)], &Limits::default()),
        Outcome::Satisfiable
    );
    assert_eq!(solver.value(lit(0)), Some(false));
}

#[test]
fn package_like_formulas_agree_with_all_configurations() {
    let mut verdicts = [0; 2];
    for seed in 0..60 {
        let mut rng = Rng(seed);
        let formula = packages(40, 12, 12, &mut rng);
        let expected = verdict(Config::default(), &formula);
        verdicts[usize::from(expected)] += 1;
        expect(&formula, expected);
    }
    assert!(verdicts[0] > 5 && verdicts[1] > 5, "{verdicts:?}");
}

#[test]
fn threshold_3sat_proofs() {
    // Large enough for restarts, reductions, simplifications and moves of the arena.
    let mut refuted = 0;
    let config = Config {
        reduce_interval: 20,
        restarts: Restarts::Luby { unit: 8 },
        ..Config::default()
    };
    for seed in 0..30 {
        let formula = random_ksat(110, 480, 3, &mut Rng(seed));
        let first = verdict(Config::default(), &formula);
        assert_eq!(first, verdict(config, &formula));
        refuted += u32::from(!first);
    }
    assert!(refuted > 5 && refuted < 29, "{refuted}");
}

#[test]
fn incremental_threshold_3sat() {
    // One solver under many assumptions against a fresh one for each.
    let mut rng = Rng(7);
    let formula = random_ksat(80, 290, 3, &mut rng);
    let mut solver = loaded(
        Config {
            reduce_interval: 10,
            ..Config::default()
        },
        &formula,
        Recorder::default(),
    );
    let mut verdicts = [0; 2];
    for round in 0..120 {
        if round % 10 == 9 {
            solver.add_clause(&rng.lits(80, 3));
        }
        let assumptions = rng.lits(80, 5);
        let outcome = solver.solve(&assumptions, &Limits::default());
        let mut fresh = Solver::new();
        fresh.new_vars(80);
        for clause in &solver.clone().into_proof().cnf.clauses {
            let clause: Vec<Lit> = clause
                .iter()
                .filter_map(|&n| Lit::from_dimacs(n.into()))
                .collect();
            fresh.add_clause(&clause);
        }
        assert_eq!(outcome, fresh.solve(&assumptions, &Limits::default()));
        verdicts[usize::from(outcome == Outcome::Satisfiable)] += 1;
        if outcome == Outcome::Unsatisfiable {
            let core = solver.core().to_vec();
            assert_eq!(fresh.solve(&core, &Limits::default()), outcome);
            let minimal = solver.minimize_core(&mut cdcl::Vsids, &Limits::default());
            assert!(minimal.len() <= core.len());
        }
    }
    assert!(verdicts[0] > 10 && verdicts[1] > 10, "{verdicts:?}");
    let core = solver.core().to_vec();
    if !core.is_empty() {
        solver.into_proof().assert_core(&core);
    }
}

#[test]
fn drat_files_of_both_formats_are_accepted() {
    let formula = pigeonhole(6, 5);
    let cnf = Cnf {
        clauses: formula
            .clauses
            .iter()
            .map(|clause| numbers(clause))
            .collect(),
    };
    let mut proofs = Vec::new();
    for format in [DratFormat::Text, DratFormat::Binary] {
        let mut solver = loaded(
            Config::default(),
            &formula,
            DratWriter::with_format(Vec::new(), format),
        );
        assert_eq!(
            solver.solve(&[], &Limits::default()),
            Outcome::Unsatisfiable
        );
        let bytes = solver.into_proof().finish().expect("memory");
        let proof = Proof::parse(&bytes).expect("a proof");
        assert_eq!(check(&cnf, &proof), Ok(()));
        proofs.push(proof);
    }
    assert_eq!(proofs[0], proofs[1]);
}

#[test]
fn damaged_proofs_are_refused() {
    let formula = pigeonhole(6, 5);
    let mut solver = loaded(Config::default(), &formula, Recorder::default());
    assert_eq!(
        solver.solve(&[], &Limits::default()),
        Outcome::Unsatisfiable
    );
    let Recorder { cnf, proof } = solver.into_proof();
    assert_eq!(check(&cnf, &proof), Ok(()));
    // Cut off at the end.
    let mut cut = proof.clone();
    cut.steps.pop();
    assert!(check(&cnf, &cut).is_err());
    // Straight to the end.
    let hasty = Proof {
        steps: vec![Step::Add(vec![])],
    };
    assert_eq!(check(&cnf, &hasty), Err(Error::NotImplied { step: 1 }));
    // A deletion of what is not there.
    let mut wrong = proof.clone();
    wrong.steps.insert(0, Step::Delete(vec![1, -2, 3]));
    assert_eq!(check(&cnf, &wrong), Err(Error::NotPresent { step: 1 }));
    // One clause of the formula less: it is satisfiable, so no proof can be right.
    for index in 0..cnf.clauses.len() {
        let mut smaller = cnf.clone();
        smaller.clauses.remove(index);
        assert!(check(&smaller, &proof).is_err());
    }
    // Learnt clauses that a model of a satisfiable part contradicts: claim the opposite of a literal
    // that the formula leaves free.
    for (index, step) in proof.steps.iter().enumerate() {
        if let Step::Add(lits) = step {
            if lits.len() > 2 {
                let mut wrong = proof.clone();
                wrong.steps[index] = Step::Add(vec![lits[0].abs()]);
                assert!(check(&cnf, &wrong).is_err(), "step {index}");
                break;
            }
        }
    }
}
