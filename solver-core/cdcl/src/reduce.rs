//! Forgetting: clauses that are satisfied for good, and learnt clauses of little use.
//!
//! Learnt clauses of LBD up to 2 stay for good, those of LBD up to 6 while they
//! keep being used, and of the rest the worse part (by LBD, then size) goes
//! at every reduction (three tiers, after Oh, "Between SAT and UNSAT", SAT 2015, and
//! CaDiCaL). The intervals between reductions grow linearly. Reasons of the current trail are
//! never dropped.

use crate::analyze::{TIER1_LBD, TIER2_LBD};
use crate::clause::ClauseRef;
use crate::config::Config;
use crate::lit::Lit;
use crate::proof::ProofSink;
use crate::propagate::Database;
use crate::solver::Solver;
use crate::trail::{Reason, ReasonKind, Trail};

/// The part of the candidates that a reduction drops.
const DROPPED: f64 = 0.75;

/// When to reduce and simplify next.
#[derive(Clone)]
pub(crate) struct Forgetting {
    /// At this number of conflicts.
    next: u64,
    rounds: u64,
    /// Level-0 literals that the database was simplified with.
    simplified: usize,
    /// No further simplification before this much work.
    simplify_at: u64,
    /// Level-0 literals that the proof knows as unit clauses.
    logged: usize,
}

impl Forgetting {
    pub(crate) fn new(config: &Config) -> Self {
        Forgetting {
            next: config.reduce_interval,
            rounds: 0,
            simplified: 0,
            simplify_at: 0,
            logged: 0,
        }
    }
}

impl Database {
    /// Whether the clause is the reason of its first literal.
    fn is_reason(&self, trail: &Trail, clause: ClauseRef) -> bool {
        let first = self.arena.lit(clause, 0);
        trail.value(first) > 0 && trail.reason_of(first.var()) == ReasonKind::Long(clause)
    }

    /// Removes the watches of deleted clauses, and moves the rest together if that pays.
    fn flush(&mut self, trail: &mut Trail) {
        let arena = &self.arena;
        for list in &mut self.watches {
            if !list.is_empty() {
                list.retain(|watch| !arena.is_deleted(watch.clause));
            }
        }
        self.problem.retain(|&clause| !arena.is_deleted(clause));
        self.learnt.retain(|&clause| !arena.is_deleted(clause));
        if !self.arena.wants_collection() {
            return;
        }
        let moves = self.arena.collect([&mut self.problem, &mut self.learnt]);
        for list in &mut self.watches {
            for watch in list.iter_mut() {
                watch.clause = moves.follow(watch.clause);
            }
        }
        for index in 0..trail.lits.len() {
            let assigned = &mut trail.vars[trail.lits[index].var().index()];
            if let ReasonKind::Long(clause) = assigned.reason.kind() {
                assigned.reason = Reason::long(moves.follow(clause));
            }
        }
        for late in &mut trail.late {
            if let ReasonKind::Long(clause) = late.reason.kind() {
                late.reason = Reason::long(moves.follow(clause));
            }
        }
    }
}

impl<P: ProofSink> Solver<P> {
    /// Drops a part of the learnt clauses if it is time to.
    pub(crate) fn reduce_if_due(&mut self) {
        if self.stats.conflicts < self.forgetting.next || !self.config.reduce {
            return;
        }
        self.forgetting.rounds += 1;
        let interval = self.config.reduce_interval.max(1);
        self.forgetting.next = self.stats.conflicts + interval * (self.forgetting.rounds + 1);
        self.stats.reductions += 1;
        let mut candidates = Vec::new();
        for index in 0..self.db.learnt.len() {
            let clause = self.db.learnt[index];
            let used = self.db.arena.used(clause);
            if used > 0 {
                self.db.arena.set_used(clause, used - 1);
            }
            let lbd = self.db.arena.lbd(clause);
            let keep = lbd <= TIER1_LBD
                || (lbd <= TIER2_LBD && used > 0)
                || used > 1
                || self.db.is_reason(&self.trail, clause);
            if !keep {
                candidates.push((lbd, self.db.arena.len(clause), clause));
            }
        }
        // Worst first; among equals the older one.
        candidates.sort_by_key(|&(lbd, len, clause)| (u32::MAX - lbd, usize::MAX - len, clause));
        let drop = (candidates.len() as f64 * DROPPED) as usize;
        for &(_, _, clause) in &candidates[..drop] {
            self.delete_clause(clause);
        }
        self.stats.deleted += drop as u64;
        if drop > 0 {
            self.db.flush(&mut self.trail);
        }
    }

    /// At level 0: drops the clauses that new level-0 literals satisfy, if there are such
    /// literals and enough was done since the last time.
    pub(crate) fn simplify_if_due(&mut self) {
        debug_assert_eq!(self.trail.level(), 0);
        let fixed = self.trail.lits.len();
        if fixed == self.forgetting.simplified || self.db.work < self.forgetting.simplify_at {
            return;
        }
        // The reasons at level 0 are dropped too; nothing looks at them, but a collection would.
        for index in self.forgetting.logged..fixed {
            let lit = self.trail.lits[index];
            if P::ENABLED {
                self.proof.add(&[lit]);
            }
            self.trail.vars[lit.var().index()].reason = Reason::NONE;
        }
        self.forgetting.logged = fixed;
        self.forgetting.simplified = fixed;
        let trail = &self.trail;
        let satisfied = |lit: Lit| trail.value(lit) > 0;
        let proof = &mut self.proof;
        self.db.implications.retain(|a, b| {
            let dead = satisfied(a) || satisfied(b);
            if dead && a < b {
                proof.delete(&[a, b]);
            }
            !dead
        });
        self.db
            .learnt_binaries
            .retain(|&[a, b]| !satisfied(a) && !satisfied(b));
        let mut dropped = 0;
        for learnt in [false, true] {
            let count = if learnt {
                self.db.learnt.len()
            } else {
                self.db.problem.len()
            };
            for index in 0..count {
                let clause = if learnt {
                    self.db.learnt[index]
                } else {
                    self.db.problem[index]
                };
                if self
                    .db
                    .arena
                    .lits(clause)
                    .any(|lit| self.trail.value(lit) > 0)
                {
                    self.delete_clause(clause);
                    dropped += 1;
                }
            }
        }
        if dropped > 0 {
            self.db.flush(&mut self.trail);
        }
        let size = self.db.arena.words.len() + 4 * self.db.implications.clauses();
        self.forgetting.simplify_at =
            self.db.work + 2 * size as u64 + self.trail.values.len() as u64;
    }

    fn delete_clause(&mut self, clause: ClauseRef) {
        if P::ENABLED {
            self.scratch.clear();
            self.scratch.extend(self.db.arena.lits(clause));
            self.proof.delete(&self.scratch);
        }
        self.db.arena.delete(clause);
    }
}
