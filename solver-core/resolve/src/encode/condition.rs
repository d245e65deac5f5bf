//! Conditional dependencies: `tomli[when="python <3.11"]` (CEP 43).
//!
//! A dependency with a condition `c` is the clause `p ∧ c → s`. A leaf of a condition is true when a chosen record
//! (or a virtual package) matches it: each matching candidate implies the leaf's literal, and as more candidates
//! become known more do. Nothing implies the candidates, so a condition never pulls a package in.

use cdcl::Lit;
use conda::match_spec::{Condition, MatchSpec};

use super::{runs, Instance};
use crate::universe::{NameId, SpecIdx};

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Always,
    Never,
    /// At least where this literal is true.
    Lit(Lit),
}

impl Instance {
    /// The condition of a spec that has one.
    pub(crate) fn condition_of(&mut self, spec: SpecIdx) -> Truth {
        let Some(condition) = self.u.specs[spec].condition() else {
            return Truth::Always;
        };
        if let Some(&known) = self.conditions.get(&spec) {
            return known;
        }
        let condition = condition.clone();
        let truth = self.condition(&condition);
        self.conditions.insert(spec, truth);
        truth
    }

    /// The literal from which what a spec asks must follow when `p` has it: `p` itself, or one that holds where the
    /// condition of the spec does. `None` where it never applies.
    pub(crate) fn where_it_applies(&mut self, p: Lit, spec: SpecIdx) -> Option<Lit> {
        match self.condition_of(spec) {
            Truth::Never => None,
            Truth::Always => Some(p),
            Truth::Lit(condition) => {
                let asked = self.solver.new_var().positive();
                self.solver.add_clause(&[!p, !condition, asked]);
                Some(asked)
            }
        }
    }

    fn condition(&mut self, condition: &Condition) -> Truth {
        let (members, all) = match condition {
            Condition::Leaf(spec) => return self.leaf(spec),
            Condition::And(members) => (members, true),
            Condition::Or(members) => (members, false),
        };
        let (neutral, decisive) = if all {
            (Truth::Always, Truth::Never)
        } else {
            (Truth::Never, Truth::Always)
        };
        let mut lits = Vec::new();
        for member in members {
            match self.condition(member) {
                Truth::Lit(lit) => lits.push(lit),
                truth if truth == decisive => return decisive,
                _ => {}
            }
        }
        if lits.is_empty() {
            return neutral;
        }
        let whole = self.solver.new_var().positive();
        if all {
            let mut clause: Vec<Lit> = lits.iter().map(|&lit| !lit).collect();
            clause.push(whole);
            self.solver.add_clause(&clause);
        } else {
            for lit in lits {
                self.solver.add_binary(!lit, whole);
            }
        }
        Truth::Lit(whole)
    }

    fn leaf(&mut self, spec: &MatchSpec) -> Truth {
        let id = self.u.parsed_spec(&spec.to_string(), spec);
        let entry = &self.u.specs[id];
        let name = entry.name;
        if let Some((holds, _)) = entry.on_virtual {
            return if holds { Truth::Always } else { Truth::Never };
        }
        self.reach(name);
        if let Some(&(lit, _)) = self.ladders.of(name).leaves.iter().find(|(_, s)| *s == id) {
            return Truth::Lit(lit);
        }
        if self.u.names[name].len() == 0 {
            return Truth::Never;
        }
        let lit = self.solver.new_var().positive();
        self.ladders.of_mut(name).leaves.push((lit, id));
        self.imply_leaf(name, lit, id, 0);
        Truth::Lit(lit)
    }

    /// What matches a leaf implies it: its ranges where versions alone decide, else candidates known from `from` on.
    pub(super) fn imply_leaf(&mut self, name: NameId, lit: Lit, spec: SpecIdx, from: u32) {
        let known = self.u.names[name].known();
        let entry = &self.u.specs[spec];
        let matched = match entry.exact() {
            true if from > 0 => return,
            true => entry.ranges().to_vec(),
            false => runs(&self.u.matched(entry, from..known)),
        };
        for run in matched {
            self.within_implies(name, run, &[lit]);
        }
    }
}
