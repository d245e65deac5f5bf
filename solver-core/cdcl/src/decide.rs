//! What to decide next: the caller's order, or the solver's own.
//!
//! A caller that knows its problem (a resolver that prefers newer versions)
//! implements [`Decide`]; the search is compiled for each implementation, there
//! is no dynamic dispatch. [`Vsids`] always falls back to the solver's order:
//! the unassigned variable of highest activity, with its saved phase.

use crate::lit::{Lit, Var};
use crate::trail::Trail;
use crate::vsids::Activities;

/// The answer of [`Decide::decide`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Make this literal true. It must be unassigned; an assigned one counts as `Fallback`.
    Lit(Lit),
    /// The solver's own choice: highest activity, saved phase. When no variable is
    /// left the formula is satisfied.
    Fallback,
    /// Satisfied: the rest may stay unassigned. The caller promises that every
    /// clause has a true literal once each unassigned variable is made false. Debug builds verify
    /// this.
    Done,
}

/// A decision order.
pub trait Decide {
    /// Called when propagation is complete and all assumptions are set.
    fn decide(&mut self, view: &View<'_>) -> Decision;

    /// The trail now has only its first `len` literals. Called on every
    /// backtrack, and with 0 at the start of each call that searches (whatever the
    /// trail then holds: a reused trail is to be read again from its start).
    fn backtracked(&mut self, len: usize);

    /// A conflict was analysed; `vars` are the variables that took part in it,
    /// for a caller that keeps activities of its own.
    fn conflict(&mut self, vars: &[Var]) {
        let _ = vars;
    }
}

/// The solver's own order.
#[derive(Copy, Clone, Default, Debug, PartialEq, Eq)]
pub struct Vsids;

impl Decide for Vsids {
    #[inline]
    fn decide(&mut self, _view: &View<'_>) -> Decision {
        Decision::Fallback
    }

    #[inline]
    fn backtracked(&mut self, _len: usize) {}
}

/// What a decision may look at.
pub struct View<'a> {
    pub(crate) trail: &'a Trail,
    pub(crate) phases: &'a [bool],
    pub(crate) activities: &'a Activities,
}

impl View<'_> {
    /// The true literals in the order of assignment.
    #[inline]
    pub fn trail(&self) -> &[Lit] {
        &self.trail.lits
    }

    /// The literal's current value, `None` if unassigned.
    #[inline]
    pub fn value(&self, lit: Lit) -> Option<bool> {
        match self.trail.value(lit) {
            0 => None,
            value => Some(value > 0),
        }
    }

    /// The value that the variable had last (at first `false`), or that was set for it.
    #[inline]
    pub fn phase(&self, var: Var) -> bool {
        self.phases[var.index()]
    }

    /// The variable's VSIDS activity; only comparisons at the same moment make sense.
    #[inline]
    pub fn activity(&self, var: Var) -> f64 {
        self.activities.get(var)
    }

    /// The current decision level; each assumption takes one.
    #[inline]
    pub fn level(&self) -> usize {
        self.trail.level()
    }
}
