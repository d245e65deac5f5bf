//! Nothing superfluous in level 5: an installed package counts as kept only where something needs it.
//!
//! Clauses say what a record needs, not that each record is needed: superfluous packages are left out of an answer in
//! the end, and at all other levels being there never costs less than being absent. Only a change is saved
//! by a package that stays, so from level 5 on a model is looked at: what of it is *founded*, reachable from the roots
//! through chosen records? Where an installed package that counts as kept is not, the model is refused by a *loop
//! formula* (Lin, Zhao: *ASSAT: Computing answer sets of a logic program by SAT solvers*, 2004): if one of a set of
//! names is founded, then a record outside the set is chosen that leads into it. Roots and bounds are those of a
//! request, so the formula holds under a literal that this request assumes.
//!
//! The set. A chain that founds a package goes from names to names by `depends`, and through the extras that these
//! ask for by their groups: names and extras are its *nodes*. With `F` the nodes that are founded in the model, the
//! set holds the unfounded package and every node outside `F` that may lead to it, by any record, opened or not, that
//! levels 1 to 4 still allow; a name that has not been reached yet may lead everywhere. A chain that founds the
//! package leaves `F` somewhere, at a record of a node in `F` that leads into the set. All such records are found in
//! the index; the formula is the clause over them, and stays valid whatever is opened or reached later in this
//! request. The model breaks it: its own records lead from `F` only into `F`.

use std::ops::Range;

use cdcl::Lit;
use rustc_hash::FxHashSet;

use super::branching::{Loop, Model};
use super::item::{Cost, Item};
use super::{Interrupted, Optimizer, ABSENT};
use crate::encode::Instance;
use crate::request::Request;
use crate::universe::{ExtraId, NameId, Required, Universe};

/// What a chain of records goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Node {
    Name(NameId),
    Extra(ExtraId),
}

impl Required {
    fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        let names = self.names.iter().map(|&name| Node::Name(name));
        names.chain(self.extras.iter().map(|&extra| Node::Extra(extra)))
    }

    fn clear(&mut self) {
        self.names.clear();
        self.extras.clear();
    }
}

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

    /// The roots and all that chosen records lead to, chosen or not; in the order in which it was found.
    pub(crate) fn reach(&self, u: &mut Universe, model: &Model) -> Required {
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
                    at => u.required_at(name, at, &mut found),
                }
            } else if let Some(&extra) = extras.get(next_extra) {
                next_extra += 1;
                match model.position(u.extra(extra).0) {
                    ABSENT => continue,
                    at => u.required_by_extra(extra, at, &mut found),
                }
            } else {
                return Required {
                    names: reached,
                    extras,
                };
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
            let founded: FxHashSet<Node> = founded.nodes().collect();
            let unfounded = kept.there.iter().filter(stays).map(|&(name, _)| name);
            let unfounded: Vec<NameId> = unfounded
                .filter(|&name| !founded.contains(&Node::Name(name)))
                .collect();
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
    fn loop_formula(&mut self, unfounded: &[NameId], founded: &FxHashSet<Node>, here: Lit) -> Loop {
        // Such as a record asks for under a condition that does not hold.
        let mut asked: Vec<NameId> = Vec::new();
        asked.extend(founded.iter().filter_map(|node| match node {
            Node::Name(name) => Some(*name),
            Node::Extra(_) => None,
        }));
        asked.sort_unstable();
        asked.into_iter().for_each(|name| self.reach(name));
        let reached: FxHashSet<NameId> = self.reached.iter().copied().collect();
        let mut nodes: Vec<Node> = self.reached.iter().map(|&name| Node::Name(name)).collect();
        let mut known: FxHashSet<Node> = nodes.iter().copied().collect();
        // Where nodes outside `F` lead; the records of those in `F` that lead out of it, and where.
        let mut others: Vec<(Node, Vec<Node>)> = Vec::new();
        let mut leaving: Vec<(NameId, u32, Vec<Node>)> = Vec::new();
        let mut found = Required::default();
        let mut next = 0;
        while let Some(&node) = nodes.get(next) {
            next += 1;
            let name = match node {
                Node::Name(name) => name,
                Node::Extra(extra) => self.u.extra(extra).0,
            };
            let inside = founded.contains(&node);
            let mut leads_to: Vec<Node> = Vec::new();
            for at in self.possible_positions(name) {
                found.clear();
                match node {
                    Node::Name(name) => self.u.required_by(name, at, &mut found),
                    Node::Extra(extra) => self.u.required_by_extra(extra, at, &mut found),
                }
                let asked = found.extras.iter().map(|&extra| Node::Extra(extra));
                nodes.extend(asked.filter(|&extra| known.insert(extra)));
                let out = found.nodes().filter(|to| !founded.contains(to));
                if inside {
                    let out: Vec<Node> = out.collect();
                    if !out.is_empty() {
                        leaving.push((name, at, out));
                    }
                } else {
                    leads_to.extend(out);
                }
            }
            if !inside {
                leads_to.sort_unstable();
                leads_to.dedup();
                others.push((node, leads_to));
            }
        }
        let mut set: FxHashSet<Node> = unfounded.iter().map(|&name| Node::Name(name)).collect();
        let leads_in = |set: &FxHashSet<Node>, to: &[Node]| {
            let everywhere = |node: &Node| matches!(node, Node::Name(n) if !reached.contains(n));
            to.iter().any(|node| set.contains(node) || everywhere(node))
        };
        loop {
            let before = set.len();
            others.retain(|(node, to)| {
                let leads = leads_in(&set, to);
                if leads {
                    set.insert(*node);
                }
                !leads
            });
            if set.len() == before {
                break;
            }
        }
        leaving.retain(|(_, _, to)| leads_in(&set, to));
        let mut records: Vec<(NameId, u32)> = leaving.iter().map(|&(n, at, _)| (n, at)).collect();
        records.sort_unstable();
        records.dedup();
        let follows = |a: &(NameId, u32), b: &(NameId, u32)| a.0 == b.0 && a.1 + 1 == b.1;
        let leading: Vec<Lit> = records
            .chunk_by(follows)
            .filter_map(|run| self.within(run[0].0, run[0].1..run[run.len() - 1].1 + 1))
            .collect();
        let needed = self.solver.new_var().positive();
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
        (0..self.u.names[name].len()).filter(possible).collect()
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
