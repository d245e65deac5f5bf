//! Fixes: the smallest changes of the request that give an answer.
//!
//! A conflict names the facts that the user can change (see `suggest`). Lifting one resolves this conflict, though
//! another may come to light; then the facts of that one are tried in addition. So the search goes breadth first over
//! sets of changes, at most three, and every set that is shown was solved. A set that contains a smaller one that works is
//! not shown. Where three changes are not enough, the cheapest ones are made one after another until there is an answer.
//! What is requested and not there is given up together. Where all that is found takes a requested package away, edits
//! that do not are made one after another, so that there is a fix that keeps every name, if that is possible.
//! A spec that is relaxed is relaxed to its name to find out whether that helps, and then no further than it must be
//! (see `core::relax`).
//!
//! **Order.** Fewer changes first; among equals by how little they take away: another name for a typo, a virtual
//! package that is given, a cut-off that is moved, another channel priority, a freeze, pin, constraint or policy that
//! is lifted, a spec that is relaxed, a spec that is dropped, another platform; then in the order of the facts.

use std::sync::Arc;
use std::time::Instant;

use conda::index::Index;
use conda::pattern::glob_matches;

use super::edit::{Draft, Edit};
use super::suggest::{
    choices, give_up_what_is_missing, give_virtual_package, move_cutoff, platforms, Choice,
};
use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::core::relax::relax;
use crate::optimize::Budget;
use crate::request::{Deps, Request, RequestSpec};
use crate::solution::Solution;
use crate::solve::{solve, SolveError};

/// Most changes in one fix, while a fix that small exists.
const MOST_CHANGES: usize = 3;
/// Most changes that are made one after another when that is not enough.
const MOST_IN_A_ROW: usize = 16;
/// Most fixes that are shown.
const MOST_FIXES: usize = 5;
/// How often a virtual package is given again because it was too old, or a cut-off moved on.
const MOST_RAISES: usize = 40;
/// Most sets of changes from which one that keeps every name is looked for.
const MOST_BEGUN: usize = 4;
/// Most sets of changes that are tried.
const MOST_TRIES: usize = 60;

/// A set of edits that gives an answer.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What changes.
    pub edits: Vec<Edit>,
    /// The request then.
    pub request: Request,
    /// The answer then.
    pub solution: Arc<Solution>,
}

/// The fixes of a conflict.
#[derive(Debug, Clone)]
pub struct Fixes {
    /// In the documented order.
    pub fixes: Vec<Fix>,
    /// False if time ran out before everything was tried.
    pub complete: bool,
}

/// A set of edits, and the conflict that is left.
#[derive(Clone)]
struct Open {
    edits: Vec<Edit>,
    draft: Draft,
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
        let mut tried: Vec<Vec<Edit>> = Vec::new();
        let mut complete = true;
        let spent = || {
            budget
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
        };
        let start = Open {
            edits: Vec::new(),
            draft: Draft::of(&self.request),
            index: Arc::clone(&self.index),
            conflict: self.clone(),
        };
        let mut frontier = vec![start];
        // What is missing is given up together, however much it is.
        let gone = give_up_what_is_missing(self, &frontier[0].draft);
        if gone.len() > 1 && most > 0 {
            match attempt_all(&frontier[0], gone, budget) {
                Attempt::Works(fix) => fixes.push(*fix),
                Attempt::Fails(open) if open.edits.len() > MOST_CHANGES => frontier.push(*open),
                Attempt::Fails(_) => {}
                Attempt::Interrupted => complete = false,
            }
        }
        for _ in 0..MOST_CHANGES {
            if !fixes.is_empty() {
                break;
            }
            let mut next: Vec<Open> = Vec::new();
            let mut sets: Vec<(Vec<Edit>, Choice)> = Vec::new();
            for open in &frontier {
                for choice in choices(&open.conflict, &open.draft, &open.index) {
                    let mut set = open.edits.clone();
                    set.push(choice.edit.clone());
                    sets.push((set, choice));
                }
            }
            for (set, choice) in sets {
                let is_known = tried.iter().any(|known| same(known, &set));
                let has_smaller = fixes
                    .iter()
                    .any(|fix| fix.edits.iter().all(|c| set.contains(c)));
                if is_known || has_smaller || fixes.len() >= most {
                    continue;
                }
                if spent() || tried.len() >= MOST_TRIES {
                    complete = false;
                    break;
                }
                tried.push(set.clone());
                match attempt(set, choice, budget) {
                    Attempt::Works(fix) if fix.is_idle() => {}
                    Attempt::Works(fix) => fixes.push(*fix),
                    Attempt::Fails(open) => next.push(*open),
                    Attempt::Interrupted => complete = false,
                }
            }
            frontier = next;
            if frontier.is_empty() {
                break;
            }
        }
        if fixes.is_empty() && complete {
            if let Some(open) = frontier.first() {
                match in_a_row(open.clone(), |_| true, budget) {
                    Attempt::Works(fix) if !fix.is_idle() => fixes.push(*fix),
                    Attempt::Works(_) | Attempt::Fails(_) => {}
                    Attempt::Interrupted => complete = false,
                }
            }
        }
        // The smallest changes may take away what was wanted: then one that keeps it comes with them.
        if most > 0 && !fixes.iter().any(Fix::keeps_every_name) {
            match self.keeping_every_name(&frontier, budget) {
                Attempt::Works(fix) => {
                    fixes.truncate(most - 1);
                    fixes.push(*fix);
                }
                Attempt::Fails(_) => {}
                Attempt::Interrupted => complete = false,
            }
        }
        // Other platforms last: their data is read only for this, and few people can change theirs.
        if fixes.len() < most && !spent() {
            for choice in platforms(self, &self.request) {
                match attempt(vec![choice.edit.clone()], choice, budget) {
                    Attempt::Works(fix) if fixes.len() < most => fixes.push(*fix),
                    _ => {}
                }
            }
        }
        Fixes { fixes, complete }
    }

    /// The first fix that is found of edits which keep every requested name.
    fn keeping_every_name(&self, frontier: &[Open], budget: Budget<'_>) -> Attempt {
        let start = Open {
            edits: Vec::new(),
            draft: Draft::of(&self.request),
            index: Arc::clone(&self.index),
            conflict: self.clone(),
        };
        let keeping = frontier
            .iter()
            .filter(|open| open.edits.iter().all(Edit::keeps_every_name));
        // Those that were begun already come first.
        let mut last = Attempt::Fails(Box::new(start.clone()));
        for open in keeping.chain([&start]).take(MOST_BEGUN) {
            match in_a_row(open.clone(), Edit::keeps_every_name, budget) {
                Attempt::Works(fix) if fix.is_idle() => {}
                Attempt::Fails(open) => last = Attempt::Fails(open),
                other => return other,
            }
        }
        last
    }
}

impl Fix {
    /// Whether every requested package is still asked for, on the same platform.
    fn keeps_every_name(&self) -> bool {
        self.edits.iter().all(Edit::keeps_every_name)
    }

    /// Whether an environment would stay as it is.
    fn is_idle(&self) -> bool {
        let transaction = self.solution.transaction();
        let environment = self.request.environment.as_ref();
        environment.is_some_and(|e| e.deps == Deps::All && !e.installed.is_empty())
            && transaction.link.is_empty()
            && transaction.unlink.is_empty()
    }
}

/// Makes several edits at once.
fn attempt_all(open: &Open, edits: Vec<Edit>, budget: Budget<'_>) -> Attempt {
    let mut set = open.edits.clone();
    let mut draft = open.draft.clone();
    let mut last = None;
    for edit in edits {
        let Some(edited) = edit.apply(&draft) else {
            continue;
        };
        draft = edited;
        set.push(edit.clone());
        last = Some(edit);
    }
    match last {
        Some(edit) => {
            let index = Arc::clone(&open.index);
            attempt(set, Choice { edit, draft, index }, budget)
        }
        None => Attempt::Fails(Box::new(open.clone())),
    }
}

/// What became of a set of changes.
enum Attempt {
    Works(Box<Fix>),
    Fails(Box<Open>),
    Interrupted,
}

/// Makes the cheapest edit of each further conflict, of those that are `fit`, until there is an answer.
fn in_a_row(mut open: Open, fit: impl Fn(&Edit) -> bool, budget: Budget<'_>) -> Attempt {
    while open.edits.len() < MOST_IN_A_ROW {
        let mut choices = choices(&open.conflict, &open.draft, &open.index);
        choices.retain(|choice| fit(&choice.edit));
        if choices.is_empty() {
            break;
        }
        let choice = choices.swap_remove(0);
        let mut set = open.edits;
        set.push(choice.edit.clone());
        match attempt(set, choice, budget) {
            Attempt::Fails(further) => open = *further,
            other => return other,
        }
    }
    Attempt::Fails(Box::new(open))
}

/// Solves with a set of edits, the last of which is new. Where that one gives the target a virtual package that turns
/// out to be too old still, or moves a cut-off not far enough, it goes further: that is one edit.
fn attempt(mut set: Vec<Edit>, choice: Choice, budget: Budget<'_>) -> Attempt {
    let (index, mut draft) = (choice.index, choice.draft);
    for raised in 0.. {
        let further = match solve(&index, &draft.request, budget) {
            Ok(solution) => {
                return Attempt::Works(Box::new(fix(&index, set, draft, solution, budget)))
            }
            Err(SolveError::Unsatisfiable(further)) => further,
            Err(_) => return Attempt::Interrupted,
        };
        let last = set.last_mut().filter(|_| raised < MOST_RAISES);
        match last.and_then(|last| go_further(last, &further, &draft)) {
            Some(again) => draft = again,
            None => {
                return Attempt::Fails(Box::new(Open {
                    edits: set,
                    draft,
                    index,
                    conflict: *further,
                }))
            }
        }
    }
    Attempt::Interrupted
}

/// Makes an edit larger because of the conflict that is left: the request then.
fn go_further(last: &mut Edit, further: &Conflict, draft: &Draft) -> Option<Draft> {
    let larger = match last {
        Edit::AddVirtualPackage { package, had } => {
            let same = |f: &&Fact| f.kind == FactKind::VirtualPackage && f.name == package.name;
            let fact = further.facts.iter().find(same)?;
            match give_virtual_package(further, fact, &draft.request)? {
                Edit::AddVirtualPackage { package, .. } => Edit::AddVirtualPackage {
                    package,
                    had: had.clone(),
                },
                _ => return None,
            }
        }
        Edit::MoveCutoff { whose, from, .. } => match move_cutoff(further, &draft.request)? {
            Edit::MoveCutoff {
                whose: same, to, ..
            } if same == *whose => Edit::MoveCutoff {
                whose: same,
                from: *from,
                to,
            },
            _ => return None,
        },
        _ => return None,
    };
    if larger == *last {
        return None;
    }
    *last = larger;
    last.apply(draft)
}

/// The fix of edits that give an answer. Specs are relaxed no further than they must be; where time strikes, they
/// stay as relaxed as they are.
fn fix(
    index: &Arc<Index>,
    mut edits: Vec<Edit>,
    mut draft: Draft,
    mut solution: Solution,
    budget: Budget<'_>,
) -> Fix {
    for edit in &mut edits {
        let Edit::RelaxSpec { at, from, to, .. } = edit else {
            continue;
        };
        let Ok(before) = RequestSpec::parse(from) else {
            continue;
        };
        let Ok(Some(spec)) = relax(index, &draft.request, &before, &solution, budget) else {
            continue;
        };
        let mut tighter = draft.clone();
        let Some(place) = tighter.spec_mut(*at) else {
            continue;
        };
        let text = spec.text.clone();
        *place = spec;
        if let Ok(found) = solve(index, &tighter.request, budget) {
            *to = text;
            (draft, solution) = (tighter, found);
        }
    }
    say_versions(&mut edits, &solution);
    say_licences(&mut edits, &solution);
    Fix {
        edits,
        request: draft.request,
        solution: Arc::new(solution),
    }
}

/// Says which version a relaxed spec leads to.
fn say_versions(edits: &mut [Edit], solution: &Solution) {
    for edit in edits {
        if let Edit::RelaxSpec { name, gives, .. } = edit {
            let records = solution.records();
            *gives = records
                .into_iter()
                .find(|record| record.name == *name)
                .map(|record| record.version);
        }
    }
}

/// Says which licences of the answer a lifted rule denied.
fn say_licences(edits: &mut [Edit], solution: &Solution) {
    for edit in edits {
        if let Edit::LiftLicenseRule {
            patterns, admits, ..
        } = edit
        {
            let mut found: Vec<String> = Vec::new();
            for record in solution.records() {
                let text = record.license.unwrap_or_default();
                if patterns
                    .iter()
                    .any(|pattern| glob_matches(pattern, &text, true))
                {
                    found.push(text);
                }
            }
            found.sort_unstable();
            found.dedup();
            *admits = found;
        }
    }
}

fn same(a: &[Edit], b: &[Edit]) -> bool {
    a.len() == b.len() && a.iter().all(|edit| b.contains(edit))
}
