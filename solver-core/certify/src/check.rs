//! The checker: it rebuilds the clauses and holds the proofs against them.
//!
//! Proofs are checked forwards, by reverse unit propagation, against a formula that grows: a step that follows from
//! some clauses follows from more. Bounds that were shown become clauses. In the end the model is held against every
//! clause there is, so that a formula without any model cannot serve to prove everything.

use std::collections::{BTreeMap, HashMap};

use proof_check::{Incremental, Proof, Step};

use crate::certificate::{Certificate, Claim};
use crate::document::Document;
use crate::encode::{chosen, Engine};
use crate::error::Error;
use crate::ladder::Ladder;
use crate::levels::Proved;
use crate::matching::Chosen;
use crate::task::Task;

/// What was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What was claimed: `best`, `unsatisfiable` or `removed`.
    pub claim: &'static str,
    /// The answer's records as `name version build`, sorted; empty when there is none.
    pub answer: Vec<String>,
    /// Level by level, the least value.
    pub levels: Vec<Proved>,
    /// Clauses that were rebuilt.
    pub clauses: usize,
    /// Claims that were made.
    pub claims: usize,
    /// Steps of proofs.
    pub steps: usize,
}

/// Checks a file.
///
/// # Errors
/// The first thing that does not hold.
pub fn check(text: &str) -> Result<Accepted, Error> {
    let document = Document::parse(text)?;
    let Some(value) = &document.certificate else {
        return Err(Error::Malformed("the file has no certificate".into()));
    };
    let certificate = Certificate::parse(value)?;
    if certificate.problem != document.digest {
        return Err(Error::Malformed(
            "the certificate was written for another problem: request or records differ".into(),
        ));
    }
    let task = Task::of(&document.problem)?;
    let mut checker = Checker {
        proof: Incremental::default(),
        formula: Vec::new(),
        clauses: 0,
        bounds: &certificate.bounds,
        proofs: &certificate.proofs,
        sums: 0,
        claims: 0,
    };
    let mut accepted = Accepted {
        claim: "best",
        answer: Vec::new(),
        levels: Vec::new(),
        clauses: 0,
        claims: 0,
        steps: 0,
    };
    let label = |id: &usize| task.universe.candidates[*id].label();
    match &certificate.claim {
        // In a removal the specs say what leaves, so nothing else can be claimed of it.
        Claim::Removed { answer } => {
            let left = task.left_behind()?;
            if left != task.find(answer)? {
                return Err(Error::Broken(
                    "the answer is not what the removal leaves behind".into(),
                ));
            }
            accepted.claim = "removed";
            accepted.answer = left.values().map(label).collect();
        }
        _ if task.removes() => {
            return Err(Error::Malformed(
                "of a removal only what is left can be claimed".into(),
            ));
        }
        Claim::Unsatisfiable => {
            task.refute(&mut checker)?;
            accepted.claim = "unsatisfiable";
        }
        Claim::Best { answer, loops } => {
            let answer = task.find(answer)?;
            if task.answer(&answer) != answer {
                return Err(Error::Broken(
                    "the answer has records that nothing needs".into(),
                ));
            }
            accepted.levels = task.prove(&answer, loops, &mut checker)?;
            checker.has_model(&task, &answer)?;
            accepted.answer = answer.values().map(label).collect();
        }
    }
    accepted.clauses = checker.clauses;
    accepted.claims = checker.claims;
    accepted.steps = checker.proof.steps();
    Ok(accepted)
}

struct Checker<'c> {
    proof: Incremental,
    /// All of the formula, the bounds included, for the model; a 0 ends each clause.
    formula: Vec<i32>,
    clauses: usize,
    bounds: &'c BTreeMap<usize, Vec<(usize, u64)>>,
    proofs: &'c BTreeMap<usize, String>,
    sums: usize,
    claims: usize,
}

impl Engine for Checker<'_> {
    fn clause(&mut self, lits: &[i32]) {
        self.proof.add(lits);
        self.formula.extend_from_slice(lits);
        self.formula.push(0);
        self.clauses += 1;
    }

    fn claim(&mut self, step: &str, lit: Option<i32>) -> Result<(), Error> {
        let number = self.claims;
        self.claims += 1;
        if let Some(text) = self.proofs.get(&number) {
            let proof = Proof::parse_text(text.as_bytes())
                .map_err(|e| Error::refused(step, format!("proof {number}: {e}")))?;
            for one in &proof.steps {
                self.proof
                    .step(one)
                    .map_err(|e| Error::refused(step, format!("proof {number}: {e}")))?;
            }
        }
        let clause: Vec<i32> = lit.into_iter().collect();
        if !self.proof.implies(&clause) {
            return Err(Error::refused(
                step,
                format!("claim {number} does not follow from the proof"),
            ));
        }
        // What was shown may be used.
        self.proof
            .step(&Step::Add(clause))
            .map_err(|e| Error::refused(step, e.to_string()))
    }

    fn lower_bounds(
        &mut self,
        step: &str,
        costs: &[Ladder],
        paid: &[u64],
    ) -> Result<Vec<u64>, Error> {
        let mut lower = paid.to_vec();
        for &(item, bound) in self.bounds.get(&self.sums).into_iter().flatten() {
            match lower.get_mut(item) {
                Some(value) if bound <= *value => *value = bound,
                _ => return Err(Error::refused(step, "a lower bound is above what is paid")),
            }
        }
        self.sums += 1;
        for (ladder, lower) in costs.iter().zip(&mut lower) {
            // A bound between two values says no more than the one below.
            *lower = (*lower).max(ladder.least);
            if let Some(lit) = ladder.at_least(*lower) {
                self.claim(&format!("{step}, {}", ladder.name), Some(lit))?;
            }
        }
        Ok(lower)
    }
}

impl Checker<'_> {
    /// The model satisfies every clause: with each record chosen or not, what follows by unit propagation is taken, and
    /// all else is false.
    fn has_model(&mut self, task: &Task<'_>, model: &Chosen) -> Result<(), Error> {
        for (id, candidate) in task.universe.candidates.iter().enumerate() {
            let lit = chosen(id);
            let there = model.get(&candidate.record.name) == Some(&id);
            self.proof.add(&[if there { lit } else { -lit }]);
        }
        let wrong = || Error::Broken("the answer does not satisfy the clauses".into());
        if self.proof.implies(&[]) {
            return Err(wrong());
        }
        let mut values: HashMap<i32, bool> = HashMap::new();
        let mut satisfied = false;
        for &lit in &self.formula {
            if lit == 0 {
                if !std::mem::take(&mut satisfied) {
                    return Err(wrong());
                }
            } else if !satisfied {
                let proof = &mut self.proof;
                let value = values.entry(lit.abs());
                let value = value.or_insert_with(|| proof.implies(&[lit.abs()]));
                satisfied = *value == (lit > 0);
            }
        }
        Ok(())
    }
}
