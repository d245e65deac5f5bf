//! Conflict analysis.
//!
//! From the conflict clause, the literals of the current level are resolved
//! away in reverse trail order until one is left, the *first unique
//! implication point* (Marques-Silva, Sakallah, "GRASP", 1996; Zhang et al. 2001).
//! The negated UIP with the literals of lower levels is the learnt clause, which
//! is minimised and asserts the UIP's negation after backjumping.
//!
//! The *LBD* (literal block distance) of a clause is the number of decision levels
//! among its literals (Audemard, Simon, "Predicting Learnt Clauses Quality", IJCAI
//! 2009). The levels of assumptions count as one together, since they stand for a single
//! context (Audemard, Lagniez, Simon, SAT 2013).

use crate::clause::{Arena, ClauseRef};
use crate::lit::{Lit, Var};
use crate::propagate::{Conflict, Database};
use crate::trail::{ReasonKind, Trail};

/// Marks of variables during an analysis.
pub(crate) mod mark {
    pub(crate) const NONE: u8 = 0;
    /// Resolved upon, or in the learnt clause.
    pub(crate) const SOURCE: u8 = 1;
    /// Implied by literals of the learnt clause.
    pub(crate) const REMOVABLE: u8 = 2;
    /// Not so.
    pub(crate) const POISON: u8 = 3;
}

/// Clauses of at most this LBD are kept through one more reduction after each use.
pub(crate) const TIER2_LBD: u32 = 6;
/// Clauses of at most this LBD are kept for good.
pub(crate) const TIER1_LBD: u32 = 2;

/// A set of decision levels that is emptied in constant time.
#[derive(Clone, Default)]
pub(crate) struct LevelSet {
    stamps: Vec<u32>,
    stamp: u32,
}

impl LevelSet {
    pub(crate) fn ensure(&mut self, levels: usize) {
        if self.stamps.len() < levels {
            self.stamps.resize(levels, 0);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamps.fill(0);
            self.stamp = 1;
        }
    }

    #[inline]
    pub(crate) fn insert(&mut self, level: u32) -> bool {
        let stamp = &mut self.stamps[level as usize];
        let new = *stamp != self.stamp;
        *stamp = self.stamp;
        new
    }

    #[inline]
    pub(crate) fn contains(&self, level: u32) -> bool {
        self.stamps[level as usize] == self.stamp
    }
}

/// The result of an analysis: the clause itself is [`Analysis::learnt`].
#[derive(Copy, Clone, Debug)]
pub(crate) struct Learnt {
    /// Where the clause becomes unit.
    pub(crate) backjump: usize,
    pub(crate) lbd: u32,
}

/// Scratch space of the analysis, kept between conflicts.
#[derive(Clone, Default)]
pub(crate) struct Analysis {
    /// The learnt clause; its first literal is asserted, its second has the backjump level.
    pub(crate) learnt: Vec<Lit>,
    /// The variables that took part.
    pub(crate) vars: Vec<Var>,
    /// By variable, see [`mark`].
    pub(crate) marks: Vec<u8>,
    /// Variables besides `vars` whose mark is to be cleared.
    pub(crate) extra: Vec<Var>,
    pub(crate) levels: LevelSet,
    pub(crate) stack: Vec<(Var, u32)>,
    /// Literals dropped by minimisation so far.
    pub(crate) minimized: u64,
}

impl Analysis {
    /// Makes room for `n` more variables.
    pub(crate) fn grow(&mut self, n: usize) {
        self.marks.resize(self.marks.len() + n, mark::NONE);
    }

    /// Derives the learnt clause of a conflict at a level above 0 and leaves it in `learnt`.
    /// `base` is the number of assumption levels.
    pub(crate) fn analyze(
        &mut self,
        db: &mut Database,
        trail: &Trail,
        conflict: Conflict,
        base: u32,
        options: Options,
    ) -> Learnt {
        self.learnt.clear();
        self.vars.clear();
        self.learnt.push(Lit(0));
        let current = trail.level() as u32;
        let mut open = 0usize;
        let mut index = trail.lits.len();
        match conflict {
            Conflict::Binary(a, b) => {
                self.visit(trail, a, current, &mut open);
                self.visit(trail, b, current, &mut open);
            }
            Conflict::Long(clause) => {
                self.touch(&mut db.arena, trail, clause, base);
                for lit in db.arena.lits(clause) {
                    self.visit(trail, lit, current, &mut open);
                }
            }
        }
        let uip = loop {
            let lit = loop {
                index -= 1;
                let lit = trail.lits[index];
                if self.marks[lit.var().index()] != mark::NONE {
                    break lit;
                }
            };
            open -= 1;
            if open == 0 {
                break lit;
            }
            match trail.reason_of(lit.var()) {
                ReasonKind::Binary(other) => self.visit(trail, other, current, &mut open),
                ReasonKind::Long(clause) => {
                    self.touch(&mut db.arena, trail, clause, base);
                    for &code in &db.arena.codes(clause)[1..] {
                        self.visit(trail, Lit(code), current, &mut open);
                    }
                }
                // The decision is the first literal of its level, so it is a UIP.
                ReasonKind::None => debug_assert!(false, "resolved past the decision"),
            }
        };
        self.learnt[0] = !uip;
        if options.minimize {
            self.minimize(db, trail);
        }
        let mut lbd = self.lbd_of_learnt(trail, base);
        if options.binary_minimize && self.minimize_binary(db, lbd) {
            lbd = self.lbd_of_learnt(trail, base);
        }
        self.clear_marks();
        Learnt {
            backjump: self.order_watches(trail),
            lbd,
        }
    }

    /// Marks a literal of a resolved clause and sorts it by level.
    #[inline]
    fn visit(&mut self, trail: &Trail, lit: Lit, current: u32, open: &mut usize) {
        let var = lit.var();
        let level = trail.level_of(var);
        let mark = &mut self.marks[var.index()];
        if *mark != mark::NONE || level == 0 {
            return;
        }
        *mark = mark::SOURCE;
        self.vars.push(var);
        if level == current {
            *open += 1;
        } else {
            self.learnt.push(lit);
        }
    }

    /// Notes the use of a learnt clause, and its LBD if that has become smaller.
    #[inline]
    fn touch(&mut self, arena: &mut Arena, trail: &Trail, clause: ClauseRef, base: u32) {
        if !arena.is_learnt(clause) {
            return;
        }
        let old = arena.lbd(clause);
        if old > TIER1_LBD {
            self.levels.clear();
            let mut lbd = 0;
            for lit in arena.lits(clause) {
                lbd += u32::from(self.levels.insert(trail.level_of(lit.var()).max(base)));
            }
            if lbd < old {
                arena.set_lbd(clause, lbd);
            }
        }
        let used = if arena.lbd(clause) <= TIER2_LBD { 2 } else { 1 };
        arena.set_used(clause, used);
    }

    fn lbd_of_learnt(&mut self, trail: &Trail, base: u32) -> u32 {
        self.levels.clear();
        let mut lbd = 0;
        for lit in &self.learnt {
            lbd += u32::from(self.levels.insert(trail.level_of(lit.var()).max(base)));
        }
        lbd
    }

    /// Moves a literal of the highest remaining level to the second place; returns that level.
    fn order_watches(&mut self, trail: &Trail) -> usize {
        let mut best = 0;
        let mut level = 0;
        for (index, lit) in self.learnt.iter().enumerate().skip(1) {
            let at = trail.level_of(lit.var());
            if at > level {
                (best, level) = (index, at);
            }
        }
        if best > 1 {
            self.learnt.swap(1, best);
        }
        level as usize
    }

    fn clear_marks(&mut self) {
        for var in &self.vars {
            self.marks[var.index()] = mark::NONE;
        }
        for var in self.extra.drain(..) {
            self.marks[var.index()] = mark::NONE;
        }
    }
}

/// Which parts of the analysis are on.
#[derive(Copy, Clone)]
pub(crate) struct Options {
    pub(crate) minimize: bool,
    pub(crate) binary_minimize: bool,
}
