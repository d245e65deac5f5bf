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
            while let Some(step) = self.improvable(item) {
                if !self.search(&[!step.lit])? {
                    self.base.push(step.lit);
                }
                self.propagate_base();
            }
            self.fix_value(item);
        }
        Ok(())
    }

    /// One search that, when it succeeds, ends the whole tie-break: everything at its least at once.
    fn try_all_at_best(&mut self, items: &[Item]) -> Result<(), Interrupted> {
        let mut wish: Vec<Lit> = Vec::new();
        let mut improvable = false;
        for item in items {
            wish.extend(self.first_open(item).map(|step| !step.lit));
            improvable |= self.improvable(item).is_some();
        }
        if improvable {
            self.search(&wish)?;
            self.propagate_base();
        }
        Ok(())
    }

    /// The item's first step that the base leaves open.
    fn first_open(&mut self, item: &Item) -> Option<Step> {
        let mut last = None;
        while let Some(step) = self.next_step(item, last) {
            match self.value(step.lit) {
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
        while let Some(step) = self.next_step(item, last) {
            if step.paid > paid {
                self.fix(!step.lit);
                break;
            }
            last = Some(step);
        }
        if let Some(step) = last {
            self.fix(step.lit);
        }
    }
}
