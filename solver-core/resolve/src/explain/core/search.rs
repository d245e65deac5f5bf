//! Searches in an instance whose facts can be lifted.
//!
//! A fact that is not assumed is lifted. Candidates are opened as a model wants them, as in a solve, so the cost
//! follows the conflict and not the size of the index; a model of open candidates is a model of everything, and no
//! model of what is known so far means that there is none at all.

use std::ops::Range;
use std::sync::Arc;

use cdcl::{Lit, Outcome};
use conda::index::Index;
use conda::version::Version;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::encode::{Cause, Instance, Liftable, RequestedSpecs, SpecLit};
use crate::optimize::branching::{Brancher, Model, NameActivity};
use crate::optimize::{Budget, Interrupted};
use crate::policy::Policy;
use crate::request::{Request, RequestSpec};
use crate::universe::{Exclusion, NameId, SpecIdx};

/// A fact that the user can change, in words that hold for every instance of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequestFact {
    /// A requested spec, by its position.
    Spec(u32),
    /// A constraint of the request.
    Constraint(u32),
    /// A pin.
    Pin(u32),
    /// The installed record of a name stays.
    Frozen(Box<str>),
    /// What was asked for earlier and must stay, by its position.
    Earlier(u32),
    /// What the target has of a virtual package.
    Virtual(Box<str>),
    /// A policy, or channel priority, as a whole.
    Excluded(Exclusion),
}

/// How a search ended.
pub(crate) enum Found {
    /// These assumptions cannot hold together.
    Core(Vec<Lit>),
    /// All of them can.
    Model,
}

/// A request in an instance that explains.
pub(crate) struct Search<'b> {
    pub inst: Instance,
    /// Requested names, each once.
    pub requested: Vec<NameId>,
    /// Frozen names and the positions of their records.
    frozen: Vec<(NameId, u32)>,
    /// If set, no other fact of the request is assumed.
    only: Option<Vec<RequestFact>>,
    activity: NameActivity,
    budget: Budget<'b>,
}

impl<'b> Search<'b> {
    pub(crate) fn new(
        index: &Arc<Index>,
        request: &Request,
        liftable: Liftable,
        budget: Budget<'b>,
    ) -> Self {
        // A solve has grounded the same request before, so this cannot fail here.
        let (index, policy) = Policy::ground(request, index)
            .unwrap_or_else(|_| (Arc::clone(index), Policy::of(request, index)));
        let mut search = Search {
            inst: Instance::explaining(index, policy, liftable),
            requested: Vec::new(),
            frozen: Vec::new(),
            only: None,
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
        for (position, spec) in (0..).zip(request.kept_specs()) {
            search.keep(position, &spec);
        }
        if request
            .environment
            .as_ref()
            .is_some_and(|e| e.freeze_installed)
        {
            search.freeze(request);
        }
        search
    }

    /// What was asked for earlier stays.
    fn keep(&mut self, position: u32, spec: &RequestSpec) {
        let guard = self.guard(Cause::Earlier(position));
        let inst = &mut self.inst;
        let id = inst.u.parsed_spec(&spec.text, &spec.spec);
        let name = inst.u.specs[id].name;
        inst.reach(name);
        if let Some(guards) = &mut inst.guards {
            guards.nearer(name, 0);
        }
        let lit = match inst.spec(id) {
            SpecLit::Lit(lit) => Some(lit),
            SpecLit::Never => inst.unmet(id),
        };
        match lit {
            Some(lit) => inst.solver.add_binary(!guard, lit),
            None => inst.solver.add_clause(&[!guard]),
        };
    }

    /// Every installed record stays, but for those that a requested spec does not match.
    fn freeze(&mut self, request: &Request) {
        let index = Arc::clone(&self.inst.u.index);
        for at in self.inst.u.policy.installed.clone() {
            let record = index.record(at);
            let gives_way = request
                .specs
                .iter()
                .any(|s| s.name == record.name && !s.spec.matches(&record));
            if gives_way {
                continue;
            }
            let name = self.inst.u.name_id(&record.name);
            if let Some(guards) = &mut self.inst.guards {
                guards.nearer(name, 0);
            }
            self.inst.reach(name);
            let Some(position) = self.inst.open_record(name, at) else {
                continue;
            };
            let Some(lit) = self.inst.position(name, position) else {
                continue;
            };
            let guard = self.guard(Cause::Frozen(name));
            self.inst.solver.add_binary(!guard, lit);
            self.frozen.push((name, position));
        }
    }

    /// The names that some causes freeze, with the positions of their records.
    pub(crate) fn frozen_of(&self, causes: &[Cause]) -> Vec<(NameId, u32)> {
        let among = |(name, _): &&(NameId, u32)| causes.contains(&Cause::Frozen(*name));
        self.frozen.iter().filter(among).copied().collect()
    }

    fn ask(&mut self, position: u32, spec: &RequestSpec, liftable: Liftable) {
        let guard = self.guard(Cause::Spec(position));
        let inst = &mut self.inst;
        let id = inst.u.parsed_spec(&spec.text, &spec.spec);
        let name = inst.u.specs[id].name;
        let on_virtual = inst.u.specs[id].on_virtual;
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
        match inst.u.specs[id].on_virtual {
            Some((_, true)) => {}
            Some((_, false)) => {
                match inst.unmet(id) {
                    Some(lit) => inst.solver.add_binary(!guard, lit),
                    None => inst.solver.add_clause(&[!guard]),
                };
            }
            None => {
                inst.reach(inst.u.specs[id].name);
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

    /// Guards of known facts at most this far from the request, with or without those of `constrains`.
    pub(crate) fn within(&self, distance: u32, constrains: bool) -> Vec<Lit> {
        let Some(guards) = &self.inst.guards else {
            return Vec::new();
        };
        let near = |lit: &&Lit| {
            guards.cause_of.get(lit).is_some_and(|&cause| {
                guards.distance(cause) <= distance
                    && (constrains || !matches!(cause, Cause::Constrains(..)))
                    && self.may_assume(cause)
            })
        };
        guards.lits.iter().filter(near).copied().collect()
    }

    fn may_assume(&self, cause: Cause) -> bool {
        match (&self.only, self.request_fact(cause)) {
            (Some(only), Some(fact)) => only.contains(&fact),
            _ => true,
        }
    }

    /// Assumes no fact of the request but these.
    pub(crate) fn only(&mut self, facts: Vec<RequestFact>) {
        self.only = Some(facts);
    }

    /// The fact of the request that a cause belongs to; `None` for facts about the world.
    pub(crate) fn request_fact(&self, cause: Cause) -> Option<RequestFact> {
        let text = |name: NameId| self.inst.u.names[name].text.clone();
        match cause {
            Cause::Spec(i) | Cause::Presence(i) => Some(RequestFact::Spec(i)),
            Cause::Constraint(i) => Some(RequestFact::Constraint(i)),
            Cause::Pin(i) => Some(RequestFact::Pin(i)),
            Cause::Frozen(name) => Some(RequestFact::Frozen(text(name))),
            Cause::Earlier(i) => Some(RequestFact::Earlier(i)),
            Cause::Virtual(name) => Some(RequestFact::Virtual(text(name))),
            Cause::Excluded(_, Exclusion::Unparsable) => None,
            Cause::Excluded(_, exclusion) => Some(RequestFact::Excluded(exclusion)),
            Cause::Depends(..) | Cause::Extra(..) | Cause::Constrains(..) | Cause::Missing(_) => {
                None
            }
        }
    }

    /// The facts of the request among those of these guards, each once.
    pub(crate) fn request_facts(&self, guards: &[Lit]) -> Vec<RequestFact> {
        let mut out = Vec::new();
        for fact in guards
            .iter()
            .filter_map(|&lit| self.request_fact(self.cause(lit)?))
        {
            if !out.contains(&fact) {
                out.push(fact);
            }
        }
        out
    }

    /// What a guard stands for.
    pub(crate) fn cause(&self, guard: Lit) -> Option<Cause> {
        self.inst.guards.as_ref()?.cause_of.get(&guard).copied()
    }

    /// How far from the request the fact of a guard is.
    pub(crate) fn distance(&self, guard: Lit) -> u32 {
        let cause = self.cause(guard);
        self.inst
            .guards
            .as_ref()
            .zip(cause)
            .map_or(0, |(g, c)| g.distance(c))
    }

    /// Searches under all facts up to a distance, those that come to light on the way included.
    pub(crate) fn solve_within(
        &mut self,
        distance: u32,
        constrains: bool,
    ) -> Result<Found, Interrupted> {
        if let Some(guards) = &mut self.inst.guards {
            guards.follow = distance == u32::MAX;
        }
        self.run(|search| search.within(distance, constrains))
    }

    /// Searches under these facts alone.
    pub(crate) fn solve(&mut self, facts: &[Lit]) -> Result<Found, Interrupted> {
        self.run(|_| facts.to_vec())
    }

    /// The versions of a name that the request reaches, oldest first.
    pub(crate) fn versions(&mut self, name: &str) -> Vec<Version> {
        let name = self.inst.u.name_id(name);
        let (all, _) = self.inst.u.versions_of(name);
        let all = all.into_iter().rev();
        all.filter_map(|v| Version::parse(v).ok()).collect()
    }

    /// Whether there is an answer that satisfies one more spec, on a requested name.
    pub(crate) fn possible_with(&mut self, spec: &RequestSpec) -> Result<bool, Interrupted> {
        let id = self.spec_of(spec);
        let SpecLit::Lit(lit) = self.inst.spec(id) else {
            return Ok(false);
        };
        let found = self.run(|search| {
            let mut facts = search.within(u32::MAX, true);
            facts.push(lit);
            facts
        })?;
        Ok(matches!(found, Found::Model))
    }

    /// Searches under what `facts` says, repeated whenever candidates were opened.
    pub(crate) fn run(&mut self, facts: impl Fn(&Self) -> Vec<Lit>) -> Result<Found, Interrupted> {
        loop {
            let assumed = facts(self);
            let none = Model::default();
            let mut brancher = Brancher::new(
                &self.inst.ladders,
                &none,
                &mut self.activity,
                &self.inst.counted_false,
                &[],
            );
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
            if !self.inst.open_chosen(&chosen, &RequestedSpecs::default()) {
                return Ok(Found::Model);
            }
        }
    }

    /// The candidates of the last model.
    pub(crate) fn chosen(&self) -> Vec<(NameId, u32)> {
        let value = |lit: Lit| self.inst.solver.value(lit);
        let installed =
            |&&name: &&NameId| self.inst.ladders.installed(name).and_then(value) == Some(true);
        let names = self.inst.reached.iter().filter(installed);
        names
            .map(|&name| (name, self.inst.ladders.model_position(name, value)))
            .collect()
    }

    /// The universe's spec of a requested one.
    pub(crate) fn spec_of(&mut self, spec: &RequestSpec) -> SpecIdx {
        self.inst.u.parsed_spec(&spec.text, &spec.spec)
    }

    /// Takes out of an unsatisfiable core every fact that it does not need, the farthest from the request first, so
    /// that what stays is near it. Each fact is left out once; when the rest stays unsatisfiable, all that the new
    /// core does not need goes with it.
    ///
    /// The order of the assumptions is that of QuickXplain (Junker, AAAI 2004): while the facts of one half are left
    /// out one after the other, those of the other half stay in front, assumed and propagated once. A conflict of
    /// thousands of facts, one for each build of a package, costs n log n assumptions instead of n².
    pub(crate) fn minimise(&mut self, core: &mut Vec<Lit>) -> Result<(), Interrupted> {
        let met = self.inst.guards.as_ref().map_or(&[][..], |g| &g.lits);
        let met: FxHashMap<Lit, usize> = met.iter().copied().zip(0..).collect();
        core.sort_by_cached_key(|lit| (self.distance(*lit), met.get(lit).copied()));
        let mut needed = vec![true; core.len()];
        self.leave_out(core, 0..core.len(), &mut Vec::new(), &mut needed)?;
        let mut needed = needed.into_iter();
        core.retain(|_| needed.next() == Some(true));
        Ok(())
    }

    /// Finds out what is `needed` of the `part` of a core beside `rest`, which is all else that is needed of it.
    fn leave_out(
        &mut self,
        core: &[Lit],
        part: Range<usize>,
        rest: &mut Vec<usize>,
        needed: &mut [bool],
    ) -> Result<(), Interrupted> {
        if part.len() == 1 {
            if needed[part.start] {
                let others = rest.iter().filter(|&&at| needed[at]);
                let others: Vec<Lit> = others.map(|&at| core[at]).collect();
                if let Found::Core(less) = self.solve(&others)? {
                    let less: FxHashSet<Lit> = less.into_iter().collect();
                    for (needed, lit) in needed.iter_mut().zip(core) {
                        *needed &= less.contains(lit);
                    }
                }
            }
            return Ok(());
        }
        let middle = part.start + part.len() / 2;
        let before = rest.len();
        for (in_front, next) in [
            (part.start..middle, middle..part.end),
            (middle..part.end, part.start..middle),
        ] {
            if !next.is_empty() {
                rest.extend(in_front);
                self.leave_out(core, next, rest, needed)?;
                rest.truncate(before);
            }
        }
        Ok(())
    }
}
