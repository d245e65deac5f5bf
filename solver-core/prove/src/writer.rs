//! The solver in the checker's place.

use std::collections::BTreeMap;
use std::fmt::Write;

use cdcl::{Config, Lit, Outcome, ProofSink, Solver};
use certify::encode::chosen;
use certify::{Certificate, Chosen, Claim, Engine, Error, Id, Ladder, Task};

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
    solver: Solver<Steps>,
    model: &'w Chosen,
    bounds: BTreeMap<usize, Vec<(usize, u64)>>,
    proofs: BTreeMap<usize, String>,
    sums: usize,
    claims: usize,
    bytes: usize,
    /// A model that pays less than the given one, where one was found.
    pub(crate) better: Option<Chosen>,
    /// The limit that struck.
    struck: Option<&'static str>,
}

impl<'w, 'p> Writer<'w, 'p> {
    pub(crate) fn new(task: &'w Task<'p>, model: &'w Chosen, limits: Limits<'w>) -> Self {
        Writer {
            task,
            limits,
            solver: Solver::with_proof(Config::default(), Steps::default()),
            model,
            bounds: BTreeMap::new(),
            proofs: BTreeMap::new(),
            sums: 0,
            claims: 0,
            bytes: 0,
            better: None,
            struck: None,
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
        match (error, self.struck) {
            (Error::Refused { step, .. }, Some(which)) => ProveError::Limit { step, which },
            (error, _) => ProveError::Invalid(error),
        }
    }

    /// A model in which these candidates are chosen or not.
    pub(crate) fn model_with(&mut self, fixed: &BTreeMap<Id, bool>) -> Option<Chosen> {
        let assumptions: Vec<Lit> = fixed
            .iter()
            .map(|(&id, &there)| {
                let lit = self.lit(chosen(id));
                if there {
                    lit
                } else {
                    !lit
                }
            })
            .collect();
        (self.search(&assumptions) == Outcome::Satisfiable).then(|| self.read())
    }

    fn lit(&mut self, number: i32) -> Lit {
        let missing = (number.unsigned_abs() as usize).saturating_sub(self.solver.num_vars());
        if missing > 0 {
            self.solver.new_vars(missing);
        }
        // Numbers of the formula are never 0.
        Lit::from_dimacs(i64::from(number)).unwrap_or_else(|| Lit::from_code(0))
    }

    fn search(&mut self, assumptions: &[Lit]) -> Outcome {
        for (id, candidate) in self.task.universe.candidates.iter().enumerate() {
            let there = self.model.get(&candidate.record.name) == Some(&id);
            let missing = (id + 1).saturating_sub(self.solver.num_vars());
            if missing == 0 {
                if let Some(lit) = Lit::from_dimacs(i64::from(chosen(id))) {
                    self.solver.set_phase(lit.var(), there);
                }
            }
        }
        let limits = cdcl::Limits {
            conflicts: None,
            deadline: self.limits.deadline,
            stop: self.limits.stop,
        };
        let outcome = self.solver.solve(assumptions, &limits);
        if outcome == Outcome::Unknown {
            self.struck = Some("in the time");
        }
        outcome
    }

    /// The chosen candidates of the solver's model.
    fn read(&mut self) -> Chosen {
        let mut out = Chosen::new();
        for (id, candidate) in self.task.universe.candidates.iter().enumerate() {
            let value = Lit::from_dimacs(i64::from(chosen(id))).and_then(|l| self.solver.value(l));
            if candidate.usable && value == Some(true) {
                out.insert(candidate.record.name.clone(), id);
            }
        }
        out
    }

    /// Whether a literal cannot be false.
    fn holds(&mut self, step: &str, lit: i32) -> Result<bool, Error> {
        let lit = self.lit(lit);
        if self.solver.fixed(lit) == Some(true) {
            return Ok(true);
        }
        match self.search(&[!lit]) {
            Outcome::Unsatisfiable => Ok(true),
            Outcome::Satisfiable => Ok(false),
            Outcome::Unknown => Err(Error::refused(step, "no proof was found in time")),
        }
    }

    /// Takes what was derived as the proof of the next claim, and the claim as a clause.
    fn shown(&mut self, step: &str, lit: Option<i32>) -> Result<(), Error> {
        let text = self.solver.take_steps();
        self.bytes += text.len();
        let alone = lit.map_or_else(|| "0\n".to_string(), |lit| format!("{lit} 0\n"));
        // A claim that is its own proof is left for the checker to see.
        if !text.is_empty() && text != alone {
            self.proofs.insert(self.claims, text);
        }
        self.claims += 1;
        if self.limits.bytes.is_some_and(|most| self.bytes > most) {
            self.struck = Some("in the size");
            return Err(Error::refused(step, "the proofs are too large"));
        }
        if let Some(lit) = lit {
            let lit = self.lit(lit);
            self.solver.add_clause(&[lit]);
        }
        Ok(())
    }
}

trait TakeSteps {
    fn take_steps(&mut self) -> String;
}

impl TakeSteps for Solver<Steps> {
    fn take_steps(&mut self) -> String {
        std::mem::take(&mut self.proof_mut().text)
    }
}

impl Engine for Writer<'_, '_> {
    fn clause(&mut self, lits: &[i32]) {
        let clause: Vec<Lit> = lits.iter().map(|&lit| self.lit(lit)).collect();
        self.solver.add_clause(&clause);
    }

    fn claim(&mut self, step: &str, lit: Option<i32>) -> Result<(), Error> {
        let holds = match lit {
            Some(lit) => self.holds(step, lit)?,
            None => match self.search(&[]) {
                Outcome::Unsatisfiable => true,
                Outcome::Satisfiable => false,
                Outcome::Unknown => return Err(Error::refused(step, "no proof was found in time")),
            },
        };
        if !holds {
            self.better = Some(self.read());
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
            while let Some(lit) = ladder.at_least(lower[item]) {
                if self.holds(&step, lit)? {
                    self.shown(&step, Some(lit))?;
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
