//! The solver in the checker's place.
//!
//! There are two solvers over the same clauses. One *tries* whether a cost can be undercut, which mostly succeeds;
//! what it learns on the way is kept for later tries and not written. The other *proves* claims that hold. A claim
//! that follows by unit propagation needs no proof; most do.

use std::collections::BTreeMap;
use std::fmt::Write;

use cdcl::{Config, Lit, NoProof, Outcome, ProofSink, Solver};
use certify::encode::chosen;
use certify::{Certificate, Chosen, Claim, Engine, Error, Ladder, Task};

use crate::{Limits, ProveError};

/// Collects the clauses that the solver derives; none is ever taken back, which keeps every later step valid.
#[derive(Default)]
struct Steps {
    text: String,
}

impl ProofSink for Steps {
    fn add(&mut self, lits: &[Lit]) {
        // Writing to a string cannot fail.
        let _ = lits.iter().try_for_each(|lit| write!(self.text, "{lit} "));
        self.text.push_str("0\n");
    }

    fn delete(&mut self, _lits: &[Lit]) {}
}

/// Looks for the proofs of claims.
pub(crate) struct Writer<'w, 'p> {
    task: &'w Task<'p>,
    limits: Limits<'w>,
    prover: Solver<Steps>,
    trier: Solver<NoProof>,
    model: &'w Chosen,
    bounds: BTreeMap<usize, Vec<(usize, u64)>>,
    proofs: BTreeMap<usize, String>,
    sums: usize,
    claims: usize,
    bytes: usize,
    /// A model that pays less than the given one, where one was found.
    pub(crate) better: Option<Chosen>,
    /// The limit that was reached.
    reached: Option<&'static str>,
}

impl<'w, 'p> Writer<'w, 'p> {
    pub(crate) fn new(task: &'w Task<'p>, model: &'w Chosen, limits: Limits<'w>) -> Self {
        Writer {
            task,
            limits,
            prover: Solver::with_proof(Config::default(), Steps::default()),
            trier: Solver::with_config(Config::default()),
            model,
            bounds: BTreeMap::new(),
            proofs: BTreeMap::new(),
            sums: 0,
            claims: 0,
            bytes: 0,
            better: None,
            reached: None,
        }
    }

    /// The certificate of what was shown.
    pub(crate) fn certificate(self, claim: Claim, problem: String) -> Certificate {
        Certificate {
            claim,
            problem,
            bounds: self.bounds,
            proofs: self.proofs,
        }
    }

    /// What an error of the walk means.
    pub(crate) fn why(&self, error: Error) -> ProveError {
        match (error, self.reached) {
            (Error::Refused { step, .. }, Some(which)) => ProveError::Limit { step, which },
            (error, _) => ProveError::Invalid(error),
        }
    }

    fn lit(&mut self, number: i32) -> Lit {
        let missing = (number.unsigned_abs() as usize).saturating_sub(self.prover.num_vars());
        if missing > 0 {
            self.prover.new_vars(missing);
            self.trier.new_vars(missing);
        }
        literal(number)
    }

    fn try_with(&mut self, assumptions: &[Lit]) -> Outcome {
        set_phases(&mut self.trier, self.task, self.model);
        let outcome = self.trier.solve(assumptions, &limits(&self.limits));
        self.note(outcome)
    }

    fn prove_with(&mut self, assumptions: &[Lit]) -> Outcome {
        set_phases(&mut self.prover, self.task, self.model);
        let outcome = self.prover.solve(assumptions, &limits(&self.limits));
        self.note(outcome)
    }

    fn note(&mut self, outcome: Outcome) -> Outcome {
        if outcome == Outcome::Unknown {
            self.reached = Some("in the time");
        }
        outcome
    }

    /// The chosen candidates of the model of the last try.
    fn read(&self) -> Chosen {
        let mut out = Chosen::new();
        for (id, candidate) in self.task.universe.candidates.iter().enumerate() {
            let there = self.trier.value(literal(chosen(id))) == Some(true);
            if candidate.usable && there {
                out.insert(candidate.record.name.clone(), id);
            }
        }
        out
    }

    /// Whether a literal follows by unit propagation.
    fn follows(&mut self, lit: Lit) -> bool {
        self.prover.fixed(lit) == Some(true) || !self.prover.holds_under(&[!lit])
    }

    /// Proves a literal that cannot be false, or the empty clause; false if it can.
    fn prove(&mut self, step: &str, lit: Option<i32>) -> Result<bool, Error> {
        let assumptions: Vec<Lit> = lit.into_iter().map(|lit| !self.lit(lit)).collect();
        match self.prove_with(&assumptions) {
            Outcome::Unsatisfiable => Ok(true),
            Outcome::Satisfiable => Ok(false),
            Outcome::Unknown => Err(Error::refused(step, "no proof was found in time")),
        }
    }

    /// Takes what was derived as the proof of the next claim, and the claim as a clause.
    fn shown(&mut self, step: &str, lit: Option<i32>) -> Result<(), Error> {
        let text = std::mem::take(&mut self.prover.proof_mut().text);
        self.bytes += text.len();
        let alone = lit.map_or_else(|| "0\n".to_string(), |lit| format!("{lit} 0\n"));
        // A claim that is its own proof is left for the checker to see.
        if !text.is_empty() && text != alone {
            self.proofs.insert(self.claims, text);
        }
        self.claims += 1;
        if self.limits.bytes.is_some_and(|most| self.bytes > most) {
            self.reached = Some("in the size");
            return Err(Error::refused(step, "the proofs are too large"));
        }
        if let Some(lit) = lit {
            self.clause(&[lit]);
        }
        Ok(())
    }
}

/// A literal by its number in the formula, which is never 0.
fn literal(number: i32) -> Lit {
    Lit::from_dimacs(i64::from(number)).unwrap_or_else(|| Lit::from_code(0))
}

fn limits<'l>(limits: &Limits<'l>) -> cdcl::Limits<'l> {
    cdcl::Limits {
        deadline: limits.deadline,
        stop: limits.stop,
        ..cdcl::Limits::default()
    }
}

/// Lets a solver decide first what the model chooses.
fn set_phases<P: ProofSink>(solver: &mut Solver<P>, task: &Task<'_>, model: &Chosen) {
    let known = solver.num_vars();
    for (id, candidate) in task.universe.candidates.iter().enumerate().take(known) {
        let there = model.get(&candidate.record.name) == Some(&id);
        solver.set_phase(literal(chosen(id)).var(), there);
    }
}

impl Engine for Writer<'_, '_> {
    fn clause(&mut self, lits: &[i32]) {
        let clause: Vec<Lit> = lits.iter().map(|&lit| self.lit(lit)).collect();
        self.prover.add_clause(&clause);
        self.trier.add_clause(&clause);
    }

    fn claim(&mut self, step: &str, lit: Option<i32>) -> Result<(), Error> {
        let follows = match lit {
            Some(number) => {
                let lit = self.lit(number);
                self.follows(lit)
            }
            None => false,
        };
        if !follows && !self.prove(step, lit)? {
            let assumptions: Vec<Lit> = lit.into_iter().map(|lit| !literal(lit)).collect();
            if self.try_with(&assumptions) == Outcome::Satisfiable {
                self.better = Some(self.read());
            }
            return Err(Error::refused(step, "it is not so"));
        }
        self.shown(step, lit)
    }

    fn lower_bounds(
        &mut self,
        step: &str,
        costs: &[Ladder],
        paid: &[u64],
    ) -> Result<Vec<u64>, Error> {
        let total: u64 = paid.iter().sum();
        let mut lower = paid.to_vec();
        let mut exceptions = Vec::new();
        for (item, ladder) in costs.iter().enumerate() {
            let step = format!("{step}, {}", ladder.name);
            while let Some(number) = ladder.at_least(lower[item]) {
                let lit = self.lit(number);
                let holds = self.follows(lit)
                    || match self.try_with(&[!lit]) {
                        Outcome::Unsatisfiable => self.prove(&step, Some(number))?,
                        Outcome::Satisfiable => false,
                        Outcome::Unknown => {
                            return Err(Error::refused(&step, "no proof was found in time"))
                        }
                    };
                if holds {
                    self.shown(&step, Some(number))?;
                    break;
                }
                let other = self.read();
                let costs: Vec<u64> = costs
                    .iter()
                    .map(|ladder| ladder.cost(other.get(&ladder.name).copied()))
                    .collect();
                lower[item] = costs[item];
                if costs.iter().sum::<u64>() < total {
                    self.better = Some(other);
                    return Err(Error::refused(&step, "another model pays less"));
                }
            }
            if lower[item] < paid[item] {
                exceptions.push((item, lower[item]));
            }
        }
        if !exceptions.is_empty() {
            self.bounds.insert(self.sums, exceptions);
        }
        self.sums += 1;
        Ok(lower)
    }
}
