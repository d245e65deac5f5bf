//! Fixes: the smallest changes of the request that give an answer.
//!
//! A conflict names the facts that the user can change (see `edits`). Lifting one resolves this conflict, though
//! another may come to light; then the facts of that one are tried in addition. So the search goes breadth first over
//! sets of changes, at most three, and every set that is shown was solved. A set that contains a smaller one that works is
//! not shown. Where three changes are not enough, the cheapest ones are made one after another until there is an answer.
//! A spec that is relaxed is relaxed to its name to find out whether that helps, and then no further than it must be
//! (see `core::relax`).
//!
//! **Order.** Fewer changes first; among equals by how little they take away: another name for a typo, a virtual package
//! that is given, a cut-off that is moved, another channel priority, a freeze, pin, constraint or policy that is lifted, a
//! spec that is relaxed, a spec that is dropped, another platform; then in the order of the facts.

use std::sync::Arc;
use std::time::Instant;

use conda::index::Index;

use super::{changes, give_virtual_package, move_cutoff, platforms, Change, Choice};
use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::core::relax::relax;
use crate::optimize::Budget;
use crate::request::{Request, RequestSpec};
use crate::solution::Solution;
use crate::solve::{solve, SolveError};

/// Most changes in one fix, while there is one with no more.
const MOST_CHANGES: usize = 3;
/// Most changes that are made one after another when that is not enough.
const MOST_IN_A_ROW: usize = 16;
/// Most fixes that are shown.
const MOST_FIXES: usize = 5;
/// How often a virtual package is given anew because it was too old, or a cut-off moved on.
const MOST_RAISES: usize = 40;
/// Most sets of changes that are tried.
const MOST_TRIES: usize = 60;

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

/// A set of changes, and the conflict that is left.
struct Open {
    changes: Vec<Change>,
    request: Request,
    index: Arc<Index>,
    conflict: Conflict,
}

impl Conflict {
    /// Finds fixes, until the budget is spent.
    pub fn fixes(&self, budget: Budget<'_>) -> Fixes {
        self.fixes_up_to(MOST_FIXES, budget)
    }

    /// Finds the first so many fixes, until the budget is spent.
    pub fn fixes_up_to(&self, most: usize, budget: Budget<'_>) -> Fixes {
        let mut fixes: Vec<Fix> = Vec::new();
        let mut tried: Vec<Vec<Change>> = Vec::new();
        let mut complete = true;
        let spent = || {
            budget
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
        };
        let mut frontier = vec![Open {
            changes: Vec::new(),
            request: self.request.clone(),
            index: Arc::clone(&self.index),
            conflict: self.clone(),
        }];
        for _ in 0..MOST_CHANGES {
            let mut next: Vec<Open> = Vec::new();
            let mut sets: Vec<(Vec<Change>, Choice)> = Vec::new();
            for open in &frontier {
                for choice in changes(&open.conflict, &open.request, &open.index) {
                    let mut set = open.changes.clone();
                    set.push(choice.change.clone());
                    sets.push((set, choice));
                }
            }
            for (set, choice) in sets {
                let is_known = tried.iter().any(|known| same(known, &set));
                let has_smaller = fixes
                    .iter()
                    .any(|fix| fix.changes.iter().all(|c| set.contains(c)));
                if is_known || has_smaller || fixes.len() >= most {
                    continue;
                }
                if spent() || tried.len() >= MOST_TRIES {
                    complete = false;
                    break;
                }
                tried.push(set.clone());
                match attempt(set, choice, budget) {
                    Attempt::Works(fix) => fixes.push(*fix),
                    Attempt::Fails(open) => next.push(*open),
                    Attempt::Interrupted => complete = false,
                }
            }
            // Other platforms last: their data is read only for this.
            if tried.iter().all(|set| set.len() == 1) && fixes.len() < most && !spent() {
                for choice in platforms(self, &self.request) {
                    match attempt(vec![choice.change.clone()], choice, budget) {
                        Attempt::Works(fix) if fixes.len() < most => fixes.push(*fix),
                        _ => {}
                    }
                }
            }
            frontier = next;
            if !fixes.is_empty() || frontier.is_empty() {
                break;
            }
        }
        if fixes.is_empty() && complete {
            if let Some(open) = frontier.into_iter().next() {
                match in_a_row(open, budget) {
                    Attempt::Works(fix) => fixes.push(*fix),
                    Attempt::Fails(_) => {}
                    Attempt::Interrupted => complete = false,
                }
            }
        }
        Fixes { fixes, complete }
    }
}

/// What became of a set of changes.
enum Attempt {
    Works(Box<Fix>),
    Fails(Box<Open>),
    Interrupted,
}

/// Makes the cheapest change of each further conflict until there is an answer.
fn in_a_row(mut open: Open, budget: Budget<'_>) -> Attempt {
    while open.changes.len() < MOST_IN_A_ROW {
        let mut choices = changes(&open.conflict, &open.request, &open.index);
        if choices.is_empty() {
            break;
        }
        let choice = choices.swap_remove(0);
        let mut set = open.changes;
        set.push(choice.change.clone());
        match attempt(set, choice, budget) {
            Attempt::Fails(further) => open = *further,
            other => return other,
        }
    }
    Attempt::Fails(Box::new(open))
}

/// Solves with a set of changes, the last of which is new. Where that one gives the target a virtual package that turns
/// out to be too old still, or moves a cut-off not far enough, it goes further: that is one change.
fn attempt(mut set: Vec<Change>, choice: Choice, budget: Budget<'_>) -> Attempt {
    let (index, mut request) = (choice.index, choice.request);
    for raised in 0.. {
        let further = match solve(&index, &request, budget) {
            Ok(solution) => {
                let mut fix = Fix {
                    changes: set,
                    request,
                    solution,
                };
                tighten(&mut fix, &index, budget);
                say_version(&mut fix.changes, &fix.solution);
                return Attempt::Works(Box::new(fix));
            }
            Err(SolveError::Unsatisfiable(further)) => further,
            Err(_) => return Attempt::Interrupted,
        };
        let last = set.last_mut().filter(|_| raised < MOST_RAISES);
        match last.and_then(|last| go_further(last, &further, &request)) {
            Some(again) => request = again,
            None => {
                return Attempt::Fails(Box::new(Open {
                    changes: set,
                    request,
                    index,
                    conflict: *further,
                }))
            }
        }
    }
    Attempt::Interrupted
}

/// Makes a change larger because of the conflict that is left: the request then.
fn go_further(last: &mut Change, further: &Conflict, request: &Request) -> Option<Request> {
    let (_, mut change, request) = match last.kind {
        "add_virtual_package" => {
            let same = |f: &&Fact| f.kind == FactKind::VirtualPackage && f.name == last.name;
            let fact = further.facts.iter().find(same)?;
            give_virtual_package(further, fact, request)?
        }
        "move_cutoff" => move_cutoff(further, request).filter(|(_, c, _)| c.name == last.name)?,
        _ => return None,
    };
    if change.to == last.to {
        return None;
    }
    change.from.clone_from(&last.from);
    *last = change;
    Some(request)
}

/// Relaxes specs no further than they must be; where time strikes, they stay as relaxed as they are.
fn tighten(fix: &mut Fix, index: &Arc<Index>, budget: Budget<'_>) {
    for change in &mut fix.changes {
        if change.kind != "relax_spec" {
            continue;
        }
        let asked = fix.request.specs.iter();
        let at = asked.enumerate().find(|(_, s)| s.text == change.to);
        let Some(((at, _), before)) = at.zip(RequestSpec::parse(&change.from).ok()) else {
            continue;
        };
        let found = relax(index, &fix.request, &before, &fix.solution, budget);
        let Ok(Some(spec)) = found else {
            continue;
        };
        let mut request = fix.request.clone();
        request.specs[at] = spec;
        if let Ok(solution) = solve(index, &request, budget) {
            change.to.clone_from(&request.specs[at].text);
            (fix.request, fix.solution) = (request, solution);
        }
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
