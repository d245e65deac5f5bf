//! Nothing superfluous in level 5: an installed package counts as kept only where something needs it.
//!
//! Clauses say what a record needs, not that each record is needed: superfluous packages are left out of an answer in
//! the end, and at all other levels being there never costs less than being absent. Only a change is saved
//! by a package that stays, so from level 5 on a model is looked at: what of it is *founded*, reachable from the roots
//! through chosen records? Where an installed package that counts as kept is not, the model is refused by a *loop formula*
//! (Lin, Zhao: *ASSAT: Computing answer sets of a logic program by SAT solvers*, 2004): if one of a set of names is
//! founded, then a record outside the set is chosen that leads into it. Roots and
//! bounds are those of a request, so the formula holds under a literal that this request assumes.
//!
//! The set. With `F` the names that are founded in the model, it holds the unfounded package and every name outside `F`
//! that may lead to it, by any record, opened or not, that levels 1 to 4 still allow; what has not been reached yet may lead
//! everywhere. A chain of records that founds the package leaves `F` somewhere, at a record of a name in `F` that leads
//! into the set. All such records are found in the index; the formula is the clause over them, and stays valid
//! whatever is opened or reached later in this request.

use std::ops::Range;

use cdcl::Lit;
use rustc_hash::FxHashSet;

use super::item::{Cost, Item};
use super::{Interrupted, Optimizer, ABSENT};
use crate::encode::Instance;
use crate::request::Request;
use crate::search::Model;
use crate::universe::{ExtraId, NameId, Required, Universe};

/// What needs no other package to be there.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    pub names: Vec<NameId>,
    /// Extras that the request or its history asks for.
    pub extras: Vec<ExtraId>,
}

impl Roots {
    /// These names, and what is asked for with extras.
    pub(crate) fn of(u: &mut Universe, names: &[NameId], request: &Request) -> Self {
        let mut roots = Roots {
            names: names.to_vec(),
            extras: Vec::new(),
        };
        for ask in request.asked_extras() {
            let name = u.name_id(ask.name);
            roots.names.push(name);
            for group in &ask.extras {
                roots.extras.push(u.extra_id(name, group));
            }
        }
        roots
    }

    /// The roots and every name that chosen records lead to, chosen or not; in the order in which they were found.
    pub(crate) fn reach(&self, u: &mut Universe, model: &Model) -> Vec<NameId> {
        let mut reached = self.names.clone();
        let mut known: FxHashSet<NameId> = FxHashSet::default();
        reached.retain(|&name| known.insert(name));
        let mut extras = self.extras.clone();
        let mut asked: FxHashSet<ExtraId> = FxHashSet::default();
        extras.retain(|&extra| asked.insert(extra));
        let mut found = Required::default();
        let (mut next, mut next_extra) = (0, 0);
        loop {
            // The record of the next name, or the group of the next extra.
            if let Some(&name) = reached.get(next) {
                next += 1;
                match model.position(name) {
                    ABSENT => continue,
                    at => u.required_at(name, at..at + 1, &mut found),
                }
            } else if let Some(&extra) = extras.get(next_extra) {
                next_extra += 1;
                match model.position(u.extra(extra).0) {
                    ABSENT => continue,
                    at => u.required_by_extra(extra, at, &mut found),
                }
            } else {
                return reached;
            }
            reached.extend(found.names.drain(..).filter(|&name| known.insert(name)));
            extras.extend(found.extras.drain(..).filter(|&extra| asked.insert(extra)));
        }
    }
}

/// What must be needed where further models keep it.
#[derive(Debug)]
pub(super) struct Kept {
    /// Installed packages with their positions.
    there: Vec<(NameId, u32)>,
    /// Under this literal loop formulas hold.
    here: Lit,
    /// What was assumed when level 5 began, this literal included.
    base: Vec<Lit>,
    pub loops: Vec<Loop>,
}

/// A loop formula: where the first literal is true, one of the others is.
#[derive(Debug)]
pub(crate) struct Loop {
    pub needed: Lit,
    pub leading: Vec<Lit>,
}

impl Optimizer<'_> {
    /// From now on an installed record that these items count as kept is needed for something.
    pub(super) fn keep_founded(&mut self, changes: &[Item]) -> Result<(), Interrupted> {
        let roots: FxHashSet<NameId> = self.roots.names.iter().copied().collect();
        let place = |item: &Item| match item.cost {
            Cost::Change(at) if !roots.contains(&item.name) => Some((item.name, at)),
            _ => None,
        };
        let there = changes.iter().filter_map(place).collect();
        let here = self.inst.solver.new_var().positive();
        self.base.push(here);
        self.kept = Some(Kept {
            there,
            here,
            base: self.base.to_vec(),
            loops: Vec::new(),
        });
        std::mem::swap(&mut self.best, &mut self.model);
        let refused = self.refuse_unfounded();
        std::mem::swap(&mut self.best, &mut self.model);
        if refused {
            // Leaving it out is a model.
            self.search(&[])?;
        }
        Ok(())
    }

    /// Refuses the model just found where it keeps a package that nothing needs; true if it does.
    pub(super) fn refuse_unfounded(&mut self) -> bool {
        let Some(mut kept) = self.kept.take() else {
            return false;
        };
        let model = &self.model;
        let stays = |&&(name, at): &&(NameId, u32)| model.position(name) == at;
        let mut refused = false;
        if kept.there.iter().any(|entry| stays(&entry)) {
            let founded = self.roots.reach(&mut self.inst.u, model);
            let founded: FxHashSet<NameId> = founded.into_iter().collect();
            let unfounded = kept.there.iter().filter(stays).map(|&(name, _)| name);
            let unfounded: Vec<NameId> = unfounded.filter(|n| !founded.contains(n)).collect();
            if !unfounded.is_empty() {
                self.inst.solver.holds_under(&kept.base);
                self.base.forget();
                let formula = self.inst.loop_formula(&unfounded, &founded, kept.here);
                kept.loops.push(formula);
                refused = true;
            }
        }
        self.kept = Some(kept);
        refused
    }
}

impl Instance {
    /// Adds the loop formula of names that are not founded, see the module's essay. The solver holds what the base
    /// implies.
    fn loop_formula(
        &mut self,
        unfounded: &[NameId],
        founded: &FxHashSet<NameId>,
        here: Lit,
    ) -> Loop {
        let reached: FxHashSet<NameId> = self.reached.iter().copied().collect();
        let mut set: FxHashSet<NameId> = unfounded.iter().copied().collect();
        let mut others: Vec<(NameId, Vec<NameId>)> = Vec::new();
        for name in self.reached.clone() {
            if founded.contains(&name) || set.contains(&name) {
                continue;
            }
            let mut found = Required::default();
            for at in self.possible_positions(name) {
                self.u.led_to(name, at, &mut found);
            }
            found.names.sort_unstable();
            found.names.dedup();
            others.push((name, found.names));
        }
        let leads_in = |set: &FxHashSet<NameId>, to: &[NameId]| {
            to.iter()
                .any(|name| set.contains(name) || !reached.contains(name))
        };
        loop {
            let before = set.len();
            others.retain(|(name, to)| {
                let leads = leads_in(&set, to);
                if leads {
                    set.insert(*name);
                }
                !leads
            });
            if set.len() == before {
                break;
            }
        }
        let mut sources: Vec<NameId> = founded.iter().copied().collect();
        sources.sort_unstable();
        let mut runs: Vec<(NameId, Range<u32>)> = Vec::new();
        let mut found = Required::default();
        for name in sources {
            for at in self.possible_positions(name) {
                found.names.clear();
                self.u.led_to(name, at, &mut found);
                found.names.retain(|name| !founded.contains(name));
                if !leads_in(&set, &found.names) {
                    continue;
                }
                match runs.last_mut() {
                    Some((last, run)) if *last == name && run.end == at => run.end += 1,
                    _ => runs.push((name, at..at + 1)),
                }
            }
        }
        let needed = self.solver.new_var().positive();
        let leading: Vec<Lit> = runs
            .into_iter()
            .filter_map(|(name, run)| self.within(name, run))
            .collect();
        let mut clause = leading.clone();
        clause.push(!needed);
        self.solver.add_clause(&clause);
        for &name in unfounded {
            if let Some(installed) = self.ladders.installed(name) {
                self.solver.add_clause(&[!here, !installed, needed]);
            }
        }
        Loop { needed, leading }
    }

    /// The positions of a name that what is assumed does not rule out.
    fn possible_positions(&self, name: NameId) -> Vec<u32> {
        let value = |lit: Lit| self.solver.current(lit);
        if self
            .ladders
            .installed(name)
            .is_none_or(|lit| value(lit) == Some(false))
        {
            return Vec::new();
        }
        let possible = |&at: &u32| {
            self.ladders.value_at(name, at, value) != Some(false)
                && self.ladders.value_at(name, at + 1, value) != Some(true)
                && self.ladders.chosen(name, at).and_then(value) != Some(false)
        };
        (0..self.u.names[name as usize].len())
            .filter(possible)
            .collect()
    }

    /// Whether a record within a range is chosen.
    fn within(&mut self, name: NameId, range: Range<u32>) -> Option<Lit> {
        if range.len() == 1 {
            return self.position(name, range.start);
        }
        let from = self.at_or_after(name, range.start)?;
        let Some(behind) = self.at_or_after(name, range.end) else {
            return Some(from);
        };
        let within = self.solver.new_var().positive();
        self.solver.add_binary(!within, from);
        self.solver.add_binary(!within, !behind);
        self.solver.add_clause(&[!from, behind, within]);
        Some(within)
    }
}
