//! The solver: its state, the formula, and the search loop.
//!
//! Conflict-driven clause learning: propagate; on a conflict learn a clause,
//! jump back and go on; otherwise decide. Clauses and variables may be added
//! between calls. What a call leaves on the trail stays until something needs it
//! gone, so that a call with similar assumptions can start from it.

use crate::analyze::{Analysis, Options};
use crate::assume::Assumed;
use crate::config::{Config, Stats};
use crate::decide::{Decide, Decision, View, Vsids};
use crate::limits::{Budget, Limits};
use crate::lit::{Lit, Var, MAX_VARS};
use crate::proof::{NoProof, ProofSink};
use crate::propagate::{Conflict, Database};
use crate::reduce::Forgetting;
use crate::restart::Schedule;
use crate::trail::{Reason, Trail};
use crate::vsids::Activities;
use std::collections::HashMap;

/// The result of a call.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// There is a model; [`Solver::value`] reads it.
    Satisfiable,
    /// There is none under the assumptions; [`Solver::core`] tells which of them matter.
    Unsatisfiable,
    /// A limit was reached first.
    Unknown,
}

/// An incremental CDCL solver that writes its inferences to `P`.
///
/// A clone is a second solver in the same state (its proof sink is cloned with it): both go on
/// independently from here.
#[derive(Clone)]
pub struct Solver<P: ProofSink = NoProof> {
    pub(crate) config: Config,
    /// False once the formula itself is refuted.
    pub(crate) ok: bool,
    pub(crate) trail: Trail,
    pub(crate) db: Database,
    pub(crate) analysis: Analysis,
    pub(crate) activities: Activities,
    phases: Vec<bool>,
    schedule: Schedule,
    pub(crate) forgetting: Forgetting,
    pub(crate) assumptions: Vec<Lit>,
    pub(crate) core: Vec<Lit>,
    /// The proof ends with the negation of this core.
    pub(crate) logged_core: Vec<Lit>,
    /// By literal code, as in the trail.
    model: Vec<i8>,
    pub(crate) scratch: Vec<Lit>,
    pub(crate) stats: Stats,
    pub(crate) proof: P,
}

impl Default for Solver {
    fn default() -> Self {
        Solver::new()
    }
}

impl Solver {
    /// An empty formula with the default configuration.
    pub fn new() -> Self {
        Solver::with_config(Config::default())
    }

    /// An empty formula with the given configuration.
    pub fn with_config(config: Config) -> Self {
        Solver::with_proof(config, NoProof)
    }
}

impl<P: ProofSink> Solver<P> {
    /// An empty formula whose refutation is written to `proof`.
    pub fn with_proof(config: Config, proof: P) -> Self {
        Solver {
            config,
            ok: true,
            trail: Trail::default(),
            db: Database::default(),
            analysis: Analysis::default(),
            activities: Activities::default(),
            phases: Vec::new(),
            schedule: Schedule::new(config.restarts),
            forgetting: Forgetting::new(&config),
            assumptions: Vec::new(),
            core: Vec::new(),
            logged_core: Vec::new(),
            model: Vec::new(),
            scratch: Vec::new(),
            stats: Stats::default(),
            proof,
        }
    }

    /// Where the proof goes, to look at or take away what was written.
    pub fn proof_mut(&mut self) -> &mut P {
        &mut self.proof
    }

    /// Ends the solver and returns its proof sink.
    pub fn into_proof(self) -> P {
        self.proof
    }

    /// Creates a variable.
    pub fn new_var(&mut self) -> Var {
        self.new_vars(1)
    }

    /// Creates `n` variables with consecutive numbers and returns the first.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_VARS`].
    pub fn new_vars(&mut self, n: usize) -> Var {
        let first = self.num_vars();
        assert!(n <= MAX_VARS - first, "too many variables");
        self.trail.grow(n);
        self.db.grow(n);
        self.analysis.grow(n);
        if self.config.vsids {
            self.activities.grow(n);
        }
        self.phases.resize(first + n, false);
        Var(first as u32)
    }

    /// The number of variables.
    pub fn num_vars(&self) -> usize {
        self.phases.len()
    }

    /// Solves in the solver's own decision order.
    ///
    /// # Panics
    ///
    /// If an assumption's variable was not created.
    pub fn solve(&mut self, assumptions: &[Lit], limits: &Limits<'_>) -> Outcome {
        self.solve_with(assumptions, &mut Vsids, limits)
    }

    /// Solves in a decision order of the caller's.
    ///
    /// # Panics
    ///
    /// If an assumption's variable was not created.
    pub fn solve_with<D: Decide>(
        &mut self,
        assumptions: &[Lit],
        decide: &mut D,
        limits: &Limits<'_>,
    ) -> Outcome {
        let shared = self.shared_with(assumptions);
        self.solve_after(shared, &assumptions[shared..], decide, limits)
    }

    /// As [`Solver::solve_with`], with the first `keep` assumptions of the last call and `more`.
    ///
    /// # Panics
    ///
    /// If the last call had fewer than `keep` assumptions, or an assumption's variable was not created.
    pub fn solve_after<D: Decide>(
        &mut self,
        keep: usize,
        more: &[Lit],
        decide: &mut D,
        limits: &Limits<'_>,
    ) -> Outcome {
        self.stats.solves += 1;
        self.forget_core();
        if !self.ok {
            return Outcome::Unsatisfiable;
        }
        // The same question again, most often with more clauses, goes on from the decisions that these leave.
        self.set_assumptions(keep, more);
        if self.trail.level() == 0 {
            self.db.implications.compact();
        }
        decide.backtracked(0);
        let outcome = self.search(decide, &mut Budget::new(limits));
        if outcome == Outcome::Satisfiable {
            self.model.clone_from(&self.trail.values);
        }
        outcome
    }

    fn search<D: Decide>(&mut self, decide: &mut D, budget: &mut Budget<'_>) -> Outcome {
        loop {
            if let Some(conflict) = self.propagate() {
                if !budget.take_conflict() && self.trail.level() > self.assumptions.len() {
                    self.backtrack_with(self.trail.level() - 1, decide);
                    return Outcome::Unknown;
                }
                if !self.handle_conflict(conflict, decide) {
                    return Outcome::Unsatisfiable;
                }
                continue;
            }
            if budget.expired(self.db.work) {
                return Outcome::Unknown;
            }
            let level = self.trail.level();
            if level == 0 && self.config.simplify {
                self.simplify_if_due();
            }
            if level > self.assumptions.len() && self.schedule.due() {
                self.stats.restarts += 1;
                self.backtrack_with(self.assumptions.len(), decide);
                continue;
            }
            self.reduce_if_due();
            match self.assume_next() {
                Assumed::Decided => continue,
                Assumed::Failed => return Outcome::Unsatisfiable,
                Assumed::All => {}
            }
            let Some(lit) = self.next_decision(decide) else {
                return Outcome::Satisfiable;
            };
            if !budget.take_decision() {
                return Outcome::Unknown;
            }
            self.stats.decisions += 1;
            self.trail.open_level();
            self.trail.assign(lit, Reason::NONE);
        }
    }

    /// The next decision, or nothing if the formula is satisfied.
    fn next_decision<D: Decide>(&mut self, decide: &mut D) -> Option<Lit> {
        let view = View {
            trail: &self.trail,
            phases: &self.phases,
            activities: &self.activities,
        };
        match decide.decide(&view) {
            Decision::Lit(lit) if self.trail.values.get(lit.code()) == Some(&0) => Some(lit),
            Decision::Lit(_) | Decision::Fallback if !self.config.vsids => {
                let free = |var: &Var| self.trail.value(var.positive()) == 0;
                let var = (0..self.num_vars() as u32).map(Var).find(free)?;
                Some(var.lit(self.phases[var.index()]))
            }
            Decision::Lit(_) | Decision::Fallback => loop {
                let var = self.activities.pop()?;
                if self.trail.value(var.positive()) == 0 {
                    return Some(var.lit(self.phases[var.index()]));
                }
            },
            Decision::Done => {
                debug_assert!(
                    self.holds_by_default(),
                    "`Done` although a clause is not satisfied"
                );
                None
            }
        }
    }

    /// Learns from a conflict. False if the formula is refuted under the assumptions.
    fn handle_conflict<D: Decide>(&mut self, conflict: Conflict, decide: &mut D) -> bool {
        self.stats.conflicts += 1;
        let level = self.trail.level();
        if level == 0 {
            self.refuted();
            return false;
        }
        let base = self.assumptions.len();
        let failed = level <= base;
        if failed {
            self.core_of_conflict(conflict);
        }
        let options = Options {
            minimize: self.config.minimize,
            binary_minimize: self.config.binary_minimize,
        };
        let learnt =
            self.analysis
                .analyze(&mut self.db, &self.trail, conflict, base as u32, options);
        if self.config.vsids {
            for &var in &self.analysis.vars {
                self.activities.bump(var);
            }
            self.activities.decay(self.config.decay);
        }
        decide.conflict(&self.analysis.vars);
        self.backtrack_with(learnt.backjump, decide);
        self.proof.add(&self.analysis.learnt);
        self.stats.learnt += 1;
        self.stats.learnt_literals += self.analysis.learnt.len() as u64;
        self.stats.minimized_literals = self.analysis.minimized;
        match self.analysis.learnt[..] {
            [unit] => self.trail.assign(unit, Reason::NONE),
            [asserted, other] => {
                self.db.implications.add_clause(asserted, other);
                self.db.learnt_binaries.push([asserted, other]);
                self.trail.assign(asserted, Reason::binary(other));
            }
            ref lits => {
                let clause = self.db.arena.add(lits, true, learnt.lbd);
                let asserted = lits[0];
                self.db.arena.set_used(clause, 1);
                self.db.learnt.push(clause);
                self.db.attach(clause);
                self.trail.assign(asserted, Reason::long(clause));
            }
        }
        self.schedule.conflict(learnt.lbd);
        if failed {
            // After the learnt clause: the proof of a failure ends with the core.
            self.log_core();
        }
        !failed
    }

    #[inline]
    pub(crate) fn propagate(&mut self) -> Option<Conflict> {
        let before = self.trail.lits.len();
        let conflict = match self.trail.assign_late() {
            None => self.db.propagate(&mut self.trail),
            Some(reason) => Some(reason),
        };
        self.stats.propagations += (self.trail.lits.len() - before) as u64;
        if cfg!(debug_assertions) {
            self.check_invariants(conflict);
        }
        conflict
    }

    /// The formula itself is unsatisfiable.
    pub(crate) fn refuted(&mut self) {
        if self.ok {
            self.proof.add(&[]);
        }
        self.ok = false;
    }

    /// Undoes all levels above `level`.
    pub(crate) fn backtrack(&mut self, level: usize) {
        let Solver {
            trail,
            activities,
            phases,
            config,
            ..
        } = self;
        trail.backtrack(level, |lit| {
            if config.phase_saving {
                phases[lit.var().index()] = lit.is_positive();
            }
            if config.vsids {
                activities.insert(lit.var());
            }
        });
    }

    fn backtrack_with<D: Decide>(&mut self, level: usize, decide: &mut D) {
        if level < self.trail.level() {
            self.backtrack(level);
            decide.backtracked(self.trail.lits.len());
        }
    }

    /// The literal's value in the last model; `None` if it was left open there
    /// ([`Decision::Done`]), or if there was no model or no such variable then.
    pub fn value(&self, lit: Lit) -> Option<bool> {
        match self.model.get(lit.code()) {
            None | Some(0) => None,
            Some(&value) => Some(value > 0),
        }
    }

    /// The literal's value on the trail as it stands: what the assumptions of the last [`Solver::implied`],
    /// [`Solver::holds_under`] or search imply (and, after a search, what it decided), if propagation finds them.
    /// Adding a clause may take some of it back.
    #[inline]
    pub fn current(&self, lit: Lit) -> Option<bool> {
        match self.trail.values.get(lit.code()) {
            None | Some(0) => None,
            Some(&value) => Some(value > 0),
        }
    }

    /// The literal's value in every model, if known: at level 0.
    pub fn fixed(&self, lit: Lit) -> Option<bool> {
        match self.trail.fixed(lit) {
            0 => None,
            value => Some(value > 0),
        }
    }

    /// After [`Outcome::Unsatisfiable`]: some of the assumptions, in their order, that cannot
    /// all hold. Empty if the formula itself is unsatisfiable.
    pub fn core(&self) -> &[Lit] {
        &self.core
    }

    /// Sets the saved phase of a variable, the value that a fallback decision tries first.
    pub fn set_phase(&mut self, var: Var, value: bool) {
        self.phases[var.index()] = value;
    }

    /// Counters since the solver was made.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The formula as it stands: the literals that hold at level 0 as unit clauses, the
    /// binary clauses, the long ones, and the empty clause if it is known to be unsatisfiable.
    ///
    /// Learnt clauses are left out (other than units), and problem clauses that
    /// level 0 satisfies may be missing: the result has the same models as what was added.
    pub fn clauses(&self) -> impl Iterator<Item = Vec<Lit>> + '_ {
        let mut learnt: HashMap<(Lit, Lit), usize> = HashMap::new();
        for &[a, b] in &self.db.learnt_binaries {
            *learnt.entry((a.min(b), a.max(b))).or_default() += 1;
        }
        let units = self.trail.lits[..self.trail.fixed_count()]
            .iter()
            .map(|&lit| vec![lit]);
        let binaries = self.db.implications.iter().filter_map(move |(a, b)| {
            match learnt.get_mut(&(a.min(b), a.max(b))) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    None
                }
                _ => Some(vec![a, b]),
            }
        });
        let long = self
            .db
            .problem
            .iter()
            .map(|&clause| self.db.arena.lits(clause).collect());
        let empty = (!self.ok).then(Vec::new);
        units.chain(binaries).chain(long).chain(empty)
    }
}
