//! The SAT solver's interface against brute force, and the readers of formulas and proofs.

use cdcl::dimacs::{load, read, write, ReadOptions};
use cdcl::{Config, Limits, Lit, Outcome, Restarts, Solver, Var, Vsids};
use proof_check::{check, Cnf, Proof};

const MAX_VARS: usize = 10;

/// All assignments that satisfy what was added.
struct Models(Vec<u32>);

impl Models {
    fn allow(&self, lits: &[Lit]) -> bool {
        self.0
            .iter()
            .any(|&m| lits.iter().all(|&lit| holds(m, lit)))
    }
}

fn holds(model: u32, lit: Lit) -> bool {
    (model >> lit.var().0 & 1 == 1) == lit.is_positive()
}

/// Reads the bytes as calls of the solver's interface and compares every answer with brute force.
///
/// A byte names the call, the next ones its literals: each modulo the number of literals, a count first.
pub fn cdcl_api(data: &[u8]) {
    let mut bytes = data.iter().copied();
    let config = match bytes.next().unwrap_or(0) % 3 {
        0 => Config::default(),
        1 => Config {
            reduce_interval: 1,
            restarts: Restarts::Luby { unit: 1 },
            ..Config::default()
        },
        _ => Config {
            minimize: false,
            binary_minimize: false,
            reuse_trail: false,
            phase_saving: false,
            simplify: false,
            reduce_interval: 2,
            restarts: Restarts::Glucose,
            ..Config::default()
        },
    };
    let mut solver = Solver::with_config(config);
    let mut vars = 3;
    solver.new_vars(vars);
    let mut models = Models((0..8).collect());
    let mut clauses: Vec<Vec<Lit>> = Vec::new();
    let mut core_is_fresh = false;
    while let Some(call) = bytes.next() {
        let high = usize::from(call >> 4);
        // Hardly any empty or unit clauses: they end the interesting part of a trace.
        let count = match call % 16 {
            1..=7 if high < 15 => 2 + high % 3,
            1..=7 => usize::from(bytes.next().unwrap_or(1) > 8),
            _ => high % 6,
        };
        let lits: Vec<Lit> = bytes
            .by_ref()
            .take(count)
            .map(|byte| Lit::from_code(usize::from(byte) % (2 * vars)))
            .collect();
        match call % 16 {
            0 if vars < MAX_VARS => {
                assert_eq!(solver.new_var().index(), vars);
                let more: Vec<u32> = models.0.iter().map(|m| m | 1 << vars).collect();
                models.0.extend(more);
                vars += 1;
            }
            1..=7 => {
                let ok = solver.add_clause(&lits);
                models.0.retain(|&m| lits.iter().any(|&lit| holds(m, lit)));
                assert!(ok || models.0.is_empty());
                clauses.push(lits);
                core_is_fresh = false;
            }
            kind @ 8..=11 => {
                let limits = Limits {
                    conflicts: (kind == 8).then_some(u64::from(call >> 6)),
                    ..Limits::default()
                };
                let outcome = solver.solve(&lits, &limits);
                core_is_fresh = outcome == Outcome::Unsatisfiable;
                match outcome {
                    Outcome::Satisfiable => {
                        let holds = |lit: &Lit| solver.value(*lit) == Some(true);
                        assert!(clauses.iter().all(|clause| clause.iter().any(holds)));
                        assert!(lits.iter().all(holds));
                    }
                    Outcome::Unsatisfiable => {
                        assert!(solver.core().iter().all(|lit| lits.contains(lit)));
                        assert!(!models.allow(solver.core()));
                    }
                    Outcome::Unknown => assert_eq!(kind, 8),
                }
            }
            12 if core_is_fresh => {
                let core = solver.minimize_core(&mut Vsids, &Limits::default());
                assert!(!models.allow(&core));
                for index in 0..core.len() {
                    let mut less = core.clone();
                    less.remove(index);
                    assert!(models.allow(&less));
                }
            }
            13 => match solver.implied(&lits) {
                Ok(implied) => {
                    core_is_fresh = false;
                    for lit in implied {
                        let with: Vec<Lit> = lits.iter().copied().chain([!lit]).collect();
                        assert!(!models.allow(&with));
                    }
                }
                Err(core) => {
                    core_is_fresh = true;
                    assert!(!models.allow(&core));
                }
            },
            14 => solver = solver.clone(),
            _ => {}
        }
        for v in 0..vars as u32 {
            let lit = Var(v).positive();
            if let Some(value) = solver.fixed(lit) {
                assert!(!models.allow(&[if value { !lit } else { lit }]));
            }
        }
    }
}

/// Reads DIMACS; what is accepted must survive writing and reading, and a solver.
pub fn dimacs(data: &[u8]) {
    let options = ReadOptions { max_vars: 1000 };
    let mut clauses: Vec<Vec<Lit>> = Vec::new();
    let Ok(header) = read(data, &options, |lits| clauses.push(lits.to_vec())) else {
        return;
    };
    assert!(header.vars <= 1000 && header.clauses == clauses.len() as u64);
    let mut text = Vec::new();
    write(&mut text, header.vars, &clauses).expect("memory");
    let mut again: Vec<Vec<Lit>> = Vec::new();
    let second = read(&text[..], &options, |lits| again.push(lits.to_vec()));
    assert_eq!(second.expect("its own text"), header);
    assert_eq!(again, clauses);
    assert_eq!(
        Cnf::parse(&text).expect("its own text").clauses.len(),
        clauses.len()
    );
    let mut solver = Solver::new();
    load(data, &options, &mut solver).expect("was read before");
    let limits = Limits {
        conflicts: Some(1000),
        ..Limits::default()
    };
    if solver.solve(&[], &limits) == Outcome::Satisfiable {
        let holds = |lit: &Lit| solver.value(*lit) == Some(true);
        assert!(clauses.iter().all(|clause| clause.iter().any(holds)));
    }
}

/// No proof refutes a formula that has a model, whatever it says.
pub fn proof(data: &[u8]) {
    let cnf = Cnf {
        clauses: vec![vec![1, 2], vec![-1, 3], vec![-2, -3, 4], vec![-4, 1]],
    };
    if let Ok(proof) = Proof::parse(data) {
        assert!(check(&cnf, &proof).is_err());
    }
    // The formula's own reader must not panic either.
    let _ = Cnf::parse(data);
}
