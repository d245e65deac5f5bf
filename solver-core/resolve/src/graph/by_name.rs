//! Which of some records has a name, asked by the ids of the index: each name is compared as a string once.

use std::cell::RefCell;

use conda::index::{Index, NameId, RecordRef};
use rustc_hash::FxHashMap;

use crate::ids::Table;

/// Records of an index, each by its name.
pub(crate) struct ByName<'i> {
    index: &'i Index,
    /// The name of each record.
    pub names: Table<u32, &'i str>,
    by_name: FxHashMap<&'i str, u32>,
    /// What was asked for, by segment and the segment's id.
    met: RefCell<FxHashMap<(u32, NameId), Option<u32>>>,
}

impl<'i> ByName<'i> {
    pub(crate) fn of(index: &'i Index, places: &[RecordRef]) -> Self {
        let name_of = |at: &RecordRef| {
            let segment = index.segment(at.segment);
            segment.name_of(at.record)
        };
        let names: Vec<&str> = places.iter().map(name_of).collect();
        ByName {
            index,
            by_name: names.iter().copied().zip(0..).collect(),
            names: names.into(),
            met: RefCell::default(),
        }
    }

    /// The position of the record that has a name of a segment.
    pub(crate) fn position(&self, segment: u32, name: NameId) -> Option<u32> {
        let find = || {
            let segment = self.index.segment(segment);
            self.by_name.get(segment.name(name)).copied()
        };
        let mut met = self.met.borrow_mut();
        *met.entry((segment, name)).or_insert_with(find)
    }

    /// The same by the name itself.
    pub(crate) fn position_of(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }
}
