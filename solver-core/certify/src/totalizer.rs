//! Ladders of costs, and bounds on their sums, as clauses.

use std::collections::BTreeMap;

use crate::encode::{chosen, Engine, Formula};
use crate::ladder::Ladder;
use crate::universe::Id;

/// A node of a totalizer: sums above 0, ascending, each with the literal that is true where it is reached.
type Node = Vec<(u64, i32)>;

impl<E: Engine> Formula<'_, '_, '_, E> {
    /// The ladder of a cost: what each usable record of the name costs, and what none of them costs.
    ///
    /// A name without usable records always costs `absent`.
    pub fn ladder(&mut self, name: &str, cost: impl Fn(Id) -> u64, absent: u64) -> Ladder {
        let ids = self.usable(name).into_iter();
        let costs: BTreeMap<Id, u64> = ids.map(|id| (id, cost(id))).collect();
        let mut values: Vec<u64> = costs.values().copied().collect();
        values.push(absent);
        values.sort_unstable();
        values.dedup();
        let steps: Vec<(u64, i32)> = values[1..].iter().map(|&v| (v, self.variable())).collect();
        for pair in steps.windows(2) {
            self.engine.clause(&[-pair[1].1, pair[0].1]);
        }
        let ladder = Ladder {
            name: name.to_string(),
            least: values[0],
            costs,
            absent,
            steps,
        };
        for (&id, &value) in &ladder.costs {
            self.option(&ladder, value, -chosen(id));
        }
        match self.present(name) {
            Some(present) => self.option(&ladder, absent, present),
            None => debug_assert!(ladder.steps.is_empty()),
        }
        ladder
    }

    /// Where the literal `unless` is false, the cost is `value`.
    fn option(&mut self, ladder: &Ladder, value: u64, unless: i32) {
        if let Some(reached) = ladder.at_least(value) {
            self.engine.clause(&[unless, reached]);
        }
        if let Some(above) = ladder.above(value) {
            self.engine.clause(&[unless, -above]);
        }
    }

    /// The sums of what ladders cost above `lower`, up to `cap`, which stands for all larger ones too.
    pub fn totalizer(&mut self, ladders: &[Ladder], lower: &[u64], cap: u64) -> Node {
        let mut nodes: Vec<Node> = Vec::new();
        for (ladder, &lower) in ladders.iter().zip(lower) {
            let mut node: Node = Vec::new();
            for &(value, lit) in ladder.steps.iter().filter(|(v, _)| *v > lower) {
                let excess = (value - lower).min(cap);
                node.push((excess, lit));
                if excess == cap {
                    break;
                }
            }
            if !node.is_empty() {
                nodes.push(node);
            }
        }
        while nodes.len() > 1 {
            let mut above = Vec::with_capacity(nodes.len().div_ceil(2));
            let mut pairs = nodes.into_iter();
            while let Some(left) = pairs.next() {
                above.push(match pairs.next() {
                    Some(right) => self.merge(&left, &right, cap),
                    None => left,
                });
            }
            nodes = above;
        }
        nodes.pop().unwrap_or_default()
    }

    fn merge(&mut self, left: &Node, right: &Node, cap: u64) -> Node {
        let mut sums: Vec<u64> = Vec::new();
        sums.extend(left.iter().chain(right).map(|(v, _)| *v));
        for (a, _) in left {
            sums.extend(right.iter().map(|(b, _)| (a + b).min(cap)));
        }
        sums.sort_unstable();
        sums.dedup();
        let node: Node = sums.into_iter().map(|v| (v, self.variable())).collect();
        for pair in node.windows(2) {
            self.engine.clause(&[-pair[1].1, pair[0].1]);
        }
        let sum = |value: u64| {
            let at = node.partition_point(|(v, _)| *v < value.min(cap));
            node[at].1
        };
        for &(value, lit) in left.iter().chain(right) {
            self.engine.clause(&[-lit, sum(value)]);
        }
        for &(a, left) in left {
            for &(b, right) in right {
                self.engine.clause(&[-left, -right, sum(a + b)]);
            }
        }
        node
    }
}
