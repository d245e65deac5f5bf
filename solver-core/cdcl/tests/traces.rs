//! Random traces of calls of the whole interface against brute force over what was added so far.
//!
//! Every answer of the incremental solver must be the one of solving afresh: variables and clauses
//! come between calls, budgets strike, callers cancel, clones go their own ways.

mod common;

use cdcl::{Limits, Lit, Outcome, Solver, Var, Vsids};
use common::{configs, Models, Recorder};
use proptest::prelude::*;

/// One call. Literals are numbers, taken modulo what exists.
#[derive(Clone, Debug)]
enum Call {
    NewVars(usize),
    Add(Vec<usize>),
    Solve {
        assumptions: Vec<usize>,
        conflicts: Option<u64>,
        stop: bool,
    },
    Implied(Vec<usize>),
    MinimizeCore {
        conflicts: Option<u64>,
    },
    Phase(usize),
    /// Go on with a clone; the original still gets the next call and is dropped.
    Clone,
}

fn call() -> impl Strategy<Value = Call> {
    let lits = |most: usize| prop::collection::vec(0usize..64, 0..=most);
    let budget = prop::option::weighted(0.3, 0u64..4);
    prop_oneof![
        1 => (1usize..4).prop_map(Call::NewVars),
        8 => lits(4).prop_map(Call::Add),
        5 => (lits(5), budget.clone(), prop::bool::weighted(0.1))
            .prop_map(|(assumptions, conflicts, stop)| Call::Solve { assumptions, conflicts, stop }),
        2 => lits(4).prop_map(Call::Implied),
        2 => budget.prop_map(|conflicts| Call::MinimizeCore { conflicts }),
        1 => (0usize..64).prop_map(Call::Phase),
        1 => Just(Call::Clone),
    ]
}

/// A solver and what is known about its formula.
struct State {
    solver: Solver<Recorder>,
    vars: usize,
    clauses: Vec<Vec<Lit>>,
    models: Models,
    /// The last answer was "unsatisfiable", and nothing was added since.
    core: bool,
}

impl State {
    fn lits(&self, numbers: &[usize]) -> Vec<Lit> {
        let lit = |n: &usize| Lit::from_code(n % (2 * self.vars));
        numbers.iter().map(lit).collect()
    }

    fn apply(&mut self, call: &Call) {
        match call {
            Call::NewVars(n) => {
                let n = (*n).min(11 - self.vars);
                let first = self.solver.new_vars(n);
                assert_eq!(first.index(), self.vars);
                (0..n).for_each(|_| self.models.new_var());
                self.vars += n;
            }
            Call::Add(numbers) => {
                let clause = self.lits(numbers);
                // Few empty and unit clauses, so that most traces stay interesting.
                if clause.len() < 2 && self.clauses.len() % 5 != 0 {
                    return;
                }
                let ok = match clause[..] {
                    [a, b] => self.solver.add_binary(a, b),
                    _ => self.solver.add_clause(&clause),
                };
                self.models.add(&clause);
                self.clauses.push(clause);
                assert!(ok || self.models.models.is_empty());
                self.core = false;
            }
            Call::Solve {
                assumptions,
                conflicts,
                stop,
            } => self.solve(&self.lits(assumptions), *conflicts, *stop),
            Call::Implied(numbers) => {
                let assumptions = self.lits(numbers);
                match self.solver.implied(&assumptions) {
                    Ok(lits) => {
                        self.core = false;
                        assert!(assumptions.iter().all(|lit| lits.contains(lit)));
                        for lit in lits {
                            let mut with = assumptions.clone();
                            with.push(!lit);
                            assert!(!self.models.allow(&with));
                        }
                    }
                    Err(core) => {
                        assert!(core.iter().all(|lit| assumptions.contains(lit)));
                        self.check_core(&core);
                        self.core = true;
                    }
                }
            }
            Call::MinimizeCore { conflicts } => {
                if !self.core {
                    return;
                }
                let before = self.solver.core().to_vec();
                let limits = Limits {
                    conflicts: *conflicts,
                    ..Limits::default()
                };
                let core = self.solver.minimize_core(&mut Vsids, &limits);
                assert!(core.iter().all(|lit| before.contains(lit)));
                self.check_core(&core);
                if conflicts.is_none() {
                    for index in 0..core.len() {
                        let mut less = core.clone();
                        less.remove(index);
                        assert!(self.models.allow(&less), "not minimal");
                    }
                }
            }
            Call::Phase(number) => {
                let lit = self.lits(&[*number])[0];
                self.solver.set_phase(lit.var(), lit.is_positive());
            }
            Call::Clone => self.solver = self.solver.clone(),
        }
        for v in 0..self.vars as u32 {
            let lit = Var(v).positive();
            if let Some(value) = self.solver.fixed(lit) {
                assert!(!self.models.allow(&[if value { !lit } else { lit }]));
            }
        }
    }

    fn solve(&mut self, assumptions: &[Lit], conflicts: Option<u64>, stop: bool) {
        let stop = move || stop;
        let limits = Limits {
            conflicts,
            stop: Some(&stop),
            ..Limits::default()
        };
        let outcome = self.solver.solve(assumptions, &limits);
        let expected = self.models.allow(assumptions);
        self.core = outcome == Outcome::Unsatisfiable;
        match outcome {
            Outcome::Satisfiable => {
                assert!(expected);
                let value = |lit: &Lit| self.solver.value(*lit).expect("a full model");
                assert!(self.clauses.iter().all(|clause| clause.iter().any(value)));
                assert!(assumptions.iter().all(value));
            }
            Outcome::Unsatisfiable => {
                let core = self.solver.core().to_vec();
                assert!(core.iter().all(|lit| assumptions.contains(lit)));
                self.check_core(&core);
            }
            Outcome::Unknown => assert!(conflicts.is_some() || stop()),
        }
        // Afresh.
        let mut fresh = Solver::new();
        fresh.new_vars(self.vars);
        for clause in &self.clauses {
            fresh.add_clause(clause);
        }
        let afresh = fresh.solve(assumptions, &Limits::default());
        assert_eq!(afresh == Outcome::Satisfiable, expected);
        assert!(outcome == afresh || outcome == Outcome::Unknown);
    }

    fn check_core(&self, core: &[Lit]) {
        assert!(!self.models.allow(core));
        self.solver.clone().into_proof().assert_core(core);
    }
}

fn run(config: usize, calls: &[Call]) {
    let mut state = State {
        solver: Solver::with_proof(configs()[config], Recorder::default()),
        vars: 3,
        clauses: Vec::new(),
        models: Models::of(3, &[]),
        core: false,
    };
    state.solver.new_vars(3);
    for call in calls {
        if matches!(call, Call::Clone) {
            // What the original does afterwards must not show in the clone.
            let mut original = state.solver.clone();
            original.add_clause(&[Var(0).positive()]);
            original.add_clause(&[Var(0).negative()]);
            original.solve(&[], &Limits::default());
        }
        state.apply(call);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_trace(config in 0..5usize, calls in prop::collection::vec(call(), 1..60)) {
        run(config, &calls);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "takes minutes"]
    fn many_traces(config in 0..5usize, calls in prop::collection::vec(call(), 1..150)) {
        run(config, &calls);
    }
}
