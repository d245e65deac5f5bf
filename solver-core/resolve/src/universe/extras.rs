//! Extras: optional dependency groups of a package's records (CEP 44), one id a package name and group.
//!
//! (And what is decided about conditions without a search.)
//!
//! Whether a record has the group is asked of the record; an extra that no record has is an extra all the same, and
//! asks for nothing.

use std::sync::Arc;

use conda::index::{RecordId, RecordRef, Segment, SpecId};
use conda::match_spec::Condition;
use rustc_hash::FxHashMap;

use super::{ExtraId, NameId, SpecIdx, Universe};
use crate::graph::dependency::asked_extras;
use crate::ids::Table;
use crate::request::is_virtual_name;

/// The extras that some spec asks for.
#[derive(Debug, Default)]
pub(super) struct Extras {
    all: Table<ExtraId, (NameId, Box<str>)>,
    ids: FxHashMap<(NameId, Box<str>), ExtraId>,
}

/// Names that records require, and the extras that they ask for with it.
#[derive(Debug, Default)]
pub(crate) struct Required {
    pub names: Vec<NameId>,
    pub extras: Vec<ExtraId>,
}

impl Universe {
    /// The id of an extra.
    pub(crate) fn extra_id(&mut self, name: NameId, group: &str) -> ExtraId {
        let key = (name, Box::from(group));
        if let Some(&id) = self.extras.ids.get(&key) {
            return id;
        }
        let id = self.extras.all.push(key.clone());
        self.extras.ids.insert(key, id);
        id
    }

    /// Whether a spec applies, if the target decides it: `None` where names decide, even such as no channel has, so
    /// that records which cannot be reached make no difference.
    pub(crate) fn applies(&self, spec: SpecIdx) -> Option<bool> {
        let condition = self.specs[spec].condition();
        condition.map_or(Some(true), |condition| self.decided(condition))
    }

    fn decided(&self, condition: &Condition) -> Option<bool> {
        let (members, all) = match condition {
            Condition::Leaf(spec) => {
                let name = spec.name_exact().filter(|name| is_virtual_name(name))?;
                let mut of_name = self.virtual_records.iter().filter(|r| r.name == name);
                return Some(of_name.any(|r| spec.matches(r)));
            }
            Condition::And(members) => (members, true),
            Condition::Or(members) => (members, false),
        };
        let values: Vec<Option<bool>> = members.iter().map(|m| self.decided(m)).collect();
        if values.contains(&Some(!all)) {
            return Some(!all);
        }
        values.iter().all(Option::is_some).then_some(all)
    }

    /// The package name of an extra, and its group.
    pub(crate) fn extra(&self, extra: ExtraId) -> (NameId, &str) {
        let (name, group) = &self.extras.all[extra];
        (*name, group)
    }

    /// What an extra of a record depends on; nothing when the record does not have the group.
    pub(crate) fn group(&self, segment: &Segment, record: RecordId, extra: ExtraId) -> Vec<SpecId> {
        if !segment.has_extras(record) {
            return Vec::new();
        }
        let group = &*self.extras.all[extra].1;
        let groups = segment.extra_depends(record).into_iter();
        groups
            .filter(|(name, _)| *name == group)
            .flat_map(|(_, specs)| specs)
            .collect()
    }

    /// What the `depends` of a known candidate requires, virtual packages left out; kept, since each request that
    /// chooses it asks for it several times.
    pub(crate) fn required_at(&mut self, name: NameId, position: u32, out: &mut Required) {
        let at = self.names[name].cands[position];
        let index = Arc::clone(&self.index);
        let segment = index.segment(at.segment);
        let list = segment.depends_list(RecordId(at.record));
        let key = (at.segment, list);
        if !self.required.contains_key(&key) {
            let mut required = Required::default();
            self.required(at.segment, segment.list(list), &mut required);
            self.required.insert(key, required);
        }
        if let Some(required) = self.required.get(&key) {
            out.names.extend_from_slice(&required.names);
            out.extras.extend_from_slice(&required.extras);
        }
        self.named_by_prefix(at.segment, at.record, out);
    }

    /// What the `conda-meta` side of an installed record names besides.
    fn named_by_prefix(&mut self, segment: u32, record: u32, out: &mut Required) {
        let record = RecordId(record);
        let names = self
            .policy
            .named_by_prefix(RecordRef { segment, record })
            .to_vec();
        out.names
            .extend(names.iter().map(|name| self.name_id(name)));
    }

    /// What the `depends` of a record require that no search may have looked at yet, virtual packages left out.
    pub(crate) fn required_by(&mut self, name: NameId, position: u32, out: &mut Required) {
        let at = self.names[name].place(position);
        let index = Arc::clone(&self.index);
        let segment = index.segment(at.segment);
        self.required(at.segment, segment.depends(RecordId(at.record)), out);
        self.named_by_prefix(at.segment, at.record, out);
    }

    /// What an extra of the record at a position requires, virtual packages left out.
    pub(crate) fn required_by_extra(&mut self, extra: ExtraId, position: u32, out: &mut Required) {
        let name = self.extras.all[extra].0;
        let at = self.names[name].place(position);
        let index = Arc::clone(&self.index);
        let segment = index.segment(at.segment);
        let group = self.group(segment, RecordId(at.record), extra);
        self.required(at.segment, &group, out);
    }

    fn required(&mut self, position: u32, specs: &[SpecId], out: &mut Required) {
        let index = Arc::clone(&self.index);
        let segment = index.segment(position);
        for &dep in specs {
            let spec = segment.spec(dep);
            let Some(local) = spec.name_id() else {
                continue;
            };
            let id = self.segment_name(position, local);
            if is_virtual_name(&self.names[id].text) {
                continue;
            }
            out.names.push(id);
            if spec.asks_for_extras() {
                for group in asked_extras(spec.text()) {
                    out.extras.push(self.extra_id(id, &group));
                }
            }
        }
    }
}
