//! Small formulas against all their assignments: verdicts, models, cores, minimal cores, implied
//! literals, proofs.

mod common;

use cdcl::{Config, Decide, Decision, Limits, Lit, Outcome, Solver, Var, View, Vsids};
use common::families::random_ksat;
use common::{configs, holds, satisfies, Models, Recorder, Rng};

/// Decides whatever comes: any literal, assigned or not, or nothing.
struct Whim(Rng);

impl Decide for Whim {
    fn decide(&mut self, view: &View<'_>) -> Decision {
        let open = (0..8).find_map(|_| {
            let &lit = view.trail().first()?;
            Some(Lit::from_code(self.0.below(2 * lit.code().max(4))))
        });
        match (self.0.below(3), open) {
            (0, _) | (_, None) => Decision::Fallback,
            (_, Some(lit)) => Decision::Lit(lit),
        }
    }

    fn backtracked(&mut self, _len: usize) {}
}

fn clauses(rng: &mut Rng, vars: usize) -> Vec<Vec<Lit>> {
    if rng.below(3) == 0 {
        // Close to the threshold of 3-SAT.
        return random_ksat(vars.max(3), vars * 43 / 10, 3, rng).clauses;
    }
    // Lengths 1 to 6, repetitions and tautologies included.
    let count = 1 + rng.below(6 * vars);
    (0..count)
        .map(|_| {
            let len = [2, 2, 3, 3, 4, 6, 1 + rng.below(2)][rng.below(7)];
            rng.lits(vars, len)
        })
        .collect()
}

fn load<P: cdcl::ProofSink>(solver: &mut Solver<P>, vars: usize, clauses: &[Vec<Lit>]) {
    solver.new_vars(vars);
    for clause in clauses {
        match clause[..] {
            [a, b] => solver.add_binary(a, b),
            _ => solver.add_clause(clause),
        };
    }
}

fn model_of<P: cdcl::ProofSink>(solver: &Solver<P>, vars: usize) -> u32 {
    (0..vars as u32)
        .filter(|&v| solver.value(Var(v).positive()).expect("a full model"))
        .fold(0, |model, v| model | 1 << v)
}

/// One formula in one configuration; returns the verdict without assumptions.
fn examine(config: Config, vars: usize, clauses: &[Vec<Lit>], rng: &mut Rng) -> bool {
    let models = Models::of(vars, clauses);
    let mut solver = Solver::with_proof(config, Recorder::default());
    load(&mut solver, vars, clauses);
    let none = Limits::default();
    for round in 0..3 {
        let count = if round == 0 { 0 } else { rng.below(5) };
        let assumptions = rng.lits(vars, count);
        let outcome = match rng.below(2) {
            0 => solver.solve(&assumptions, &none),
            _ => solver.solve_with(&assumptions, &mut Whim(Rng(rng.next())), &none),
        };
        let expected = models.allow(&assumptions);
        assert_eq!(outcome == Outcome::Satisfiable, expected);
        assert_ne!(outcome, Outcome::Unknown);
        if expected {
            let model = model_of(&solver, vars);
            assert!(clauses.iter().all(|clause| satisfies(model, clause)));
            assert!(assumptions.iter().all(|&lit| holds(model, lit)));
        } else {
            let core = solver.core().to_vec();
            assert!(core.iter().all(|lit| assumptions.contains(lit)));
            assert!(!models.allow(&core));
            // The core alone, in a fresh solver.
            let mut alone = Solver::new();
            load(&mut alone, vars, clauses);
            assert_eq!(alone.solve(&core, &none), Outcome::Unsatisfiable);
            let minimal = solver.minimize_core(&mut Vsids, &none);
            assert_eq!(minimal, solver.core());
            assert!(minimal.iter().all(|lit| core.contains(lit)));
            assert!(!models.allow(&minimal));
            for index in 0..minimal.len() {
                let mut less = minimal.clone();
                less.remove(index);
                assert!(models.allow(&less), "not minimal");
            }
            proof_of(&solver).assert_core(&minimal);
        }
        for v in 0..vars as u32 {
            let lit = Var(v).positive();
            if let Some(value) = solver.fixed(lit) {
                assert!(!models.allow(&[if value { !lit } else { lit }]));
            }
        }
        let assumptions = rng.lits(vars, 2);
        match solver.implied(&assumptions) {
            Ok(lits) => {
                assert!(assumptions.iter().all(|lit| lits.contains(lit)));
                for lit in lits {
                    let mut with = assumptions.clone();
                    with.push(!lit);
                    assert!(!models.allow(&with));
                }
            }
            Err(core) => {
                assert!(!models.allow(&core) && core == solver.core());
                proof_of(&solver).assert_core(&core);
            }
        }
    }
    // The formula that the solver gives back has the same models.
    let given: Vec<Vec<Lit>> = solver.clauses().collect();
    assert_eq!(Models::of(vars, &given).models, models.models);
    !models.models.is_empty()
}

/// A formula that grows between calls whose assumptions are often those of the call before; some calls are given up.
fn grow(config: Config, vars: usize, clauses: &[Vec<Lit>], rng: &mut Rng) -> bool {
    let mut solver = Solver::with_proof(config, Recorder::default());
    solver.new_vars(vars);
    let mut given = 0;
    let mut assumptions = Vec::new();
    let mut satisfiable = true;
    while satisfiable {
        let more = 1 + rng.below(1 + clauses.len() / 4);
        let chunk = &clauses[given..clauses.len().min(given + more)];
        for clause in chunk {
            match clause[..] {
                [a, b] => solver.add_binary(a, b),
                _ => solver.add_clause(clause),
            };
        }
        given += chunk.len();
        let models = Models::of(vars, &clauses[..given]);
        for _ in 0..1 + rng.below(3) {
            if rng.below(3) == 0 {
                let count = rng.below(6);
                assumptions = rng.lits(vars, count);
            }
            let limits = Limits {
                conflicts: (rng.below(3) == 0).then_some(1),
                ..Limits::default()
            };
            let outcome = match rng.below(3) {
                0 => solver.solve(&assumptions, &limits),
                1 => solver.solve_with(&assumptions, &mut Whim(Rng(rng.next())), &limits),
                _ => match solver.implied(&assumptions) {
                    Err(_) => Outcome::Unsatisfiable,
                    Ok(lits) => {
                        for lit in lits {
                            let mut with = assumptions.clone();
                            with.push(!lit);
                            assert!(!models.allow(&with));
                        }
                        Outcome::Unknown
                    }
                },
            };
            match outcome {
                Outcome::Satisfiable => {
                    let model = model_of(&solver, vars);
                    let all = &clauses[..given];
                    assert!(all.iter().all(|clause| satisfies(model, clause)));
                    assert!(assumptions.iter().all(|&lit| holds(model, lit)));
                }
                Outcome::Unsatisfiable => {
                    let core = solver.core().to_vec();
                    assert!(core.iter().all(|lit| assumptions.contains(lit)));
                    assert!(!models.allow(&core));
                    proof_of(&solver).assert_core(&core);
                }
                Outcome::Unknown => {}
            }
        }
        satisfiable = !models.models.is_empty();
        if given == clauses.len() {
            break;
        }
    }
    satisfiable
}

fn proof_of(solver: &Solver<Recorder>) -> Recorder {
    solver.clone().into_proof()
}

fn run(formulas: u64, vars: usize) {
    run_each(formulas, vars, examine);
}

fn run_each(formulas: u64, vars: usize, test: fn(Config, usize, &[Vec<Lit>], &mut Rng) -> bool) {
    let mut verdicts = [0; 2];
    for (index, config) in configs().into_iter().enumerate() {
        for seed in 0..formulas {
            let mut rng = Rng(seed * 1000 + index as u64);
            let vars = 1 + rng.below(vars);
            let clauses = clauses(&mut rng, vars);
            let vars = clauses
                .iter()
                .flatten()
                .map(|lit| lit.var().index() + 1)
                .fold(vars, usize::max);
            verdicts[usize::from(test(config, vars, &clauses, &mut rng))] += 1;
        }
    }
    let enough = formulas as usize;
    assert!(
        verdicts[0] > enough / 2 && verdicts[1] > enough / 2,
        "{verdicts:?}"
    );
}

#[test]
fn small_formulas() {
    run(4_000, 8);
}

#[test]
fn medium_formulas() {
    run(300, 16);
}

#[test]
fn growing_formulas() {
    run_each(1_000, 8, grow);
    run_each(150, 15, grow);
}

#[test]
#[ignore = "takes minutes"]
fn many_formulas() {
    run(20_000, 9);
    run(1_000, 17);
    run_each(20_000, 9, grow);
    run_each(1_000, 17, grow);
}
