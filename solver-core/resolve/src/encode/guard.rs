//! Clauses behind their causes: what an instance that explains writes instead of plain clauses.
//!
//! Every fact gets an assumption literal of its own, the *guard*: "the records of this name require this spec", "…
//! constrain this spec", "… are hidden by channel priority", "… are newer than the cut-off", "… cannot be read", "no
//! record matches this spec", "the target has no more than this of a virtual package". Records of one name with the
//! same requirement are one fact. A candidate implies the *subject* literal of each fact that speaks of it, and
//! `guard ∧ subject → consequence`.
//!
//! A spec that nothing satisfies still gets a literal `s`: the fact that nothing does is `guard → ¬s`. While it is
//! lifted the spec counts as satisfied by something unknown, which asks for nothing itself.
//!
//! An instance either guards every fact (to find a conflict) or only what a user can change (to find fixes); then all
//! names share one guard for channel priority, and one for the cut-off.

use cdcl::{Lit, Solver};
use rustc_hash::FxHashMap;

use super::Instance;
use crate::universe::{Exclusion, ExtraId, NameId, SpecIdx};

/// What a guard stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// A requested spec, by its position.
    Spec(u32),
    /// The presence of a requested spec's name, whatever its version (only where fixes are sought).
    Presence(u32),
    /// A constraint of the request.
    Constraint(u32),
    /// A pin.
    Pin(u32),
    /// The installed record of a name stays.
    Frozen(NameId),
    /// What was asked for earlier and must stay, by its position among [`kept_specs`](crate::Request::kept_specs).
    Earlier(u32),
    /// Records of a name require a spec.
    Depends(NameId, SpecIdx),
    /// An extra of records of a name requires a spec.
    Extra(NameId, ExtraId, SpecIdx),
    /// Records of a name constrain a spec.
    Constrains(NameId, SpecIdx),
    /// Records of a name are excluded.
    Excluded(NameId, Exclusion),
    /// What the target has of a virtual package is not what specs on it ask for.
    Virtual(NameId),
    /// No record matches a spec.
    Missing(SpecIdx),
}

/// Which facts can be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Liftable {
    /// All of them.
    #[default]
    Everything,
    /// What the user can change.
    Request,
}

/// The facts of an instance that explains.
#[derive(Debug, Default)]
pub(crate) struct Guards {
    /// In the order in which the search met them.
    pub lits: Vec<Lit>,
    pub cause_of: FxHashMap<Lit, Cause>,
    /// Literals of specs on virtual packages that the target does not satisfy.
    pub on_virtual: Vec<(SpecIdx, Lit)>,
    /// Whether opened candidates are followed ahead; not while only facts near the request are looked at.
    pub follow: bool,
    liftable: Liftable,
    subjects: FxHashMap<Cause, Lit>,
    /// Guards of facts about the world, which have no subject.
    world: FxHashMap<Cause, Lit>,
    unmet: FxHashMap<SpecIdx, Lit>,
    /// Requirements between a name and the nearest requested one, if known.
    depth: FxHashMap<NameId, u32>,
}

impl Guards {
    pub(crate) fn new(liftable: Liftable) -> Self {
        Guards {
            liftable,
            follow: liftable == Liftable::Request,
            ..Guards::default()
        }
    }

    /// A guard without a subject.
    pub(crate) fn add(&mut self, solver: &mut Solver, cause: Cause) -> Lit {
        let guard = solver.new_var().positive();
        self.lits.push(guard);
        self.cause_of.insert(guard, cause);
        guard
    }

    /// The guard of a fact about the world.
    fn world(&mut self, solver: &mut Solver, cause: Cause) -> Lit {
        if let Some(&guard) = self.world.get(&cause) {
            return guard;
        }
        let guard = self.add(solver, cause);
        self.world.insert(cause, guard);
        guard
    }

    /// Whether clauses for this cause get a guard.
    fn guards(&self, cause: Cause) -> bool {
        match cause {
            Cause::Depends(..)
            | Cause::Extra(..)
            | Cause::Constrains(..)
            | Cause::Missing(_)
            | Cause::Excluded(_, Exclusion::Unparsable) => self.liftable == Liftable::Everything,
            _ => true,
        }
    }

    fn shared(&self, cause: Cause) -> Cause {
        match cause {
            Cause::Excluded(_, exclusion) if self.liftable == Liftable::Request => {
                Cause::Excluded(NameId::NONE, exclusion)
            }
            other => other,
        }
    }

    /// The subject of a fact; for a new one also the literal that holds while the fact applies and is assumed, from
    /// which the consequence must be made to follow.
    fn subject(&mut self, solver: &mut Solver, cause: Cause) -> (Lit, Option<Lit>) {
        let cause = self.shared(cause);
        if let Some(&subject) = self.subjects.get(&cause) {
            return (subject, None);
        }
        let guard = self.add(solver, cause);
        let subject = solver.new_var().positive();
        let both = solver.new_var().positive();
        solver.add_clause(&[!guard, !subject, both]);
        self.subjects.insert(cause, subject);
        (subject, Some(both))
    }

    /// Notes that something at this distance from the request asks for a name.
    pub(crate) fn nearer(&mut self, name: NameId, depth: u32) {
        let known = self.depth.entry(name).or_insert(u32::MAX);
        *known = (*known).min(depth);
    }

    fn depth(&self, name: NameId) -> u32 {
        self.depth.get(&name).copied().unwrap_or(u32::MAX - 1)
    }

    /// How far from the request a fact is; facts about the world are nowhere far.
    pub(crate) fn distance(&self, cause: Cause) -> u32 {
        match cause {
            Cause::Depends(name, _) | Cause::Extra(name, _, _) | Cause::Constrains(name, _) => {
                self.depth(name)
            }
            _ => 0,
        }
    }
}

impl Instance {
    /// The literal from which the consequence of a cause must follow for candidate `p`; `None` when it does already, or
    /// when it was made to follow from the subject that `p` implies.
    pub(super) fn behind(&mut self, p: Lit, cause: Cause) -> Option<Lit> {
        let Some(guards) = self.guards.as_mut().filter(|g| g.guards(cause)) else {
            return Some(p);
        };
        if let Cause::Depends(name, spec) | Cause::Extra(name, _, spec) = cause {
            let depth = guards.depth(name).saturating_add(1);
            guards.nearer(self.u.specs[spec].name, depth);
        }
        let (subject, new) = guards.subject(&mut self.solver, cause);
        self.solver.add_binary(!p, subject);
        new
    }

    /// `p` must not be, for a cause.
    pub(super) fn forbid(&mut self, p: Lit, cause: Cause) {
        if let Some(both) = self.behind(p, cause) {
            self.solver.add_clause(&[!both]);
        }
    }

    /// `p` needs a spec that nothing satisfies.
    pub(super) fn need_unmet(&mut self, p: Lit, cause: Cause, spec: SpecIdx) {
        match (self.unmet(spec), self.behind(p, cause)) {
            (_, None) => {}
            (Some(s), Some(both)) => {
                self.solver.add_binary(!both, s);
            }
            (None, Some(both)) => {
                self.solver.add_clause(&[!both]);
            }
        }
    }

    /// The literal of a spec that nothing satisfies; `None` when nothing can lift that.
    pub(crate) fn unmet(&mut self, spec: SpecIdx) -> Option<Lit> {
        let entry = &self.u.specs[spec];
        let on_virtual = entry.on_virtual.is_some();
        let cause = if on_virtual {
            Cause::Virtual(entry.name)
        } else {
            Cause::Missing(spec)
        };
        let guards = self.guards.as_mut().filter(|g| g.guards(cause))?;
        if let Some(&s) = guards.unmet.get(&spec) {
            return Some(s);
        }
        let guard = guards.world(&mut self.solver, cause);
        let s = self.solver.new_var().positive();
        guards.unmet.insert(spec, s);
        if on_virtual {
            guards.on_virtual.push((spec, s));
        }
        self.solver.add_binary(!guard, !s);
        Some(s)
    }

    /// The literal of a requirement turns out to match no record.
    pub(super) fn never(&mut self, lit: Lit, spec: SpecIdx) {
        match self.unmet(spec) {
            Some(s) => self.solver.add_binary(!lit, s),
            None => self.solver.add_clause(&[!lit]),
        };
    }
}
