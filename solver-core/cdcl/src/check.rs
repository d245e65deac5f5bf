//! Slow reference versions of the incremental structures, for debug builds.
//!
//! Small formulas are verified after every propagation: the watches are where
//! they belong, every true literal's reason implies it, and no clause is unit or
//! false unless a conflict was reported.

use crate::lit::{Lit, Var};
use crate::proof::ProofSink;
use crate::propagate::Conflict;
use crate::solver::Solver;
use crate::trail::ReasonKind;

/// Formulas of up to this many variables ..
const VARS: usize = 60;
/// .. and clauses are verified.
const CLAUSES: usize = 400;

impl<P: ProofSink> Solver<P> {
    /// Whether every problem clause is true once each unassigned variable is made false.
    pub(crate) fn holds_by_default(&self) -> bool {
        let holds = |lit: &Lit| match self.trail.value(*lit) {
            0 => lit.is_negative(),
            value => value > 0,
        };
        self.clauses().all(|clause| clause.iter().any(holds))
    }

    /// Compares watches and trail with what the clauses say.
    pub(crate) fn check_invariants(&self, conflict: Option<Conflict>) {
        let clauses = self.db.problem.len() + self.db.learnt.len() + self.db.implications.clauses();
        if self.num_vars() > VARS || clauses > CLAUSES {
            return;
        }
        // Otherwise a fallback decision could overlook it.
        debug_assert!((0..self.num_vars() as u32)
            .map(Var)
            .all(|v| !self.config.vsids
                || self.trail.value(v.positive()) != 0
                || self.activities.contains(v)));
        debug_assert!(self.analysis.marks.iter().all(|&mark| mark == 0));
        self.check_watches();
        self.check_trail();
        let all = (self.db.problem.iter().chain(&self.db.learnt))
            .map(|&clause| self.db.arena.lits(clause).collect::<Vec<_>>())
            .chain(self.db.implications.iter().map(|(a, b)| vec![a, b]));
        match conflict {
            None => {
                for clause in all {
                    let open = clause
                        .iter()
                        .filter(|&&lit| self.trail.value(lit) >= 0)
                        .count();
                    let satisfied = clause.iter().any(|&lit| self.trail.value(lit) > 0);
                    debug_assert!(satisfied || open >= 2, "missed: {clause:?}");
                }
                debug_assert_eq!(self.trail.long_head, self.trail.lits.len());
                debug_assert_eq!(self.trail.binary_head, self.trail.lits.len());
            }
            Some(Conflict::Binary(a, b)) => {
                debug_assert!(self.trail.value(a) < 0 && self.trail.value(b) < 0);
            }
            Some(Conflict::Long(clause)) => {
                debug_assert!(self
                    .db
                    .arena
                    .lits(clause)
                    .all(|lit| self.trail.value(lit) < 0));
            }
        }
    }

    fn check_watches(&self) {
        let mut count = 0;
        for (code, list) in self.db.watches.iter().enumerate() {
            count += list.len();
            for watch in list {
                let lits: Vec<Lit> = self.db.arena.lits(watch.clause).collect();
                debug_assert!(!self.db.arena.is_deleted(watch.clause));
                debug_assert!(lits[..2].contains(&Lit::from_code(code)));
                debug_assert!(lits.contains(&watch.blocker));
            }
        }
        debug_assert_eq!(count, 2 * (self.db.problem.len() + self.db.learnt.len()));
    }

    fn check_trail(&self) {
        let assigned = (0..self.num_vars())
            .filter(|&v| self.trail.values[2 * v] != 0)
            .count();
        debug_assert_eq!(assigned, self.trail.lits.len());
        let mut earlier = vec![false; self.num_vars()];
        for (index, &lit) in self.trail.lits.iter().enumerate() {
            debug_assert!(self.trail.value(lit) > 0 && self.trail.value(!lit) < 0);
            let level = self
                .trail
                .starts
                .iter()
                .filter(|&&s| s as usize <= index)
                .count();
            let after = self
                .trail
                .starts
                .get(level.wrapping_sub(1))
                .is_some_and(|&s| s as usize == index);
            debug_assert_eq!(self.trail.level_of(lit.var()) as usize, level);
            let others = match self.trail.reason_of(lit.var()) {
                ReasonKind::None => {
                    debug_assert!(after || level == 0, "no reason within a level");
                    vec![]
                }
                ReasonKind::Binary(other) => vec![other],
                ReasonKind::Long(clause) => {
                    debug_assert_eq!(self.db.arena.lit(clause, 0), lit);
                    self.db.arena.lits(clause).skip(1).collect()
                }
            };
            for other in others {
                debug_assert!(self.trail.value(other) < 0 && earlier[other.var().index()]);
            }
            earlier[lit.var().index()] = true;
        }
    }
}
