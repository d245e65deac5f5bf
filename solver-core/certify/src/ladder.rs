//! Costs in order encoding, and bounds on their sums.
//!
//! A [`Ladder`] is the cost of one package at one level: for each value `v` that the cost can have, but for the
//! least, a literal `o_v` that is true exactly where the cost is at least `v`. A sum of ladders is bounded by a
//! generalized totalizer (Joshi, Martins, Manquinho, "Generalized Totalizer Encoding for Pseudo-Boolean Constraints",
//! CP 2015): a tree whose nodes have a literal for each sum that their leaves can have, true where it is reached;
//! sums above the bound are one.

use std::collections::BTreeMap;

use crate::universe::Id;

/// The cost of one package at one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// The package.
    pub name: String,
    /// The least cost there is.
    pub least: u64,
    /// What each usable record of the package costs.
    pub costs: BTreeMap<Id, u64>,
    /// What it costs not to have the package.
    pub absent: u64,
    /// Larger costs, ascending, each with the literal that says "at least this much".
    pub steps: Vec<(u64, i32)>,
}

impl Ladder {
    /// What a choice costs: a record of the package, or none.
    pub fn cost(&self, chosen: Option<Id>) -> u64 {
        chosen.map_or(self.absent, |id| {
            self.costs.get(&id).copied().unwrap_or(self.least)
        })
    }

    /// The literal that says that the cost is at least `value`; `None` where it always is.
    pub fn at_least(&self, value: u64) -> Option<i32> {
        if value <= self.least {
            return None;
        }
        self.steps.iter().find(|(v, _)| *v >= value).map(|s| s.1)
    }

    /// The literal of the first cost above `value`; `None` where there is none.
    pub fn above(&self, value: u64) -> Option<i32> {
        self.steps.iter().find(|(v, _)| *v > value).map(|s| s.1)
    }
}
