//! The check: forwards, step by step; for a whole formula and proof at once, or for a formula that grows.

use crate::clauses::Clauses;
use crate::cnf::Cnf;
use crate::error::Error;
use crate::proof::{Proof, Step};

/// Checks that a proof refutes a formula: every added clause follows by unit propagation, every deleted
/// one is present, and the empty clause is among the added ones (or in the formula itself).
///
/// # Errors
///
/// The first step that does not hold, or [`Error::NotRefuted`].
pub fn check(cnf: &Cnf, proof: &Proof) -> Result<(), Error> {
    let empty = replay(cnf, proof)?;
    if empty {
        Ok(())
    } else {
        Err(Error::NotRefuted)
    }
}

/// Checks that a proof shows a formula to have no model under assumptions: its steps hold as for
/// [`check`], and the last added clause consists of negated assumptions only. (An empty clause
/// anywhere serves for any assumptions.)
///
/// # Errors
///
/// The first step that does not hold, or [`Error::NotCore`].
pub fn check_core(cnf: &Cnf, proof: &Proof, assumptions: &[i32]) -> Result<(), Error> {
    let empty = replay(cnf, proof)?;
    let last = proof.steps.iter().rev().find_map(|step| match step {
        Step::Add(lits) => Some(lits),
        Step::Delete(_) => None,
    });
    let forbids = |lits: &Vec<i32>| lits.iter().all(|lit| assumptions.contains(&-lit));
    if empty || last.is_some_and(forbids) {
        Ok(())
    } else {
        Err(Error::NotCore)
    }
}

/// Checks all steps; tells whether the empty clause is in the formula or was derived.
fn replay(cnf: &Cnf, proof: &Proof) -> Result<bool, Error> {
    let mut clauses = Clauses::default();
    let mut empty = false;
    for lits in &cnf.clauses {
        empty |= lits.is_empty();
        clauses.add(lits);
    }
    for (index, step) in proof.steps.iter().enumerate() {
        let step_number = index + 1;
        match step {
            Step::Add(lits) => {
                if !clauses.implies(lits) {
                    return Err(Error::NotImplied { step: step_number });
                }
                empty |= lits.is_empty();
                clauses.add(lits);
            }
            Step::Delete(lits) => {
                if !clauses.delete(lits) {
                    return Err(Error::NotPresent { step: step_number });
                }
            }
        }
    }
    debug_assert!(!empty || clauses.refuted());
    Ok(empty)
}

/// A check of a formula that grows between the steps of a proof.
///
/// What follows by unit propagation from some clauses follows from more of them, so steps that were checked stay valid
/// when clauses are added.
#[derive(Default)]
pub struct Incremental {
    clauses: Clauses,
    steps: usize,
}

impl Incremental {
    /// Adds a clause of the formula.
    pub fn add(&mut self, lits: &[i32]) {
        self.clauses.add(lits);
    }

    /// Checks one step and applies it.
    ///
    /// # Errors
    ///
    /// [`Error::NotImplied`] or [`Error::NotPresent`], with the number of the step counted over the whole life.
    pub fn step(&mut self, step: &Step) -> Result<(), Error> {
        self.steps += 1;
        let number = self.steps;
        match step {
            Step::Add(lits) if !self.clauses.implies(lits) => {
                Err(Error::NotImplied { step: number })
            }
            Step::Add(lits) => {
                self.clauses.add(lits);
                Ok(())
            }
            Step::Delete(lits) if !self.clauses.delete(lits) => {
                Err(Error::NotPresent { step: number })
            }
            Step::Delete(_) => Ok(()),
        }
    }

    /// Whether a clause follows by unit propagation; the empty one where the formula is refuted.
    pub fn implies(&mut self, lits: &[i32]) -> bool {
        self.clauses.implies(lits)
    }

    /// The number of steps that were checked.
    pub fn steps(&self) -> usize {
        self.steps
    }
}
