//! Assumptions and the cores of failed ones.
//!
//! Each assumption is a decision on a level of its own, before all others (Een,
//! Soerensson, "Temporal Induction by Incremental SAT Solving", 2003); one that
//! already holds opens an empty level, so that level `i + 1` always belongs to
//! assumption `i`. When an assumption is false, or a clause conflicts while only
//! assumptions are decided, walking the reasons back to the decisions yields
//! the core.
//!
//! Calls whose assumptions start alike keep the trail of the common prefix
//! (Hickey, Bacchus, "Speeding Up Assumption-Based SAT", SAT 2019).

use crate::analyze::mark;
use crate::decide::Decide;
use crate::limits::Limits;
use crate::lit::Lit;
use crate::proof::ProofSink;
use crate::propagate::Conflict;
use crate::solver::{Outcome, Solver};
use crate::trail::{Reason, ReasonKind};

/// What became of setting the next assumption.
pub(crate) enum Assumed {
    /// All assumptions hold.
    All,
    /// One was decided; propagate.
    Decided,
    /// One is false; the core is set.
    Failed,
}

impl<P: ProofSink> Solver<P> {
    /// How many of the assumptions of the last call are the first of these, too.
    pub(crate) fn shared_with(&self, assumptions: &[Lit]) -> usize {
        let pairs = self.assumptions.iter().zip(assumptions);
        pairs.take_while(|(old, new)| old == new).count()
    }

    /// Takes over new assumptions: the first `keep` of the last call's and `more`. The trail keeps what they share
    /// with the old ones; where they are the same, all of it.
    pub(crate) fn set_assumptions(&mut self, keep: usize, more: &[Lit]) {
        let pairs = self.assumptions[keep..].iter().zip(more);
        let same = pairs.take_while(|(old, new)| old == new).count();
        let (shared, more) = (keep + same, &more[same..]);
        for lit in more {
            assert!(
                lit.var().index() < self.num_vars(),
                "assumption of an unknown variable"
            );
        }
        if !self.config.reuse_trail {
            self.backtrack(0);
        } else if shared < self.assumptions.len() || !more.is_empty() {
            self.backtrack(shared);
        }
        self.assumptions.truncate(shared);
        self.assumptions.extend_from_slice(more);
        let levels = self.num_vars() + self.assumptions.len() + 2;
        self.analysis.levels.ensure(levels);
    }

    /// Decides the first assumption that does not hold yet.
    pub(crate) fn assume_next(&mut self) -> Assumed {
        while let Some(&lit) = self.assumptions.get(self.trail.level()) {
            match self.trail.value(lit) {
                0 => {
                    self.trail.open_level();
                    self.trail.assign(lit, Reason::NONE);
                    return Assumed::Decided;
                }
                value if value > 0 => self.trail.open_level(),
                _ => {
                    self.core_of_false(lit);
                    return Assumed::Failed;
                }
            }
        }
        Assumed::All
    }

    /// The core when the assumption `failed` is false while only assumptions are decided.
    fn core_of_false(&mut self, failed: Lit) {
        self.core.clear();
        self.mark_for_core(!failed);
        self.collect_core();
        self.core.push(failed);
        self.log_core();
    }

    /// The core when a clause conflicts while only assumptions are decided; not logged yet.
    pub(crate) fn core_of_conflict(&mut self, conflict: Conflict) {
        self.core.clear();
        match conflict {
            Conflict::Binary(a, b) => {
                self.mark_for_core(a);
                self.mark_for_core(b);
            }
            Conflict::Long(clause) => {
                for index in 0..self.db.arena.len(clause) {
                    self.mark_for_core(self.db.arena.lit(clause, index));
                }
            }
        }
        self.collect_core();
    }

    #[inline]
    fn mark_for_core(&mut self, lit: Lit) {
        if self.trail.level_of(lit.var()) > 0 {
            self.analysis.marks[lit.var().index()] = mark::SOURCE;
        }
    }

    /// Replaces the marked literals by the decisions that they depend on.
    fn collect_core(&mut self) {
        for index in (self.trail.fixed_count()..self.trail.lits.len()).rev() {
            let lit = self.trail.lits[index];
            let mark = &mut self.analysis.marks[lit.var().index()];
            if *mark == mark::NONE {
                continue;
            }
            *mark = mark::NONE;
            match self.trail.reason_of(lit.var()) {
                ReasonKind::None => self.core.push(lit),
                ReasonKind::Binary(other) => self.mark_for_core(other),
                ReasonKind::Long(clause) => {
                    for index in 1..self.db.arena.len(clause) {
                        self.mark_for_core(self.db.arena.lit(clause, index));
                    }
                }
            }
        }
        // In the order of the assumptions.
        self.core.reverse();
    }

    /// Adds the negated core to the proof.
    pub(crate) fn log_core(&mut self) {
        if P::ENABLED {
            self.logged_core.clear();
            self.logged_core.extend(self.core.iter().map(|&lit| !lit));
            self.proof.add(&self.logged_core);
        }
    }

    /// Empties the core at the start of a call, in the proof too.
    pub(crate) fn forget_core(&mut self) {
        self.core.clear();
        if P::ENABLED && !self.logged_core.is_empty() {
            self.proof.delete(&self.logged_core);
            self.logged_core.clear();
        }
    }

    /// The consequences of assumptions by unit propagation alone.
    ///
    /// Returns all literals that are then true (those at level 0 first, the
    /// assumptions among the others), or a core: assumptions that contradict each other by
    /// propagation. The core is also what [`Solver::core`] returns then.
    ///
    /// # Panics
    ///
    /// If an assumption's variable was not created.
    pub fn implied(&mut self, assumptions: &[Lit]) -> Result<Vec<Lit>, Vec<Lit>> {
        if self.holds_under(assumptions) {
            Ok(self.trail.lits.clone())
        } else {
            Err(self.core.clone())
        }
    }

    /// Sets assumptions and propagates. False if that alone is a contradiction; [`Solver::core`] then names
    /// the assumptions to blame. If true, [`Solver::current`] reads what follows.
    ///
    /// # Panics
    ///
    /// If an assumption's variable was not created.
    pub fn holds_under(&mut self, assumptions: &[Lit]) -> bool {
        let shared = self.shared_with(assumptions);
        self.holds_after(shared, &assumptions[shared..])
    }

    /// As [`Solver::holds_under`], with the first `keep` assumptions of the last call and `more`. Where these are
    /// all, it takes no time.
    ///
    /// # Panics
    ///
    /// If the last call had fewer than `keep` assumptions, or an assumption's variable was not created.
    pub fn holds_after(&mut self, keep: usize, more: &[Lit]) -> bool {
        self.forget_core();
        if !self.ok {
            return false;
        }
        self.set_assumptions(keep, more);
        // Decisions go.
        self.backtrack(self.assumptions.len());
        loop {
            if let Some(conflict) = self.propagate() {
                let level = self.trail.level();
                if level == 0 {
                    self.refuted();
                } else {
                    self.core_of_conflict(conflict);
                    self.log_core();
                    self.backtrack(level - 1);
                }
                return false;
            }
            match self.assume_next() {
                Assumed::Decided => {}
                Assumed::Failed => return false,
                Assumed::All => return true,
            }
        }
    }

    /// Shrinks the core of the last unsatisfiable call by trying to leave out each of its
    /// assumptions in turn.
    ///
    /// The result is irreducible (every proper subset is satisfiable together with
    /// the formula) unless the limits end the work first; then it is merely a core. The
    /// conflict limit counts over all calls together. It is returned in the order of
    /// the assumptions and also becomes [`Solver::core`]. Satisfiable subsets
    /// overwrite the model.
    pub fn minimize_core<D: Decide>(&mut self, decide: &mut D, limits: &Limits<'_>) -> Vec<Lit> {
        let original = self.core.clone();
        // The proof keeps the clause of the smallest core so far, since learnt clauses that
        // led to it may be gone by the end.
        let mut logged = std::mem::take(&mut self.logged_core);
        let mut candidates = original.clone();
        let mut needed: Vec<Lit> = Vec::new();
        let start = self.stats.conflicts;
        let mut calls = 0;
        // The last candidates go first: what stays in front keeps its part of the trail.
        while let Some(tried) = candidates.pop() {
            let assumptions: Vec<Lit> = candidates.iter().chain(&needed).copied().collect();
            let spent = self.stats.conflicts - start;
            let rest = Limits {
                conflicts: limits.conflicts.map(|n| n.saturating_sub(spent)),
                ..*limits
            };
            calls += 1;
            match self.solve_with(&assumptions, decide, &rest) {
                Outcome::Unsatisfiable => {
                    let core = &self.core;
                    candidates.retain(|lit| core.contains(lit));
                    needed.retain(|lit| core.contains(lit));
                    if P::ENABLED && !self.logged_core.is_empty() {
                        let smaller = std::mem::take(&mut self.logged_core);
                        self.proof.delete(&std::mem::replace(&mut logged, smaller));
                    }
                }
                Outcome::Satisfiable => needed.push(tried),
                Outcome::Unknown => {
                    candidates.push(tried);
                    break;
                }
            }
        }
        self.stats.core_calls += calls;
        needed.extend(candidates);
        self.core.clear();
        self.core
            .extend(original.into_iter().filter(|lit| needed.contains(lit)));
        if P::ENABLED && !self.core.is_empty() {
            self.log_core();
            self.proof.delete(&logged);
        }
        self.core.clone()
    }
}
