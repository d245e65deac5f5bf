//! The levels of the contract, each step with the claim that nothing less is possible.
//!
//! The model is given. Level by level its costs are read off the records; the step then holds if no model of the
//! clauses so far pays less, and from then on models that pay more are forbidden by a clause. For a sum:
//!
//! 1. each package's cost has a *lower bound*, the claim that every model pays at least that much;
//! 2. if these add up to what the model pays, every further model pays exactly them;
//! 3. else a totalizer counts what is paid above them, and the claim is that this is at least the difference. Where the
//!    contract breaks ties, package by package in order, each one's cost is a claim of its own.
//!
//! What is minimised: models may hold superfluous packages (clauses do not say "nothing superfluous"), so the claims
//! are about more models than there are answers. An answer that is best among them is best among the answers. Only in
//! level 5 a superfluous package saves something; from there on the certificate's *loops* say of sets of nodes
//! (names, and extras of names) that nothing of them is there unless a record outside leads to them, which holds for
//! every answer.

use std::collections::{BTreeMap, BTreeSet};

use conda::Version;

use crate::encode::{Engine, Formula};
use crate::error::Error;
use crate::ladder::Ladder;
use crate::matching::{Ask, Chosen};
use crate::problem::{Environment, Mode, Strategy};
use crate::rules::{is_mended, keepers, unneeded};
use crate::universe::Id;

/// A step that holds: its name and the value that was shown to be the least.
pub type Proved = (String, u64);

/// A run through the levels.
pub(crate) struct Levels<'l, 'm, 'u, 'p, E> {
    formula: &'l mut Formula<'m, 'u, 'p, E>,
    model: &'l Chosen,
    loops: &'l [BTreeSet<String>],
    /// What was shown so far.
    pub proved: Vec<Proved>,
    /// Version and build ranks, by name.
    ranks: BTreeMap<String, BTreeMap<Id, (u64, u64)>>,
    /// Extras that count for the layers: those that the request names, and those that records of a layer do.
    extras: BTreeSet<(String, String)>,
}

/// What an environment asks for.
#[derive(Default)]
struct Standing {
    roots: Vec<Ladder>,
    dropped: Vec<Ladder>,
    downgraded: Vec<Ladder>,
    python: Vec<Ladder>,
    stay: Vec<Ladder>,
    changes: Vec<Ladder>,
}

impl<'l, 'm, 'u, 'p, E: Engine> Levels<'l, 'm, 'u, 'p, E> {
    /// Nothing is shown yet.
    pub(crate) fn new(
        formula: &'l mut Formula<'m, 'u, 'p, E>,
        model: &'l Chosen,
        loops: &'l [BTreeSet<String>],
    ) -> Self {
        Levels {
            formula,
            model,
            loops,
            proved: Vec::new(),
            ranks: BTreeMap::new(),
            extras: BTreeSet::new(),
        }
    }

    /// Shows every level.
    ///
    /// # Errors
    /// [`Error::Refused`] with the first step that does not hold.
    pub(crate) fn run(&mut self) -> Result<(), Error> {
        let problem = self.formula.u().problem;
        let mut requested: Vec<String> = Vec::new();
        for spec in problem.specs.iter().filter(|s| !s.name.starts_with("__")) {
            if !requested.contains(&spec.name) {
                requested.push(spec.name.clone());
            }
            let extras = spec.spec.extras().iter();
            self.extras
                .extend(extras.map(|extra| (spec.name.clone(), extra.clone())));
        }
        let environment = problem.environment.as_ref();
        let standing = match environment {
            Some(environment) => self.standing(environment, &mut requested)?,
            None => Standing::default(),
        };
        let mode = environment.map(|e| e.mode);
        if environment.is_some() {
            self.minimise("level 1: roots removed", &standing.roots, false)?;
            self.minimise("level 1: earlier specs dropped", &standing.dropped, false)?;
            self.minimise("level 1: roots downgraded", &standing.downgraded, false)?;
            self.minimise("level 1: python's minor version", &standing.python, false)?;
            self.minimise("requested packages that stay", &standing.stay, false)?;
        }
        if mode == Some(Mode::Install) {
            self.loops()?;
            self.minimise("level 5: changes", &standing.changes, false)?;
        }
        if let Some(asked) = self.asked_versions(&requested) {
            let step = "level 2: version ranks among what is asked for under conditions";
            if problem.strategy == Strategy::Ordered {
                self.in_order(step, &asked)?;
            } else {
                self.minimise(step, &asked, true)?;
            }
        }
        let versions = self.versions(&requested);
        let step = "level 2: version ranks of the requested";
        if problem.strategy == Strategy::Ordered {
            self.in_order(step, &versions)?;
        } else {
            self.minimise(step, &versions, true)?;
        }
        let features = self.features(&requested);
        self.minimise("level 3: requested with track_features", &features, false)?;
        let builds = self.builds(&requested);
        self.minimise("level 4: build ranks of the requested", &builds, true)?;
        if mode.is_some_and(|mode| mode != Mode::Install) {
            self.loops()?;
            self.minimise("level 5: changes", &standing.changes, false)?;
        }
        let order = self.layers(requested)?;
        self.packages(&order)
    }

    fn loops(&mut self) -> Result<(), Error> {
        self.loops
            .iter()
            .try_for_each(|set| self.formula.loop_of(set))
    }

    /// The costs of levels 1 and 5; names that join the requested are added to them.
    fn standing(
        &mut self,
        environment: &Environment,
        requested: &mut Vec<String>,
    ) -> Result<Standing, Error> {
        let u = self.formula.u();
        let explicit: BTreeSet<String> = requested.iter().cloned().collect();
        let roots = u.roots(environment);
        requested.extend(u.joined());
        if is_mended(self.formula.matching, requested) {
            return Err(Error::Unsupported(
                "a request that mends what was broken in the environment".into(),
            ));
        }
        let mut out = Standing::default();
        for name in roots.iter().filter(|n| !explicit.contains(*n)) {
            out.roots.push(self.formula.ladder(name, |_| 0, 1));
        }
        for spec in &environment.history {
            let stays = !explicit.contains(&spec.name) && u.installed.contains_key(&spec.name);
            if stays && !spec.spec.extras().is_empty() {
                return Err(Error::Unsupported(format!(
                    "the earlier spec '{}' asks for extras, which certificates do not know",
                    spec.text
                )));
            }
            // A condition of an earlier request says nothing about what is installed now.
            let superseded = requested.contains(&spec.name) || spec.spec.when().is_some();
            if superseded || !u.installed.contains_key(&spec.name) {
                continue;
            }
            out.dropped.push(self.violation(&spec.text));
        }
        let new = requested.iter().filter(|n| !roots.contains(n));
        for name in roots.iter().chain(new) {
            let Some(&here) = u.installed.get(name) else {
                continue;
            };
            let version = |id: Id| &u.candidates[id].version;
            let cost = |id: Id| u64::from(version(id) < version(here));
            out.downgraded.push(self.formula.ladder(name, cost, 0));
        }
        if let Some(&python) = u
            .installed
            .get("python")
            .filter(|_| !explicit.contains("python"))
        {
            let minor = Version::parse(&u.candidates[python].record.version)
                .ok()
                .and_then(|v| v.major_minor());
            if let Some((major, minor)) = minor {
                out.python
                    .push(self.violation(&format!("python {major}.{minor}.*")));
            }
        }
        if environment.mode == Mode::Install {
            for name in requested.iter().filter(|n| explicit.contains(*n)) {
                let Some(&here) = u.installed.get(name) else {
                    continue;
                };
                let mut specs = u.specs_of(name, Some(true)).into_iter();
                if specs.all(|spec| spec.matches(&u.candidates[here].record)) {
                    out.stay.push(self.change(name, here));
                }
            }
        }
        if environment.mode != Mode::UpdateAll {
            let leaving = if environment.prune {
                unneeded(self.formula.matching, environment)
            } else {
                BTreeSet::new()
            };
            for (name, &here) in &u.installed {
                let counted = environment.mode != Mode::Install || !requested.contains(name);
                if counted && !leaving.contains(name) {
                    out.changes.push(self.change(name, here));
                }
            }
        }
        Ok(out)
    }

    /// 1 where the name is not there with this record.
    fn change(&mut self, name: &str, here: Id) -> Ladder {
        self.formula.ladder(name, |id| u64::from(id != here), 1)
    }

    /// 1 where the spec's name is there with a record that the spec does not match.
    fn violation(&mut self, text: &str) -> Ladder {
        let wanted = self.formula.matching.wanted(text);
        let cost = |id: Id| u64::from(!wanted.members.contains(&id));
        self.formula.ladder(&wanted.name, cost, 0)
    }

    fn ranks(&mut self, name: &str) -> BTreeMap<Id, (u64, u64)> {
        if let Some(known) = self.ranks.get(name) {
            return known.clone();
        }
        let ranks = self.formula.u().ranks(name);
        self.ranks.insert(name.to_string(), ranks.clone());
        ranks
    }

    /// The first sum of level 2 where requested specs have conditions.
    fn asked_versions(&mut self, names: &[String]) -> Option<Vec<Ladder>> {
        let u = self.formula.u();
        let asked: Vec<Option<BTreeMap<Id, u64>>> =
            names.iter().map(|name| u.asked_versions(name)).collect();
        if asked.iter().all(Option::is_none) {
            return None;
        }
        let mut out = self.versions(names);
        for (ladder, (name, ranks)) in out.iter_mut().zip(names.iter().zip(asked)) {
            if let Some(ranks) = ranks {
                let cost = |id: Id| ranks.get(&id).copied().unwrap_or(0);
                *ladder = self.formula.ladder(name, cost, 0);
            }
        }
        Some(out)
    }

    fn versions(&mut self, names: &[String]) -> Vec<Ladder> {
        self.of_records(names, |ranks, id| ranks.get(&id).map_or(0, |r| r.0))
    }

    fn builds(&mut self, names: &[String]) -> Vec<Ladder> {
        self.of_records(names, |ranks, id| ranks.get(&id).map_or(0, |r| r.1))
    }

    fn of_records(
        &mut self,
        names: &[String],
        cost: impl Fn(&BTreeMap<Id, (u64, u64)>, Id) -> u64,
    ) -> Vec<Ladder> {
        let mut out = Vec::new();
        for name in names {
            let ranks = self.ranks(name);
            out.push(self.formula.ladder(name, |id| cost(&ranks, id), 0));
        }
        out
    }

    fn features(&mut self, names: &[String]) -> Vec<Ladder> {
        let u = self.formula.u();
        let cost = |id: Id| u64::from(!u.candidates[id].record.track_features.is_empty());
        names
            .iter()
            .map(|name| self.formula.ladder(name, cost, 0))
            .collect()
    }

    /// Level 6; returns the names of all layers, in order.
    fn layers(&mut self, requested: Vec<String>) -> Result<Vec<String>, Error> {
        let mut covered: BTreeSet<String> = requested.iter().cloned().collect();
        let mut layer = requested;
        layer.sort_unstable();
        let mut order = layer.clone();
        let keepers = match &self.formula.u().problem.environment {
            Some(environment) => keepers(self.formula.matching, environment),
            None => BTreeSet::new(),
        };
        let mut number = 0;
        loop {
            let mut next: Vec<String> = self.next_layer(&layer, &covered).into_iter().collect();
            if next.is_empty() {
                // What is in the environment for a reason of its own, and no layer leads to; and what else is there.
                let left = |name: &&String| !covered.contains(*name);
                next = keepers.iter().filter(left).cloned().collect();
                if next.is_empty() {
                    next = self.model.keys().filter(left).cloned().collect();
                }
            }
            if next.is_empty() {
                return Ok(order);
            }
            covered.extend(next.iter().cloned());
            number += 1;
            let versions = self.versions(&next);
            let step = format!("level 6, layer {number}");
            self.minimise(&format!("{step}: version ranks"), &versions, true)?;
            let features = self.features(&next);
            self.minimise(&format!("{step}: track_features"), &features, false)?;
            let builds = self.builds(&next);
            self.minimise(&format!("{step}: build ranks"), &builds, true)?;
            order.extend_from_slice(&next);
            layer = next;
        }
    }

    /// The names that the records with the ranks of a layer's names require, their extras included, and that are in no
    /// layer yet.
    fn next_layer(&mut self, layer: &[String], covered: &BTreeSet<String>) -> BTreeSet<String> {
        let mut asks: Vec<Ask> = Vec::new();
        for name in layer {
            asks.extend(self.required(name, None));
            let known: Vec<String> = self
                .extras
                .iter()
                .filter(|(n, _)| n == name)
                .map(|(_, group)| group.clone())
                .collect();
            for group in known {
                asks.extend(self.required(name, Some(&group)));
            }
        }
        let mut next = BTreeSet::new();
        while let Some(Ask { name, extras }) = asks.pop() {
            if name.is_empty() || name.starts_with("__") {
                continue;
            }
            for extra in extras {
                // An extra of a name that has its layer already leads on from here.
                if self.extras.insert((name.clone(), extra.clone())) && covered.contains(&name) {
                    asks.extend(self.required(&name, Some(&extra)));
                }
            }
            if !covered.contains(&name) {
                next.insert(name);
            }
        }
        next
    }

    /// What the records ask for that have the ranks of a name in the model; of an absent one, the best records.
    fn required(&mut self, name: &str, group: Option<&str>) -> Vec<Ask> {
        let ranks = self.ranks(name);
        let here = match self.model.get(name) {
            Some(id) => ranks.get(id).copied().unwrap_or((0, 0)),
            None => (0, 0),
        };
        let peers: Vec<Id> = ranks
            .iter()
            .filter(|(_, ranks)| **ranks == here)
            .map(|(&id, _)| id)
            .collect();
        peers
            .into_iter()
            .flat_map(|id| self.formula.matching.names(id, group))
            .collect()
    }

    /// Level 7.
    fn packages(&mut self, order: &[String]) -> Result<(), Error> {
        let names = self.formula.u().names.keys();
        let presence: Vec<Ladder> = names
            .map(|name| self.formula.ladder(name, |_| 1, 0))
            .collect();
        self.minimise("level 7: packages", &presence, false)?;
        let mut places = Vec::new();
        for name in order {
            let u = self.formula.u();
            let ids = self.formula.usable(name);
            // The place among equals, from 1: those of one version and build number.
            let place = |id: Id| {
                let before = ids.iter().take_while(|&&other| other != id);
                let equal = before.filter(|&&o| u.same_version(o, id) && u.same_build(o, id));
                equal.count() as u64 + 1
            };
            let costs: BTreeMap<Id, u64> = ids.iter().map(|&id| (id, place(id))).collect();
            places.push(self.formula.ladder(name, |id| costs[&id], 0));
        }
        self.in_order("level 7: candidates", &places)
    }

    /// What the model pays.
    fn paid(&self, ladders: &[Ladder]) -> Vec<u64> {
        let paid = |ladder: &Ladder| ladder.cost(self.model.get(&ladder.name).copied());
        ladders.iter().map(paid).collect()
    }

    /// A sum, and its ties in order.
    fn minimise(&mut self, step: &str, ladders: &[Ladder], ties: bool) -> Result<(), Error> {
        let paid = self.paid(ladders);
        let total: u64 = paid.iter().sum();
        let lower = self.formula.engine.lower_bounds(step, ladders, &paid)?;
        let slack = total - lower.iter().sum::<u64>();
        for (ladder, lower) in ladders.iter().zip(&lower) {
            if slack == 0 {
                self.forbid(ladder, *lower);
            }
        }
        if slack > 0 {
            let sums = self.formula.totalizer(ladders, &lower, slack + 1);
            let reached = sums.iter().find(|(sum, _)| *sum >= slack).map(|s| s.1);
            self.formula.engine.claim(step, reached)?;
            if let Some(&(_, lit)) = sums.iter().find(|(sum, _)| *sum > slack) {
                self.formula.engine.clause(&[-lit]);
            }
            for (ladder, lower) in ladders.iter().zip(&lower) {
                self.forbid(ladder, lower + slack);
            }
            if ties {
                self.each_in_order(&format!("{step}, ties"), ladders, &paid)?;
            }
        }
        if !ladders.is_empty() {
            self.proved.push((step.to_string(), total));
        }
        Ok(())
    }

    /// One cost after the other, each fixed before the next.
    fn in_order(&mut self, step: &str, ladders: &[Ladder]) -> Result<(), Error> {
        let paid = self.paid(ladders);
        self.each_in_order(step, ladders, &paid)?;
        self.proved.push((step.to_string(), paid.iter().sum()));
        Ok(())
    }

    fn each_in_order(&mut self, step: &str, ladders: &[Ladder], paid: &[u64]) -> Result<(), Error> {
        for (ladder, &paid) in ladders.iter().zip(paid) {
            if let Some(lit) = ladder.at_least(paid) {
                self.formula
                    .engine
                    .claim(&format!("{step}, {}", ladder.name), Some(lit))?;
            }
            self.forbid(ladder, paid);
        }
        Ok(())
    }

    /// The cost is at most `value` from now on.
    fn forbid(&mut self, ladder: &Ladder, value: u64) {
        if let Some(lit) = ladder.above(value) {
            self.formula.engine.clause(&[-lit]);
        }
    }
}
