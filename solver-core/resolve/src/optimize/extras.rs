//! Whether an extra of a package holds in a model: the cost of losing what an earlier request asked for (level 1).
//!
//! The literal of an extra is only implied where something asks for it, so a model is looked at by its candidates:
//! every dependency of the group that applies must be met, and so must the extras that it asks for.

use std::sync::Arc;

use conda::index::RecordId;
use conda::match_spec::{Condition, MatchSpec};

use super::branching::Model;
use super::item::Unmended;
use super::{Optimizer, ABSENT};
use crate::universe::{ExtraId, NameId, SpecIdx};

impl Optimizer<'_> {
    /// Whether the dependencies of an extra are met in a model; so are those of a package that is not there.
    pub(super) fn extra_holds(&mut self, extra: ExtraId, model: &Model) -> bool {
        let index = Arc::clone(&self.inst.u.index);
        let mut seen = vec![extra];
        let mut next = 0;
        while let Some(&extra) = seen.get(next) {
            next += 1;
            let (name, _) = self.inst.u.extra(extra);
            let position = model.position(name);
            if position == ABSENT || position >= self.inst.u.names[name].known() {
                continue;
            }
            let at = self.inst.u.record_ref(name, position);
            let segment = index.segment(at.segment);
            for dep in self.inst.u.group(segment, RecordId(at.record.0), extra) {
                if self.inst.u.policy.was_broken(at, dep) {
                    continue;
                }
                let spec = self.inst.u.segment_spec(at.segment, dep);
                let condition = self.inst.u.specs[spec].condition().cloned();
                if condition.is_some_and(|condition| !self.condition_holds(&condition, model)) {
                    continue;
                }
                if !self.is_met(spec, model) {
                    return false;
                }
                for &more in self.inst.u.specs[spec].extras() {
                    if !seen.contains(&more) {
                        seen.push(more);
                    }
                }
            }
        }
        true
    }

    /// Whether a requirement that did not hold before is not met in a model that keeps its record.
    pub(super) fn is_unmended(&mut self, name: NameId, broken: Unmended, model: &Model) -> bool {
        match model.position(name) {
            ABSENT => return broken.kept,
            position if position != broken.at => return false,
            _ => {}
        }
        let entry = &self.inst.u.specs[broken.spec];
        let (target, on_virtual) = (entry.name, entry.on_virtual);
        let condition = entry.condition().cloned();
        if condition.is_some_and(|condition| !self.condition_holds(&condition, model)) {
            return false;
        }
        if broken.constrains {
            match on_virtual {
                Some((_, respected)) => !respected,
                None => model.position(target) != ABSENT && !self.is_met(broken.spec, model),
            }
        } else {
            !self.is_met(broken.spec, model)
        }
    }

    fn is_met(&self, spec: SpecIdx, model: &Model) -> bool {
        let entry = &self.inst.u.specs[spec];
        match (entry.on_virtual, model.position(entry.name)) {
            (Some((holds, _)), _) => holds,
            (None, ABSENT) => false,
            (None, position) => {
                position < self.inst.u.names[entry.name].known()
                    && self.inst.u.matches(entry, position)
            }
        }
    }

    fn condition_holds(&mut self, condition: &Condition, model: &Model) -> bool {
        condition.holds(&mut |leaf: &MatchSpec| {
            let spec = self.inst.u.parsed_spec(&leaf.to_string(), leaf);
            self.is_met(spec, model)
        })
    }
}
