//! Minimising a sum: core-guided search (OLL) on ladder literals.
//!
//! An [`Item`] is one package's cost: steps `l_1, l_2, …` with `l_{k+1} → l_k`; its value is the sum of the weights
//! of the true ones. The search keeps a lower bound and assumes that nothing beyond it is paid:
//!
//! 1. what the base implies is paid without a search; the first open step of every item is then assumed false.
//!    Satisfiable means that the lower bound is reached, and proved;
//! 2. otherwise the failed assumptions are a core, shrunk. One literal: the step is inevitable, it joins the base and
//!    the item's next step is assumed instead (unit propagation then often pays whole runs of steps). Several: at
//!    least one is inevitable, the bound grows by the least weight among them, and a totalizer counts them so that a
//!    second true one is the next thing to be assumed away (Morgado, Dodaro, Marques-Silva: *Core-guided MaxSAT with
//!    soft cardinality constraints*, 2014);
//! 3. a model whose value equals the lower bound ends the search at once.
//!
//! When it ends, the assumptions left hold in exactly the optimal solutions; in the base they fix the level.

use cdcl::Lit;

use super::item::{Item, Step};
use super::{Interrupted, Optimizer};

/// What an assumption stands for.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// This step of item `item` stays unpaid.
    Item { item: usize, step: Step },
    /// Fewer than `bound` literals of totalizer `id` are true.
    Totalizer { id: usize, bound: usize },
}

/// An assumption and what its failure costs.
#[derive(Debug, Clone, Copy)]
struct Soft {
    lit: Lit,
    weight: u64,
    source: Source,
}

/// The state of one minimisation.
struct Oll<'i> {
    items: &'i [Item],
    active: Vec<Soft>,
    /// Outputs of each totalizer and the weight of one.
    totalizers: Vec<(Vec<Lit>, u64)>,
    lower: u64,
    traded: bool,
}

/// What a minimisation found.
#[derive(Debug)]
pub(crate) struct Minimum {
    /// The least value, reached by the best model.
    pub value: u64,
    /// Whether several items had to be traded against each other: then the optimum may be reached in several ways.
    pub traded: bool,
    /// Literals that hold in exactly the optimal solutions.
    pub bounds: Vec<Lit>,
}

impl Optimizer<'_> {
    /// Makes the best model minimise the sum of the items; only optimal solutions remain.
    pub(crate) fn minimise(&mut self, items: &[Item]) -> Result<u64, Interrupted> {
        let minimum = self.find_minimum(items)?;
        self.fix_all(&minimum.bounds);
        Ok(minimum.value)
    }

    /// As [`Optimizer::minimise`]; among equal sums the first item is as low as it can be, then the second, …
    pub(crate) fn minimise_and_break_ties(&mut self, items: &[Item]) -> Result<u64, Interrupted> {
        let minimum = self.find_minimum(items)?;
        self.fix_all(&minimum.bounds);
        if minimum.traded {
            self.minimise_in_order(items)?;
        }
        Ok(minimum.value)
    }

    pub(crate) fn fix_all(&mut self, lits: &[Lit]) {
        self.propagate_base();
        for &lit in lits {
            self.fix(lit);
        }
    }

    /// Makes the best model minimise the sum; the base still admits other solutions.
    pub(crate) fn find_minimum(&mut self, items: &[Item]) -> Result<Minimum, Interrupted> {
        let mut oll = Oll {
            items,
            active: Vec::new(),
            totalizers: Vec::new(),
            lower: 0,
            traded: false,
        };
        self.propagate_base();
        let mut steps = Vec::new();
        for item in 0..items.len() {
            steps.extend(oll.first_open(self, item, None));
        }
        oll.activate_items(self, &steps);
        while self.total(items) > oll.lower {
            let assumptions: Vec<Lit> = oll.active.iter().map(|s| s.lit).collect();
            if self.search(&assumptions)? {
                debug_assert_eq!(self.total(items), oll.lower);
                if self.total(items) > oll.lower {
                    // It cannot be. Should it be all the same, an answer that is not proved is better than no end.
                    return Err(Interrupted);
                }
            } else {
                oll.relax(self, &assumptions);
            }
        }
        Ok(Minimum {
            value: oll.lower,
            traded: oll.traded,
            bounds: oll.active.iter().map(|s| s.lit).collect(),
        })
    }
}

impl Oll<'_> {
    /// An item's first open step behind `last`; inevitable ones are paid. The base is propagated.
    fn first_open(
        &mut self,
        opt: &mut Optimizer<'_>,
        item: usize,
        mut last: Option<Step>,
    ) -> Option<(usize, Step)> {
        while let Some(step) = opt.next_step(&self.items[item], last) {
            match opt.is_paid(&self.items[item], step) {
                Some(false) => return None,
                Some(true) => {
                    self.lower += step.weight;
                    let name = self.items[item].name;
                    if step.at >= opt.inst.u.names[name].known() {
                        // The rest is inevitable: look at it.
                        opt.inst.grow(name, step.at + 1);
                        opt.propagate_base();
                    }
                }
                None => return Some((item, step)),
            }
            last = Some(step);
        }
        None
    }

    /// Assumes steps of items away. All at once, because making literals forgets what the base implies.
    fn activate_items(&mut self, opt: &mut Optimizer<'_>, steps: &[(usize, Step)]) {
        for &(item, step) in steps {
            if let Some(lit) = opt.literal(&self.items[item], step) {
                self.active.push(Soft {
                    lit: !lit,
                    weight: step.weight,
                    source: Source::Item { item, step },
                });
            }
        }
    }

    fn activate_totalizer(&mut self, opt: &Optimizer<'_>, id: usize, mut bound: usize) {
        let (outputs, weight) = &self.totalizers[id];
        let weight = *weight;
        // outputs[k] is "at least k + 1 are true".
        while let Some(&output) = outputs.get(bound - 1) {
            match opt.value(output) {
                Some(false) => return,
                Some(true) => self.lower += weight,
                None => {
                    self.active.push(Soft {
                        lit: !output,
                        weight,
                        source: Source::Totalizer { id, bound },
                    });
                    return;
                }
            }
            bound += 1;
        }
    }

    /// Takes the last core into account: raises the lower bound and replaces the core's assumptions.
    fn relax(&mut self, opt: &mut Optimizer<'_>, assumptions: &[Lit]) {
        let core = opt.shrink_core(assumptions);
        debug_assert!(!core.is_empty(), "the best model satisfies the base");
        let in_core = |soft: &Soft| core.contains(&soft.lit);
        let weight = self
            .active
            .iter()
            .filter(|s| in_core(s))
            .map(|s| s.weight)
            .min()
            .unwrap_or(0);
        if let [lit] = core[..] {
            opt.base.push(!lit);
        }
        self.lower += weight;
        let mut spent = Vec::new();
        let mut i = 0;
        while i < self.active.len() {
            if in_core(&self.active[i]) {
                self.active[i].weight -= weight;
                if self.active[i].weight == 0 {
                    spent.push(self.active.swap_remove(i).source);
                    continue;
                }
            }
            i += 1;
        }
        let mut counted = None;
        if core.len() > 1 {
            self.traded = true;
            let inputs: Vec<Lit> = core.iter().map(|&l| !l).collect();
            // Requests that are alike meet the same cores.
            let outputs = match opt.inst.totalizers.get(&inputs) {
                Some(outputs) => outputs.clone(),
                None => {
                    let negative = inputs.iter().filter(|lit| lit.is_negative());
                    opt.inst.counted_false.extend(negative.map(|&lit| !lit));
                    let outputs = totalizer(opt, &inputs);
                    opt.inst.totalizers.insert(inputs, outputs.clone());
                    outputs
                }
            };
            self.totalizers.push((outputs, weight));
            counted = Some(self.totalizers.len() - 1);
        }
        opt.propagate_base();
        let mut steps = Vec::new();
        for source in spent {
            match source {
                Source::Item { item, step } => steps.extend(self.first_open(opt, item, Some(step))),
                Source::Totalizer { id, bound } => self.activate_totalizer(opt, id, bound + 1),
            }
        }
        if let Some(id) = counted {
            self.activate_totalizer(opt, id, 2);
        }
        self.activate_items(opt, &steps);
    }
}

/// Counts how many of the literals are true: output `k` is implied when `k + 1` of them are
/// (Bailleux, Boufkhad: *Efficient CNF encoding of Boolean cardinality constraints*, 2003; one direction).
fn totalizer(opt: &mut Optimizer<'_>, lits: &[Lit]) -> Vec<Lit> {
    if lits.len() <= 1 {
        return lits.to_vec();
    }
    let (left, right) = lits.split_at(lits.len() / 2);
    let (a, b) = (totalizer(opt, left), totalizer(opt, right));
    let solver = &mut opt.inst.solver;
    let first = solver.new_vars(lits.len()).0;
    let out: Vec<Lit> = (0..lits.len() as u32)
        .map(|i| cdcl::Var(first + i).positive())
        .collect();
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            match (i, j) {
                (0, 0) => {}
                (0, _) => {
                    solver.add_binary(!b[j - 1], out[j - 1]);
                }
                (_, 0) => {
                    solver.add_binary(!a[i - 1], out[i - 1]);
                }
                _ => {
                    solver.add_clause(&[!a[i - 1], !b[j - 1], out[i + j - 1]]);
                }
            }
        }
    }
    out
}
