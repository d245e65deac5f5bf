//! Which fact of a conflict leads to which.
//!
//! A requested spec or a dependency leads to the facts about the records that match it, and to the fact that nothing
//! does; a frozen record leads to the facts about it. Pins, constraints and `constrains` lead nowhere: they only forbid.

use conda::index::RecordRef;
use rustc_hash::FxHashMap;

use crate::explain::conflict::{Edge, Fact, FactKind};
use crate::universe::{NameId, SpecIdx, Universe};

/// The request's facts in their order, then by distance from the request, name and spec.
pub(crate) fn sort(facts: &mut [Fact]) {
    let mut depth: FxHashMap<String, u32> = FxHashMap::default();
    for fact in facts
        .iter()
        .filter(|f| matches!(f.kind, FactKind::Request | FactKind::Frozen))
    {
        depth.insert(fact.name.clone(), 0);
    }
    // Distances within the conflict, which may be longer than those in the whole universe.
    let mut changed = true;
    while changed {
        changed = false;
        for fact in facts.iter().filter(|f| f.kind == FactKind::Dependency) {
            if let Some(&d) = depth.get(&fact.name) {
                let there = depth.entry(fact.target.clone()).or_insert(u32::MAX);
                if *there > d + 1 {
                    *there = d + 1;
                    changed = true;
                }
            }
        }
    }
    for fact in facts.iter_mut() {
        fact.distance = match fact.kind {
            FactKind::Request | FactKind::Pin | FactKind::Constraint | FactKind::Frozen => 0,
            _ => depth.get(&fact.name).map_or(fact.distance, |d| d + 1),
        };
    }
    let class = |kind: FactKind| match kind {
        FactKind::Request => 0,
        FactKind::Pin => 1,
        FactKind::Constraint => 2,
        FactKind::Frozen => 3,
        _ => 4,
    };
    facts.sort_by(|a, b| {
        let key = |f: &Fact| (class(f.kind), f.position, f.distance);
        key(a).cmp(&key(b)).then_with(|| {
            (&a.name, &a.extra, &a.spec, a.kind.as_str()).cmp(&(
                &b.name,
                &b.extra,
                &b.spec,
                b.kind.as_str(),
            ))
        })
    });
}

/// All edges, sorted.
pub(crate) fn edges(facts: &[Fact], u: &Universe) -> Vec<Edge> {
    let mut out = Vec::new();
    let specs = u.specs.iter().map(|(id, spec)| (&*spec.text, id));
    let by_text: FxHashMap<&str, SpecIdx> = specs.collect();
    let mut about: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (at, fact) in facts.iter().enumerate() {
        about.entry(&fact.name).or_default().push(at);
    }
    let positions = positions(facts, u);
    for (from, a) in facts.iter().enumerate() {
        if a.kind == FactKind::Frozen {
            let its = |b: &Fact| b.records.iter().any(|at| a.records.contains(at));
            let found = facts.iter().enumerate();
            out.extend(
                found
                    .filter(|(to, b)| *to != from && b.name == a.name && its(b))
                    .map(|(to, _)| Edge { from, to }),
            );
            continue;
        }
        if !matches!(a.kind, FactKind::Request | FactKind::Dependency) {
            continue;
        }
        let Some(spec) = by_text.get(a.spec.as_str()).map(|&i| &u.specs[i]) else {
            continue;
        };
        for &to in about.get(a.target.as_str()).into_iter().flatten() {
            if to == from {
                continue;
            }
            let b = &facts[to];
            let asks = |extra: &String| {
                let asked = spec.extras().iter();
                asked.copied().any(|e| u.extra(e).1 == extra)
            };
            let leads = match b.kind {
                _ if !b.extra.as_ref().is_none_or(asks) => false,
                FactKind::Request | FactKind::Pin | FactKind::Constraint | FactKind::Frozen => {
                    false
                }
                FactKind::MissingName | FactKind::MissingVersion => a.spec == b.spec,
                FactKind::VirtualPackage => true,
                _ => positions[to].iter().any(|&p| u.matches(spec, p)),
            };
            if leads {
                out.push(Edge { from, to });
            }
        }
    }
    out
}

/// The positions of each fact's records in the whole list of its name.
fn positions(facts: &[Fact], u: &Universe) -> Vec<Vec<u32>> {
    let names = u.names.iter().map(|(id, name)| (&*name.text, id));
    let names: FxHashMap<&str, NameId> = names.collect();
    let mut places: FxHashMap<NameId, FxHashMap<RecordRef, u32>> = FxHashMap::default();
    let of = |fact: &Fact| {
        let Some(&name) = names
            .get(fact.name.as_str())
            .filter(|_| !fact.records.is_empty())
        else {
            return Vec::new();
        };
        let places = places.entry(name).or_insert_with(|| {
            let all = 0..u.names[name].len();
            all.map(|p| (u.place_of(name, p), p)).collect()
        });
        let found = fact.records.iter().filter_map(|at| places.get(at));
        found.copied().collect()
    };
    facts.iter().map(of).collect()
}
