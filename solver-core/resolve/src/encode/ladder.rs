//! Ladders: which candidate of a name is chosen, in as few literals as the search needs.
//!
//! A name with records at positions `0 … n-1`, best first, has order-encoding literals `G_i` = "the name is installed,
//! with a record at position `i` or later"; `G_0` is "installed", and `G_j → G_i` for `i < j`. Only some positions have
//! their literal, the *marks*: a mark is made when something first speaks of the position (the ends of what a
//! spec matches, the end of a version, an opened candidate). Between two marks lies a *block* of records that nothing
//! tells apart so far. However long a history is, a name has only as many literals as there are ends in use.
//!
//! An opened candidate is a block of its own and has a literal `p_i ↔ G_i ∧ ¬G_{i+1}`. A contiguous range `[a, b)` is
//! the two literals `G_a`, `¬G_b`; "not within it" is the clause `¬G_a ∨ G_b`.
//!
//! Marks are only ever added and mean the same for ever, so clauses and bounds stay valid.

use std::ops::Range;

use cdcl::{Lit, Var};

use super::{Bound, Instance};
use crate::ids::Table;
use crate::universe::{NameId, SpecIdx};

/// The literals of one name.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    /// Positions that have a literal `G`, ascending; the first is 0. Empty: nobody requires the name, or it has no
    /// records.
    marks: Vec<u32>,
    /// `G` of each mark.
    at: Vec<Lit>,
    /// `p` by position, where there is one.
    chosen: Table<u32, Option<Lit>>,
    /// Candidates that clauses take into account.
    pub(super) written: u32,
    /// Specs on the name that are asked record by record, to be kept up to date as more become known.
    pub(super) specs: Vec<Bound>,
    /// What candidates of other names constrain, until something requires this name.
    pub(super) waiting: Vec<(Lit, SpecIdx)>,
    /// Leaves of conditions on the name, implied by what matches them.
    pub(super) leaves: Vec<(Lit, SpecIdx)>,
    /// Something requires the name.
    pub(super) reached: bool,
    /// How often a search wanted a candidate that was not open.
    pub(super) wanted: u32,
}

impl Ladder {
    /// Whether it has no literal.
    pub(super) fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}

/// The ladders of all names, by name, and the way back from variables.
#[derive(Debug, Default)]
pub(crate) struct Ladders {
    by_name: Table<NameId, Ladder>,
    /// Per variable: the name whose ladder or candidate it is.
    name_of_var: Vec<NameId>,
}

impl Ladders {
    /// The ladder of a name; an empty one when nothing requires it.
    pub(crate) fn of(&self, name: NameId) -> &Ladder {
        static EMPTY: Ladder = Ladder {
            marks: Vec::new(),
            at: Vec::new(),
            chosen: Table::new(),
            written: 0,
            specs: Vec::new(),
            waiting: Vec::new(),
            leaves: Vec::new(),
            reached: false,
            wanted: 0,
        };
        self.by_name.get(name).unwrap_or(&EMPTY)
    }

    pub(super) fn of_mut(&mut self, name: NameId) -> &mut Ladder {
        self.by_name.grown(name, Ladder::default)
    }

    /// "The name is installed"; `None` when nothing requires it or it has no record.
    pub(crate) fn installed(&self, name: NameId) -> Option<Lit> {
        self.of(name).at.first().copied()
    }

    /// `p` of a position, if it has been made.
    pub(crate) fn chosen(&self, name: NameId, i: u32) -> Option<Lit> {
        self.of(name).chosen.get(i).copied().flatten()
    }

    /// The value of `G_i`, if the marks around it decide it.
    pub(crate) fn value_at(
        &self,
        name: NameId,
        i: u32,
        value: impl Fn(Lit) -> Option<bool>,
    ) -> Option<bool> {
        let ladder = self.of(name);
        match ladder.marks.binary_search(&i) {
            Ok(k) => value(ladder.at[k]),
            Err(0) => None,
            Err(k) if value(ladder.at[k - 1]) == Some(false) => Some(false),
            Err(k) => ladder
                .at
                .get(k)
                .and_then(|&next| value(next))
                .filter(|&holds| holds),
        }
    }

    /// The name a variable belongs to, or [`NameId::NONE`].
    pub(crate) fn name_of(&self, var: Var) -> NameId {
        self.name_of_var
            .get(var.index())
            .copied()
            .unwrap_or(NameId::NONE)
    }

    /// The name whose "installed" this literal is.
    pub(crate) fn installs(&self, lit: Lit) -> Option<NameId> {
        if lit.is_negative() {
            return None;
        }
        let name = self.name_of(lit.var());
        (name != NameId::NONE && self.of(name).at.first() == Some(&lit)).then_some(name)
    }

    /// The first block of an installed name that an assignment leaves possible: the last one with `G` true. The ladder
    /// is monotone, so it is found by bisection.
    pub(crate) fn first_possible(
        &self,
        name: NameId,
        value: impl Fn(Lit) -> Option<bool>,
    ) -> usize {
        let at = &self.of(name).at;
        let (mut low, mut top) = (0, at.len());
        while low + 1 < top {
            let middle = low + (top - low) / 2;
            if value(at[middle]) == Some(true) {
                low = middle;
            } else {
                top = middle;
            }
        }
        low
    }

    /// The first possible block of an installed name, if others are possible as well.
    pub(crate) fn undecided(
        &self,
        name: NameId,
        value: impl Fn(Lit) -> Option<bool>,
    ) -> Option<usize> {
        let low = self.first_possible(name, &value);
        let behind = self.of(name).at.get(low + 1)?;
        (value(*behind) != Some(false)).then_some(low)
    }

    /// The first position of a block.
    pub(crate) fn start(&self, name: NameId, block: usize) -> u32 {
        self.of(name).marks.get(block).copied().unwrap_or(u32::MAX)
    }

    /// The position that a model chooses of a name that it installs: the first of the block.
    pub(crate) fn model_position(&self, name: NameId, value: impl Fn(Lit) -> Option<bool>) -> u32 {
        self.start(name, self.first_possible(name, value))
    }

    /// Deciding this chooses a block of an installed name that is known to be in it or behind it.
    pub(crate) fn choice(&self, name: NameId, block: usize) -> Option<Lit> {
        let ladder = self.of(name);
        self.chosen(name, *ladder.marks.get(block)?)
            .or_else(|| ladder.at.get(block + 1).map(|&behind| !behind))
    }
}

impl Instance {
    fn new_lit(&mut self, name: NameId) -> Lit {
        let var = self.solver.new_var();
        self.ladders.name_of_var.resize(var.index(), NameId::NONE);
        self.ladders.name_of_var.push(name);
        var.positive()
    }

    /// Makes the first mark of a name that has records.
    pub(super) fn found(&mut self, name: NameId) {
        let installed = self.new_lit(name);
        let ladder = self.ladders.of_mut(name);
        ladder.marks.push(0);
        ladder.at.push(installed);
    }

    /// `G_i` of a name; `None` when `i` is past its last record (never true) or nothing requires the name.
    pub(crate) fn at_or_after(&mut self, name: NameId, i: u32) -> Option<Lit> {
        let ladder = self.ladders.of(name);
        let k = match ladder.marks.binary_search(&i) {
            Ok(k) => return Some(ladder.at[k]),
            Err(k) => k,
        };
        if ladder.is_empty() || i >= self.u.names[name].len() {
            return None;
        }
        let (before, behind) = (ladder.at[k - 1], ladder.at.get(k).copied());
        let here = self.new_lit(name);
        self.solver.add_binary(!here, before);
        if let Some(behind) = behind {
            self.solver.add_binary(!behind, here);
        }
        let ladder = self.ladders.of_mut(name);
        ladder.marks.insert(k, i);
        ladder.at.insert(k, here);
        Some(here)
    }

    /// "The candidate at this position is chosen", as a block of its own; `None` where [`Instance::at_or_after`] is.
    pub(crate) fn position(&mut self, name: NameId, i: u32) -> Option<Lit> {
        if let Some(chosen) = self.ladders.chosen(name, i) {
            return Some(chosen);
        }
        let here = self.at_or_after(name, i)?;
        let chosen = match self.at_or_after(name, i + 1) {
            None => here,
            Some(next) => {
                let chosen = self.new_lit(name);
                self.solver.add_binary(!chosen, here);
                self.solver.add_binary(!chosen, !next);
                self.solver.add_clause(&[!here, next, chosen]);
                chosen
            }
        };
        *self.ladders.of_mut(name).chosen.grown(i, || None) = Some(chosen);
        Some(chosen)
    }

    /// Whatever is chosen within a range of positions, one of these literals holds.
    pub(super) fn within_implies(&mut self, name: NameId, range: Range<u32>, lits: &[Lit]) {
        let mut clause = lits.to_vec();
        match self.ladders.chosen(name, range.start) {
            Some(chosen) if range.len() == 1 => clause.push(!chosen),
            _ => {
                let Some(from) = self.at_or_after(name, range.start) else {
                    return;
                };
                clause.push(!from);
                clause.extend(self.at_or_after(name, range.end));
            }
        }
        self.solver.add_clause(&clause);
    }
}
