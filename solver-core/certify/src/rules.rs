//! The hard rules, asked of a set of records directly.
//!
//! The clauses say the same; this says which rule is broken, in words, and rule 5 (nothing superfluous), which is not a
//! matter of clauses.

use std::collections::{BTreeMap, BTreeSet};

use conda::MatchSpec;

use crate::error::Error;
use crate::matching::{Ask, Chosen, Matching, Wanted};
use crate::problem::{Environment, Problem, Spec};
use crate::universe::{Id, Universe};

/// Chosen records under judgement.
pub(crate) struct Judge<'m, 'u, 'p> {
    /// Specs.
    pub matching: &'m mut Matching<'u, 'p>,
    /// The records, by name.
    pub chosen: &'m Chosen,
}

impl<'u, 'p> Judge<'_, 'u, 'p> {
    fn u(&self) -> &'u Universe<'p> {
        self.matching.universe
    }

    fn met(&self, spec: &MatchSpec) -> bool {
        let Some(name) = spec.name_exact() else {
            return false;
        };
        if name.starts_with("__") {
            let mut facts = self.u().problem.virtual_packages.iter();
            return facts.any(|r| r.name == name && spec.matches(r));
        }
        let id = self.chosen.get(name);
        id.is_some_and(|&id| spec.matches(&self.u().candidates[id].record))
    }

    /// Whether the condition of a spec holds (CEP 43).
    fn applies(&self, spec: &MatchSpec) -> bool {
        let mut met = |leaf: &MatchSpec| self.met(leaf);
        spec.when().is_none_or(|c| c.holds(&mut met))
    }

    fn satisfied(&self, wanted: &Wanted) -> bool {
        match &wanted.spec {
            Some(spec) => !self.applies(spec) || self.met(spec),
            None => false,
        }
    }

    fn respected(&self, wanted: &Wanted) -> bool {
        let Some(spec) = &wanted.spec else {
            return true;
        };
        let there = match wanted.on_target {
            Some((_, there)) => there,
            None => self.chosen.contains_key(&wanted.name),
        };
        !there || !self.applies(spec) || self.met(spec)
    }

    /// The groups (name, group) that specs in force ask for.
    fn groups(&mut self, specs: &[&Spec]) -> BTreeSet<(String, String)> {
        let mut open: Vec<Ask> = Vec::new();
        for spec in specs.iter().filter(|s| self.applies(&s.spec)) {
            open.push(Ask::of_spec(spec));
        }
        let chosen: Vec<Id> = self.chosen.values().copied().collect();
        for id in chosen {
            let texts = self.u().candidates[id].record.depends.clone();
            open.extend(texts.iter().filter_map(|text| self.ask_in_force(text)));
        }
        let mut groups = BTreeSet::new();
        while let Some(Ask { name, extras }) = open.pop() {
            let Some(&id) = self.chosen.get(&name) else {
                continue;
            };
            for extra in extras {
                if groups.insert((name.clone(), extra.clone())) {
                    let texts = group_of(self.u(), id, &extra);
                    open.extend(texts.iter().filter_map(|text| self.ask_in_force(text)));
                }
            }
        }
        groups
    }

    fn ask_in_force(&mut self, text: &str) -> Option<Ask> {
        let wanted = self.matching.wanted(text);
        let applies = wanted.spec.as_ref().is_some_and(|spec| self.applies(spec));
        applies.then(|| Ask {
            name: wanted.name.clone(),
            extras: wanted.extras().to_vec(),
        })
    }

    /// The dependencies and constraints of chosen records that do not hold: the record, the text, whether it is a
    /// constraint.
    pub(crate) fn unsatisfied(&mut self, specs: &[&Spec]) -> Vec<(Id, String, bool)> {
        let groups = self.groups(specs);
        let mut out = Vec::new();
        let chosen: Vec<(String, Id)> = self.chosen.iter().map(|(n, i)| (n.clone(), *i)).collect();
        for (name, id) in chosen {
            let record = &self.u().candidates[id].record;
            let mut texts: Vec<String> = record.depends.clone();
            for (_, group) in groups
                .range((name.clone(), String::new())..)
                .take_while(|g| g.0 == name)
            {
                texts.extend(group_of(self.u(), id, group));
            }
            for text in texts {
                let wanted = self.matching.wanted(&text);
                if !self.satisfied(&wanted) {
                    out.push((id, text, false));
                }
            }
            for text in &record.constrains {
                let wanted = self.matching.wanted(text);
                if wanted.spec.is_none() || !self.respected(&wanted) {
                    out.push((id, text.clone(), true));
                }
            }
        }
        out
    }

    /// The first broken rule of 1 to 4, as a sentence; what is in `before` did not hold before and need not.
    pub(crate) fn broken(&mut self, before: &BTreeSet<(Id, String)>) -> Option<String> {
        let problem = self.u().problem;
        let specs: Vec<&Spec> = problem.specs.iter().collect();
        for (&id, name) in self.chosen.values().zip(self.chosen.keys()) {
            let candidate = &self.u().candidates[id];
            if !candidate.usable || candidate.record.name != *name {
                return Some(format!(
                    "channel priority, policy or an unreadable spec leave {} out",
                    candidate.label()
                ));
            }
        }
        for spec in &problem.specs {
            if self.applies(&spec.spec) && !self.met(&spec.spec) {
                return Some(format!("the requested '{}' is not satisfied", spec.text));
            }
        }
        for spec in problem.constraints.iter().chain(&problem.pins) {
            let wanted = self.matching.wanted(&spec.text);
            if !self.respected(&wanted) {
                return Some(format!("the constraint or pin '{}' is violated", spec.text));
            }
        }
        let mut unsatisfied = self.unsatisfied(&specs).into_iter();
        let (id, text, constrains) =
            unsatisfied.find(|(id, text, _)| !before.contains(&(*id, text.clone())))?;
        let label = self.u().candidates[id].label();
        Some(if constrains {
            format!("{label} constrains '{text}', which is violated")
        } else {
            format!("{label} depends on '{text}', which is not satisfied")
        })
    }
}

/// What a group of a record depends on.
pub(crate) fn group_of(u: &Universe<'_>, id: Id, group: &str) -> Vec<String> {
    let groups = u.candidates[id].record.extra_depends.iter();
    groups
        .filter(|(name, _)| name == group)
        .flat_map(|(_, texts)| texts.clone())
        .collect()
}

/// What installed records ask for that does not hold now: while they stay, it need not.
pub(crate) fn broken_before(matching: &mut Matching<'_, '_>) -> BTreeSet<(Id, String)> {
    let chosen = matching.universe.installed.clone();
    let mut judge = Judge {
        matching,
        chosen: &chosen,
    };
    let unsatisfied = judge.unsatisfied(&[]).into_iter();
    unsatisfied.map(|(id, text, _)| (id, text)).collect()
}

/// Whether a request with these names mends something: what did not hold before of a package that one of them leads
/// to, or of one that lacks one of them.
pub(crate) fn is_mended(matching: &mut Matching<'_, '_>, named: &[String]) -> bool {
    let u = matching.universe;
    let broken = broken_before(matching);
    let asks = named.iter().cloned().map(Ask::of_name).collect();
    let near = matching.reach(asks, &u.installed);
    broken.iter().any(|(id, text)| {
        // What cannot be read is no requirement that could be met.
        if matching.wanted(text).spec.is_none() {
            return false;
        }
        let target = matching.ask(text).name;
        near.contains(&u.candidates[*id].record.name) || named.contains(&target)
    })
}

/// Installed names that must stay while an installed record does, though no requirement that holds says so: those
/// that only its other side names, and those of dependencies that did not hold before.
pub(crate) fn bonds(
    matching: &mut Matching<'_, '_>,
    id: Id,
    before: &BTreeSet<(Id, String)>,
) -> BTreeSet<String> {
    let u = matching.universe;
    let candidate = &u.candidates[id];
    let depends = candidate.record.depends.iter();
    let broken = depends.filter(|text| before.contains(&(id, (*text).clone())));
    let mut names: BTreeSet<String> = broken.map(|text| matching.ask(text).name).collect();
    names.extend(candidate.named_by_prefix.iter().cloned());
    names.retain(|name| u.installed.contains_key(name) && *name != candidate.record.name);
    names
}

/// Installed names that nothing asked for leads to.
pub(crate) fn unneeded(
    matching: &mut Matching<'_, '_>,
    environment: &Environment,
) -> BTreeSet<String> {
    let u = matching.universe;
    let mut asks: Vec<Ask> = u.roots(environment).into_iter().map(Ask::of_name).collect();
    asks.extend(environment.history.iter().map(Ask::of_spec));
    let reached = matching.reach(asks, &u.installed);
    let installed = u.installed.keys();
    installed
        .filter(|name| !reached.contains(*name))
        .cloned()
        .collect()
}

/// What is left when packages are removed: without what the specs match, what needs it, and what then nothing leads to
/// any more that was asked for or that nothing needed before.
///
/// # Errors
/// [`Error::Broken`] where a spec matches nothing that is installed.
pub(crate) fn left_behind(
    matching: &mut Matching<'_, '_>,
    environment: &Environment,
) -> Result<Chosen, Error> {
    let u = matching.universe;
    let mut left = u.installed.clone();
    for spec in &u.problem.specs {
        let matched = |id: &Id| spec.spec.matches(&u.candidates[*id].record);
        if !u.installed.values().any(matched) {
            return Err(Error::Broken(format!("'{}' is not installed", spec.text)));
        }
        left.retain(|_, id| !matched(id));
    }
    if environment.force_remove {
        return Ok(left);
    }
    // What a record needs: the names it depends on, and what the extras need that it asks for.
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, &id) in &u.installed {
        let mut needed = BTreeSet::new();
        let mut groups: BTreeSet<(String, String)> = BTreeSet::new();
        let mut open = matching.asks(id, None);
        while let Some(Ask { name, extras }) = open.pop() {
            for extra in extras {
                let there = u.installed.get(&name);
                if groups.insert((name.clone(), extra.clone())) {
                    open.extend(
                        there
                            .into_iter()
                            .flat_map(|&id| matching.asks(id, Some(&extra))),
                    );
                }
            }
            needed.insert(name);
        }
        needs.insert(name.clone(), needed);
    }
    loop {
        let gone = |name: &String| u.installed.contains_key(name) && !left.contains_key(name);
        let lacks = |name: &&String| needs[*name].iter().any(gone);
        let Some(name) = left.keys().find(lacks).cloned() else {
            break;
        };
        left.remove(&name);
    }
    let mut asks: Vec<Ask> = keepers(matching, environment)
        .into_iter()
        .map(Ask::of_name)
        .collect();
    let extras = environment
        .history
        .iter()
        .filter(|h| !h.spec.extras().is_empty());
    asks.extend(extras.map(Ask::of_spec));
    let reached = matching.reach(asks, &left);
    left.retain(|name, _| reached.contains(name));
    Ok(left)
}

/// Names that are in an environment for a reason of their own: roots, and what nothing needed before.
pub(crate) fn keepers(
    matching: &mut Matching<'_, '_>,
    environment: &Environment,
) -> BTreeSet<String> {
    let roots = matching.universe.roots(environment);
    let mut keepers: BTreeSet<String> = roots.into_iter().collect();
    if !environment.prune {
        keepers.extend(unneeded(matching, environment));
    }
    keepers
}

/// What a request asks for, and what earlier ones asked for with extras.
pub(crate) fn asked(problem: &Problem) -> Vec<Ask> {
    let mut asks: Vec<Ask> = problem.specs.iter().map(Ask::of_spec).collect();
    if let Some(environment) = &problem.environment {
        // A new spec of a name takes the place of its earlier ones.
        let history = environment.history.iter();
        let earlier = history.filter(|h| !problem.specs.iter().any(|s| s.name == h.name));
        asks.extend(
            earlier
                .filter(|h| !h.spec.extras().is_empty())
                .map(Ask::of_spec),
        );
    }
    asks
}

/// A set of nodes, with names that a model keeps though nothing leads to them, and all that may lead to them and is not
/// reached either; `None` where what is installed and stays is needed.
pub(crate) fn unfounded(
    matching: &mut Matching<'_, '_>,
    model: &Chosen,
) -> Option<BTreeSet<String>> {
    let u = matching.universe;
    let asks = sources(matching);
    let founded = matching.reach(asks, model);
    let kept = u
        .installed
        .iter()
        .filter(|(name, id)| model.get(*name) == Some(id));
    let mut set: BTreeSet<String> = kept
        .map(|(name, _)| name)
        .filter(|name| !founded.contains(*name))
        .cloned()
        .collect();
    if set.is_empty() {
        return None;
    }
    let usable = (0..u.candidates.len()).filter(|&id| u.candidates[id].usable);
    let nodes: Vec<(Id, String, Option<String>)> = usable
        .flat_map(|id| {
            let nodes = matching.nodes(id).into_iter();
            nodes.map(move |(node, group)| (id, node, group))
        })
        .filter(|(_, node, _)| !founded.contains(node))
        .collect();
    let others: Vec<(String, BTreeSet<String>)> = nodes
        .into_iter()
        .map(|(id, node, group)| (node, matching.leads_to(id, group.as_deref())))
        .collect();
    loop {
        let before = set.len();
        for (node, to) in &others {
            if !set.contains(node) && !to.is_disjoint(&set) {
                set.insert(node.clone());
            }
        }
        if set.len() == before {
            return Some(set);
        }
    }
}

/// What needs nothing else to be there: the request, and the names that are there for a reason of their own.
pub(crate) fn sources(matching: &mut Matching<'_, '_>) -> Vec<Ask> {
    let problem = matching.universe.problem;
    let mut asks = asked(problem);
    if let Some(environment) = &problem.environment {
        let keepers = keepers(matching, environment).into_iter();
        asks.extend(keepers.map(Ask::of_name));
    }
    asks
}

/// Rule 5: what of a model is an answer, the records that the request, roots that stay, or installed packages that
/// nothing needed before lead to.
pub(crate) fn needed(matching: &mut Matching<'_, '_>, model: &Chosen) -> Chosen {
    let asks = sources(matching);
    let reached = matching.reach(asks, model);
    let model = model.iter();
    model
        .filter(|(name, _)| reached.contains(*name))
        .map(|(name, id)| (name.clone(), *id))
        .collect()
}
