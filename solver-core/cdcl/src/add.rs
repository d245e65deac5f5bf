//! Adding clauses while a trail stands.
//!
//! A caller that writes its formula bit by bit, as models ask for it, adds clauses when nearly everything is
//! decided. Most of them say something about what was decided last, or about new variables, so the trail stays
//! as much as a new clause allows:
//!
//! * a clause with two literals that are not false is watched by these;
//! * one with a single such literal implies it, at the level of its highest false literal. The literal is assigned
//!   where the trail stands, and noted as *late* together with the level that it belongs to: a backtrack to
//!   anywhere above that level assigns it again (cf. Nadel, Ryvchin, "Chronological Backtracking", SAT 2018);
//! * one that is false is undone until it is one of these.

use crate::lit::Lit;
use crate::proof::ProofSink;
use crate::propagate::Conflict;
use crate::solver::Solver;
use crate::trail::{Late, Reason, ReasonKind, Trail};

impl<P: ProofSink> Solver<P> {
    /// Adds a clause.
    ///
    /// Returns false if the formula is now known to be unsatisfiable (and so is
    /// every later call). Literals may repeat; a clause with a literal and its
    /// negation is ignored.
    ///
    /// # Panics
    ///
    /// If a variable was not created.
    pub fn add_clause(&mut self, lits: &[Lit]) -> bool {
        self.proof.input(lits);
        if !self.ok {
            return false;
        }
        let mut clause = std::mem::take(&mut self.scratch);
        clause.clear();
        let mut satisfied = false;
        for &lit in lits {
            let value = self.trail.fixed(lit);
            // Marks are by variable: 1 for a positive, 2 for a negative occurrence.
            let mark = &mut self.analysis.marks[lit.var().index()];
            let bit = 1 << u8::from(lit.is_negative());
            if value > 0 || *mark == 3 - bit {
                satisfied = true;
                break;
            }
            if value == 0 && *mark == 0 {
                *mark = bit;
                clause.push(lit);
            }
        }
        for lit in &clause {
            self.analysis.marks[lit.var().index()] = 0;
        }
        if !satisfied {
            if clause.len() < lits.len() {
                self.proof.add(&clause);
            }
            match clause[..] {
                [] => self.ok = false,
                [unit] => {
                    self.backtrack(0);
                    self.trail.assign(unit, Reason::NONE);
                    if self.propagate().is_some() {
                        self.refuted();
                    }
                }
                _ => self.attach_new(&mut clause),
            }
        }
        self.scratch = clause;
        self.ok
    }

    /// Adds a clause of two literals, equivalent to [`Solver::add_clause`] but faster.
    ///
    /// # Panics
    ///
    /// If a variable was not created.
    #[inline]
    pub fn add_binary(&mut self, a: Lit, b: Lit) -> bool {
        if self.ok && a.var() != b.var() && self.trail.value(a) == 0 && self.trail.value(b) == 0 {
            self.proof.input(&[a, b]);
            self.db.implications.add_clause(a, b);
            return true;
        }
        self.add_clause(&[a, b])
    }

    /// Attaches a clause of several different variables, none of them fixed.
    fn attach_new(&mut self, clause: &mut [Lit]) {
        let mut highest = self.trail.order_watches(clause);
        if let [Some(first), Some(second)] = highest {
            // All are false.
            let level = if first == second { first - 1 } else { second };
            self.backtrack(level as usize);
            highest = self.trail.order_watches(clause);
        }
        let reason = match *clause {
            [a, b] => {
                self.db.implications.add_clause(a, b);
                Reason::binary(b)
            }
            _ => {
                let at = self.db.arena.add(clause, false, 0);
                self.db.problem.push(at);
                self.db.attach(at);
                Reason::long(at)
            }
        };
        if let [None, Some(level)] = highest {
            self.trail.imply(clause[0], reason, level);
        }
    }
}

impl Trail {
    /// Moves the literals that can be watched to the front: those that are not false, then those that were made false
    /// last. Returns, for each of the first two, the level at which it became false.
    fn order_watches(&self, clause: &mut [Lit]) -> [Option<u32>; 2] {
        let falsified = |lit: Lit| (self.value(lit) < 0).then(|| self.level_of(lit.var()));
        let rank = |lit: Lit| falsified(lit).unwrap_or(u32::MAX);
        for place in 0..2 {
            // The first of the best.
            let best = (place..clause.len())
                .rev()
                .max_by_key(|&index| rank(clause[index]));
            clause.swap(place, best.unwrap_or(place));
        }
        [falsified(clause[0]), falsified(clause[1])]
    }

    /// Makes a literal true that is implied at `level`, which may lie below.
    fn imply(&mut self, lit: Lit, reason: Reason, level: u32) {
        match self.value(lit) {
            0 => self.assign(lit, reason),
            _ if self.level_of(lit.var()) <= level => return,
            _ => {}
        }
        if (level as usize) < self.level() {
            self.late.push(Late { lit, reason, level });
        }
    }

    /// After a backtrack: assigns late literals again. A conflict if one is false by now.
    #[inline]
    pub(crate) fn assign_late(&mut self) -> Option<Conflict> {
        if self.late_due {
            self.assign_all_late()
        } else {
            None
        }
    }

    fn assign_all_late(&mut self) -> Option<Conflict> {
        self.late_due = false;
        let here = self.level() as u32;
        let mut index = 0;
        while let Some(&Late { lit, reason, level }) = self.late.get(index) {
            match self.value(lit) {
                0 => self.assign(lit, reason),
                value if value > 0 => {}
                _ => return reason.broken(lit),
            }
            if level >= here || self.level_of(lit.var()) <= level {
                self.late.swap_remove(index);
            } else {
                index += 1;
            }
        }
        None
    }
}

impl Reason {
    /// The clause that implies a literal, when the literal is false.
    fn broken(self, lit: Lit) -> Option<Conflict> {
        match self.kind() {
            ReasonKind::Long(clause) => Some(Conflict::Long(clause)),
            ReasonKind::Binary(other) => Some(Conflict::Binary(lit, other)),
            ReasonKind::None => None,
        }
    }
}
