//! From a request to a checked answer.

use std::sync::Arc;
use std::time::Instant;

use cdcl::Lit;
use conda::index::{Index, RecordRef};
use rustc_hash::FxHashSet;

use crate::check::check_places;
use crate::encode::{Instance, SpecLit, Wishes};
use crate::explain::{explain, Conflict};
use crate::optimize::{levels, Budget, Interrupted, Optimizer};
use crate::policy::Policy;
use crate::request::{Request, RequestSpec};
use crate::search::Model;
use crate::solution::{LevelReport, Optimality, Solution, Stats};
use crate::transaction::{link_order, Node};
use crate::universe::{NameId, SpecIdx, Universe};

/// How a solve ended without an answer.
#[derive(Debug, Clone)]
pub enum SolveError {
    /// No set of packages satisfies the request.
    Unsatisfiable(Box<Conflict>),
    /// The deadline or the caller's cancellation struck before any answer was found.
    Interrupted,
    /// The answer failed the independent check: a defect of the solver, never a property of the request.
    Internal(Vec<String>),
}

/// Solves a request over an index.
pub fn solve(index: &Arc<Index>, request: &Request, budget: Budget<'_>) -> Result<Solution, SolveError> {
    let mut instance = Instance::new(Arc::clone(index), Policy::of(request, index));
    solve_on(&mut instance, request, budget)
}

/// Solves a request on an instance of its policy.
pub(crate) fn solve_on(inst: &mut Instance, request: &Request, budget: Budget<'_>) -> Result<Solution, SolveError> {
    let index = Arc::clone(&inst.u.index);
    let mut stats = Stats::default();
    let clock = Instant::now();
    let asked = Asked::of(inst, request);
    let unsatisfiable = || match explain(&index, request, budget) {
        Ok(conflict) => SolveError::Unsatisfiable(Box::new(conflict)),
        Err(Interrupted) => SolveError::Interrupted,
    };
    let Some(base) = asked.base else {
        return Err(unsatisfiable());
    };
    inst.open_best(&asked.requested, &asked.wishes);
    stats.encode_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let before = *inst.solver.stats();
    let mut report = LevelReport::default();
    let mut opt = Optimizer::new(inst, base, &asked.wishes, budget);
    match opt.search(&[]) {
        Ok(true) => {}
        Ok(false) => return Err(unsatisfiable()),
        Err(Interrupted) => return Err(SolveError::Interrupted),
    }
    let optimality = match levels::run(&mut opt, &asked.requested, request.strategy, &mut report) {
        Ok(()) => Optimality::Proved,
        Err(Interrupted) => Optimality::Feasible,
    };
    stats.search_seconds = clock.elapsed().as_secs_f64();
    stats.sat_calls = opt.calls;
    let best = opt.best;
    let counters = inst.solver.stats();
    stats.conflicts = counters.conflicts - before.conflicts;
    stats.decisions = counters.decisions - before.decisions;
    stats.propagations = counters.propagations - before.propagations;
    stats.names = inst.reached.len() as u64;
    stats.candidates = inst.opened;
    stats.specs = inst.u.specs.len() as u64;
    stats.variables = inst.solver.num_vars() as u64;

    let places = link_places(&index, needed(&mut inst.u, &best, &asked.requested));
    let clock = Instant::now();
    let broken = check_places(&index, &places, request);
    stats.check_seconds = clock.elapsed().as_secs_f64();
    if !broken.is_empty() {
        return Err(SolveError::Internal(broken));
    }
    Ok(Solution {
        index,
        places,
        optimality,
        levels: report,
        stats,
    })
}

/// A request in the words of an instance.
pub(crate) struct Asked {
    /// Requested names, each once, in order.
    pub requested: Vec<NameId>,
    /// What the request asks of names, where it asks more than presence.
    pub wishes: Wishes,
    /// Literals that say all of it; `None` when a part can never hold.
    pub base: Option<Vec<Lit>>,
}

impl Asked {
    pub(crate) fn of(inst: &mut Instance, request: &Request) -> Self {
        let mut asked = Asked {
            requested: Vec::new(),
            wishes: Wishes::default(),
            base: Some(Vec::new()),
        };
        for spec in &request.specs {
            let id = inst.u.parsed_spec(&spec.text, &spec.spec);
            let lit = match inst.u.specs[id as usize].on_virtual {
                Some((holds, _)) => {
                    asked.must(holds);
                    continue;
                }
                None => inst.spec(id),
            };
            let name = inst.u.specs[id as usize].name;
            if !asked.requested.contains(&name) {
                asked.requested.push(name);
            }
            match lit {
                SpecLit::Lit(lit) => asked.assume(lit),
                SpecLit::Never => asked.must(false),
            }
            if inst.u.specs[id as usize].span() != Some(0..inst.u.names[name as usize].len()) {
                asked.wishes.entry(name).or_default().push(id);
            }
        }
        for spec in request.constraints.iter().chain(&request.pins) {
            asked.constrain(inst, spec);
        }
        asked
    }

    fn constrain(&mut self, inst: &mut Instance, spec: &RequestSpec) {
        let id: SpecIdx = inst.u.parsed_spec(&spec.text, &spec.spec);
        match inst.u.specs[id as usize].on_virtual {
            Some((_, holds)) => self.must(holds),
            None => {
                inst.reach(inst.u.specs[id as usize].name);
                if let Some(lit) = inst.constrain(id) {
                    self.assume(lit);
                }
            }
        }
    }

    fn must(&mut self, holds: bool) {
        if !holds {
            self.base = None;
        }
    }

    fn assume(&mut self, lit: Lit) {
        if let Some(base) = &mut self.base {
            if !base.contains(&lit) {
                base.push(lit);
            }
        }
    }
}

/// The chosen records that are reachable from the requested ones through chosen records.
fn needed(u: &mut Universe, model: &Model, requested: &[NameId]) -> Vec<RecordRef> {
    let mut reached: FxHashSet<NameId> = requested.iter().copied().collect();
    let mut queue: Vec<NameId> = requested.to_vec();
    let mut out = Vec::new();
    while let Some(name) = queue.pop() {
        let position = model.position(name);
        if position == crate::optimize::ABSENT {
            continue;
        }
        out.push(u.record_ref(name, position));
        for next in u.names_required_at(name, position..position + 1) {
            if reached.insert(next) {
                queue.push(next);
            }
        }
    }
    out
}

/// Records of an index in link order.
fn link_places(index: &Index, places: Vec<RecordRef>) -> Vec<RecordRef> {
    let nodes: Vec<Node<'_>> = places
        .iter()
        .map(|at| {
            let segment = &index.segments()[at.segment as usize].segment;
            Node {
                name: segment.name_of(at.record),
                needs: segment
                    .depends(at.record)
                    .iter()
                    .filter_map(|&dep| segment.spec_name(dep))
                    .map(|name| segment.name(name))
                    .collect(),
            }
        })
        .collect();
    link_order(&nodes).into_iter().map(|i| places[i]).collect()
}
