//! Why there is no answer: a minimal set of facts that cannot all hold.
//!
//! The request is encoded again with every fact behind an assumption of its own (see `encode/guard.rs`). The failed
//! assumptions of one search are a core; deletion makes it minimal: the facts left are unsatisfiable together, and
//! without any one of them they are satisfiable. Candidates are opened as the search wants them, as in a solve, so the
//! cost follows the conflict and not the size of the index.
//!
//! What is taken for granted and is no fact: a package can be installed only once, and which records exist.

mod facts;
mod text;

use std::sync::Arc;

use cdcl::{Lit, Outcome};
use conda::index::Index;

pub use facts::{Conflict, Fact, FactKind};

use crate::encode::{Cause, Instance, SpecLit, Wishes};
use crate::optimize::{Budget, Interrupted};
use crate::policy::Policy;
use crate::request::{Request, RequestSpec};
use crate::search::{Brancher, Model, NameActivity};
use crate::universe::NameId;
use facts::describe;

/// Finds a minimal conflict of an unsatisfiable request.
pub(crate) fn explain(index: &Arc<Index>, request: &Request, budget: Budget<'_>) -> Result<Conflict, Interrupted> {
    let mut search = Search::new(index, request, budget);
    let mut core = loop {
        // Facts come to light while the search opens candidates; all known ones are assumed.
        let known = search.guards();
        match search.solve(&known)? {
            Found::Core(core) => break core,
            Found::Model if search.guards().len() == known.len() => break Vec::new(),
            Found::Model | Found::NewFacts => {}
        }
    };
    search.minimise(&mut core)?;
    let guards = search.inst.guards.as_ref();
    let causes: Vec<Cause> = core
        .iter()
        .filter_map(|lit| guards?.cause_of.get(lit).copied())
        .collect();
    Ok(describe(&search.inst.u, request, &search.requested, causes))
}

enum Found {
    /// These assumptions cannot hold together.
    Core(Vec<Lit>),
    /// All of them can.
    Model,
    /// Opening candidates brought new facts.
    NewFacts,
}

struct Search<'b> {
    inst: Instance,
    requested: Vec<NameId>,
    activity: NameActivity,
    budget: Budget<'b>,
}

impl<'b> Search<'b> {
    fn new(index: &Arc<Index>, request: &Request, budget: Budget<'b>) -> Self {
        let mut inst = Instance::explaining(Arc::clone(index), Policy::of(request, index));
        let mut requested = Vec::new();
        for (i, spec) in request.specs.iter().enumerate() {
            let guard = guard(&mut inst, Cause::Spec(i as u32));
            let id = inst.u.parsed_spec(&spec.text, &spec.spec);
            let name = inst.u.specs[id as usize].name;
            match inst.u.specs[id as usize].on_virtual {
                Some((true, _)) => {}
                Some((false, _)) => {
                    inst.solver.add_clause(&[!guard]);
                }
                None => {
                    if !requested.contains(&name) {
                        requested.push(name);
                    }
                    match inst.spec(id) {
                        SpecLit::Lit(s) => inst.solver.add_binary(!guard, s),
                        SpecLit::Never => inst.solver.add_clause(&[!guard]),
                    };
                }
            }
        }
        let constraints = request.constraints.iter().enumerate().map(|(i, s)| (Cause::Constraint(i as u32), s));
        let pins = request.pins.iter().enumerate().map(|(i, s)| (Cause::Pin(i as u32), s));
        for (cause, spec) in constraints.chain(pins) {
            constrain(&mut inst, cause, spec);
        }
        Search {
            inst,
            requested,
            activity: NameActivity::default(),
            budget,
        }
    }

    fn guards(&self) -> Vec<Lit> {
        self.inst.guards.as_ref().map_or_else(Vec::new, |g| g.lits.clone())
    }

    /// One search under some of the facts; candidates are opened until the model needs no more.
    fn solve(&mut self, facts: &[Lit]) -> Result<Found, Interrupted> {
        let all = facts.len() == self.guards().len();
        loop {
            let none = Model::default();
            let mut brancher = Brancher::new(&self.inst.ladders, &none, &mut self.activity);
            let limits = self.budget.limits(None);
            match self.inst.solver.solve_with(facts, &mut brancher, &limits) {
                Outcome::Unsatisfiable => return Ok(Found::Core(self.inst.solver.core().to_vec())),
                Outcome::Unknown => return Err(Interrupted),
                Outcome::Satisfiable => {}
            }
            let mut chosen = Vec::new();
            for &name in &self.inst.reached {
                let value = |lit: Lit| self.inst.solver.value(lit);
                if self.inst.ladders.installed(name).and_then(value) == Some(true) {
                    chosen.push((name, self.inst.ladders.possible_span(name, value).0));
                }
            }
            let before = self.guards().len();
            if !self.inst.open_chosen(&chosen, &Wishes::default()) {
                return Ok(Found::Model);
            }
            if all && self.guards().len() > before {
                return Ok(Found::NewFacts);
            }
        }
    }

    /// Deletion with core refinement: each fact is dropped once; if the rest stays unsatisfiable it stays dropped,
    /// together with all that the new core does not need.
    fn minimise(&mut self, core: &mut Vec<Lit>) -> Result<(), Interrupted> {
        // Facts found last tend to be the deepest; dropping them first keeps the conflict near the request.
        let mut kept = 0;
        while kept < core.len() {
            let candidate = core.len() - 1 - kept;
            let mut rest = core.clone();
            rest.remove(candidate);
            match self.solve(&rest)? {
                Found::Core(needed) => {
                    let tail: Vec<Lit> = core[candidate + 1..].to_vec();
                    rest.retain(|l| needed.contains(l));
                    *core = rest;
                    kept = tail.iter().filter(|l| core.contains(l)).count();
                }
                Found::Model => kept += 1,
                Found::NewFacts => {}
            }
        }
        Ok(())
    }
}

fn guard(inst: &mut Instance, cause: Cause) -> Lit {
    let Instance { guards, solver, .. } = inst;
    guards.get_or_insert_default().add(solver, cause)
}

fn constrain(inst: &mut Instance, cause: Cause, spec: &RequestSpec) {
    let guard = guard(inst, cause);
    let id = inst.u.parsed_spec(&spec.text, &spec.spec);
    match inst.u.specs[id as usize].on_virtual {
        Some((_, true)) => {}
        Some((_, false)) => {
            inst.solver.add_clause(&[!guard]);
        }
        None => {
            inst.reach(inst.u.specs[id as usize].name);
            if let Some(k) = inst.constrain(id) {
                inst.solver.add_binary(!guard, k);
            }
        }
    }
}
