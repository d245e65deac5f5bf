//! Nothing superfluous in level 5: an installed package counts as kept only where something needs it.
//!
//! Clauses say what a record needs, not that each record is needed: superfluous packages are left out of an answer in
//! the end, and at all other levels being there never costs less than being absent. Only a change is saved
//! by a package that stays, so from level 5 on a model is looked at: what of it is *founded*, reachable from the roots
//! through chosen records? Where an installed package that counts as kept is not, the model is refused by a *loop formula*
//! (Lin, Zhao: *ASSAT: Computing answer sets of a logic program by SAT solvers*, 2004): if one of a set of names is
//! founded, then a record outside the set is chosen that leads into it. Roots are
//! those of a request, so the formula holds under a literal that this request assumes.
//!
//! The set. With `F` the names that are founded in the model, it holds the unfounded package and every reached name
//! outside `F` that may lead to it: because an opened record of its does, or because some of its records have not been
//! opened. A chain of records that founds the package leaves `F` somewhere, at a record of a name in `F` that leads to a name
//! that is in the set or not reached yet. All these records, opened or not, are found in the index; the formula is the
//! clause over them, and stays valid whatever is opened or reached later.

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
        self.kept = Some(Kept { there, here });
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
        let Some(kept) = self.kept.take() else {
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
                self.inst.forbid_loop(&unfounded, &founded, kept.here);
                refused = true;
            }
        }
        self.kept = Some(kept);
        refused
    }
}

impl Instance {
    /// Adds the loop formula of names that are not founded, see the module's essay. It holds where `here` does: another
    /// request has other roots.
    fn forbid_loop(&mut self, unfounded: &[NameId], founded: &FxHashSet<NameId>, here: Lit) {
        let outside: Vec<NameId> = self.reached.clone();
        let outside = outside.into_iter().filter(|name| !founded.contains(name));
        let seeds: FxHashSet<NameId> = unfounded.iter().copied().collect();
        let mut set = seeds.clone();
        let mut others: Vec<(NameId, Vec<NameId>)> = Vec::new();
        for name in outside.filter(|name| !seeds.contains(name)) {
            let entry = &self.u.names[name as usize];
            if entry.known() < entry.len() || entry.cands.iter().any(|c| !c.open) {
                set.insert(name);
            } else {
                let mut found = Required::default();
                for at in 0..entry.len() {
                    self.u.led_to(name, at, &mut found);
                }
                others.push((name, found.names));
            }
        }
        let reached: FxHashSet<NameId> = self.reached.iter().copied().collect();
        let leads_in = |set: &FxHashSet<NameId>, to: &[NameId]| {
            to.iter()
                .any(|name| set.contains(name) || !reached.contains(name))
        };
        loop {
            let before = set.len();
            for (name, to) in &others {
                if leads_in(&set, to) {
                    set.insert(*name);
                }
            }
            if set.len() == before {
                break;
            }
        }
        let needed = self.solver.new_var().positive();
        let mut clause = vec![!needed];
        let mut sources: Vec<NameId> = founded.iter().copied().collect();
        sources.retain(|&name| self.ladders.installed(name).is_some());
        sources.sort_unstable();
        for name in sources {
            let mut runs: Vec<Range<u32>> = Vec::new();
            let mut found = Required::default();
            for at in 0..self.u.names[name as usize].len() {
                found.names.clear();
                self.u.led_to(name, at, &mut found);
                found.names.retain(|name| !founded.contains(name));
                if leads_in(&set, &found.names) {
                    match runs.last_mut() {
                        Some(run) if run.end == at => run.end += 1,
                        _ => runs.push(at..at + 1),
                    }
                }
            }
            clause.extend(runs.into_iter().filter_map(|run| self.within(name, run)));
        }
        self.solver.add_clause(&clause);
        self.decided_last.extend(clause[1..].iter().copied());
        self.decided_last.push(needed);
        for &name in unfounded {
            if let Some(installed) = self.ladders.installed(name) {
                self.solver.add_clause(&[!here, !installed, needed]);
            }
        }
    }

    /// A literal that is true only where a record within a range is chosen.
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
        Some(within)
    }
}
