//! The assignment: values, decision levels, reasons and the order of assignment.
//!
//! Values are kept per *literal* (both polarities), so that the hot loops look
//! a literal up with one load and no sign arithmetic. The trail is cut into
//! decision levels by `starts`; level 0 holds what the formula implies without
//! any decision.

use crate::clause::ClauseRef;
use crate::lit::{Lit, Var};

/// Why a variable has its value, packed into one word.
///
/// The top bit tells a binary clause (the rest is the code of its other,
/// false literal) from a position in the clause arena.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) struct Reason(u32);

/// The readable form of a [`Reason`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum ReasonKind {
    /// A decision, an assumption, or a unit clause at level 0.
    None,
    /// A binary clause of the assigned literal and this false one.
    Binary(Lit),
    /// A clause of the arena whose first literal is the assigned one.
    Long(ClauseRef),
}

const BINARY: u32 = 1 << 31;

impl Reason {
    pub(crate) const NONE: Reason = Reason(u32::MAX);

    #[inline]
    pub(crate) fn binary(other: Lit) -> Reason {
        debug_assert!(other.0 < u32::MAX >> 1);
        Reason(BINARY | other.0)
    }

    #[inline]
    pub(crate) fn long(clause: ClauseRef) -> Reason {
        Reason(clause.0)
    }

    #[inline]
    pub(crate) fn kind(self) -> ReasonKind {
        if self == Reason::NONE {
            ReasonKind::None
        } else if self.0 & BINARY != 0 {
            ReasonKind::Binary(Lit(self.0 & !BINARY))
        } else {
            ReasonKind::Long(ClauseRef(self.0))
        }
    }
}

/// Level and reason of an assigned variable; stale while it is unassigned.
#[derive(Copy, Clone)]
pub(crate) struct Assigned {
    pub(crate) level: u32,
    pub(crate) reason: Reason,
}

/// A literal that a clause implies at a lower level than the one it was assigned at.
#[derive(Copy, Clone)]
pub(crate) struct Late {
    pub(crate) lit: Lit,
    pub(crate) reason: Reason,
    pub(crate) level: u32,
}

/// The current partial assignment and its history.
#[derive(Clone, Default)]
pub(crate) struct Trail {
    /// By literal code: 1 true, -1 false, 0 unassigned.
    pub(crate) values: Vec<i8>,
    /// By variable.
    pub(crate) vars: Vec<Assigned>,
    /// The true literals in the order of assignment.
    pub(crate) lits: Vec<Lit>,
    /// Where each level above 0 starts in `lits`.
    pub(crate) starts: Vec<u32>,
    /// Literals before this index were propagated through binary clauses.
    pub(crate) binary_head: usize,
    /// Literals before this index were propagated through long clauses.
    pub(crate) long_head: usize,
    /// Literals to assign again where a backtrack frees them.
    pub(crate) late: Vec<Late>,
    /// A backtrack may have freed some.
    pub(crate) late_due: bool,
}

impl Trail {
    /// Makes room for `n` more variables, unassigned.
    pub(crate) fn grow(&mut self, n: usize) {
        let vars = self.vars.len() + n;
        self.values.resize(2 * vars, 0);
        let fresh = Assigned {
            level: 0,
            reason: Reason::NONE,
        };
        self.vars.resize(vars, fresh);
        if self.lits.capacity() < vars {
            self.lits.reserve(vars - self.lits.len());
        }
    }

    #[inline]
    pub(crate) fn level(&self) -> usize {
        self.starts.len()
    }

    /// 1 true, -1 false, 0 unassigned.
    #[inline]
    pub(crate) fn value(&self, lit: Lit) -> i8 {
        self.values[lit.code()]
    }

    #[inline]
    pub(crate) fn level_of(&self, var: Var) -> u32 {
        self.vars[var.index()].level
    }

    #[inline]
    pub(crate) fn reason_of(&self, var: Var) -> ReasonKind {
        self.vars[var.index()].reason.kind()
    }

    /// The value that level 0 gives the literal, as [`Trail::value`] codes it.
    #[inline]
    pub(crate) fn fixed(&self, lit: Lit) -> i8 {
        let value = self.value(lit);
        if value != 0 && self.level_of(lit.var()) == 0 {
            value
        } else {
            0
        }
    }

    /// Makes an unassigned literal true at the current level.
    #[inline]
    pub(crate) fn assign(&mut self, lit: Lit, reason: Reason) {
        debug_assert_eq!(self.value(lit), 0);
        self.values[lit.code()] = 1;
        self.values[(!lit).code()] = -1;
        self.vars[lit.var().index()] = Assigned {
            level: self.starts.len() as u32,
            reason,
        };
        self.lits.push(lit);
    }

    /// Opens a new decision level.
    #[inline]
    pub(crate) fn open_level(&mut self) {
        self.starts.push(self.lits.len() as u32);
    }

    /// The number of literals at level 0.
    pub(crate) fn fixed_count(&self) -> usize {
        self.starts
            .first()
            .map_or(self.lits.len(), |&start| start as usize)
    }

    /// Undoes all levels above `level`, handing every freed literal to `freed`, newest first.
    #[inline]
    pub(crate) fn backtrack(&mut self, level: usize, mut freed: impl FnMut(Lit)) {
        if level >= self.starts.len() {
            return;
        }
        let keep = self.starts[level] as usize;
        for &lit in self.lits[keep..].iter().rev() {
            self.values[lit.code()] = 0;
            self.values[(!lit).code()] = 0;
            freed(lit);
        }
        self.lits.truncate(keep);
        self.starts.truncate(level);
        self.binary_head = self.binary_head.min(keep);
        self.long_head = self.long_head.min(keep);
        if !self.late.is_empty() {
            self.late.retain(|late| late.level as usize <= level);
            self.late_due = !self.late.is_empty();
        }
    }
}
