//! Clauses behind their causes: what an instance that explains writes instead of plain clauses.
//!
//! Every fact gets an assumption literal of its own, the *guard*: "the records of this name require this spec", "…
//! constrain this spec", "… are hidden by channel priority", "… are newer than the cut-off", "… cannot be
//! read". Records of one name with the same requirement are one fact. A candidate implies the *subject* literal of each
//! fact that speaks of it, and `guard ∧ subject → consequence`.

use cdcl::{Lit, Solver};
use rustc_hash::FxHashMap;

use crate::universe::{Exclusion, NameId, SpecIdx};

/// What a guard stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Cause {
    Spec(u32),
    Constraint(u32),
    Pin(u32),
    Depends(NameId, SpecIdx),
    Constrains(NameId, SpecIdx),
    Excluded(NameId, Exclusion),
}

/// The facts of an instance that explains.
#[derive(Debug, Default)]
pub(crate) struct Guards {
    /// In the order in which the search met them.
    pub lits: Vec<Lit>,
    pub cause_of: FxHashMap<Lit, Cause>,
    subjects: FxHashMap<Cause, Lit>,
}

impl Guards {
    /// A guard without a subject, for a fact of the request.
    pub(crate) fn add(&mut self, solver: &mut Solver, cause: Cause) -> Lit {
        let guard = solver.new_var().positive();
        self.lits.push(guard);
        self.cause_of.insert(guard, cause);
        guard
    }

    /// The subject of a fact; for a new one also the literal that holds while the fact applies and is assumed, from which
    /// the consequence must be made to follow.
    pub(super) fn subject(&mut self, solver: &mut Solver, cause: Cause) -> (Lit, Option<Lit>) {
        if let Some(&subject) = self.subjects.get(&cause) {
            return (subject, None);
        }
        let guard = self.add(solver, cause);
        let subject = solver.new_var().positive();
        let both = solver.new_var().positive();
        solver.add_clause(&[!guard, !subject, both]);
        self.subjects.insert(cause, subject);
        (subject, Some(both))
    }
}
