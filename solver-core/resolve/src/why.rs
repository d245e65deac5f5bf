//! Why a package is there, and why another version is not.
//!
//! *Why* walks the answer: the shortest chains of requirements from the request to a package. *Why not* asks the same
//! question with the wish added: either there is no answer, and the conflict tells what keeps it out, or there is one,
//! and the difference between the two answers is the price.

use conda::index::SpecId;
use rustc_hash::FxHashMap;

use crate::explain::Conflict;
use crate::graph::reachability::{asks_of, by_name, Ask, Reach};
use crate::optimize::Budget;
use crate::request::{Request, RequestSpec};
use crate::solution::Solution;
use crate::solve::{solve, SolveError};

/// Most chains that [`why`] returns.
const MOST_CHAINS: usize = 10;

/// One package of which two answers have different records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The package.
    pub name: String,
    /// Version and build in the first answer; `None`: not there.
    pub before: Option<(String, String)>,
    /// Version and build in the second answer.
    pub after: Option<(String, String)>,
}

/// What became of a wish.
#[derive(Debug)]
pub enum WhyNot {
    /// The answer grants it already.
    Granted,
    /// It can be granted, at this price.
    Possible {
        /// The answer with the wish.
        solution: Box<Solution>,
        /// What is different then, by name.
        price: Vec<Difference>,
    },
    /// Nothing can grant it.
    Impossible(Box<Conflict>),
}

/// Asks the request of an answer again with one more spec.
///
/// # Errors
/// As [`solve`], but for a request without an answer.
pub fn why_not(
    solution: &Solution,
    wish: RequestSpec,
    budget: Budget<'_>,
) -> Result<WhyNot, SolveError> {
    let granted = solution
        .records()
        .iter()
        .any(|r| r.name == wish.name && wish.spec.matches(r));
    if granted {
        return Ok(WhyNot::Granted);
    }
    let mut request: Request = solution.request.clone();
    request.specs.push(wish);
    match solve(&solution.index, &request, budget) {
        Ok(other) => Ok(WhyNot::Possible {
            price: differences(solution, &other),
            solution: Box::new(other),
        }),
        Err(SolveError::Unsatisfiable(conflict)) => Ok(WhyNot::Impossible(conflict)),
        Err(other) => Err(other),
    }
}

fn differences(before: &Solution, after: &Solution) -> Vec<Difference> {
    let table = |solution: &Solution| -> FxHashMap<String, (String, String)> {
        let rows = solution
            .records()
            .into_iter()
            .map(|r| (r.name, (r.version, r.build)));
        rows.collect()
    };
    let (old, new) = (table(before), table(after));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| Difference {
            name: name.clone(),
            before: old.get(name).cloned(),
            after: new.get(name).cloned(),
        })
        .collect()
}

/// The shortest chains of requirements from the request to a package: `(name, spec)` pairs, first a requested spec,
/// last a spec on the package. What earlier requests of an environment asked for counts where it still holds. A
/// requirement of an extra is written behind the spec that asks for the extra: `("e", "e[extras=[x]]"), ("tomli",
/// "tomli >=2")`. Empty when the answer does not have the package, or nothing that was asked for requires it.
pub fn why(solution: &Solution, name: &str) -> Vec<Vec<(String, String)>> {
    let index = &solution.index;
    let places = by_name(index, &solution.places);
    if !places.contains_key(name) {
        return Vec::new();
    }
    let records = solution.records();
    let holds = |spec: &&RequestSpec| {
        let mut chosen = records.iter().filter(|record| record.name == spec.name);
        chosen.any(|record| spec.spec.matches(record))
    };
    let asked: Vec<&RequestSpec> = solution.request.asked_specs().filter(holds).collect();
    let roots = asked.iter().copied().map(Ask::of_spec);
    let asks = |name: &str, group: Option<&str>| Some(asks_of(index, *places.get(name)?, group));
    let reach = Reach::from(roots.chain(solution.request.asked_extras()), asks);
    // Breadth first from the request; every shortest way in is kept.
    let mut depth: FxHashMap<&str, usize> = FxHashMap::default();
    let mut ways: FxHashMap<&str, Vec<(Option<&str>, &str)>> = FxHashMap::default();
    let mut layer: Vec<&str> = Vec::new();
    for spec in asked {
        if let Some((&key, _)) = places.get_key_value(spec.name.as_str()) {
            if depth.insert(key, 0).is_none() {
                layer.push(key);
            }
            ways.entry(key).or_default().push((None, &spec.text));
        }
    }
    let mut distance = 0;
    while !layer.is_empty() {
        distance += 1;
        let mut next = Vec::new();
        for from in layer {
            let at = places[from];
            let segment = index.segment(at.segment);
            let extras = reach.extras.get(from).map_or(&[][..], Vec::as_slice);
            let groups: Vec<SpecId> = if extras.is_empty() {
                Vec::new()
            } else {
                let groups = segment.extra_depends(at.record).into_iter();
                groups
                    .filter(|(group, _)| extras.iter().any(|extra| extra == group))
                    .flat_map(|(_, specs)| specs)
                    .collect()
            };
            for &dep in segment.depends(at.record).iter().chain(&groups) {
                let spec = segment.spec(dep);
                let Some((&to, _)) = places.get_key_value(spec.name()) else {
                    continue;
                };
                if !depth.contains_key(to) {
                    depth.insert(to, distance);
                    next.push(to);
                }
                if depth[to] == distance {
                    ways.entry(to).or_default().push((Some(from), spec.text()));
                }
            }
        }
        layer = next;
    }
    let mut chains = Vec::new();
    let mut open: Vec<(&str, Vec<(String, String)>)> = vec![(name, Vec::new())];
    while let Some((at, tail)) = open.pop() {
        for (from, spec) in ways.get(at).into_iter().flatten().rev() {
            let mut chain = vec![(at.to_string(), (*spec).to_string())];
            chain.extend(tail.iter().cloned());
            match from {
                None => chains.push(chain),
                Some(from) => open.push((from, chain)),
            }
            if chains.len() >= MOST_CHAINS {
                return chains;
            }
        }
    }
    chains
}
