//! From the universe to clauses, as far as a search has come.
//!
//! **Ladder.** A name with known candidates `0 … w-1`, best first, gets order-encoding literals `G_i` = "the name is
//! installed, with a candidate at position `i` or later". `G_0` is "installed"; `G_{i+1} → G_i`. Candidate `i` is chosen iff
//! `p_i ↔ G_i ∧ ¬G_{i+1}`, so at most one candidate comes for free, and a contiguous range `[a, b)` (a version
//! range) is the two literals `G_a`, `¬G_b`. If records lie behind the known ones, `G_w` is "one of the rest".
//!
//! **Specs.** One literal `s` a distinct spec, shared by all who require it: `s → G_a`, `s → ¬G_b` for the hull `[a, b)` of
//! its matches, and `s → ¬p_j` for each candidate inside the hull that it does not match. A spec that matches
//! everything from `a` on *is* `G_a`. A dependency is the binary clause `p → s`.
//!
//! **Constrains.** One literal `k` a distinct spec: as above, but it does not ask for presence: `k ∧ G_0 → G_a`. They
//! wait while nothing requires the name they speak of.
//!
//! **Relaxation.** The clauses of a candidate are written when a search first wants to choose it ([`open`]); until
//! then it is free of dependencies. The rest of a name satisfies a spec if one of its records may, and is forbidden
//! only if all are. Everything written so far is therefore implied by the full encoding: *no model* means that there
//! is no answer, and a model that uses only open candidates is an answer. Any other model is used to open what it
//! wants, and the search goes on. Clauses and literals are only ever added, and `G_i` keeps its meaning when
//! more candidates become known ([`window`]), so bounds and learnt clauses stay valid.
//!
//! **Default-false completion.** All of this is one-sided (literals are only implied *to* be true by a chosen
//! candidate), so a partial assignment in which every installed name has its candidate satisfies every clause when
//! what is left is made false. The search stops there instead of assigning every variable.

mod condition;
mod extras;
mod guard;
mod open;
mod window;

pub(crate) use condition::Truth;
pub(crate) use guard::{Cause, Guards, Liftable};
pub(crate) use open::Wishes;

use std::sync::Arc;

use cdcl::{Config, Lit, Solver, Var};
use conda::index::Index;
use rustc_hash::FxHashMap;

use crate::policy::Policy;
use crate::universe::{NameId, SpecIdx, Universe};

/// No name.
pub(crate) const NO_NAME: u32 = u32::MAX;

/// What a dependency on a spec asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpecLit {
    /// The spec holds only if this literal is true.
    Lit(Lit),
    /// Nothing matches.
    Never,
}

/// The literals of one name.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    /// `G_0 …`; one more than there are known candidates if there is a rest. Empty: nobody requires the name, or
    /// it has no records.
    pub at: Vec<Lit>,
    /// `p_0 …`, one a known candidate.
    pub chosen: Vec<Lit>,
    /// Specs on the name with a literal of their own, to be kept up to date as the window grows.
    specs: Vec<Bound>,
    /// What candidates of other names constrain, until something requires this name.
    waiting: Vec<(Lit, SpecIdx)>,
    /// Leaves of conditions on the name, implied by what matches them.
    leaves: Vec<(Lit, SpecIdx)>,
    /// Something requires the name.
    reached: bool,
    /// How often a search wanted a candidate that was not open.
    pub wanted: u32,
}

/// A spec (or constraint) literal whose clauses depend on the window.
#[derive(Debug, Clone, Copy)]
struct Bound {
    lit: Lit,
    spec: SpecIdx,
    /// It asks for presence too.
    required: bool,
    /// First known position that matches, if any is known.
    first: Option<u32>,
    /// Nothing behind the known candidates can match, and clauses say so.
    closed: bool,
}

/// The ladders of all names, by name, and the way back from variables.
#[derive(Debug, Default)]
pub(crate) struct Ladders {
    by_name: Vec<Ladder>,
    /// Per variable: the name whose ladder or candidate it is.
    name_of_var: Vec<u32>,
}

impl Ladders {
    /// The ladder of a name; an empty one when nothing requires it.
    pub(crate) fn of(&self, name: NameId) -> &Ladder {
        static EMPTY: Ladder = Ladder {
            at: Vec::new(),
            chosen: Vec::new(),
            specs: Vec::new(),
            waiting: Vec::new(),
            leaves: Vec::new(),
            reached: false,
            wanted: 0,
        };
        self.by_name.get(name as usize).unwrap_or(&EMPTY)
    }

    fn of_mut(&mut self, name: NameId) -> &mut Ladder {
        let at = name as usize;
        if at >= self.by_name.len() {
            self.by_name.resize_with(at + 1, Ladder::default);
        }
        &mut self.by_name[at]
    }

    /// `G_i` of a name; `None` when `i` is past its last record (never true).
    pub(crate) fn at_or_after(&self, name: NameId, i: u32) -> Option<Lit> {
        self.of(name).at.get(i as usize).copied()
    }

    /// "The name is installed"; `None` when nothing requires it or it has no record.
    pub(crate) fn installed(&self, name: NameId) -> Option<Lit> {
        self.at_or_after(name, 0)
    }

    /// "The candidate at this position is chosen"; behind the known ones: "one of the rest is".
    pub(crate) fn position(&self, name: NameId, i: u32) -> Option<Lit> {
        let ladder = self.of(name);
        let i = i as usize;
        ladder.chosen.get(i).or_else(|| ladder.at.get(i)).copied()
    }

    /// The name a variable belongs to, or [`NO_NAME`].
    pub(crate) fn name_of(&self, var: Var) -> u32 {
        self.name_of_var
            .get(var.index())
            .copied()
            .unwrap_or(NO_NAME)
    }

    /// The name whose "installed" this literal is.
    pub(crate) fn installs(&self, lit: Lit) -> Option<NameId> {
        if lit.is_negative() {
            return None;
        }
        let name = self.name_of(lit.var());
        (name != NO_NAME && self.of(name).at.first() == Some(&lit)).then_some(name)
    }

    /// The positions `[low, high)` of an installed name that an assignment leaves possible; `high` may be one more than
    /// the number of known candidates (the rest). The ladder is monotone, so both ends are found by bisection.
    pub(crate) fn possible_span(
        &self,
        name: NameId,
        value: impl Fn(Lit) -> Option<bool>,
    ) -> (u32, u32) {
        let at = &self.of(name).at;
        // Largest i with G_i true, then the smallest one behind it with G_i false.
        let (mut low, mut top) = (0, at.len());
        while low + 1 < top {
            let middle = low + (top - low) / 2;
            if value(at[middle]) == Some(true) {
                low = middle;
            } else {
                top = middle;
            }
        }
        let (mut bottom, mut high) = (low + 1, at.len());
        while bottom < high {
            let middle = bottom + (high - bottom) / 2;
            if value(at[middle]) == Some(false) {
                high = middle;
            } else {
                bottom = middle + 1;
            }
        }
        (low as u32, high as u32)
    }
}

/// Universe and clauses of one policy, growing with the searches made on them.
pub(crate) struct Instance {
    pub u: Universe,
    pub solver: Solver,
    pub ladders: Ladders,
    /// Names with a ladder, in the order in which they were reached.
    pub reached: Vec<NameId>,
    spec_lits: Vec<Option<SpecLit>>,
    constrain_lits: Vec<Option<Option<Lit>>>,
    feature_lits: FxHashMap<(NameId, u32), Lit>,
    /// Conditions of specs that have one.
    conditions: FxHashMap<SpecIdx, condition::Truth>,
    extras: extras::Extras,
    /// Candidates opened so far.
    pub opened: u64,
    /// Set in an instance that explains.
    pub guards: Option<Guards>,
}

impl Instance {
    pub(crate) fn new(index: Arc<Index>, policy: Policy) -> Self {
        Instance {
            u: Universe::new(index, policy),
            solver: Solver::with_config(Config {
                vsids: false,
                ..Config::default()
            }),
            ladders: Ladders::default(),
            reached: Vec::new(),
            spec_lits: Vec::new(),
            constrain_lits: Vec::new(),
            feature_lits: FxHashMap::default(),
            conditions: FxHashMap::default(),
            extras: extras::Extras::default(),
            opened: 0,
            guards: None,
        }
    }

    /// An instance in which facts can be lifted.
    pub(crate) fn explaining(index: Arc<Index>, policy: Policy, liftable: Liftable) -> Self {
        let mut instance = Instance::new(index, policy);
        instance.u.show_hidden = true;
        instance.guards = Some(Guards::new(liftable));
        instance
    }

    /// "The candidate chosen has `track_features`", for the version class whose featured candidates these are.
    pub(crate) fn feature_lit(&mut self, name: NameId, featured: &[u32]) -> Lit {
        let key = (name, featured[0]);
        if let Some(&lit) = self.feature_lits.get(&key) {
            return lit;
        }
        let lit = self.solver.new_var().positive();
        for &i in featured {
            if let Some(chosen) = self.ladders.position(name, i) {
                self.solver.add_binary(!chosen, lit);
            }
        }
        self.feature_lits.insert(key, lit);
        lit
    }
}
