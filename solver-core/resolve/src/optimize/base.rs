//! The base: literals that every further model must satisfy, and how many of them the solver has at hand.
//!
//! The base grows by a literal or two at a time, up to several for each package, and is assumed after nearly each of
//! these steps. So it is not handed over as a whole: the solver keeps the assumptions of its last call, and only what
//! comes after those that are known to be the same is passed on.

use std::ops::Deref;

use cdcl::Lit;

/// A list of literals, and how many of the first ones the solver assumed in its last call, in this order.
#[derive(Debug, Default)]
pub(crate) struct Base {
    lits: Vec<Lit>,
    assumed: usize,
}

impl From<Vec<Lit>> for Base {
    fn from(lits: Vec<Lit>) -> Self {
        Base { lits, assumed: 0 }
    }
}

impl Deref for Base {
    type Target = [Lit];

    fn deref(&self) -> &[Lit] {
        &self.lits
    }
}

impl Extend<Lit> for Base {
    fn extend<I: IntoIterator<Item = Lit>>(&mut self, lits: I) {
        self.lits.extend(lits);
    }
}

impl Base {
    pub(crate) fn push(&mut self, lit: Lit) {
        self.lits.push(lit);
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.lits.truncate(len);
        self.assumed = self.assumed.min(len);
    }

    pub(crate) fn split_off(&mut self, at: usize) -> Vec<Lit> {
        let rest = self.lits.split_off(at);
        self.assumed = self.assumed.min(at);
        rest
    }

    /// The solver was called with other assumptions.
    pub(crate) fn forget(&mut self) {
        self.assumed = 0;
    }

    /// What to assume now: how many of the assumptions of the last call stay, and those behind them, `more` at the
    /// end. The solver must be called with them.
    pub(crate) fn assume(&mut self, more: &[Lit]) -> (usize, Vec<Lit>) {
        let keep = std::mem::replace(&mut self.assumed, self.lits.len());
        (keep, [&self.lits[keep..], more].concat())
    }
}
