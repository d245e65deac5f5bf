//! Specs and what they match, each distinct text once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use conda::MatchSpec;

use crate::problem::Spec;
use crate::universe::{Id, Universe};

/// A spec of a record or a request.
#[derive(Debug)]
pub struct Wanted {
    /// Taken apart; `None` where it cannot be read, which matches nothing.
    pub spec: Option<MatchSpec>,
    /// The package name; empty where it names none.
    pub name: String,
    /// For a spec on a virtual package: whether the target has one that matches, and whether it has any.
    pub on_target: Option<(bool, bool)>,
    /// The usable candidates that match.
    pub members: Vec<Id>,
    /// The usable candidates of its name that do not.
    pub others: Vec<Id>,
}

impl Wanted {
    /// The extras that it asks for.
    pub fn extras(&self) -> &[String] {
        self.spec.as_ref().map_or(&[], |spec| spec.extras())
    }
}

/// The specs seen so far.
pub struct Matching<'u, 'p> {
    /// What is matched.
    pub universe: &'u Universe<'p>,
    known: HashMap<String, Rc<Wanted>>,
}

impl<'u, 'p> Matching<'u, 'p> {
    /// Nothing yet.
    pub fn new(universe: &'u Universe<'p>) -> Self {
        Matching {
            universe,
            known: HashMap::new(),
        }
    }

    /// The spec of a text.
    pub fn wanted(&mut self, text: &str) -> Rc<Wanted> {
        if let Some(known) = self.known.get(text) {
            return Rc::clone(known);
        }
        let wanted = Rc::new(self.take(MatchSpec::parse(text).ok()));
        self.known.insert(text.to_string(), Rc::clone(&wanted));
        wanted
    }

    /// A spec that is taken apart already, such as a leaf of a condition.
    pub fn take(&self, spec: Option<MatchSpec>) -> Wanted {
        let name = spec.as_ref().and_then(MatchSpec::name_exact);
        let name = name.unwrap_or_default().to_string();
        let u = self.universe;
        let on_target = name.starts_with("__").then(|| {
            let of_name = || u.problem.virtual_packages.iter().filter(|r| r.name == name);
            let matches = |r: &conda::PackageRecord| spec.as_ref().is_some_and(|s| s.matches(r));
            (of_name().any(matches), of_name().next().is_some())
        });
        let (mut members, mut others) = (Vec::new(), Vec::new());
        for &id in u.names.get(&name).into_iter().flatten() {
            let candidate = &u.candidates[id];
            if !candidate.usable {
                continue;
            }
            match &spec {
                Some(spec) if spec.matches(&candidate.record) => members.push(id),
                _ => others.push(id),
            }
        }
        Wanted {
            spec,
            name,
            on_target,
            members,
            others,
        }
    }
}

/// Chosen candidates by name.
pub type Chosen = BTreeMap<String, Id>;

/// A name that something asks for, with extras of it.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The name.
    pub name: String,
    /// Optional dependency groups (CEP 44).
    pub extras: Vec<String>,
}

impl Ask {
    /// A name without extras.
    pub fn of_name(name: String) -> Self {
        Ask {
            name,
            extras: Vec::new(),
        }
    }

    /// Its nodes: the name and the extras, written `name[extra]`.
    pub fn nodes(&self) -> impl Iterator<Item = String> + '_ {
        let extras = self.extras.iter();
        let extras = extras.map(|extra| node_of_extra(&self.name, extra));
        std::iter::once(self.name.clone()).chain(extras)
    }

    /// What a spec of a request asks for.
    pub fn of_spec(spec: &Spec) -> Self {
        Ask {
            name: spec.name.clone(),
            extras: spec.spec.extras().to_vec(),
        }
    }
}

fn node_of_extra(name: &str, extra: &str) -> String {
    format!("{name}[{extra}]")
}

impl Matching<'_, '_> {
    /// What a record asks for, by its `depends` or by a group; conditions are not looked at.
    pub fn asks(&mut self, id: Id, group: Option<&str>) -> Vec<Ask> {
        let record = &self.universe.candidates[id].record;
        let texts: Vec<&String> = match group {
            None => record.depends.iter().collect(),
            Some(group) => record
                .extra_depends
                .iter()
                .filter(|(name, _)| name == group)
                .flat_map(|(_, texts)| texts)
                .collect(),
        };
        texts.into_iter().map(|text| self.ask(text)).collect()
    }

    /// The same, and what the other side of an installed record names.
    pub fn names(&mut self, id: Id, group: Option<&str>) -> Vec<Ask> {
        let mut asks = self.asks(id, group);
        if group.is_none() {
            let more = &self.universe.candidates[id].named_by_prefix;
            asks.extend(more.iter().cloned().map(Ask::of_name));
        }
        asks
    }

    /// The nodes that a record leads to, by its `depends` or by a group.
    pub fn leads_to(&mut self, id: Id, group: Option<&str>) -> BTreeSet<String> {
        self.names(id, group).iter().flat_map(Ask::nodes).collect()
    }

    /// The nodes of a candidate: its name and the extras that it has, with the group of each.
    pub fn nodes(&self, id: Id) -> Vec<(String, Option<String>)> {
        let record = &self.universe.candidates[id].record;
        let name = (record.name.clone(), None);
        let groups = record.extra_depends.iter().map(|(group, _)| group);
        let extras = groups.map(|group| (node_of_extra(&record.name, group), Some(group.clone())));
        std::iter::once(name).chain(extras).collect()
    }

    /// What a spec asks for.
    pub fn ask(&mut self, text: &str) -> Ask {
        let wanted = self.wanted(text);
        Ask {
            name: wanted.name.clone(),
            extras: wanted.extras().to_vec(),
        }
    }

    /// The nodes that something leads to; the names may be chosen or not.
    pub fn reach(&mut self, roots: Vec<Ask>, chosen: &Chosen) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = roots;
        while let Some(ask) = open.pop() {
            let id = chosen.get(&ask.name).copied();
            let groups = ask.extras.iter().map(|extra| Some(extra.as_str()));
            for (node, group) in ask.nodes().zip(std::iter::once(None).chain(groups)) {
                if reached.insert(node) {
                    open.extend(id.into_iter().flat_map(|id| self.names(id, group)));
                }
            }
        }
        reached
    }
}
