//! Ladders, and what must be added when more candidates of a name become known.

use cdcl::Lit;

use super::{Bound, Cause, Instance, SpecLit};
use crate::universe::{NameId, SpecIdx};

impl Instance {
    /// Gives a name its ladder: something requires it.
    pub(crate) fn reach(&mut self, name: NameId) {
        if self.ladders.of(name).reached {
            return;
        }
        self.u.list(name);
        let ladder = self.ladders.of_mut(name);
        ladder.reached = true;
        let waiting = std::mem::take(&mut ladder.waiting);
        if self.u.names[name as usize].len() > 0 {
            let installed = self.new_lit(name);
            self.ladders.of_mut(name).at.push(installed);
            self.extend(name);
            self.reached.push(name);
        }
        for (subject, spec) in waiting {
            if let Some(k) = self.constrain(spec) {
                self.solver.add_binary(!subject, k);
            }
        }
    }

    fn new_lit(&mut self, name: NameId) -> Lit {
        let var = self.solver.new_var();
        self.ladders.name_of_var.resize(var.index(), super::NO_NAME);
        self.ladders.name_of_var.push(name);
        var.positive()
    }

    /// Makes at least `target` candidates of a name known, and writes what that means.
    pub(crate) fn grow(&mut self, name: NameId, target: u32) {
        if self.u.names[name as usize].known() < target && self.u.grow(name, target) {
            self.extend(name);
        }
    }

    /// Extends a ladder that has its first literal to all known candidates and the rest, then the specs on it.
    pub(super) fn extend(&mut self, name: NameId) {
        let (known, len) = (
            self.u.names[name as usize].known(),
            self.u.names[name as usize].len(),
        );
        let from = self.ladders.of(name).chosen.len() as u32;
        if self.ladders.of(name).at.is_empty() || from == known {
            return;
        }
        for i in from..known {
            let here = self.ladders.of_mut(name).at[i as usize];
            if i + 1 < len {
                let next = self.new_lit(name);
                let chosen = self.new_lit(name);
                self.solver.add_binary(!next, here);
                self.solver.add_binary(!chosen, here);
                self.solver.add_binary(!chosen, !next);
                self.solver.add_clause(&[!here, next, chosen]);
                let ladder = &mut self.ladders.of_mut(name);
                ladder.at.push(next);
                ladder.chosen.push(chosen);
            } else {
                self.ladders.of_mut(name).chosen.push(here);
            }
            if let Some(exclusion) = self.u.names[name as usize].cands[i as usize].excluded {
                let chosen = self.ladders.of(name).chosen[i as usize];
                self.forbid(chosen, Cause::Excluded(name, exclusion));
            }
        }
        let mut bounds = std::mem::take(&mut self.ladders.of_mut(name).specs);
        for bound in bounds.iter_mut().filter(|b| !b.closed) {
            self.bound(bound, from);
        }
        self.ladders.of_mut(name).specs = bounds;
        for (lit, spec) in self.ladders.of(name).leaves.clone() {
            self.imply_leaf(name, lit, spec, from);
        }
    }

    /// Writes the clauses of a spec literal for the candidates known from `from` on.
    fn bound(&mut self, bound: &mut Bound, from: u32) {
        let spec = &self.u.specs[bound.spec as usize];
        let name = spec.name;
        let known = self.u.names[name as usize].known();
        let more = known < self.u.names[name as usize].len() && spec.may_match_from(known);
        let matched = self.u.matched(spec, from..known);
        let lit = bound.lit;
        if bound.first.is_none() {
            match matched.first() {
                Some(&first) => {
                    bound.first = Some(first);
                    self.begin_at(bound, first);
                }
                None if more => self.begin_at(bound, known),
                None => {
                    // Nothing at all: as a requirement it cannot hold, as a constraint it forbids the name.
                    if bound.required {
                        self.never(lit, bound.spec);
                    } else if let Some(installed) = self.ladders.installed(name) {
                        self.solver.add_binary(!lit, !installed);
                    }
                    bound.closed = true;
                    return;
                }
            }
        }
        let Some(first) = bound.first else { return };
        let end = if more {
            known
        } else {
            // Candidates between the last match and `from` have clauses of their own already.
            let end = matched.last().map_or(from.max(first + 1), |&last| last + 1);
            if let Some(until) = self.ladders.at_or_after(name, end) {
                self.solver.add_binary(!lit, !until);
            }
            bound.closed = true;
            end
        };
        let mut next = matched.iter().copied().peekable();
        for j in from.max(first)..end {
            if next.next_if_eq(&j).is_none() {
                if let Some(chosen) = self.ladders.position(name, j) {
                    self.solver.add_binary(!lit, !chosen);
                }
            }
        }
    }

    /// `lit → G_first`, for a constraint only if the name is installed.
    fn begin_at(&mut self, bound: &Bound, first: u32) {
        let name = self.u.specs[bound.spec as usize].name;
        let (Some(from), Some(installed)) = (
            self.ladders.at_or_after(name, first),
            self.ladders.installed(name),
        ) else {
            return;
        };
        if bound.required {
            self.solver.add_binary(!bound.lit, from);
        } else if first > 0 {
            self.solver.add_clause(&[!bound.lit, !installed, from]);
        }
    }

    /// The literal of a spec as a dependency. Its name is reached.
    pub(crate) fn spec(&mut self, spec: SpecIdx) -> SpecLit {
        if self.spec_lits.len() < self.u.specs.len() {
            self.spec_lits.resize(self.u.specs.len(), None);
        }
        if let Some(known) = self.spec_lits[spec as usize] {
            return known;
        }
        let lit = self.make_spec(spec);
        self.spec_lits[spec as usize] = Some(lit);
        lit
    }

    fn make_spec(&mut self, spec: SpecIdx) -> SpecLit {
        let entry = &self.u.specs[spec as usize];
        let name = entry.name;
        if !entry.may_match_from(0) {
            return SpecLit::Never;
        }
        let (span, len) = (entry.span(), self.u.names[name as usize].len());
        self.reach(name);
        if let Some(span) = span {
            let known = self.u.names[name as usize].known();
            if span.end == len && span.start <= known {
                if let Some(lit) = self.ladders.at_or_after(name, span.start) {
                    return SpecLit::Lit(lit);
                }
            }
            if span.len() == 1 && span.start < known {
                return SpecLit::Lit(self.ladders.of_mut(name).chosen[span.start as usize]);
            }
        }
        SpecLit::Lit(self.add_bound(spec, true))
    }

    fn add_bound(&mut self, spec: SpecIdx, required: bool) -> Lit {
        let lit = self.solver.new_var().positive();
        let mut bound = Bound {
            lit,
            spec,
            required,
            first: None,
            closed: false,
        };
        self.bound(&mut bound, 0);
        let name = self.u.specs[spec as usize].name;
        self.ladders.of_mut(name).specs.push(bound);
        lit
    }

    /// The literal of a spec as a constraint, whose name is reached; `None` when it restricts nothing.
    pub(crate) fn constrain(&mut self, spec: SpecIdx) -> Option<Lit> {
        if self.constrain_lits.len() < self.u.specs.len() {
            self.constrain_lits.resize(self.u.specs.len(), None);
        }
        if let Some(known) = self.constrain_lits[spec as usize] {
            return known;
        }
        let entry = &self.u.specs[spec as usize];
        let len = self.u.names[entry.name as usize].len();
        let lit = if len == 0 || entry.span() == Some(0..len) {
            None
        } else {
            Some(self.add_bound(spec, false))
        };
        self.constrain_lits[spec as usize] = Some(lit);
        lit
    }

    /// `subject` forbids what does not match; waits while nothing requires the name.
    pub(super) fn constrain_by(&mut self, subject: Lit, spec: SpecIdx) {
        let name = self.u.specs[spec as usize].name;
        if !self.ladders.of(name).reached {
            self.ladders.of_mut(name).waiting.push((subject, spec));
        } else if let Some(k) = self.constrain(spec) {
            self.solver.add_binary(!subject, k);
        }
    }
}
