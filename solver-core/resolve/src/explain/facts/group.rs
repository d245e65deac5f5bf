//! Facts that one sentence tells.
//!
//! Records of one package often ask another for something in many ways, each a fact. A reader wants to know what they ask
//! for together: "numba 0.57.1 to 0.61.2 require python >=3.9,<3.14". Such a sentence is about alternatives, so facts
//! that hold of one and the same record are never put together. Nor are facts of packages that need each other: there
//! it matters which version needs which.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::explain::conflict::{Fact, FactKind, Group, Quantifier};
use crate::explain::spec_union::names_a_build;

/// Puts facts into groups. `shown` gives versions, ranges and quantifier of what some facts say together.
pub(crate) fn groups(
    facts: &[Fact],
    shown: impl Fn(&[usize]) -> (Vec<String>, String, Quantifier),
) -> Vec<Group> {
    type Key<'f> = (FactKind, &'f str, Option<&'f str>, &'f str);
    let parts = components(facts);
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut open: FxHashMap<Key<'_>, Vec<(usize, FxHashSet<_>)>> = FxHashMap::default();
    for (at, fact) in facts.iter().enumerate() {
        if !matches!(fact.kind, FactKind::Dependency | FactKind::Constrains) {
            continue;
        }
        let part = |name: &str| parts.get(name);
        let is_cyclic = fact.kind == FactKind::Dependency
            && part(&fact.name).is_some_and(|p| part(&fact.target) == Some(p));
        let key: Key<'_> = (fact.kind, &fact.name, fact.extra.as_deref(), &fact.target);
        let alike = open.entry(key).or_default();
        let fits = |(_, records): &&mut (usize, FxHashSet<_>)| {
            fact.records.iter().all(|at| !records.contains(at))
        };
        let found = if is_cyclic {
            None
        } else {
            alike.iter_mut().find(fits)
        };
        match found {
            Some((group, records)) => {
                members[*group].push(at);
                records.extend(fact.records.iter().copied());
            }
            None => {
                alike.push((members.len(), fact.records.iter().copied().collect()));
                members.push(vec![at]);
            }
        }
    }
    let mut builds: FxHashMap<&str, FxHashSet<(FactKind, &str)>> = FxHashMap::default();
    for fact in facts {
        if names_a_build(&fact.target, &fact.spec) {
            let who = (fact.kind, fact.name.as_str());
            builds.entry(&fact.target).or_default().insert(who);
        }
    }
    let group = |members: Vec<usize>| {
        let (versions, ranges, quantifier) = shown(&members);
        let first = &facts[members[0]];
        let who = (first.kind, first.name.as_str());
        let others = builds.get(first.target.as_str());
        Group {
            builds_matter: others.is_some_and(|o| o.len() > 1 || !o.contains(&who)),
            facts: members,
            versions,
            ranges,
            quantifier,
        }
    };
    members.into_iter().map(group).collect()
}

/// Which strongly connected part of the graph of dependencies each package is in (Tarjan 1972, without recursion).
fn components(facts: &[Fact]) -> FxHashMap<&str, usize> {
    let mut ids: FxHashMap<&str, usize> = FxHashMap::default();
    let mut names: Vec<&str> = Vec::new();
    let mut leads: Vec<Vec<usize>> = Vec::new();
    let mut known: FxHashSet<(usize, usize)> = FxHashSet::default();
    for fact in facts.iter().filter(|f| f.kind == FactKind::Dependency) {
        let mut id = |name| {
            *ids.entry(name).or_insert_with(|| {
                names.push(name);
                leads.push(Vec::new());
                names.len() - 1
            })
        };
        let (from, to) = (id(fact.name.as_str()), id(fact.target.as_str()));
        if known.insert((from, to)) {
            leads[from].push(to);
        }
    }
    const UNSEEN: usize = usize::MAX;
    let count = names.len();
    let (mut order, mut low) = (vec![UNSEEN; count], vec![0; count]);
    let mut part = vec![UNSEEN; count];
    let (mut next, mut parts) = (0, 0);
    let mut stack: Vec<usize> = Vec::new();
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        // A node, and how many of its edges were followed.
        let mut path: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some(&mut (node, ref mut followed)) = path.last_mut() {
            if *followed == 0 && order[node] == UNSEEN {
                (order[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
            }
            if let Some(&to) = leads[node].get(*followed) {
                *followed += 1;
                if order[to] == UNSEEN {
                    path.push((to, 0));
                } else if part[to] == UNSEEN {
                    low[node] = low[node].min(order[to]);
                }
                continue;
            }
            path.pop();
            if let Some(&(above, _)) = path.last() {
                low[above] = low[above].min(low[node]);
            }
            if low[node] == order[node] {
                while let Some(top) = stack.pop() {
                    part[top] = parts;
                    if top == node {
                        break;
                    }
                }
                parts += 1;
            }
        }
    }
    names.into_iter().zip(part).collect()
}

#[cfg(test)]
mod tests {
    use super::components;
    use crate::explain::conflict::{Fact, FactKind};

    fn graph(edges: &[(&str, &str)]) -> Vec<Fact> {
        let fact = |(from, to): &(&str, &str)| Fact {
            target: (*to).to_string(),
            ..Fact::new(FactKind::Dependency, from)
        };
        edges.iter().map(fact).collect()
    }

    #[test]
    fn parts_are_the_circles() {
        let facts = graph(&[
            ("a", "b"),
            ("b", "c"),
            ("c", "b"),
            ("c", "d"),
            ("e", "e"),
            ("d", "f"),
            ("f", "g"),
            ("g", "d"),
        ]);
        let parts = components(&facts);
        let same = |x: &str, y: &str| parts[x] == parts[y];
        assert!(same("b", "c") && same("d", "f") && same("f", "g"));
        assert!(!same("a", "b") && !same("c", "d") && !same("e", "a"));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let names: Vec<String> = (0..100_000).map(|i| format!("p{i}")).collect();
        let edges: Vec<(&str, &str)> = names.windows(2).map(|w| (&*w[0], &*w[1])).collect();
        assert_eq!(components(&graph(&edges)).len(), names.len());
    }
}
