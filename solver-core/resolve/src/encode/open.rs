//! Opening candidates: writing the clauses of their dependencies and constraints.
//!
//! A search opens what its model wants. All builds with the same version and build number are opened together (they
//! differ in what they were built for, and one of them will do), and the more often a name was wanted in vain, the
//! more of its groups at a time, so that a name which must go far down gets there in few steps.
//!
//! *Following*: what an opened candidate requires is opened ahead, best match first, as a guess at what the next
//! model will want. A wrong guess costs a few clauses. Where the best match is open already but the model has chosen
//! otherwise than that one requires (it is built for the other `libabi`), the model will want the next that agrees:
//! without that, a chain of packages would come to light one a search. Only instances that explain look for it: they
//! are made for each question, and what a solve has opened agrees nearly always.

use std::sync::Arc;

use cdcl::Lit;
use conda::index::{RecordId, RecordRef, SpecId};

use super::{Cause, Instance, SpecLit};
use crate::universe::{NameId, SpecIdx};

/// Most groups opened at a time for one name.
const MOST_GROUPS: u32 = 64;
/// Most open candidates passed over for one that agrees with the model.
const MOST_PASSED: u32 = 8;

/// Specs that the request has on names, for guessing well.
pub(crate) type RequestedSpecs = rustc_hash::FxHashMap<NameId, Vec<SpecIdx>>;

impl Instance {
    /// Opens what a model chose, given as (name, position) pairs. False if all of it was open.
    pub(crate) fn open_chosen(
        &mut self,
        chosen: &[(NameId, u32)],
        requested_specs: &RequestedSpecs,
    ) -> bool {
        let before = self.opened;
        let mut follow = Vec::new();
        let mut any = false;
        for &(name, position) in chosen {
            let known = self.u.names[name].known();
            if position >= known {
                self.grow(name, position + 1);
                any = true;
            } else if self.u.names[name].cands[position].open {
                continue;
            }
            let wanted = &mut self.ladders.of_mut(name).wanted;
            let groups = (1u32 << (*wanted).min(10)).min(MOST_GROUPS);
            *wanted += 1;
            let mut at = position;
            for _ in 0..groups {
                if at >= self.u.names[name].known() {
                    break;
                }
                at = self.open_group(name, at);
            }
            follow.push((name, position));
        }
        if self.guards.as_ref().is_none_or(|g| g.follow) {
            self.follow(follow, requested_specs);
        }
        any || self.opened > before
    }

    /// Makes a record of a reached name known and opens it and its likes; its position, if the name lists it.
    pub(crate) fn open_record(&mut self, name: NameId, at: RecordRef) -> Option<u32> {
        let position = self.u.position_of(name, at)?;
        self.grow(name, position + 1);
        self.open_group(name, position);
        Some(position)
    }

    /// Opens the best candidates of the requested names and what they lead to.
    pub(crate) fn open_best(&mut self, names: &[NameId], requested_specs: &RequestedSpecs) {
        let mut follow = Vec::new();
        for &name in names {
            follow.extend(
                self.best_guess(name, None, requested_specs, 0)
                    .map(|position| (name, position)),
            );
        }
        self.follow(follow, requested_specs);
    }

    /// Opens, breadth first, the best match of each requirement of these candidates.
    fn follow(&mut self, mut queue: Vec<(NameId, u32)>, requested_specs: &RequestedSpecs) {
        let mut next = 0;
        while next < queue.len() {
            let (name, position) = queue[next];
            next += 1;
            if !self.u.names[name].cands[position].open {
                self.open_group(name, position);
            }
            let at = self.u.names[name].cands[position];
            let index = Arc::clone(&self.u.index);
            let segment = index.segment(at.segment);
            let record = RecordId(at.record);
            let groups = self.open_groups(name, segment, record);
            for &dep in segment.depends(record).iter().chain(&groups) {
                let spec = self.u.segment_spec(at.segment, dep);
                let entry = &self.u.specs[spec];
                let name = entry.name;
                if entry.on_virtual.is_some() || entry.condition().is_some() {
                    continue;
                }
                let mut guess = self.best_guess(name, Some(spec), requested_specs, 0);
                let most = if self.guards.is_some() {
                    MOST_PASSED
                } else {
                    0
                };
                for _ in 0..most {
                    match guess {
                        Some(position)
                            if self.u.names[name].cands[position].open
                                && self.disagrees(name, position) =>
                        {
                            guess =
                                self.best_guess(name, Some(spec), requested_specs, position + 1);
                        }
                        _ => break,
                    }
                }
                if let Some(position) = guess {
                    if !self.u.names[name].cands[position].open {
                        self.open_group(name, position);
                        queue.push((name, position));
                    }
                }
            }
        }
    }

    /// Whether the last model installs something else than a candidate requires.
    fn disagrees(&mut self, name: NameId, position: u32) -> bool {
        let at = self.u.names[name].cands[position];
        let index = Arc::clone(&self.u.index);
        let segment = index.segment(at.segment);
        segment.depends(RecordId(at.record)).iter().any(|&dep| {
            let spec = self.u.segment_spec(at.segment, dep);
            let spec = &self.u.specs[spec];
            if spec.on_virtual.is_some() || spec.condition().is_some() {
                return false;
            }
            let value = |lit| self.solver.value(lit);
            let installed = self.ladders.installed(spec.name).and_then(value);
            installed == Some(true) && {
                let chosen = self.ladders.model_position(spec.name, value);
                !self.u.matches(spec, chosen)
            }
        })
    }

    /// The best candidate of a name, from a position on, that a spec and the request's own specs of the name match.
    fn best_guess(
        &mut self,
        name: NameId,
        spec: Option<SpecIdx>,
        requested_specs: &RequestedSpecs,
        from: u32,
    ) -> Option<u32> {
        let none = Vec::new();
        let requested = requested_specs.get(&name).unwrap_or(&none);
        let specs: Vec<SpecIdx> = spec.iter().chain(requested).copied().collect();
        let start = specs
            .iter()
            .filter_map(|&s| self.u.specs[s].first())
            .fold(from, u32::max);
        if start >= self.u.names[name].len() {
            return None;
        }
        self.reach(name);
        self.grow(name, start + 1);
        let entry = &self.u.names[name];
        let fits = |position: u32| {
            specs
                .iter()
                .all(|&s| self.u.matches(&self.u.specs[s], position))
        };
        (start..entry.known()).find(|&position| {
            entry.cands[position].excluded.is_none()
                && self.possible(name, position)
                && fits(position)
        })
    }

    /// False when clauses alone rule the candidate out.
    fn possible(&self, name: NameId, position: u32) -> bool {
        let fixed = |lit| self.solver.fixed(lit);
        self.ladders.value_at(name, position, fixed) != Some(false)
            && self.ladders.value_at(name, position + 1, fixed) != Some(true)
            && self.ladders.chosen(name, position).and_then(fixed) != Some(false)
    }

    /// Opens the candidates with the version and build number of the one at `position`; returns the position
    /// behind them.
    fn open_group(&mut self, name: NameId, position: u32) -> u32 {
        self.reach(name);
        let group = self.u.names[name].group(position);
        for i in group.clone() {
            let cand = &mut self.u.names[name].cands[i];
            if !cand.open {
                cand.open = true;
                let cand = *cand;
                if self.is_written(&cand) {
                    self.open(name, i);
                }
            }
        }
        // Where the next build number and the next version begin, costs take a step.
        self.at_or_after(name, group.end);
        let class = self.u.names[name].version_class(position);
        self.at_or_after(name, class.end);
        group.end
    }

    /// Writes the clauses of one candidate.
    fn open(&mut self, name: NameId, position: u32) {
        let Some(p) = self.position(name, position) else {
            return;
        };
        self.opened += 1;
        let at = self.u.names[name].cands[position];
        let index = Arc::clone(&self.u.index);
        let segment = index.segment(at.segment);
        let here = self.u.record_ref(name, position);
        for &dep in segment.depends(here.record) {
            if self.u.policy.was_broken(here, dep) {
                continue;
            }
            let spec = self.u.segment_spec(at.segment, dep);
            self.require(p, Cause::Depends(name, spec), spec);
        }
        for &constraint in segment.constrains(here.record) {
            if self.u.policy.was_broken(here, constraint) {
                continue;
            }
            let spec = self.u.segment_spec(at.segment, constraint);
            self.respect(p, Cause::Constrains(name, spec), spec);
        }
        if segment.has_extras(here.record) {
            self.open_extras(name, position);
        }
        self.settle_extras();
        for bound in self.u.policy.bonds(here).to_vec() {
            let bound = self.u.name_id(&bound);
            self.reach(bound);
            if let Some(installed) = self.ladders.installed(bound) {
                self.solver.add_binary(!p, installed);
            }
        }
    }

    /// A literal under which a requirement that did not hold before is met where its record, the candidate at this
    /// position, stays. With `kept` the name of the record may not go away for it.
    pub(crate) fn mended(
        &mut self,
        name: NameId,
        position: u32,
        broken: SpecId,
        kept: bool,
    ) -> Option<Lit> {
        let p = self.position(name, position)?;
        let at = self.u.names[name].cands[position];
        let index = Arc::clone(&self.u.index);
        let segment = index.segment(at.segment);
        let is_dependency = segment.depends(RecordId(at.record)).contains(&broken);
        let spec = self.u.segment_spec(at.segment, broken);
        let lit = self.solver.new_var().positive();
        if let Some(installed) = self.ladders.installed(name).filter(|_| kept) {
            self.solver.add_binary(!lit, installed);
        }
        let both = self.solver.new_var().positive();
        self.solver.add_clause(&[!lit, !p, both]);
        if is_dependency {
            self.require(both, Cause::Depends(name, spec), spec);
        } else {
            self.respect(both, Cause::Constrains(name, spec), spec);
        }
        self.settle_extras();
        Some(lit)
    }

    /// `p` forbids what a constraint does not match, where its condition holds.
    fn respect(&mut self, p: Lit, cause: Cause, spec: SpecIdx) {
        let Some(p) = self.where_it_applies(p, spec) else {
            return;
        };
        match self.u.specs[spec].on_virtual {
            Some((_, true)) => {}
            Some((_, false)) => self.need_unmet(p, cause, spec),
            None => {
                if let Some(both) = self.behind(p, cause) {
                    self.constrain_by(both, spec);
                }
            }
        }
    }

    /// `p` requires a spec, where its condition holds.
    #[inline]
    pub(super) fn require(&mut self, p: Lit, cause: Cause, spec: SpecIdx) {
        let has_more = self.u.specs[spec].asks.is_some();
        let applies = if has_more {
            self.where_it_applies(p, spec)
        } else {
            Some(p)
        };
        let Some(p) = applies else {
            return;
        };
        match self.u.specs[spec].on_virtual {
            Some((true, _)) => {}
            Some((false, _)) => self.need_unmet(p, cause, spec),
            None => match self.spec(spec) {
                SpecLit::Lit(s) => {
                    if let Some(both) = self.behind(p, cause) {
                        self.solver.add_binary(!both, s);
                        if has_more {
                            for extra in self.extras_of(spec) {
                                self.solver.add_binary(!both, extra);
                            }
                        }
                    }
                }
                SpecLit::Never => self.need_unmet(p, cause, spec),
            },
        }
    }

    /// Opens everything that can be reached, but for candidates that clauses alone or the request's own specs
    /// of the name rule out.
    pub(crate) fn open_everything(&mut self, requested_specs: &RequestedSpecs) {
        let mut next = 0;
        while next < self.reached.len() {
            let name = self.reached[next];
            next += 1;
            let len = self.u.names[name].len();
            self.grow(name, len);
            let requested = requested_specs.get(&name).cloned().unwrap_or_default();
            for position in 0..len {
                let fits = requested
                    .iter()
                    .all(|&s| self.u.matches(&self.u.specs[s], position));
                let cand = &mut self.u.names[name].cands[position];
                if cand.open || cand.excluded.is_some() || !fits || !self.possible(name, position) {
                    continue;
                }
                self.u.names[name].cands[position].open = true;
                self.open(name, position);
            }
        }
    }
}
