//! Searches in an instance whose facts can be lifted.
//!
//! A fact that is not assumed is lifted. Candidates are opened as a model wants them, as in a solve, so the cost follows
//! the conflict and not the size of the index; a model of open candidates is a model of everything, and no model of
//! what is known so far means that there is none at all.

use std::sync::Arc;

use cdcl::{Lit, Outcome};
use conda::index::Index;

use crate::encode::{Cause, Instance, Liftable, SpecLit, Wishes};
use crate::optimize::{Budget, Interrupted};
use crate::policy::Policy;
use crate::request::{Request, RequestSpec};
use crate::search::{Brancher, Model, NameActivity};
use crate::universe::{NameId, SpecIdx};

/// How a search ended.
pub(super) enum Found {
    /// These assumptions cannot hold together.
    Core(Vec<Lit>),
    /// All of them can.
    Model,
}

/// A request in an instance that explains.
pub(super) struct Search<'b> {
    pub inst: Instance,
    /// Requested names, each once.
    pub requested: Vec<NameId>,
    activity: NameActivity,
    budget: Budget<'b>,
}

impl<'b> Search<'b> {
    pub(super) fn new(
        index: &Arc<Index>,
        request: &Request,
        liftable: Liftable,
        budget: Budget<'b>,
    ) -> Self {
        let mut search = Search {
            inst: Instance::explaining(Arc::clone(index), Policy::of(request, index), liftable),
            requested: Vec::new(),
            activity: NameActivity::default(),
            budget,
        };
        for (i, spec) in request.specs.iter().enumerate() {
            search.ask(i as u32, spec, liftable);
        }
        let constraints = request
            .constraints
            .iter()
            .enumerate()
            .map(|(i, s)| (Cause::Constraint(i as u32), s));
        let pins = request
            .pins
            .iter()
            .enumerate()
            .map(|(i, s)| (Cause::Pin(i as u32), s));
        for (cause, spec) in constraints.chain(pins) {
            search.constrain(cause, spec);
        }
        search
    }

    fn ask(&mut self, position: u32, spec: &RequestSpec, liftable: Liftable) {
        let guard = self.guard(Cause::Spec(position));
        let inst = &mut self.inst;
        let id = inst.u.parsed_spec(&spec.text, &spec.spec);
        let name = inst.u.specs[id as usize].name;
        let on_virtual = inst.u.specs[id as usize].on_virtual;
        if on_virtual.is_none() {
            inst.reach(name);
            if !self.requested.contains(&name) {
                self.requested.push(name);
            }
            if let Some(guards) = &mut inst.guards {
                guards.nearer(name, 0);
            }
        }
        let Some(asked) = inst.where_it_applies(guard, id) else {
            return;
        };
        let lit = match on_virtual {
            Some((true, _)) => return,
            Some((false, _)) => inst.unmet(id),
            None => match inst.spec(id) {
                SpecLit::Lit(lit) => Some(lit),
                SpecLit::Never => inst.unmet(id),
            },
        };
        match lit {
            Some(lit) => inst.solver.add_binary(!asked, lit),
            None => inst.solver.add_clause(&[!asked]),
        };
        for extra in inst.extras_of(id) {
            inst.solver.add_binary(!asked, extra);
        }
        inst.settle_extras();
        if liftable == Liftable::Request && on_virtual.is_none() {
            let guard = self.guard(Cause::Presence(position));
            let inst = &mut self.inst;
            let installed = inst.ladders.installed(name);
            let Some(asked) = inst.where_it_applies(guard, id) else {
                return;
            };
            match installed {
                Some(installed) => inst.solver.add_binary(!asked, installed),
                None => inst.solver.add_clause(&[!asked]),
            };
        }
    }

    fn constrain(&mut self, cause: Cause, spec: &RequestSpec) {
        let guard = self.guard(cause);
        let inst = &mut self.inst;
        let id = inst.u.parsed_spec(&spec.text, &spec.spec);
        let Some(guard) = inst.where_it_applies(guard, id) else {
            return;
        };
        match inst.u.specs[id as usize].on_virtual {
            Some((_, true)) => {}
            Some((_, false)) => {
                match inst.unmet(id) {
                    Some(lit) => inst.solver.add_binary(!guard, lit),
                    None => inst.solver.add_clause(&[!guard]),
                };
            }
            None => {
                inst.reach(inst.u.specs[id as usize].name);
                if let Some(k) = inst.constrain(id) {
                    inst.solver.add_binary(!guard, k);
                }
            }
        }
    }

    fn guard(&mut self, cause: Cause) -> Lit {
        let Instance { guards, solver, .. } = &mut self.inst;
        guards.get_or_insert_default().add(solver, cause)
    }

    /// Guards of known facts at most this far from the request.
    pub(super) fn within(&self, distance: u32) -> Vec<Lit> {
        let Some(guards) = &self.inst.guards else {
            return Vec::new();
        };
        let near = |lit: &&Lit| {
            guards
                .cause_of
                .get(lit)
                .is_some_and(|&c| guards.distance(c) <= distance)
        };
        guards.lits.iter().filter(near).copied().collect()
    }

    /// What a guard stands for.
    pub(super) fn cause(&self, guard: Lit) -> Option<Cause> {
        self.inst.guards.as_ref()?.cause_of.get(&guard).copied()
    }

    /// How far from the request the fact of a guard is.
    pub(super) fn distance(&self, guard: Lit) -> u32 {
        let cause = self.cause(guard);
        self.inst
            .guards
            .as_ref()
            .zip(cause)
            .map_or(0, |(g, c)| g.distance(c))
    }

    /// Searches under all facts up to a distance, those that come to light on the way included.
    pub(super) fn solve_within(&mut self, distance: u32) -> Result<Found, Interrupted> {
        if let Some(guards) = &mut self.inst.guards {
            guards.follow = distance == u32::MAX;
        }
        self.run(|search| search.within(distance))
    }

    /// Searches under these facts alone.
    pub(super) fn solve(&mut self, facts: &[Lit]) -> Result<Found, Interrupted> {
        self.run(|_| facts.to_vec())
    }

    /// Searches under what `facts` says, asked anew whenever candidates were opened.
    pub(super) fn run(&mut self, facts: impl Fn(&Self) -> Vec<Lit>) -> Result<Found, Interrupted> {
        loop {
            let assumed = facts(self);
            let none = Model::default();
            let mut brancher = Brancher::new(&self.inst.ladders, &none, &mut self.activity);
            let limits = self.budget.limits();
            match self
                .inst
                .solver
                .solve_with(&assumed, &mut brancher, &limits)
            {
                Outcome::Unsatisfiable => return Ok(Found::Core(self.inst.solver.core().to_vec())),
                Outcome::Unknown => return Err(Interrupted),
                Outcome::Satisfiable => {}
            }
            let chosen = self.chosen();
            if !self.inst.open_chosen(&chosen, &Wishes::default()) {
                return Ok(Found::Model);
            }
        }
    }

    /// The candidates of the last model.
    pub(super) fn chosen(&self) -> Vec<(NameId, u32)> {
        let value = |lit: Lit| self.inst.solver.value(lit);
        let installed =
            |&&name: &&NameId| self.inst.ladders.installed(name).and_then(value) == Some(true);
        let names = self.inst.reached.iter().filter(installed);
        names
            .map(|&name| (name, self.inst.ladders.model_position(name, value)))
            .collect()
    }

    /// The universe's spec of a requested one.
    pub(super) fn spec_of(&mut self, spec: &RequestSpec) -> SpecIdx {
        self.inst.u.parsed_spec(&spec.text, &spec.spec)
    }

    /// Takes out of an unsatisfiable core every fact that it does not need, the farthest from the request first, so that
    /// what stays is near it. Each fact is dropped once; when the rest stays unsatisfiable, all that the new core
    /// does not need goes with it.
    pub(super) fn minimise(&mut self, core: &mut Vec<Lit>) -> Result<(), Interrupted> {
        let order: Vec<Lit> = self
            .inst
            .guards
            .as_ref()
            .map_or_else(Vec::new, |g| g.lits.clone());
        let place = |lit: &Lit| order.iter().position(|l| l == lit);
        let mut rest: Vec<(u32, Option<usize>, Lit)> = core
            .iter()
            .map(|l| (self.distance(*l), place(l), *l))
            .collect();
        rest.sort_unstable();
        *core = rest.into_iter().map(|(_, _, lit)| lit).collect();
        let mut kept = 0;
        while kept < core.len() {
            let candidate = core.len() - 1 - kept;
            let mut without = core.clone();
            without.remove(candidate);
            match self.solve(&without)? {
                Found::Core(needed) => {
                    kept = core[candidate + 1..]
                        .iter()
                        .filter(|l| needed.contains(l))
                        .count();
                    without.retain(|l| needed.contains(l));
                    *core = without;
                }
                Found::Model => kept += 1,
            }
        }
        Ok(())
    }
}
