//! Ties: each item in turn as low as it goes, then fixed.

use cdcl::Lit;

use super::item::{Item, Step};
use super::{Interrupted, Optimizer};

impl Optimizer<'_> {
    /// Minimises the items lexicographically, the first item first, and fixes each at its value.
    pub(crate) fn minimise_in_order(&mut self, items: &[Item]) -> Result<(), Interrupted> {
        self.propagate_base();
        self.try_all_at_best(items)?;
        for item in items {
            self.propagate_base();
            while let Some(lit) = self.improvable(item).and_then(|s| self.literal(item, s)) {
                if !self.search(&[!lit])? {
                    self.base.push(lit);
                }
                self.propagate_base();
            }
            self.fix_value(item);
        }
        Ok(())
    }

    /// One search that, when it succeeds, ends the whole tie-break: everything at its least at once.
    fn try_all_at_best(&mut self, items: &[Item]) -> Result<(), Interrupted> {
        let mut open: Vec<(Item, Step)> = Vec::new();
        let mut improvable = false;
        for item in items {
            open.extend(self.first_open(item).map(|step| (*item, step)));
            improvable |= self.improvable(item).is_some();
        }
        if improvable {
            let mut assumptions: Vec<Lit> = Vec::new();
            for (item, step) in open {
                let lit = self.literal(&item, step);
                assumptions.extend(lit.map(|lit| !lit));
            }
            self.search(&assumptions)?;
            self.propagate_base();
        }
        Ok(())
    }

    /// The item's first step that the base leaves open.
    fn first_open(&mut self, item: &Item) -> Option<Step> {
        let mut last = None;
        while let Some(step) = self.next_step(item, last) {
            match self.is_paid(item, step) {
                None => return Some(step),
                Some(false) => return None,
                Some(true) => last = Some(step),
            }
        }
        None
    }

    /// The item's first open step, if the best model pays it.
    fn improvable(&mut self, item: &Item) -> Option<Step> {
        let paid = self.total(std::slice::from_ref(item));
        if paid == 0 {
            return None;
        }
        self.first_open(item).filter(|step| step.paid <= paid)
    }

    /// Allows the item no other value than the best model's.
    pub(crate) fn fix_value(&mut self, item: &Item) {
        let paid = self.total(std::slice::from_ref(item));
        let mut last = None;
        let mut behind = None;
        while let Some(step) = self.next_step(item, last) {
            if step.paid > paid {
                behind = Some(step);
                break;
            }
            last = Some(step);
        }
        for (step, holds) in [(behind, false), (last, true)] {
            let Some(step) = step.filter(|&s| self.is_paid(item, s) != Some(holds)) else {
                continue;
            };
            if let Some(lit) = self.literal(item, step) {
                self.fix(if holds { lit } else { !lit });
            }
        }
    }
}
