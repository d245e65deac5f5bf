//! Which fact of a conflict leads to which.
//!
//! A requested spec or a dependency leads to the facts about the records that match it, and to the fact that nothing
//! does; a frozen record leads to the facts about it. Pins, constraints and `constrains` lead nowhere: they only forbid.

use std::collections::VecDeque;

use conda::index::RecordRef;
use rustc_hash::FxHashMap;

use crate::explain::conflict::{Edge, Fact, FactKind};
use crate::universe::{NameId, SpecIdx, Universe};

/// The request's facts in their order, then by distance from the request, name and spec; each with what goes with it.
pub(crate) fn sort<T>(mut facts: Vec<(Fact, T)>) -> Vec<(Fact, T)> {
    let depth = depths(&facts);
    for (fact, _) in &mut facts {
        fact.distance = match fact.kind {
            FactKind::Request
            | FactKind::Earlier
            | FactKind::Pin
            | FactKind::Constraint
            | FactKind::Frozen => 0,
            _ => depth.get(&fact.name).map_or(fact.distance, |d| d + 1),
        };
    }
    let class = |kind: FactKind| match kind {
        FactKind::Request => 0,
        FactKind::Pin => 1,
        FactKind::Constraint => 2,
        FactKind::Frozen | FactKind::Earlier => 3,
        _ => 4,
    };
    facts.sort_by(|(a, _), (b, _)| {
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
    facts
}

/// How many dependencies of the conflict lie between the request and each name, which may be more than in the whole
/// universe.
fn depths<T>(facts: &[(Fact, T)]) -> FxHashMap<String, u32> {
    let mut leads: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    let mut depth: FxHashMap<String, u32> = FxHashMap::default();
    let mut open: VecDeque<&str> = VecDeque::new();
    for (fact, _) in facts {
        match fact.kind {
            FactKind::Dependency => leads.entry(&fact.name).or_default().push(&fact.target),
            FactKind::Request | FactKind::Earlier | FactKind::Frozen
                if !depth.contains_key(&fact.name) =>
            {
                depth.insert(fact.name.clone(), 0);
                open.push_back(&fact.name);
            }
            _ => {}
        }
    }
    while let Some(name) = open.pop_front() {
        let next = depth[name] + 1;
        for &target in leads.get(name).into_iter().flatten() {
            if !depth.contains_key(target) {
                depth.insert(target.to_string(), next);
                open.push_back(target);
            }
        }
    }
    depth
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
        if !matches!(
            a.kind,
            FactKind::Request | FactKind::Earlier | FactKind::Dependency
        ) {
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
                FactKind::Request
                | FactKind::Earlier
                | FactKind::Pin
                | FactKind::Constraint
                | FactKind::Frozen => false,
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
