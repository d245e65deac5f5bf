//! What the tests share: random numbers, formulas, brute force, and a recorder of proofs.

#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod families;

use cdcl::{Config, Lit, ProofSink, Restarts, Var};
use proof_check::{check_core, Cnf, Proof, Step};

/// Splitmix64 (Steele, Lea, Flood, OOPSLA 2014): the same numbers everywhere.
pub(crate) struct Rng(pub u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn lit(&mut self, vars: usize) -> Lit {
        Var(self.below(vars) as u32).lit(self.next() & 1 == 0)
    }

    pub(crate) fn lits(&mut self, vars: usize, n: usize) -> Vec<Lit> {
        (0..n).map(|_| self.lit(vars)).collect()
    }
}

/// Configurations that reach every branch on small formulas.
pub(crate) fn configs() -> Vec<Config> {
    let small = Config {
        reduce_interval: 1,
        restarts: Restarts::Luby { unit: 1 },
        ..Config::default()
    };
    vec![
        Config::default(),
        small,
        Config {
            minimize: false,
            binary_minimize: false,
            simplify: false,
            reuse_trail: false,
            phase_saving: false,
            ..small
        },
        Config {
            reduce: false,
            restarts: Restarts::Never,
            ..small
        },
        Config {
            restarts: Restarts::Glucose,
            decay: 0.5,
            ..small
        },
    ]
}

/// All models of clauses over up to 20 variables, found by trying every assignment.
pub(crate) struct Models {
    vars: usize,
    /// Bit `v` is the value of variable `v`.
    pub(crate) models: Vec<u32>,
}

impl Models {
    pub(crate) fn new(vars: usize) -> Self {
        assert!(vars <= 20);
        Models {
            vars,
            models: (0..1 << vars).collect(),
        }
    }

    pub(crate) fn of(vars: usize, clauses: &[Vec<Lit>]) -> Self {
        let mut models = Models::new(vars);
        for clause in clauses {
            models.add(clause);
        }
        models
    }

    pub(crate) fn add(&mut self, clause: &[Lit]) {
        self.models.retain(|&model| satisfies(model, clause));
    }

    pub(crate) fn new_var(&mut self) {
        let bit = 1 << self.vars;
        self.vars += 1;
        assert!(self.vars <= 20);
        let more: Vec<u32> = self.models.iter().map(|model| model | bit).collect();
        self.models.extend(more);
    }

    /// Whether a model makes all these literals true.
    pub(crate) fn allow(&self, lits: &[Lit]) -> bool {
        self.models
            .iter()
            .any(|&model| lits.iter().all(|&lit| holds(model, lit)))
    }
}

pub(crate) fn holds(model: u32, lit: Lit) -> bool {
    (model >> lit.var().0 & 1 == 1) == lit.is_positive()
}

pub(crate) fn satisfies(model: u32, clause: &[Lit]) -> bool {
    clause.iter().any(|&lit| holds(model, lit))
}

/// Keeps the formula and the proof in memory.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    pub(crate) cnf: Cnf,
    pub(crate) proof: Proof,
}

pub(crate) fn numbers(lits: &[Lit]) -> Vec<i32> {
    lits.iter().map(|lit| lit.to_dimacs() as i32).collect()
}

impl ProofSink for Recorder {
    fn input(&mut self, lits: &[Lit]) {
        self.cnf.clauses.push(numbers(lits));
    }

    fn add(&mut self, lits: &[Lit]) {
        self.proof.steps.push(Step::Add(numbers(lits)));
    }

    fn delete(&mut self, lits: &[Lit]) {
        self.proof.steps.push(Step::Delete(numbers(lits)));
    }
}

impl Recorder {
    /// Checks the whole proof, whose end must refute the formula under the core.
    pub(crate) fn assert_core(&self, core: &[Lit]) {
        let verdict = check_core(&self.cnf, &self.proof, &numbers(core));
        assert_eq!(verdict, Ok(()), "{:?}\n{:?}", self.cnf, self.proof);
    }
}
