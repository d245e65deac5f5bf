//! What specs, policy and conditions say of the candidates that are known.
//!
//! The version part of a spec is known of the whole history at once, as ranges of positions. What is asked record by
//! record (a build, the policy, a leaf of a condition) is written for the known candidates, and again for those that
//! become known; of what lies behind only the ranges are written, so it is never forbidden too much.

use std::ops::Range;

use cdcl::Lit;

use super::{Bound, Cause, Instance, SpecLit};
use crate::universe::{Exclusion, NameId, SpecIdx};

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
        if self.u.names[name].len() > 0 {
            self.found(name);
            self.extend(name);
            // The first steps of its costs, which every request that meets the name asks for.
            for end in [
                self.u.names[name].group(0).end,
                self.u.names[name].version_class(0).end,
            ] {
                self.at_or_after(name, end);
            }
            self.reached.push(name);
        }
        for (subject, spec) in waiting {
            if let Some(k) = self.constrain(spec) {
                self.solver.add_binary(!subject, k);
            }
        }
    }

    /// Makes at least `target` candidates of a name known, and writes what that means.
    pub(crate) fn grow(&mut self, name: NameId, target: u32) {
        if self.u.names[name].known() < target && self.u.grow(name, target) {
            self.extend(name);
        }
    }

    /// Writes what policy, specs and conditions say of candidates that became known.
    pub(super) fn extend(&mut self, name: NameId) {
        let known = self.u.names[name].known();
        let from = self.ladders.of(name).written;
        if self.ladders.of(name).is_empty() || from == known {
            return;
        }
        self.ladders.of_mut(name).written = known;
        self.exclude_from(name, from, |_| true);
        let mut bounds = std::mem::take(&mut self.ladders.of_mut(name).specs);
        for bound in &mut bounds {
            self.bound(bound, from);
        }
        bounds.retain(|bound| !bound.closed);
        self.ladders.of_mut(name).specs = bounds;
        for (lit, spec) in self.ladders.of(name).leaves.clone() {
            self.imply_leaf(name, lit, spec, from);
        }
    }

    /// Writes what policy rules out, from a position on, for reasons of a kind.
    pub(super) fn exclude_from(
        &mut self,
        name: NameId,
        from: u32,
        kind: impl Fn(Exclusion) -> bool,
    ) {
        let known = self.ladders.of(name).written;
        let mut at = from;
        while at < known {
            let excluded = |i: u32| self.u.names[name].cands[i].excluded;
            let here = excluded(at);
            let end = (at + 1..known)
                .find(|&i| excluded(i) != here)
                .unwrap_or(known);
            if let Some(exclusion) = here.filter(|&exclusion| kind(exclusion)) {
                self.exclude(name, at..end, exclusion);
            }
            at = end;
        }
    }

    fn exclude(&mut self, name: NameId, range: Range<u32>, exclusion: Exclusion) {
        if self.guards.is_none() {
            let ruled = self.ruled.filter(|_| exclusion.is_by_rule());
            let unless: Vec<Lit> = ruled.into_iter().map(|ruled| !ruled).collect();
            self.within_implies(name, range, &unless);
        } else {
            let any = self.solver.new_var().positive();
            self.within_implies(name, range, &[any]);
            self.forbid(any, Cause::Excluded(name, exclusion));
        }
    }

    /// Writes the clauses of a spec literal: at first those of its ranges, then for the candidates known from `from`
    /// on.
    fn bound(&mut self, bound: &mut Bound, from: u32) {
        let spec = &self.u.specs[bound.spec];
        let name = spec.name;
        let Some(hull) = spec.hull() else {
            self.matches_nothing(bound);
            return;
        };
        let exact = spec.exact();
        let known = self.u.names[name].known();
        let (holes, first) = if exact {
            (Vec::new(), None)
        } else {
            self.u.mismatched(spec, from..known)
        };
        if from == 0 {
            let gaps = spec.gaps();
            self.begin_at(bound, hull.start);
            if let Some(behind) = self.at_or_after(name, hull.end) {
                self.solver.add_binary(!bound.lit, !behind);
            }
            for gap in gaps {
                self.within_implies(name, gap, &[!bound.lit]);
            }
        }
        if exact {
            bound.closed = true;
            return;
        }
        bound.first = bound.first.or(first);
        for hole in holes {
            if bound.first.is_none_or(|first| hole.start < first) {
                self.begin_at(bound, hole.end);
            } else if hole.end == hull.end {
                if let Some(from) = self.at_or_after(name, hole.start) {
                    self.solver.add_binary(!bound.lit, !from);
                }
            } else {
                self.within_implies(name, hole, &[!bound.lit]);
            }
        }
        if hull.end <= known {
            if bound.first.is_none() {
                self.matches_nothing(bound);
            }
            bound.closed = true;
        }
    }

    /// As a requirement it cannot hold, as a constraint it forbids the name.
    fn matches_nothing(&mut self, bound: &mut Bound) {
        let name = self.u.specs[bound.spec].name;
        if bound.required {
            self.never(bound.lit, bound.spec);
        } else if let Some(installed) = self.ladders.installed(name) {
            self.solver.add_binary(!bound.lit, !installed);
        }
        bound.closed = true;
    }

    /// `lit → G_first`, for a constraint only if the name is installed.
    fn begin_at(&mut self, bound: &Bound, first: u32) {
        let name = self.u.specs[bound.spec].name;
        let (Some(from), Some(installed)) =
            (self.at_or_after(name, first), self.ladders.installed(name))
        else {
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
        self.spec_lits.grow_to(self.u.specs.len(), || None);
        if let Some(known) = self.spec_lits[spec] {
            return known;
        }
        let lit = self.make_spec(spec);
        self.spec_lits[spec] = Some(lit);
        lit
    }

    fn make_spec(&mut self, spec: SpecIdx) -> SpecLit {
        let entry = &self.u.specs[spec];
        let name = entry.name;
        if !entry.may_match_from(0) {
            return SpecLit::Never;
        }
        // That nothing matches is a fact that can be lifted, so it must not follow from the clauses of a ladder.
        if self.guards.is_some() && !entry.exact() {
            let mut hull = entry.hull().unwrap_or_default();
            if !hull.any(|position| self.u.matches(entry, position)) {
                return SpecLit::Never;
            }
        }
        let (span, len) = (entry.span(), self.u.names[name].len());
        self.reach(name);
        if let Some(span) = span {
            let lit = if span.end == len {
                self.at_or_after(name, span.start)
            } else if span.len() == 1 {
                self.position(name, span.start)
            } else {
                None
            };
            if let Some(lit) = lit {
                return SpecLit::Lit(lit);
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
        if !bound.closed {
            let name = self.u.specs[spec].name;
            self.ladders.of_mut(name).specs.push(bound);
        }
        lit
    }

    /// The literal of a spec as a constraint, whose name is reached; `None` when it restricts nothing.
    pub(crate) fn constrain(&mut self, spec: SpecIdx) -> Option<Lit> {
        self.constrain_lits.grow_to(self.u.specs.len(), || None);
        if let Some(known) = self.constrain_lits[spec] {
            return known;
        }
        let entry = &self.u.specs[spec];
        let len = self.u.names[entry.name].len();
        let lit = if len == 0 || entry.span() == Some(0..len) {
            None
        } else {
            Some(self.add_bound(spec, false))
        };
        self.constrain_lits[spec] = Some(lit);
        lit
    }

    /// `subject` forbids what does not match; waits while nothing requires the name.
    pub(super) fn constrain_by(&mut self, subject: Lit, spec: SpecIdx) {
        let name = self.u.specs[spec].name;
        if !self.ladders.of(name).reached {
            self.ladders.of_mut(name).waiting.push((subject, spec));
        } else if let Some(k) = self.constrain(spec) {
            self.solver.add_binary(!subject, k);
        }
    }
}
