//! Extras: `name[extras=[a]]` asks for the group `a` of the record of `name` that is chosen (CEP 44).
//!
//! One literal `e` an extra: "something in force asks for it". Whatever asks for the spec implies `e` too, and for a
//! candidate `p` with the group each dependency `d` of the group is `p ∧ e → d`. A candidate without the group asks
//! for nothing: extras never decide which record is chosen.
//!
//! Both sides come to light bit by bit. A candidate that is opened writes its groups for the extras asked for by
//! then; an extra that is asked for first writes the groups of the candidates open by then. The latter waits in a
//! list until the candidate at hand is done, since one group may ask for extras again.
//!
//! Requests with conditions or extras are here as well: what they ask of a model is one or more literals to assume.

use std::sync::Arc;

use cdcl::Lit;
use conda::index::{RecordId, Segment, SpecId};
use rustc_hash::FxHashMap;

use super::condition::Truth;
use super::{Cause, Instance, SpecLit};
use crate::universe::{Candidate, Exclusion, ExtraId, NameId, SpecIdx};

/// The literals of extras, and of requests that are more than a spec literal.
#[derive(Debug, Default)]
pub(super) struct Extras {
    lits: FxHashMap<ExtraId, Lit>,
    /// Extras whose groups are written for the open candidates of their name.
    by_name: FxHashMap<NameId, Vec<ExtraId>>,
    /// Those that are not written yet.
    pending: Vec<ExtraId>,
    /// Literals that say all of a requested spec under its condition.
    demands: FxHashMap<SpecIdx, Lit>,
    /// The same for constraints and pins.
    limits: FxHashMap<SpecIdx, Lit>,
}

impl Instance {
    /// The literal of an extra. [`Instance::settle_extras`] must follow.
    pub(crate) fn extra(&mut self, extra: ExtraId) -> Lit {
        if let Some(&lit) = self.extras.lits.get(&extra) {
            return lit;
        }
        let lit = self.solver.new_var().positive();
        self.extras.lits.insert(extra, lit);
        self.extras.pending.push(extra);
        lit
    }

    /// The literals of the extras of a spec. [`Instance::settle_extras`] must follow.
    pub(crate) fn extras_of(&mut self, spec: SpecIdx) -> Vec<Lit> {
        let extras = self.u.specs[spec].extras().to_vec();
        extras.into_iter().map(|extra| self.extra(extra)).collect()
    }

    /// Writes the groups of extras that were asked for since the last time.
    pub(crate) fn settle_extras(&mut self) {
        while let Some(extra) = self.extras.pending.pop() {
            let (name, _) = self.u.extra(extra);
            self.extras.by_name.entry(name).or_default().push(extra);
            for position in 0..self.u.names[name].known() {
                let cand = self.u.names[name].cands[position];
                if cand.open && self.is_written(&cand) {
                    self.write_group(name, position, extra);
                }
            }
        }
    }

    /// Writes the groups of a candidate that is being opened.
    pub(super) fn open_extras(&mut self, name: NameId, position: u32) {
        for extra in self.extras.by_name.get(&name).cloned().unwrap_or_default() {
            self.write_group(name, position, extra);
        }
    }

    /// Whether clauses are written for a candidate when it is opened.
    pub(super) fn is_written(&self, cand: &Candidate) -> bool {
        match cand.excluded {
            None => true,
            Some(Exclusion::Unparsable) => false,
            Some(exclusion) => exclusion.is_by_rule() || self.guards.is_some(),
        }
    }

    fn write_group(&mut self, name: NameId, position: u32, extra: ExtraId) {
        let at = self.u.names[name].cands[position];
        let index = Arc::clone(&self.u.index);
        let segment = index.segment(at.segment);
        let group = self.u.group(segment, RecordId(at.record), extra);
        if group.is_empty() {
            return;
        }
        let here = self.u.record_ref(name, position);
        let Some(p) = self.position(name, position) else {
            return;
        };
        let e = self.extra(extra);
        let asked = self.solver.new_var().positive();
        self.solver.add_clause(&[!p, !e, asked]);
        for dep in group {
            if !self.u.policy.was_broken(here, dep) {
                let spec = self.u.segment_spec(at.segment, dep);
                self.require(asked, Cause::Extra(name, extra, spec), spec);
            }
        }
    }

    /// What the extras asked for so far add to the dependencies of a record.
    pub(super) fn open_groups(
        &self,
        name: NameId,
        segment: &Segment,
        record: RecordId,
    ) -> Vec<SpecId> {
        if !segment.has_extras(record) {
            return Vec::new();
        }
        let extras = self.extras.by_name.get(&name).into_iter().flatten();
        extras
            .flat_map(|&extra| self.u.group(segment, record, extra))
            .collect()
    }

    /// What must be assumed for a requested spec to hold, its condition and its extras included; `None` when it
    /// can never hold. Its name is reached.
    pub(crate) fn demand(&mut self, spec: SpecIdx) -> Option<Vec<Lit>> {
        let lit = match self.u.specs[spec].on_virtual {
            Some((true, _)) => return Some(Vec::new()),
            Some((false, _)) => SpecLit::Never,
            None => self.spec(spec),
        };
        if self.u.specs[spec].asks.is_none() {
            return match lit {
                SpecLit::Lit(lit) => Some(vec![lit]),
                SpecLit::Never => None,
            };
        }
        let condition = match self.condition_of(spec) {
            Truth::Never => return Some(Vec::new()),
            Truth::Always => None,
            Truth::Lit(condition) => Some(condition),
        };
        let mut lits = match lit {
            SpecLit::Lit(lit) => vec![lit],
            SpecLit::Never => Vec::new(),
        };
        let never = lits.is_empty();
        if !never {
            lits.extend(self.extras_of(spec));
            self.settle_extras();
        }
        let Some(condition) = condition else {
            return (!never).then_some(lits);
        };
        if let Some(&demand) = self.extras.demands.get(&spec) {
            return Some(vec![demand]);
        }
        let demand = self.solver.new_var().positive();
        self.extras.demands.insert(spec, demand);
        if never {
            self.solver.add_binary(!demand, !condition);
        }
        for lit in lits {
            self.solver.add_clause(&[!demand, !condition, lit]);
        }
        Some(vec![demand])
    }

    /// A literal that is true only where a package is absent or what an extra of it depends on is met.
    pub(crate) fn kept_extra(&mut self, extra: ExtraId) -> Lit {
        let lit = self.solver.new_var().positive();
        let e = self.extra(extra);
        let (name, _) = self.u.extra(extra);
        match self.ladders.installed(name) {
            Some(installed) => self.solver.add_clause(&[!lit, !installed, e]),
            None => self.solver.add_binary(!lit, e),
        };
        self.settle_extras();
        lit
    }

    /// What must be assumed for a constraint or pin to hold; `None` when it can never hold. Its name is reached.
    pub(crate) fn limit(&mut self, spec: SpecIdx) -> Option<Option<Lit>> {
        let lit = match self.u.specs[spec].on_virtual {
            Some((_, true)) => return Some(None),
            Some((_, false)) => None,
            None => {
                self.reach(self.u.specs[spec].name);
                match self.constrain(spec) {
                    Some(lit) => Some(lit),
                    None => return Some(None),
                }
            }
        };
        let condition = match self.condition_of(spec) {
            Truth::Never => return Some(None),
            Truth::Always => return lit.map(Some),
            Truth::Lit(condition) => condition,
        };
        if let Some(&limit) = self.extras.limits.get(&spec) {
            return Some(Some(limit));
        }
        let limit = self.solver.new_var().positive();
        self.extras.limits.insert(spec, limit);
        match lit {
            Some(lit) => self.solver.add_clause(&[!limit, !condition, lit]),
            None => self.solver.add_binary(!limit, !condition),
        };
        Some(Some(limit))
    }
}
