//! The best solution, level by level.
//!
//! One incremental SAT instance is asked again and again under a growing list of assumptions, the *base*: first what
//! the request asks, then, level by level, the bounds that were shown to be the best possible. A level is a sum over
//! packages of a cost that only grows along the package's ladder, so a bound on one package is one ladder literal.
//! See [`sum`] for sums, [`lex`] for tie-breaks, [`item`] for costs and [`levels`] for the order of levels.
//!
//! Nothing is fixed by clauses, so the instance can serve the next request. Searches whose assumptions start alike
//! share what the solver derived from the common part.

mod base;
pub(crate) mod branching;
mod extras;

pub(crate) mod item;
pub(crate) mod levels;

pub(crate) mod ranks;
mod sum;
mod tie_break;
pub(crate) mod unfounded_sets;

use std::time::Instant;

use cdcl::{Limits, Lit, Outcome};
use rustc_hash::FxHashSet;

use self::branching::{Brancher, Model, NameActivity};
use crate::encode::{Instance, RequestedSpecs};
use crate::universe::{ExtraId, NameId};
use base::Base;
use ranks::Ranks;
use unfounded_sets::{Kept, Roots};

pub(crate) use self::branching::ABSENT;

/// How many conflicts and decisions an attempt to leave out a member of a core may take. Of those that succeed in the
/// bench, nine in ten need no decision at all, and nearly none more than two.
const SOON: (u64, u64) = (32, 2);

/// The deadline was reached, or the caller cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interrupted;

/// When to stop.
#[derive(Clone, Copy, Default)]
pub struct Budget<'a> {
    /// No work is begun after this moment.
    pub deadline: Option<Instant>,
    /// Polled during the search; `true` stops it.
    pub cancelled: Option<&'a dyn Fn() -> bool>,
}

impl Budget<'_> {
    /// The same for the SAT solver.
    pub(crate) fn limits(&self) -> Limits<'_> {
        Limits {
            deadline: self.deadline,
            stop: self.cancelled,
            ..Limits::default()
        }
    }
}

/// One request on an instance: the base, the best model so far, and what it takes to improve it.
pub(crate) struct Optimizer<'o> {
    pub inst: &'o mut Instance,
    /// What every further model must satisfy.
    pub base: Base,
    pub best: Model,
    /// Specs of the request on names.
    pub requested_specs: &'o RequestedSpecs,
    /// Those with conditions.
    pub sometimes: RequestedSpecs,
    /// Extras that count for the layers: those the request names, and those that records of a layer do.
    pub extras: FxHashSet<ExtraId>,
    pub calls: u64,
    activity: NameActivity,
    ranks: Ranks,
    asked_ranks: Ranks,
    model: Model,
    budget: Budget<'o>,
    /// Names whose cost is bounded; others may only be installed where they cost nothing. Set once all layers are done.
    covered: Option<FxHashSet<NameId>>,
    /// What bounds names that came in after that.
    newcomer_bounds: Vec<Lit>,
    /// What needs no other package to be there.
    pub roots: Roots,
    /// From level 5 on: what must be needed where a model keeps it.
    kept: Option<Kept>,
}

impl<'o> Optimizer<'o> {
    pub(crate) fn new(
        inst: &'o mut Instance,
        base: Vec<Lit>,
        requested_specs: &'o RequestedSpecs,
        sometimes: &RequestedSpecs,
        budget: Budget<'o>,
    ) -> Self {
        Self {
            inst,
            base: base.into(),
            best: Model::default(),
            requested_specs,
            sometimes: sometimes.clone(),
            extras: FxHashSet::default(),
            calls: 0,
            activity: NameActivity::default(),
            ranks: Ranks::default(),
            asked_ranks: Ranks::with(sometimes.clone()),
            model: Model::default(),
            budget,
            covered: None,
            newcomer_bounds: Vec::new(),
            roots: Roots::default(),
            kept: None,
        }
    }

    /// Searches a model under the base and further assumptions; true: there is one, and it is now `self.best`. False:
    /// there is none, and the solver holds the core.
    pub(crate) fn search(&mut self, assumptions: &[Lit]) -> Result<bool, Interrupted> {
        self.calls += 1;
        let budget = self.budget;
        loop {
            match self.solve(assumptions, &budget.limits()) {
                Outcome::Satisfiable => {}
                Outcome::Unsatisfiable => return Ok(false),
                Outcome::Unknown => return Err(Interrupted),
            }
            self.read_model();
            let chosen: Vec<(NameId, u32)> = self.model.chosen().collect();
            if self.inst.open_chosen(&chosen, self.requested_specs)
                || self.bound_newcomers()
                || self.refuse_unfounded()
            {
                continue;
            }
            std::mem::swap(&mut self.best, &mut self.model);
            return Ok(true);
        }
    }

    /// Searches a model of the base and `more`.
    fn solve(&mut self, more: &[Lit], limits: &Limits<'_>) -> Outcome {
        let (keep, more) = self.base.assume(more);
        let mut brancher = Brancher::new(
            &self.inst.ladders,
            &self.best,
            &mut self.activity,
            &self.inst.counted_false,
            self.kept.as_ref().map_or(&[], |kept| &kept.loops),
        );
        self.inst
            .solver
            .solve_after(keep, &more, &mut brancher, limits)
    }

    /// Whether a short search shows that literals cannot hold together under the base.
    fn refutes_soon(&mut self, lits: &[Lit]) -> bool {
        let budget = self.budget;
        let limits = Limits {
            conflicts: Some(SOON.0),
            decisions: Some(SOON.1),
            ..budget.limits()
        };
        self.solve(lits, &limits) == Outcome::Unsatisfiable
    }

    fn read_model(&mut self) {
        self.model.clear();
        for &name in &self.inst.reached {
            let value = |lit: Lit| self.inst.solver.value(lit);
            if self.inst.ladders.installed(name).and_then(value) == Some(true) {
                let position = self.inst.ladders.model_position(name, value);
                self.model.set(name, position);
            }
        }
    }

    /// The core of the last failed search, restricted to `among` and shrunk by trying to leave out each member. Most
    /// members that can go are found by little more than propagation, so a try that goes on for longer is given up,
    /// and the result need not be minimal.
    pub(crate) fn shrink_core(&mut self, among: &[Lit]) -> Vec<Lit> {
        let restrict = |core: &[Lit], lits: &[Lit]| -> Vec<Lit> {
            let mut core = core.to_vec();
            core.sort_unstable();
            lits.iter()
                .copied()
                .filter(|l| core.binary_search(l).is_ok())
                .collect()
        };
        let mut core = restrict(self.inst.solver.core(), among);
        let mut tried = 0;
        while core.len() > 1 && tried < core.len() {
            let at = core.len() - 1 - tried;
            let mut rest = core.clone();
            rest.remove(at);
            if self.refutes_soon(&rest) {
                let behind: Vec<Lit> = core[at + 1..].to_vec();
                core = restrict(self.inst.solver.core(), &rest);
                tried = behind.iter().filter(|l| core.contains(l)).count();
            } else {
                tried += 1;
            }
        }
        core
    }

    /// Derives what the base implies, for [`Optimizer::value`] and [`Optimizer::fix`]; to be called again after a
    /// search. Clauses and base literals added meanwhile count from the next time on.
    pub(crate) fn propagate_base(&mut self) {
        let (keep, more) = self.base.assume(&[]);
        let consistent = self.inst.solver.holds_after(keep, &more);
        debug_assert!(consistent, "the best model satisfies the base");
    }

    /// A literal's value, if the base implies it.
    pub(crate) fn value(&self, lit: Lit) -> Option<bool> {
        self.inst.solver.current(lit)
    }

    /// Makes a literal hold from now on.
    pub(crate) fn fix(&mut self, lit: Lit) {
        if self.inst.solver.current(lit) != Some(true) {
            self.base.push(lit);
        }
    }

    /// Once all layers are done: bounds names of the model that came in only now. True if there are any.
    fn bound_newcomers(&mut self) -> bool {
        let Some(covered) = &mut self.covered else {
            return false;
        };
        let new: Vec<NameId> = self
            .model
            .chosen()
            .map(|(n, _)| n)
            .filter(|&n| covered.insert(n))
            .collect();
        let before = self.base.len();
        for &name in &new {
            self.forbid_cost(name);
        }
        self.newcomer_bounds.extend_from_slice(&self.base[before..]);
        !new.is_empty()
    }
}
