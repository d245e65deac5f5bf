//! What it takes to ask a request again elsewhere: the records that it can reach.
//!
//! A record is *reached* if a requested spec, or a dependency of a reached record, matches it. One that is not can never
//! be chosen; but it may count for a rank (a version above), or keep a lower channel out (strict priority). So every
//! record of a name with reached records is kept, those that are not reached without their dependencies.

use std::sync::Arc;

use conda::index::{Index, RecordId, RecordRef};
use rustc_hash::FxHashSet;

use crate::policy::Policy;
use crate::request::Request;
use crate::universe::{NameId, SpecIdx, Universe};

/// The records of an index that a request can reach, in the order of the index; with each whether its dependencies
/// matter.
pub fn reachable(index: &Arc<Index>, request: &Request) -> Vec<(RecordRef, bool)> {
    let mut u = Universe::new(Arc::clone(index), Policy::of(request, index));
    u.show_hidden = true;
    let mut names: FxHashSet<NameId> = FxHashSet::default();
    let mut specs: FxHashSet<SpecIdx> = FxHashSet::default();
    let mut queue: Vec<SpecIdx> = Vec::new();
    for spec in request
        .specs
        .iter()
        .chain(&request.constraints)
        .chain(&request.pins)
    {
        let id = u.parsed_spec(&spec.text, &spec.spec);
        if specs.insert(id) {
            queue.push(id);
        }
    }
    let mut reached: FxHashSet<RecordRef> = FxHashSet::default();
    while let Some(spec) = queue.pop() {
        let name = u.specs[spec as usize].name;
        if u.specs[spec as usize].on_virtual.is_some() {
            continue;
        }
        names.insert(name);
        for position in 0..u.names[name as usize].len() {
            let (segment, record) = u.place_at(name, position);
            let at = RecordRef {
                segment,
                record: RecordId(record),
            };
            if !u.matches(&u.specs[spec as usize], position) || !reached.insert(at) {
                continue;
            }
            for &dep in index.segments()[segment as usize]
                .segment
                .depends(at.record)
            {
                let id = u.segment_spec(segment, dep);
                if specs.insert(id) {
                    queue.push(id);
                }
            }
        }
    }
    let mut out: Vec<(RecordRef, bool)> = Vec::new();
    for name in names {
        for position in 0..u.names[name as usize].len() {
            let (segment, record) = u.place_at(name, position);
            let at = RecordRef {
                segment,
                record: RecordId(record),
            };
            out.push((at, reached.contains(&at)));
        }
    }
    out.sort_unstable();
    out
}
