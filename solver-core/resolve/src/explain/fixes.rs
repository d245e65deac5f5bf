//! Fixes: the smallest changes of the request that give an answer.
//!
//! A conflict names the facts that the user can change: a requested spec, a pin, a constraint, channel priority, a policy,
//! what the target has. Lifting one resolves this conflict, though another may come to light; then the facts of that one
//! are tried in addition. So the search goes breadth first over sets of changes, at most three, and every set that
//! is shown was solved. A set that contains a smaller one that works is not shown.
//!
//! **Order.** Fewer changes first; among equals by how little they take away: a virtual package that is given, a cut-off
//! that is moved, another channel priority, a pin or constraint that is lifted, a spec that is relaxed to its name, a
//! spec that is dropped; then in the order of the facts.

use std::time::Instant;

use conda::version::Version;

use super::facts::{Conflict, Fact, FactKind};
use super::hints::{date, end_of_day};
use crate::optimize::Budget;
use crate::request::{ChannelPriority, Cutoffs, Licenses, Request, RequestSpec, VirtualPackage};
use crate::solution::Solution;
use crate::solve::{solve, SolveError};

/// Most changes in one fix.
const MOST_CHANGES: usize = 3;
/// Most fixes that are shown.
const MOST_FIXES: usize = 5;
/// How often a virtual package is given anew because it was too old.
const MOST_RAISES: usize = 8;
/// Most sets of changes that are tried.
const MOST_TRIES: usize = 60;

/// One change of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `add_virtual_package`, `move_cutoff`, `lift_policy`, `channel_priority`, `lift_pin`, `drop_constraint`,
    /// `relax_spec`, `drop_spec`.
    pub kind: &'static str,
    /// The package, virtual or not, that it is about; empty for changes about everything.
    pub name: String,
    /// What the request says now.
    pub from: String,
    /// What it would say; empty when the part goes.
    pub to: String,
    /// One sentence, as an order.
    pub text: String,
}

/// A set of changes that gives an answer.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What changes.
    pub changes: Vec<Change>,
    /// The request then.
    pub request: Request,
    /// The answer then.
    pub solution: Solution,
}

/// The fixes of a conflict.
#[derive(Debug, Clone)]
pub struct Fixes {
    /// In the documented order.
    pub fixes: Vec<Fix>,
    /// False if time struck before everything was tried.
    pub complete: bool,
}

impl Conflict {
    /// Finds fixes, until the budget is spent.
    pub fn fixes(&self, budget: Budget<'_>) -> Fixes {
        let mut fixes: Vec<Fix> = Vec::new();
        let mut tried: Vec<Vec<Change>> = Vec::new();
        let mut frontier: Vec<(Vec<Change>, Request, Conflict)> =
            vec![(Vec::new(), self.request.clone(), self.clone())];
        let mut complete = true;
        for _ in 0..MOST_CHANGES {
            let mut next = Vec::new();
            for (before, request, conflict) in frontier {
                for (change, changed) in changes(&conflict, &request) {
                    let mut set = before.clone();
                    set.push(change);
                    let is_known = tried.iter().any(|known| same(known, &set));
                    let has_smaller = fixes
                        .iter()
                        .any(|fix| fix.changes.iter().all(|c| set.contains(c)));
                    if is_known || has_smaller || fixes.len() >= MOST_FIXES {
                        continue;
                    }
                    let spent = budget
                        .deadline
                        .is_some_and(|deadline| Instant::now() >= deadline);
                    if spent || tried.len() >= MOST_TRIES {
                        complete = false;
                        break;
                    }
                    tried.push(set.clone());
                    match self.attempt(set, changed, budget) {
                        Attempt::Works(fix) => fixes.push(*fix),
                        Attempt::Fails(set, changed, further) => {
                            next.push((set, *changed, *further))
                        }
                        Attempt::Interrupted => complete = false,
                    }
                }
            }
            if !fixes.is_empty() || next.is_empty() {
                break;
            }
            frontier = next;
        }
        Fixes { fixes, complete }
    }
}

/// What became of a set of changes.
enum Attempt {
    Works(Box<Fix>),
    Fails(Vec<Change>, Box<Request>, Box<Conflict>),
    Interrupted,
}

impl Conflict {
    /// Solves with a set of changes. Where its last one gives the target a virtual package that turns out to be too old
    /// still, a newer one is given, and so on: that is one change.
    fn attempt(&self, mut set: Vec<Change>, mut changed: Request, budget: Budget<'_>) -> Attempt {
        for raised in 0.. {
            let further = match solve(&self.index, &changed, budget) {
                Ok(solution) => {
                    say_version(&mut set, &solution);
                    return Attempt::Works(Box::new(Fix {
                        changes: set,
                        request: changed,
                        solution,
                    }));
                }
                Err(SolveError::Unsatisfiable(further)) => further,
                Err(_) => return Attempt::Interrupted,
            };
            let last = set
                .last_mut()
                .filter(|c| c.kind == "add_virtual_package" && raised < MOST_RAISES);
            let again = last.and_then(|last| {
                let same = |f: &&Fact| f.kind == FactKind::VirtualPackage && f.name == last.name;
                let fact = further.facts.iter().find(same)?;
                let (_, mut change, request) = give_virtual_package(&further, fact, &changed)?;
                if change.to == last.to {
                    return None;
                }
                change.from.clone_from(&last.from);
                *last = change;
                Some(request)
            });
            match again {
                Some(request) => changed = request,
                None => return Attempt::Fails(set, Box::new(changed), further),
            }
        }
        Attempt::Interrupted
    }
}

/// Says which version a relaxed spec leads to.
fn say_version(set: &mut [Change], solution: &Solution) {
    for change in set.iter_mut().filter(|c| c.kind == "relax_spec") {
        let found = solution
            .records()
            .into_iter()
            .find(|r| r.name == change.name);
        if let Some(record) = found {
            change.text = format!(
                "relax {} to {} (that gives {})",
                change.from, change.to, record.version
            );
        }
    }
}

fn same(a: &[Change], b: &[Change]) -> bool {
    a.len() == b.len() && a.iter().all(|change| b.contains(change))
}

/// The request without one fact of a conflict, cheapest first: only specs, pins and constraints that can simply go.
pub(super) fn single_relaxations(conflict: &Conflict, request: &Request) -> Vec<Request> {
    let gone = |kind: &str| matches!(kind, "lift_pin" | "drop_constraint" | "drop_spec");
    changes(conflict, request)
        .into_iter()
        .filter(|(change, _)| gone(change.kind))
        .map(|(_, r)| r)
        .collect()
}

/// Each change that lifts a fact of the conflict, with the request then, cheapest first.
fn changes(conflict: &Conflict, request: &Request) -> Vec<(Change, Request)> {
    let mut out: Vec<(u8, Change, Request)> = Vec::new();
    for fact in &conflict.facts {
        match fact.kind {
            FactKind::VirtualPackage => out.extend(give_virtual_package(conflict, fact, request)),
            FactKind::Policy => out.extend(lift_policy(conflict, fact, request)),
            FactKind::ChannelPriority => {
                let mut changed = request.clone();
                changed.channel_priority = ChannelPriority::Flexible;
                let text = "set channel priority to flexible".to_string();
                out.push((
                    2,
                    change("channel_priority", "", "strict", "flexible", text),
                    changed,
                ));
            }
            FactKind::Pin => out.extend(lift(
                fact,
                request,
                |r| &mut r.pins,
                "lift_pin",
                "lift the pin",
            )),
            FactKind::Constraint => {
                out.extend(lift(
                    fact,
                    request,
                    |r| &mut r.constraints,
                    "drop_constraint",
                    "drop the constraint",
                ));
            }
            FactKind::Request => out.extend(give_up_spec(fact, request)),
            _ => {}
        }
    }
    out.sort_by_key(|(cost, _, _)| *cost);
    out.into_iter()
        .map(|(_, change, request)| (change, request))
        .collect()
}

fn change(kind: &'static str, name: &str, from: &str, to: &str, text: String) -> Change {
    Change {
        kind,
        name: name.to_string(),
        from: from.to_string(),
        to: to.to_string(),
        text,
    }
}

/// The target gets a virtual package in the least version that a fact of the conflict asks for.
fn give_virtual_package(
    conflict: &Conflict,
    fact: &Fact,
    request: &Request,
) -> Option<(u8, Change, Request)> {
    let asking = conflict.facts.iter().filter(|f| f.target == fact.name);
    // Records ask in different ways; the least that one of them asks for may do.
    let mut asked: Vec<(Version, String)> =
        asking.filter_map(|f| least(&f.spec, &fact.name)).collect();
    asked.sort();
    let had = request
        .virtual_packages
        .iter()
        .find(|v| v.name == fact.name);
    let newer = |(version, build): &&(Version, String)| {
        had.is_none_or(|had| {
            *version > had.version || (*version == had.version && *build != had.build)
        })
    };
    let (version, build) = asked.iter().find(newer).cloned()?;
    let given = VirtualPackage {
        name: fact.name.clone(),
        build,
        version,
    };
    let mut changed = request.clone();
    changed.virtual_packages.retain(|v| v.name != fact.name);
    let mut to = format!("{}={}", given.name, given.version);
    if given.build != "0" {
        to = format!("{to}={}", given.build);
    }
    let text = format!(
        "say that the target has {}, if it has",
        to.replace('=', " ")
    );
    changed.virtual_packages.push(given);
    Some((
        0,
        change("add_virtual_package", &fact.name, &fact.spec, &to, text),
        changed,
    ))
}

/// The least version that a spec such as `__cuda >=12` admits, and its build if it names one, as far as its text says.
fn least(spec: &str, name: &str) -> Option<(Version, String)> {
    let mut words = spec.strip_prefix(name)?.split_whitespace();
    let first = words.next().unwrap_or("0").split([',', '|']).next()?;
    let number = first
        .trim_start_matches(['>', '=', '~'])
        .trim_end_matches('*')
        .trim_end_matches('.');
    let number = if number.is_empty() { "0" } else { number };
    let build = words
        .next()
        .filter(|b| !b.contains(['*', '^', '|']))
        .unwrap_or("0");
    if first.starts_with(['<', '!']) {
        return None;
    }
    Some((Version::parse(number).ok()?, build.to_string()))
}

/// The cut-off moves to the day of the first record that it hides; a deny list or licence rule is lifted.
fn lift_policy(
    conflict: &Conflict,
    fact: &Fact,
    request: &Request,
) -> Option<(u8, Change, Request)> {
    let mut changed = request.clone();
    if fact.reason.as_deref() == Some("exclude_newer") && request.cutoffs != Cutoffs::default() {
        let first = fact.records.iter().map(|at| conflict.time(*at)).min()?;
        let until = end_of_day(first);
        if request.cutoffs.general.is_some_and(|now| now < until) {
            changed.cutoffs.general = Some(until);
        } else {
            changed.cutoffs = Cutoffs::default();
        }
        if changed.cutoffs != request.cutoffs {
            let from = request.cutoffs.general.map_or_else(String::new, date);
            let text = format!("move the cut-off to {}", date(first));
            return Some((
                1,
                change("move_cutoff", &fact.name, &from, &date(first), text),
                changed,
            ));
        }
    }
    changed.deny.clear();
    changed.licenses = Licenses::default();
    let text = "lift the deny list and the licence rule".to_string();
    Some((3, change("lift_policy", &fact.name, "", "", text), changed))
}

/// A pin or constraint goes.
fn lift(
    fact: &Fact,
    request: &Request,
    list: impl Fn(&mut Request) -> &mut Vec<RequestSpec>,
    kind: &'static str,
    words: &str,
) -> Option<(u8, Change, Request)> {
    let mut changed = request.clone();
    let specs = list(&mut changed);
    let at = specs.iter().position(|s| s.text == fact.spec)?;
    specs.remove(at);
    let text = format!("{words} {}", fact.spec);
    Some((3, change(kind, &fact.name, &fact.spec, "", text), changed))
}

/// A requested spec is relaxed to its name, or goes.
fn give_up_spec(fact: &Fact, request: &Request) -> Vec<(u8, Change, Request)> {
    let mut out = Vec::new();
    let Some(at) = request.specs.iter().position(|s| s.text == fact.spec) else {
        return out;
    };
    // What applies only sometimes goes on doing so.
    let bare = match request.specs[at].spec.when() {
        Some(condition) => format!("{}[when=\"{condition}\"]", fact.name),
        None => fact.name.clone(),
    };
    if fact.spec != bare {
        if let Ok(relaxed) = RequestSpec::parse(&bare) {
            let mut changed = request.clone();
            changed.specs[at] = relaxed;
            let text = format!("relax {} to {bare}", fact.spec);
            out.push((
                4,
                change("relax_spec", &fact.name, &fact.spec, &bare, text),
                changed,
            ));
        }
    }
    if request.specs.len() > 1 {
        let mut changed = request.clone();
        changed.specs.remove(at);
        let text = format!("do not ask for {}", fact.spec);
        out.push((
            5,
            change("drop_spec", &fact.name, &fact.spec, "", text),
            changed,
        ));
    }
    out
}
