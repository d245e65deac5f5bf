//! What it takes to ask a request again elsewhere: the records that it can reach.
//!
//! A record is *reached* if a requested spec, or a dependency of a reached record, matches it; the dependencies of an extra
//! count where anything reached asks for it. One that is not can never
//! be chosen; but it may count for a rank (a version above), or keep a lower channel out (strict priority). So every
//! record of a name with reached records is kept, those that are not reached without their dependencies.

use std::sync::Arc;

use conda::index::{Index, RecordId, RecordRef, SpecId};
use rustc_hash::FxHashSet;

use crate::policy::Policy;
use crate::request::Request;
use crate::universe::{ExtraId, NameId, SpecIdx, Universe};

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
    let mut extras: FxHashSet<ExtraId> = FxHashSet::default();
    while let Some(spec) = queue.pop() {
        let name = u.specs[spec as usize].name;
        if u.specs[spec as usize].on_virtual.is_some() {
            continue;
        }
        names.insert(name);
        let asked = u.specs[spec as usize].extras().to_vec();
        let new: Vec<ExtraId> = asked.into_iter().filter(|&e| extras.insert(e)).collect();
        for position in 0..u.names[name as usize].len() {
            let (segment, record) = u.place_at(name, position);
            let at = RecordRef {
                segment,
                record: RecordId(record),
            };
            let matched = u.matches(&u.specs[spec as usize], position);
            let first = matched && reached.insert(at);
            let columns = &index.segments()[segment as usize].segment;
            let mut specs_of: Vec<SpecId> = Vec::new();
            if first {
                specs_of.extend(columns.depends(at.record));
                let asked = extras.iter().filter(|&&e| u.extra(e).0 == name);
                specs_of.extend(asked.flat_map(|&e| u.group(columns, at.record, e)));
            } else if reached.contains(&at) {
                specs_of.extend(new.iter().flat_map(|&e| u.group(columns, at.record, e)));
            }
            for dep in specs_of {
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
