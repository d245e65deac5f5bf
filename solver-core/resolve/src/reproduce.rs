//! What it takes to ask a request again elsewhere: the records that it can reach.
//!
//! A record is *reached* if a requested spec, or a dependency of a reached record, matches it; the dependencies of
//! all its extras count, whether or not anything asks for them. One that is not can never be chosen; but it may count
//! for a rank (a version above), keep a lower channel out (strict priority), or tell which names are in the next
//! layer of the contract's level 6 (a record with the ranks of the chosen one). So every record of a name with
//! reached records is kept. Names that only the other records of such a name require, and so on, are never installed;
//! of them the layers ask for the best records alone (either end, for a strategy may prefer low versions), channel by
//! channel.

use std::sync::Arc;

use conda::index::{Index, RecordId, RecordRef};
use conda::match_spec::MatchSpec;
use rustc_hash::FxHashSet;

use crate::policy::Policy;
use crate::request::Request;
use crate::universe::{NameId, SpecIdx, Universe};

/// The records of an index that a request, or one of `more` specs with their texts, can reach, and those that count for
/// it, in the order of the index.
///
/// What an environment adds (earlier specs, the names and dependencies of what is installed) is for the caller to give
/// as `more`. Channel priority and policy leave nothing out.
pub fn reachable(
    index: &Arc<Index>,
    request: &Request,
    more: &[(String, MatchSpec)],
) -> Vec<RecordRef> {
    let mut u = Universe::new(Arc::clone(index), Policy::of(request, index));
    u.show_hidden = true;
    let mut names: FxHashSet<NameId> = FxHashSet::default();
    let mut specs: FxHashSet<SpecIdx> = FxHashSet::default();
    let mut queue: Vec<SpecIdx> = Vec::new();
    let asked = request.specs.iter().chain(&request.constraints);
    let asked = asked
        .chain(&request.pins)
        .map(|spec| (&spec.text, &spec.spec));
    for (text, spec) in asked.chain(more.iter().map(|(text, spec)| (text, spec))) {
        let id = u.parsed_spec(text, spec);
        if specs.insert(id) {
            queue.push(id);
        }
    }
    let mut reached: FxHashSet<RecordRef> = FxHashSet::default();
    while let Some(spec) = queue.pop() {
        let name = u.specs[spec].name;
        if u.specs[spec].on_virtual.is_some() {
            continue;
        }
        names.insert(name);
        for at in places(&u, name) {
            let position = at.0;
            if !u.matches(&u.specs[spec], position) || !reached.insert(at.1) {
                continue;
            }
            for id in required(&mut u, at.1) {
                if specs.insert(id) {
                    queue.push(id);
                }
            }
        }
    }
    let mut out: FxHashSet<RecordRef> = FxHashSet::default();
    let mut mentioned: Vec<NameId> = Vec::new();
    for &name in &names {
        for (_, at) in places(&u, name) {
            if out.insert(at) && !reached.contains(&at) {
                let ids = required(&mut u, at);
                mentioned.extend(ids.into_iter().map(|id| u.specs[id].name));
            }
        }
    }
    while let Some(name) = mentioned.pop() {
        if !names.insert(name) {
            continue;
        }
        for at in best_of_channels(&u, name) {
            out.insert(at);
            let ids = required(&mut u, at);
            mentioned.extend(ids.into_iter().map(|id| u.specs[id].name));
        }
    }
    let mut out: Vec<RecordRef> = out.into_iter().collect();
    out.sort_unstable();
    out
}

/// The positions of a name's list and the records there.
fn places(u: &Universe, name: NameId) -> Vec<(u32, RecordRef)> {
    (0..u.names[name].len())
        .map(|position| {
            let (segment, record) = u.place_at(name, position);
            let record = RecordId(record);
            (position, RecordRef { segment, record })
        })
        .collect()
}

/// The specs that a record depends on; those on virtual packages lead nowhere and stay out.
fn required(u: &mut Universe, at: RecordRef) -> Vec<SpecIdx> {
    let index = Arc::clone(&u.index);
    let segment = index.segment(at.segment);
    let groups = segment.extra_depends(at.record);
    let ids: Vec<SpecIdx> = segment
        .depends(at.record)
        .iter()
        .chain(groups.iter().flat_map(|(_, specs)| specs))
        .map(|&dep| u.segment_spec(at.segment, dep))
        .collect();
    ids.into_iter()
        .filter(|&id| u.specs[id].on_virtual.is_none())
        .collect()
}

/// Of each channel the records of the newest and of the oldest version with the highest build number there.
fn best_of_channels(u: &Universe, name: NameId) -> Vec<RecordRef> {
    let index = &u.index;
    let all = places(u, name);
    let channels: FxHashSet<usize> = all
        .iter()
        .map(|(_, at)| index.member(at.segment).channel)
        .collect();
    let mut out = Vec::new();
    for channel in channels {
        let here = || {
            all.iter()
                .map(|(_, at)| *at)
                .filter(|at| index.member(at.segment).channel == channel)
        };
        let key = |at: &RecordRef| u.segment(at.segment).version_key(at.record).to_vec();
        for end in [
            here().map(|at| key(&at)).max(),
            here().map(|at| key(&at)).min(),
        ] {
            let of_end = || here().filter(|at| Some(key(at)) == end);
            let build = |at: &RecordRef| u.segment(at.segment).build_number(at.record);
            let best = of_end().map(|at| build(&at)).max();
            out.extend(of_end().filter(|at| Some(build(at)) == best));
        }
    }
    out
}
