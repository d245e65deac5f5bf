//! The cost of one package at one level, as steps along its ladder.

use cdcl::Lit;

use super::branching::Model;
use super::{Optimizer, ABSENT};
use crate::universe::{ExtraId, NameId, SpecIdx};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// The version rank.
    Version,
    /// The version rank among the records that a spec with a condition matches too, see [`super::ranks`].
    Asked,
    /// The build rank, within the version class of this position.
    Build(u32),
    /// Whether the candidate has `track_features`, within the version class of this position; the literal is true if
    /// so.
    Feature(u32, Lit),
    /// Being installed.
    Presence,
    /// Not being installed.
    Absence,
    /// Not having the candidate at this position.
    Change(u32),
    /// Being installed with a candidate at this position or behind it.
    Below(u32),
    /// Being installed with a candidate that this spec does not match; the literal is true only where it does.
    Violation(SpecIdx, Lit),
    /// Being installed without what this extra of it depends on; the literal is true only where that is met.
    Lost(ExtraId, Lit),
    /// Being installed with the candidate at this position while this requirement of it, a constraint or not, is not
    /// met, or (where it was to stay) being absent; the literal is true only where that is not so.
    Unmended(Unmended, Lit),
    /// Nothing when absent, else the place (from 1) in the order of equals, within the group of this position.
    Place(u32),
}

/// A requirement of an installed record that did not hold before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unmended {
    /// The position of the record.
    pub at: u32,
    /// What is required.
    pub spec: SpecIdx,
    /// It is a constraint, not a dependency.
    pub constrains: bool,
    /// Being absent costs as much.
    pub kept: bool,
}

/// The cost of one package at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub name: NameId,
    pub cost: Cost,
}

/// What is true when a step is paid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// A literal.
    Lit(Lit),
    /// `G` of this position of the item's name, which may have no literal yet.
    At(u32),
}

/// A mark and what making it true costs; the step's place on the ladder tells which comes next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub mark: Mark,
    pub weight: u64,
    /// What is paid in all once this step is.
    pub paid: u64,
    pub at: u32,
}

impl Optimizer<'_> {
    /// The item's value in a model.
    pub(crate) fn cost(&mut self, item: &Item, model: &Model) -> u64 {
        if let Cost::Lost(extra, _) = item.cost {
            return u64::from(!self.extra_holds(extra, model));
        }
        if let Cost::Unmended(broken, _) = item.cost {
            return u64::from(self.is_unmended(item.name, broken, model));
        }
        match (model.position(item.name), item.cost) {
            (ABSENT, Cost::Absence | Cost::Change(_)) => 1,
            (ABSENT, _) | (_, Cost::Absence) => 0,
            (at, _) => self.cost_at(item, at),
        }
    }

    /// The sum of the items in the best model.
    pub(crate) fn total(&mut self, items: &[Item]) -> u64 {
        let best = std::mem::take(&mut self.best);
        let sum = items.iter().map(|item| self.cost(item, &best)).sum();
        self.best = best;
        sum
    }

    /// Version rank, build rank of a known candidate, and whether the request's specs of the name match it.
    pub(crate) fn ranks(&mut self, name: NameId, position: u32) -> (bool, u32, u32) {
        self.ranks
            .of(&self.inst.u, self.requested_specs, name, position)
    }

    /// The item's value when the candidate at this position, or the rest, is chosen.
    fn cost_at(&mut self, item: &Item, position: u32) -> u64 {
        let known = self.inst.u.names[item.name].known();
        match item.cost {
            Cost::Version if position >= known => u64::from(self.ranks.rest(
                &self.inst.u,
                self.requested_specs,
                item.name,
            )),
            Cost::Version => u64::from(self.ranks(item.name, position).1),
            Cost::Asked if position >= known => u64::from(self.asked_ranks.rest(
                &self.inst.u,
                self.requested_specs,
                item.name,
            )),
            Cost::Asked => {
                let ranks = &mut self.asked_ranks;
                u64::from(
                    ranks
                        .of(&self.inst.u, self.requested_specs, item.name, position)
                        .1,
                )
            }
            Cost::Build(_) if position >= known => 0,
            Cost::Build(_) => u64::from(self.ranks(item.name, position).2),
            Cost::Feature(..) => {
                u64::from(position < known && self.has_features(item.name, position))
            }
            Cost::Presence => 1,
            // Decided by the model as a whole, see above.
            Cost::Absence | Cost::Lost(..) | Cost::Unmended(..) => 0,
            Cost::Change(at) => u64::from(position != at),
            Cost::Below(at) => u64::from(position >= at),
            Cost::Violation(spec, _) => u64::from(
                position >= known || !self.inst.u.matches(&self.inst.u.specs[spec], position),
            ),
            Cost::Place(at) => {
                let first = self.inst.u.names[item.name].group(at).start;
                u64::from(position.saturating_sub(first)) + 1
            }
        }
    }

    /// Whether the base implies that a step is paid, or that it is not.
    pub(crate) fn is_paid(&self, item: &Item, step: Step) -> Option<bool> {
        match step.mark {
            Mark::Lit(lit) => self.value(lit),
            Mark::At(at) => self
                .inst
                .ladders
                .value_at(item.name, at, |lit| self.value(lit)),
        }
    }

    /// The literal of a step; making it forgets what the base implies. `None`: the name has no such record.
    pub(crate) fn literal(&mut self, item: &Item, step: Step) -> Option<Lit> {
        match step.mark {
            Mark::Lit(lit) => Some(lit),
            Mark::At(at) => self.inst.at_or_after(item.name, at),
        }
    }

    /// The item's next step: the first one, or the one behind `last`.
    pub(crate) fn next_step(&mut self, item: &Item, last: Option<Step>) -> Option<Step> {
        let marked = |mark: Mark| Step {
            mark,
            weight: 1,
            paid: 1,
            at: 0,
        };
        let single = |lit: Lit| marked(Mark::Lit(lit));
        let range = match item.cost {
            Cost::Feature(_, lit) => return last.is_none().then(|| single(lit)),
            Cost::Presence => {
                let lit = self.inst.ladders.installed(item.name)?;
                return last.is_none().then(|| single(lit));
            }
            Cost::Absence => {
                let lit = self.inst.ladders.installed(item.name)?;
                return last.is_none().then(|| single(!lit));
            }
            Cost::Change(at) => {
                let lit = self.inst.position(item.name, at)?;
                return last.is_none().then(|| single(!lit));
            }
            Cost::Below(at) => {
                return last.is_none().then(|| marked(Mark::At(at)));
            }
            Cost::Violation(_, lit) | Cost::Lost(_, lit) | Cost::Unmended(_, lit) => {
                return last.is_none().then(|| single(!lit))
            }
            Cost::Version | Cost::Asked => return self.next_version_step(item, last),
            Cost::Build(at) => self.inst.u.names[item.name].version_class(at),
            Cost::Place(at) => self.inst.u.names[item.name].group(at),
        };
        self.step_within(item, last, range)
    }

    /// The rest of a name, too, is a step where it costs more than what is paid. Where only known candidates cannot
    /// tell (none behind the last step matches the request's specs), more become known; the base is then propagated
    /// again.
    fn next_version_step(&mut self, item: &Item, last: Option<Step>) -> Option<Step> {
        loop {
            let entry = &self.inst.u.names[item.name];
            let (known, more) = (entry.known(), entry.known() < entry.len());
            let step = self.step_within(item, last, 0..known + u32::from(more));
            let may_match = |s: &SpecIdx| self.inst.u.specs[*s].may_match_from(known);
            if step.is_some()
                || !more
                || !self
                    .requested_specs
                    .get(&item.name)
                    .is_none_or(|w| w.iter().all(may_match))
                || (item.cost == Cost::Asked && !self.sometimes[&item.name].iter().any(may_match))
            {
                return step;
            }
            self.inst.grow(item.name, known + 1);
            self.propagate_base();
        }
    }

    fn step_within(
        &mut self,
        item: &Item,
        last: Option<Step>,
        range: std::ops::Range<u32>,
    ) -> Option<Step> {
        let paid = last.map_or(0, |s| s.paid);
        for at in last.map_or(range.start, |s| s.at + 1)..range.end {
            let cost = self.cost_at(item, at);
            if cost > paid {
                return Some(Step {
                    mark: Mark::At(at),
                    weight: cost - paid,
                    paid: cost,
                    at,
                });
            }
        }
        None
    }

    /// Whether a known candidate has `track_features`.
    pub(crate) fn has_features(&self, name: NameId, position: u32) -> bool {
        let at = self.inst.u.names[name].cands[position];
        self.inst
            .u
            .segment(at.segment)
            .has_track_features(conda::index::RecordId(at.record))
    }
}
