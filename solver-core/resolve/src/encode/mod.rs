//! From the universe to clauses, as far in as a search has gone.
//!
//! **Ladder.** A name has order-encoding literals `G_i` = "installed, with the record at position `i` or later" at the
//! positions that something speaks of, see [`ladder`]. A contiguous range `[a, b)` is the two literals `G_a`, `¬G_b`.
//!
//! **Specs.** One literal `s` a distinct spec, shared by all who require it: `s → G_a`, `s → ¬G_b` for the hull `[a,
//! b)` of its matches, and `s → (¬G_x ∨ G_y)` for each stretch `[x, y)` inside the hull that it does not match. A
//! spec that matches everything from `a` on *is* `G_a`. A dependency is the binary clause `p → s`.
//!
//! **Constrains.** One literal `k` a distinct spec: as above, but it does not ask for presence: `k ∧ G_0 → G_a`. They
//! wait while nothing requires the name they speak of.
//!
//! **Relaxation.** The clauses of a candidate are written when a search first wants to choose it ([`open`]); until
//! then it is free of dependencies. A block of records that nothing tells apart yet satisfies a spec if one of them
//! may, and is forbidden only if all are. Everything written so far is therefore implied by the full encoding: *no
//! model* means that there is no answer, and a model that uses only open candidates is an answer. Any other model is
//! used to open what it wants, and the search goes on. Clauses and literals are only ever added, and `G_i` keeps its
//! meaning when marks are added or more candidates become known ([`window`]), so bounds and learnt clauses stay
//! valid.
//!
//! **Default-false completion.** All of this is one-sided (literals are only implied *to* be true by a chosen
//! candidate), so a partial assignment in which every installed name has its candidate satisfies every clause when
//! what is left is made false. The search stops there instead of assigning every variable.

mod condition;
mod extras;
mod guard;
mod ladder;
mod open;
mod window;

pub(crate) use guard::{Cause, Guards, Liftable};
pub(crate) use ladder::Ladders;
pub(crate) use open::RequestedSpecs;

use std::ops::Range;
use std::sync::Arc;

use cdcl::{Config, Lit, Solver};
use conda::index::Index;
use rustc_hash::FxHashMap;

use crate::ids::Table;
use crate::policy::Policy;
use crate::universe::{Exclusion, NameId, SpecIdx, Universe};

/// What a dependency on a spec asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpecLit {
    /// The spec holds only if this literal is true.
    Lit(Lit),
    /// Nothing matches.
    Never,
}

/// A spec (or constraint) literal whose clauses depend on what is known.
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

/// What the SAT solver does in a search; all decisions are made here (`search`), so it keeps no order of its own.
pub(crate) fn techniques() -> Config {
    Config {
        vsids: false,
        ..Config::default()
    }
}

/// Universe and clauses of policies that list the same records in the same order, growing with the searches made on
/// them.
pub(crate) struct Instance {
    pub u: Universe,
    pub solver: Solver,
    pub ladders: Ladders,
    /// Names with a ladder, in the order in which they were reached.
    pub reached: Vec<NameId>,
    spec_lits: Table<SpecIdx, Option<SpecLit>>,
    constrain_lits: Table<SpecIdx, Option<Option<Lit>>>,
    feature_lits: FxHashMap<(NameId, u32), Lit>,
    not_exchanged_lits: FxHashMap<(NameId, u32), Lit>,
    /// Conditions of specs that have one.
    conditions: FxHashMap<SpecIdx, condition::Truth>,
    extras: extras::Extras,
    /// Outputs of the totalizers over these literals.
    pub totalizers: FxHashMap<Vec<Lit>, Vec<Lit>>,
    /// Literals whose falsehood some totalizer counts, see [`crate::optimize::branching`].
    pub counted_false: Vec<Lit>,
    /// Candidates opened so far.
    pub opened: u64,
    /// What the rules exclude is excluded under this literal; `None` where they exclude nothing.
    pub ruled: Option<Lit>,
    /// Set in an instance that explains.
    pub guards: Option<Guards>,
}

impl Instance {
    pub(crate) fn new(index: Arc<Index>, policy: Policy) -> Self {
        Self::with_config(index, policy, techniques())
    }

    pub(crate) fn with_config(index: Arc<Index>, policy: Policy, config: Config) -> Self {
        let mut solver = Solver::with_config(config);
        let free = policy.rules.are_free();
        Instance {
            ruled: (!free).then(|| solver.new_var().positive()),
            u: Universe::new(index, policy),
            solver,
            ladders: Ladders::default(),
            reached: Vec::new(),
            spec_lits: Table::default(),
            constrain_lits: Table::default(),
            feature_lits: FxHashMap::default(),
            not_exchanged_lits: FxHashMap::default(),
            conditions: FxHashMap::default(),
            extras: extras::Extras::default(),
            totalizers: FxHashMap::default(),
            counted_false: Vec::new(),
            opened: 0,
            guards: None,
        }
    }

    /// An instance in which facts can be lifted.
    pub(crate) fn explaining(index: Arc<Index>, policy: Policy, liftable: Liftable) -> Self {
        let mut instance = Instance::new(index, policy);
        instance.u.show_hidden = true;
        // There guards do it.
        instance.ruled = None;
        instance.guards = Some(Guards::new(liftable));
        instance
    }

    /// Makes the instance one of another policy with the same order, if it can be.
    pub(crate) fn move_to(&mut self, policy: &Policy) -> bool {
        if !self.u.policy.has_order_of(policy) || !self.u.move_to(&policy.virtual_packages) {
            return false;
        }
        if self.u.policy.rules != policy.rules {
            if let Some(before) = self.ruled.take() {
                self.solver.add_clause(&[!before]);
            }
            self.u.set_rules(policy.rules.clone());
            if !policy.rules.are_free() {
                self.ruled = Some(self.solver.new_var().positive());
                for name in self.reached.clone() {
                    self.exclude_from(name, 0, Exclusion::is_by_rule);
                }
            }
        }
        true
    }

    /// "Nothing of the name is chosen but the candidate at this position."
    pub(crate) fn not_exchanged(&mut self, name: NameId, at: u32) -> Option<Lit> {
        let (here, installed) = (self.position(name, at)?, self.ladders.installed(name)?);
        let solver = &mut self.solver;
        let lit = self
            .not_exchanged_lits
            .entry((name, at))
            .or_insert_with(|| {
                let lit = solver.new_var().positive();
                solver.add_clause(&[!lit, !installed, here]);
                lit
            });
        Some(*lit)
    }

    /// "The candidate chosen has `track_features`", for the version class whose featured candidates these are.
    pub(crate) fn feature_lit(&mut self, name: NameId, featured: &[u32]) -> Lit {
        let key = (name, featured[0]);
        if let Some(&lit) = self.feature_lits.get(&key) {
            return lit;
        }
        let lit = self.solver.new_var().positive();
        for run in runs(featured) {
            self.within_implies(name, run, &[lit]);
        }
        self.feature_lits.insert(key, lit);
        lit
    }
}

/// Ascending positions as stretches without a gap.
fn runs(positions: &[u32]) -> Vec<Range<u32>> {
    let mut out: Vec<Range<u32>> = Vec::new();
    for &position in positions {
        match out.last_mut() {
            Some(last) if last.end == position => last.end += 1,
            _ => out.push(position..position + 1),
        }
    }
    out
}
