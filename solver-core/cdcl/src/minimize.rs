//! Minimisation of learnt clauses.
//!
//! A literal of the learnt clause is redundant when its reason, and the
//! reasons of that reason's literals and so on, end in other literals of the
//! clause or at level 0 (Soerensson, Biere, "Minimizing Learned Clauses", SAT
//! 2009). The recursion is unrolled onto an explicit stack: implication chains
//! of a package universe are long. Results are remembered as marks for the rest of
//! the clause; a level without literals of the clause fails at once.
//!
//! *Binary minimisation* (Glucose): the asserted literal `u` and a binary clause
//! `u or q` resolve `not q` out of the clause.

use crate::analyze::{mark, Analysis};
use crate::lit::{Lit, Var};
use crate::propagate::Database;
use crate::trail::{ReasonKind, Trail};

/// Binary minimisation is tried for clauses up to this size ..
const BINARY_MAX_SIZE: usize = 30;
/// .. and this LBD.
const BINARY_MAX_LBD: u32 = 6;

impl Analysis {
    /// Drops the redundant literals of the learnt clause. All its variables are marked `SOURCE`.
    pub(crate) fn minimize(&mut self, db: &Database, trail: &Trail) {
        self.levels.clear();
        for lit in &self.learnt[1..] {
            self.levels.insert(trail.level_of(lit.var()));
        }
        let mut kept = 1;
        for index in 1..self.learnt.len() {
            let lit = self.learnt[index];
            let decided = trail.reason_of(lit.var()) == ReasonKind::None;
            if decided || !self.is_redundant(db, trail, lit.var()) {
                self.learnt[kept] = lit;
                kept += 1;
            }
        }
        self.minimized += (self.learnt.len() - kept) as u64;
        self.learnt.truncate(kept);
    }

    /// Whether the other literals of the learnt clause imply the variable's value.
    fn is_redundant(&mut self, db: &Database, trail: &Trail, root: Var) -> bool {
        self.stack.clear();
        self.stack.push((root, 0));
        while let Some(top) = self.stack.last_mut() {
            let (var, index) = *top;
            top.1 += 1;
            let next = match trail.reason_of(var) {
                ReasonKind::Binary(other) => (index == 0).then_some(other),
                ReasonKind::Long(clause) => db
                    .arena
                    .codes(clause)
                    .get(1 + index as usize)
                    .map(|&code| Lit(code)),
                ReasonKind::None => None,
            };
            let Some(next) = next else {
                self.stack.pop();
                if self.marks[var.index()] == mark::NONE {
                    self.marks[var.index()] = mark::REMOVABLE;
                    self.extra.push(var);
                }
                continue;
            };
            let next = next.var();
            let known = self.marks[next.index()];
            let level = trail.level_of(next);
            if known == mark::SOURCE || known == mark::REMOVABLE || level == 0 {
                continue;
            }
            if known == mark::POISON
                || trail.reason_of(next) == ReasonKind::None
                || !self.levels.contains(level)
            {
                for &(failed, _) in &self.stack {
                    if self.marks[failed.index()] == mark::NONE {
                        self.marks[failed.index()] = mark::POISON;
                        self.extra.push(failed);
                    }
                }
                return false;
            }
            self.stack.push((next, 0));
        }
        true
    }

    /// Resolves with binary clauses of the asserted literal; true if the clause got shorter.
    pub(crate) fn minimize_binary(&mut self, db: &Database, lbd: u32) -> bool {
        if self.learnt.len() < 3 || self.learnt.len() > BINARY_MAX_SIZE || lbd > BINARY_MAX_LBD {
            return false;
        }
        let uip = self.learnt[0];
        let before = self.learnt.len();
        // The list may be far longer than the clause, so it is walked once.
        for &implied in db.implications.of(!uip) {
            if self.marks[implied.var().index()] == mark::SOURCE {
                if let Some(index) = self.learnt.iter().position(|&lit| lit == !implied) {
                    if index > 0 {
                        self.learnt.swap_remove(index);
                    }
                }
            }
        }
        self.minimized += (before - self.learnt.len()) as u64;
        self.learnt.len() < before
    }
}
