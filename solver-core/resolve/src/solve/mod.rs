//! From a request to a checked answer.

pub(crate) mod asked;
pub(crate) mod environment;
mod error;
pub(crate) mod session;

use std::sync::Arc;
use std::time::Instant;

use conda::index::{Index, RecordRef};
use conda::record::PackageRecord;
use rustc_hash::FxHashMap;

use crate::check::check_places;
use crate::encode::Instance;
use crate::explain::find::explain;
use crate::graph::by_name::ByName;
use crate::graph::reachability::{asks_of, by_name, needs, Ask, Reach};
use crate::optimize::levels::EnvironmentGoals;
use crate::optimize::unfounded_sets::Roots;
use crate::optimize::{levels, Budget, Interrupted, Optimizer, ABSENT};
use crate::policy::{Policy, PreferLowest};
use crate::request::{Deps, Environment, Mode, Request, RequestSpec};
use crate::solution::{LevelReport, Optimality, Solution, Stats};
use crate::transaction::{difference, link_order};
use crate::universe::NameId;
use asked::Asked;
use environment::Plan;
pub use error::SolveError;

/// Solves a request over an index.
///
/// # Errors
/// See [`SolveError`].
pub fn solve(
    index: &Arc<Index>,
    request: &Request,
    budget: Budget<'_>,
) -> Result<Solution, SolveError> {
    let (index, policy) = Policy::ground(request, index)?;
    solve_on(&mut Instance::new(index, policy), request, budget)
}

/// The same with everything opened before the first search: slow, and the reference for the lazy way.
///
/// # Errors
/// See [`SolveError`].
pub fn solve_eagerly(
    index: &Arc<Index>,
    request: &Request,
    budget: Budget<'_>,
) -> Result<Solution, SolveError> {
    let (index, policy) = Policy::ground(request, index)?;
    let mut inst = Instance::new(index, policy);
    let asked = match &request.environment {
        Some(environment) => Plan::of(&mut inst, request, environment).asked,
        None => Asked::of(&mut inst, request),
    };
    inst.open_everything(&asked.requested_specs);
    solve_on(&mut inst, request, budget)
}

/// Solves a request on an instance of its policy.
pub(crate) fn solve_on(
    inst: &mut Instance,
    request: &Request,
    budget: Budget<'_>,
) -> Result<Solution, SolveError> {
    match &request.environment {
        None => {
            let asked = Asked::of(inst, request);
            let keepers = asked.requested.clone();
            search(inst, request, &asked, &keepers, None, budget)
        }
        Some(environment) => {
            let installed = inst.u.policy.installed.clone();
            let index = Arc::clone(&inst.u.index);
            if environment.mode == Mode::Remove {
                let places = environment::remove(&index, &installed, request, environment)
                    .map_err(SolveError::Invalid)?;
                return finish(
                    inst,
                    request,
                    places,
                    LevelReport::proved(),
                    Stats::default(),
                );
            }
            let there: FxHashMap<&str, &PackageRecord> = environment
                .installed
                .iter()
                .map(|r| (r.name.as_str(), r))
                .collect();
            // What extras ask for is not looked at here: a search does that.
            let satisfied = |spec: &RequestSpec| {
                let installed = there
                    .get(spec.name.as_str())
                    .is_some_and(|r| spec.spec.matches(r));
                let on_target = request
                    .virtual_packages
                    .iter()
                    .any(|v| v.name == spec.name && spec.spec.matches(&v.record()));
                spec.spec.extras().is_empty() && (installed || on_target)
            };
            // A pin that the environment breaks, or what is to be pruned, is work to do.
            if environment.satisfied_skip
                && request.specs.iter().all(satisfied)
                && check_places(inst.u.policy.before(), &index, &installed, request).is_empty()
            {
                return finish(
                    inst,
                    request,
                    installed,
                    LevelReport::proved(),
                    Stats::default(),
                );
            }
            let plan = Plan::of(inst, request, environment);
            if environment.update_deps && environment.mode == Mode::Update {
                // What the requested packages lead to is known when they are.
                let mut whole = request.clone();
                whole.environment = Some(Environment {
                    deps: Deps::All,
                    ..environment.clone()
                });
                let first = search(
                    inst,
                    &whole,
                    &plan.asked,
                    &plan.keepers,
                    Some(&plan.standing),
                    budget,
                )?;
                // They join the requested, and are roots from then on.
                let mut joined = request.clone();
                let mut environment = environment.clone();
                environment.joined = closure(&first, request, &inst.u.policy);
                joined.environment = Some(environment.clone());
                // With `lowest-direct` they change the order of what there is.
                let mut policy = inst.u.policy.clone();
                policy.low = PreferLowest::of(&joined);
                let mut other = None;
                let inst = if policy == inst.u.policy {
                    inst
                } else {
                    other.insert(Instance::new(index, policy))
                };
                let plan = Plan::of(inst, &joined, &environment);
                return search(
                    inst,
                    &joined,
                    &plan.asked,
                    &plan.keepers,
                    Some(&plan.standing),
                    budget,
                );
            }
            search(
                inst,
                request,
                &plan.asked,
                &plan.keepers,
                Some(&plan.standing),
                budget,
            )
        }
    }
}

/// The names that the requested packages of a solution lead to.
fn closure(solution: &Solution, request: &Request, policy: &Policy) -> Vec<String> {
    let index = Arc::clone(&solution.index);
    let records = by_name(&index, &solution.places);
    let roots = request.specs.iter().map(Ask::of_spec);
    let asks = |name: &str, group: Option<&str>| {
        let at = *records.get(name)?;
        let mut asks = asks_of(&index, at, group);
        let more = policy
            .named_by_prefix(at)
            .iter()
            .filter(|_| group.is_none());
        asks.extend(more.map(|name| Ask::of_name(name)));
        Some(asks)
    };
    let reach = Reach::from(roots, asks);
    reach.names.iter().map(ToString::to_string).collect()
}

/// Searches the best records and finishes the answer.
fn search(
    inst: &mut Instance,
    request: &Request,
    asked: &Asked,
    keepers: &[NameId],
    standing: Option<&EnvironmentGoals>,
    budget: Budget<'_>,
) -> Result<Solution, SolveError> {
    let index = Arc::clone(&inst.u.index);
    let mut stats = Stats::default();
    let clock = Instant::now();
    let unsatisfiable = || match explain(&index, request, budget) {
        Ok(conflict) => SolveError::Unsatisfiable(Box::new(conflict)),
        Err(Interrupted) => SolveError::Interrupted,
    };
    let Some(base) = asked.base.clone() else {
        return Err(unsatisfiable());
    };
    inst.open_best(&asked.requested, &asked.requested_specs);
    stats.encode_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let before = *inst.solver.stats();
    let mut report = LevelReport::default();
    let roots = Roots::of(&mut inst.u, keepers, request);
    let mut opt = Optimizer::new(inst, base, &asked.requested_specs, &asked.sometimes, budget);
    opt.roots = roots;
    opt.extras.extend(&asked.extras);
    match opt.search(&[]) {
        Ok(true) => {}
        Ok(false) => return Err(unsatisfiable()),
        Err(Interrupted) => return Err(SolveError::Interrupted),
    }
    report.complete = levels::run(
        &mut opt,
        &asked.requested,
        request.strategy,
        standing,
        &mut report,
    )
    .is_ok();
    stats.search_seconds = clock.elapsed().as_secs_f64();
    stats.sat_calls = opt.calls;
    let (best, roots) = (opt.best, opt.roots);
    let counters = inst.solver.stats();
    stats.conflicts = counters.conflicts - before.conflicts;
    stats.decisions = counters.decisions - before.decisions;
    stats.propagations = counters.propagations - before.propagations;
    stats.names = inst.reached.len() as u64;
    stats.candidates = inst.opened;
    stats.specs = inst.u.specs.len() as u64;
    stats.variables = inst.solver.num_vars() as u64;
    // What nothing needs is left out.
    let reached = roots.reach(&mut inst.u, &best).names.into_iter();
    let chosen = |name: NameId| match best.position(name) {
        ABSENT => None,
        at => Some(inst.u.record_ref(name, at)),
    };
    let places = reached.filter_map(chosen).collect();
    finish(inst, request, places, report, stats)
}

/// Checks and orders the records of an answer.
fn finish(
    inst: &Instance,
    request: &Request,
    places: Vec<RecordRef>,
    levels: LevelReport,
    mut stats: Stats,
) -> Result<Solution, SolveError> {
    #[cfg(test)]
    let places = crate::fault::damaged(places);
    let index = Arc::clone(&inst.u.index);
    let policy = &inst.u.policy;
    let environment = request.environment.as_ref();
    let clock = Instant::now();
    // What the request breaks on purpose is listed instead.
    let forced = environment.is_some_and(|e| e.force_remove && e.mode == Mode::Remove);
    if !forced {
        let broken = check_places(policy.before(), &index, &places, request);
        if !broken.is_empty() {
            return Err(SolveError::Internal(broken));
        }
    }
    let places = match environment {
        Some(environment) => {
            environment::restrict_deps(&index, &policy.installed, places, request, environment)
        }
        None => places,
    };
    stats.check_seconds = clock.elapsed().as_secs_f64();
    let places = link_places(&index, &places, request);
    for &at in &places {
        index.touch(at);
    }
    let mut solution = Solution {
        request: request.clone(),
        places,
        kept: FxHashMap::default(),
        change: None,
        exempt: Vec::new(),
        optimality: if levels.complete {
            Optimality::Proved
        } else {
            Optimality::Feasible
        },
        levels,
        stats,
        index,
    };
    if let Some(environment) = environment {
        solution.exempt = environment::exempt(&solution.index, policy, &solution.places, request);
        let by_name: FxHashMap<&str, RecordRef> = solution
            .places
            .iter()
            .map(|&at| {
                let segment = solution.index.segment(at.segment);
                (segment.name_of(at.record), at)
            })
            .collect();
        for record in &environment.installed {
            let place = by_name
                .get(record.name.as_str())
                .filter(|at| policy.is_installed(**at));
            if let Some(&at) = place {
                solution.kept.insert(at, record.clone());
            }
        }
        let again = environment::linked_again(request, environment);
        let mut change = difference(&environment.installed, &solution.records(), &again);
        environment::unlink_duplicates(environment, &mut change, &mut solution.exempt);
        solution.change = Some(change);
    }
    Ok(solution)
}

/// Records of an index in link order.
fn link_places(index: &Index, places: &[RecordRef], request: &Request) -> Vec<RecordRef> {
    let named = ByName::of(index, places);
    let needs = needs(index, places, &named, request.asked_extras());
    let order = link_order(named.names.entries(), needs);
    order.into_iter().map(|i| places[i]).collect()
}
