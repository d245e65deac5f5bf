//! The clauses of the hard rules, straight from the records.
//!
//! ```text
//! x_r            record r is chosen                    P_n  ⟺ ∨ x_r over the records of n
//! s_d            spec d is satisfied                   s_d → ∨ x_r over what d matches
//! c_d            constraint d is respected             c_d → ¬x_r for each r of d's name that d does not match
//! e_{n,g}        extra g of n is asked for             x_r ∧ e_{n,g} → s_d for each d of r's group g
//! w              a condition holds                     x_r → w for each r that a leaf matches; w upwards through
//! and, or rule 1         at most one x_r a name                (a counter: t_i = one of the first i) rules 2, 3    
//! x_r ∧ w_d → s_d,  x_r ∧ w_d → c_d     for each dependency and constraint d of each record r request        w_d →
//! s_d,  w_d → c_d                 for specs, constraints and pins stays          x_r → P_n                          
//! for what an installed r names, and neither rule 2 nor 3 says so loops          P_n → ∨ x_r                        
//! for names n of a set of nodes, over records outside that lead in
//! ```
//!
//! There is one variable for each distinct spec instead of a copy of its records in every clause that speaks of it: an
//! abbreviation, which changes no model. A spec on a virtual package is true or false. Records that rule 4 or policy
//! leave out have no variable. Variables are numbered in the order in which they are needed, so everyone who encodes a
//! problem gets the same numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use conda::match_spec::{Condition, MatchSpec};

use crate::error::Error;
use crate::ladder::Ladder;
use crate::matching::{Ask, Matching, Wanted};
use crate::rules::{bonds, broken_before, group_of, keepers, sources};
use crate::universe::{Id, Universe};

/// Who takes the clauses: a checker that holds a proof against them, or a writer that looks for one.
pub trait Engine {
    /// Takes a clause that belongs to the formula.
    fn clause(&mut self, lits: &[i32]);

    /// Shows that a literal holds in every model of the clauses so far; the empty clause for `None`.
    ///
    /// # Errors
    /// [`Error::Refused`] where it is not shown.
    fn claim(&mut self, step: &str, lit: Option<i32>) -> Result<(), Error>;

    /// For each of some costs, of which the model pays `paid`, a value that every model pays at least: as high as can
    /// be shown. They are claimed one by one.
    ///
    /// # Errors
    /// As [`Engine::claim`].
    fn lower_bounds(
        &mut self,
        step: &str,
        costs: &[Ladder],
        paid: &[u64],
    ) -> Result<Vec<u64>, Error>;
}

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Always,
    Never,
    /// At least where this literal is true.
    Lit(i32),
}

/// The clauses as they are written.
pub struct Formula<'m, 'u, 'p, E> {
    /// Specs.
    pub matching: &'m mut Matching<'u, 'p>,
    /// Who takes the clauses.
    pub engine: &'m mut E,
    variables: i32,
    /// What did not hold before.
    before: BTreeSet<(Id, String)>,
    satisfied: HashMap<String, i32>,
    respected: HashMap<String, i32>,
    conditions: HashMap<String, Truth>,
    extras: BTreeMap<(String, String), i32>,
    pending: Vec<(String, String)>,
    present: HashMap<String, i32>,
}

/// The variable of a candidate.
pub fn chosen(id: Id) -> i32 {
    id as i32 + 1
}

impl<'m, 'u, 'p, E: Engine> Formula<'m, 'u, 'p, E> {
    /// Writes the hard rules.
    pub fn of(matching: &'m mut Matching<'u, 'p>, engine: &'m mut E) -> Self {
        let before = broken_before(matching);
        let variables = matching.universe.candidates.len() as i32;
        let mut formula = Formula {
            matching,
            engine,
            variables,
            before,
            satisfied: HashMap::new(),
            respected: HashMap::new(),
            conditions: HashMap::new(),
            extras: BTreeMap::new(),
            pending: Vec::new(),
            present: HashMap::new(),
        };
        formula.names();
        formula.records();
        formula.request();
        formula
    }

    /// The universe.
    pub fn u(&self) -> &'u Universe<'p> {
        self.matching.universe
    }

    /// A new variable.
    pub fn variable(&mut self) -> i32 {
        self.variables += 1;
        self.variables
    }

    /// The usable candidates of a name, best first.
    pub fn usable(&self, name: &str) -> Vec<Id> {
        let ids = self.u().names.get(name).into_iter().flatten().copied();
        ids.filter(|&id| self.u().candidates[id].usable).collect()
    }

    /// The variable that says that a name is installed; `None` for a name without usable records.
    pub fn present(&self, name: &str) -> Option<i32> {
        self.present.get(name).copied()
    }

    /// Rule 1, and what "installed" means.
    fn names(&mut self) {
        for name in self.u().names.keys() {
            let ids = self.usable(name);
            if ids.is_empty() {
                continue;
            }
            let present = self.variable();
            self.present.insert(name.clone(), present);
            let mut any = vec![-present];
            for &id in &ids {
                self.engine.clause(&[-chosen(id), present]);
                any.push(chosen(id));
            }
            self.engine.clause(&any);
            let mut earlier: Option<i32> = None;
            for &id in &ids {
                let until = self.variable();
                self.engine.clause(&[-chosen(id), until]);
                if let Some(earlier) = earlier {
                    self.engine.clause(&[-earlier, until]);
                    self.engine.clause(&[-earlier, -chosen(id)]);
                }
                earlier = Some(until);
            }
        }
    }

    /// Rules 2 and 3 for records.
    fn records(&mut self) {
        for id in 0..self.u().candidates.len() {
            // One that channel priority leaves out is not usable.
            if !self.u().candidates[id].usable {
                continue;
            }
            let record = &self.u().candidates[id].record;
            for text in &record.depends {
                if !self.before.contains(&(id, text.clone())) {
                    self.demand(&[-chosen(id)], text);
                }
            }
            for text in &record.constrains {
                if !self.before.contains(&(id, text.clone())) {
                    self.limit(&[-chosen(id)], text);
                }
            }
        }
        for id in self.u().installed.values().copied() {
            for name in bonds(self.matching, id, &self.before) {
                if let Some(present) = self.present(&name) {
                    self.engine.clause(&[-chosen(id), present]);
                }
            }
        }
        self.groups();
    }

    /// The request: specs, constraints, pins, what is frozen.
    fn request(&mut self) {
        let problem = self.u().problem;
        for spec in &problem.specs {
            self.demand(&[], &spec.text);
        }
        for spec in problem.constraints.iter().chain(&problem.pins) {
            self.limit(&[], &spec.text);
        }
        self.groups();
        if problem.environment.as_ref().is_some_and(|e| e.freeze) {
            let keepers = self.keepers();
            for (name, &id) in &self.u().installed {
                let record = &self.u().candidates[id].record;
                let mut specs = problem.specs.iter().filter(|s| s.name == *name);
                if specs.all(|s| s.spec.matches(record)) {
                    match self.present(name) {
                        // It may leave, but not be exchanged.
                        Some(present) if !keepers.contains(name) => {
                            self.engine.clause(&[-present, chosen(id)]);
                        }
                        _ => self.engine.clause(&[chosen(id)]),
                    }
                }
            }
        }
    }

    fn keepers(&mut self) -> BTreeSet<String> {
        match &self.u().problem.environment {
            Some(environment) => keepers(self.matching, environment),
            None => BTreeSet::new(),
        }
    }

    /// A loop formula: nothing of a set of nodes is there unless a record outside leads into it.
    ///
    /// # Errors
    /// [`Error::Malformed`] where one of the nodes needs nothing else to be there.
    pub fn loop_of(&mut self, set: &BTreeSet<String>) -> Result<(), Error> {
        let roots = sources(self.matching);
        if let Some(root) = roots.iter().flat_map(Ask::nodes).find(|n| set.contains(n)) {
            return Err(Error::Malformed(format!(
                "a loop of the certificate has the root {root}"
            )));
        }
        let needed = self.variable();
        let mut clause = vec![-needed];
        for id in 0..self.u().candidates.len() {
            if !self.u().candidates[id].usable {
                continue;
            }
            let leads_in = self.matching.nodes(id).iter().any(|(node, group)| {
                let to = self.matching.leads_to(id, group.as_deref());
                !set.contains(node) && !to.is_disjoint(set)
            });
            if leads_in {
                clause.push(chosen(id));
            }
        }
        self.engine.clause(&clause);
        for name in set {
            if let Some(present) = self.present(name) {
                self.engine.clause(&[-present, needed]);
            }
        }
        Ok(())
    }

    /// `premise` (a clause's beginning, negated already) implies a dependency.
    fn demand(&mut self, premise: &[i32], text: &str) {
        let wanted = self.matching.wanted(text);
        let Some(mut clause) = self.where_it_applies(premise, text, &wanted) else {
            return;
        };
        match wanted.on_target {
            Some((true, _)) => return,
            Some((false, _)) => {}
            None => {
                for extra in wanted.extras() {
                    let asked = self.extra(&wanted.name, extra);
                    clause.push(asked);
                    self.engine.clause(&clause);
                    clause.pop();
                }
                if !wanted.members.is_empty() {
                    clause.push(self.satisfied(text, &wanted));
                }
            }
        }
        self.engine.clause(&clause);
    }

    /// `premise` implies a constraint.
    fn limit(&mut self, premise: &[i32], text: &str) {
        let wanted = self.matching.wanted(text);
        if wanted.spec.is_none() {
            return;
        }
        let Some(mut clause) = self.where_it_applies(premise, text, &wanted) else {
            return;
        };
        match wanted.on_target {
            Some((matches, there)) if matches || !there => return,
            Some(_) => {}
            None if wanted.others.is_empty() => return,
            None => clause.push(self.respected(text, &wanted)),
        }
        self.engine.clause(&clause);
    }

    /// The beginning of a clause about a spec; `None` where the spec never applies.
    fn where_it_applies(
        &mut self,
        premise: &[i32],
        text: &str,
        wanted: &Wanted,
    ) -> Option<Vec<i32>> {
        let mut clause = premise.to_vec();
        if let Some(condition) = wanted.spec.as_ref().and_then(MatchSpec::when) {
            let truth = match self.conditions.get(text) {
                Some(&truth) => truth,
                None => {
                    let truth = self.condition(condition);
                    self.conditions.insert(text.to_string(), truth);
                    truth
                }
            };
            match truth {
                Truth::Never => return None,
                Truth::Always => {}
                Truth::Lit(lit) => clause.push(-lit),
            }
        }
        Some(clause)
    }

    fn satisfied(&mut self, text: &str, wanted: &Wanted) -> i32 {
        if let Some(&known) = self.satisfied.get(text) {
            return known;
        }
        let lit = self.variable();
        self.satisfied.insert(text.to_string(), lit);
        let mut clause = vec![-lit];
        clause.extend(wanted.members.iter().map(|&id| chosen(id)));
        self.engine.clause(&clause);
        lit
    }

    /// The variable that says that no record of a spec's name is chosen that the spec does not match.
    fn respected(&mut self, text: &str, wanted: &Wanted) -> i32 {
        if let Some(&known) = self.respected.get(text) {
            return known;
        }
        let lit = self.variable();
        self.respected.insert(text.to_string(), lit);
        for &id in &wanted.others {
            self.engine.clause(&[-lit, -chosen(id)]);
        }
        lit
    }

    fn condition(&mut self, condition: &Condition) -> Truth {
        let (members, all) = match condition {
            Condition::Leaf(spec) => return self.leaf(spec),
            Condition::And(members) => (members, true),
            Condition::Or(members) => (members, false),
        };
        let mut lits = Vec::new();
        for member in members {
            match self.condition(member) {
                Truth::Lit(lit) => lits.push(lit),
                Truth::Always if all => {}
                Truth::Never if !all => {}
                decisive => return decisive,
            }
        }
        if lits.is_empty() {
            return if all { Truth::Always } else { Truth::Never };
        }
        let whole = self.variable();
        if all {
            let mut clause: Vec<i32> = lits.iter().map(|lit| -lit).collect();
            clause.push(whole);
            self.engine.clause(&clause);
        } else {
            for lit in lits {
                self.engine.clause(&[-lit, whole]);
            }
        }
        Truth::Lit(whole)
    }

    fn leaf(&mut self, spec: &MatchSpec) -> Truth {
        let wanted = self.matching.take(Some(spec.clone()));
        match wanted.on_target {
            Some((true, _)) => return Truth::Always,
            Some((false, _)) => return Truth::Never,
            None if wanted.members.is_empty() => return Truth::Never,
            None => {}
        }
        let lit = self.variable();
        for &id in &wanted.members {
            self.engine.clause(&[-chosen(id), lit]);
        }
        Truth::Lit(lit)
    }

    fn extra(&mut self, name: &str, group: &str) -> i32 {
        let key = (name.to_string(), group.to_string());
        if let Some(&known) = self.extras.get(&key) {
            return known;
        }
        let lit = self.variable();
        self.extras.insert(key.clone(), lit);
        self.pending.push(key);
        lit
    }

    /// What the groups of extras that are asked for depend on.
    fn groups(&mut self) {
        while let Some(key) = self.pending.pop() {
            let asked = self.extras[&key];
            let (name, group) = key;
            for id in self.usable(&name) {
                for text in group_of(self.u(), id, &group) {
                    if !self.before.contains(&(id, text.clone())) {
                        self.demand(&[-chosen(id), -asked], &text);
                    }
                }
            }
        }
    }
}
