//! The order of the levels: 2, 3, 4, 6, 7 for a fresh environment; with one to change, 1 before them and 5 before or
//! behind 2 to 4.
//!
//! Levels 2 to 4 are about the requested names, level 6 repeats them for the other names layer by layer, level 7
//! counts packages and then fixes each candidate. After level 7 exactly one solution is left, so the answer does not
//! depend on how the search went.
//!
//! **Layers.** The next layer holds the names in `depends` of any record that has the ranks just fixed for its name
//! (0 and 0 for an absent one), present or not. Once every chosen package is in a layer, all later layers
//! can only be absent and cost nothing: they are forbidden to cost anything, in one step.
//!
//! **Absent first.** In level 7 "not installed" comes before every candidate of a name.

use rustc_hash::FxHashSet;

use super::item::{Cost, Item};
use super::{Interrupted, Optimizer, ABSENT};
use crate::request::Strategy;
use crate::solution::{Layer, LevelReport, Tradeoff};
use crate::universe::{ExtraId, NameId, Required};

/// What an existing environment asks of the levels.
#[derive(Debug, Default)]
pub(crate) struct EnvironmentGoals {
    /// Level 1, part by part: removals, dropped specs, downgrades, python's minor version.
    pub first: [Vec<Item>; 4],
    /// What did not hold before and is to be mended; comes behind removals.
    pub broken: Vec<Item>,
    /// Requested packages that are installed and match: they stay if they can.
    pub stay: Vec<Item>,
    /// Level 5.
    pub changes: Vec<Item>,
    /// Level 5 comes before level 2.
    pub changes_first: bool,
    /// Names that are there for a reason of their own: roots, and what was unneeded before.
    pub keepers: Vec<NameId>,
}

/// Runs every level; on interruption the report says how far it came and `opt.best` is the best model so far.
pub(crate) fn run(
    opt: &mut Optimizer<'_>,
    requested: &[NameId],
    strategy: Strategy,
    standing: Option<&EnvironmentGoals>,
    report: &mut LevelReport,
) -> Result<(), Interrupted> {
    if let Some(standing) = standing {
        let mut values = [0; 4];
        for (part, (value, items)) in values.iter_mut().zip(&standing.first).enumerate() {
            *value = opt.minimise(items)?;
            if part == 0 && !standing.broken.is_empty() {
                report.broken = Some(opt.minimise(&standing.broken)?);
            }
        }
        report.roots = Some(values);
        opt.minimise(&standing.stay)?;
        if standing.changes_first {
            report.changes = Some(changes(opt, standing)?);
        }
    }
    requested_versions(opt, requested, strategy, report)?;
    let features = opt.feature_items(requested);
    report.requested_features = Some(opt.minimise(&features)?);
    let builds = opt.build_items(requested);
    report.requested_builds = Some(opt.minimise_and_break_ties(&builds)?);
    if let Some(standing) = standing.filter(|s| !s.changes_first) {
        report.changes = Some(changes(opt, standing)?);
    }
    let keepers = standing.map_or(&[][..], |s| &s.keepers);
    let mut order = layers(opt, requested, keepers, report)?;
    packages(opt, &mut order, keepers, report)?;
    // How far the layers were followed depends on the way; only layers that contain a chosen package are reported.
    let inhabited = |layer: &Vec<NameId>| layer.iter().any(|&n| opt.best.position(n) != ABSENT);
    let last = order.iter().rposition(inhabited).unwrap_or(0);
    report.layers.truncate(last);
    Ok(())
}

/// Level 5. From here on what counts as kept must be needed.
fn changes(opt: &mut Optimizer<'_>, standing: &EnvironmentGoals) -> Result<u64, Interrupted> {
    opt.keep_founded(&standing.changes)?;
    opt.minimise(&standing.changes)
}

/// Level 2, with the trade-offs it decided.
fn requested_versions(
    opt: &mut Optimizer<'_>,
    requested: &[NameId],
    strategy: Strategy,
    report: &mut LevelReport,
) -> Result<(), Interrupted> {
    let plain = opt.version_items(requested);
    let mut items = plain.clone();
    for item in &mut items {
        if opt.sometimes.contains_key(&item.name) {
            item.cost = Cost::Asked;
        }
    }
    if strategy == Strategy::Ordered {
        opt.minimise_in_order(&items)?;
        report.requested_versions = Some(opt.total(&items));
        if items != plain {
            opt.minimise_in_order(&plain)?;
        }
        return Ok(());
    }
    let before = opt.base.len();
    let minimum = opt.find_minimum(&items)?;
    report.requested_versions = Some(minimum.value);
    let paid = opt.base.len();
    opt.fix_all(&minimum.bounds);
    if minimum.traded {
        opt.minimise_in_order(&items)?;
        debug_assert!(before <= paid);
        // What the sum decided against is searched under what held before the sum was fixed.
        let fixed = opt.base.split_off(paid);
        let best = opt.best.clone();
        report.tradeoffs = tradeoffs(opt, &items)?;
        opt.base.truncate(paid);
        opt.base.extend(fixed);
        opt.best = best;
    }
    if items != plain {
        opt.minimise_and_break_ties(&plain)?;
    }
    Ok(())
}

/// For each requested name that could have a better version alone: what that would cost the others.
fn tradeoffs(opt: &mut Optimizer<'_>, items: &[Item]) -> Result<Vec<Tradeoff>, Interrupted> {
    let start = opt.base.len();
    let chosen = opt.best.clone();
    let mut out = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let here = opt.cost(item, &chosen);
        if here == 0 {
            continue;
        }
        opt.base.truncate(start);
        opt.best = chosen.clone();
        opt.minimise_in_order(std::slice::from_ref(item))?;
        if opt.total(std::slice::from_ref(item)) >= here {
            continue;
        }
        let mut rest: Vec<Item> = items.to_vec();
        rest.remove(i);
        opt.minimise_and_break_ties(&rest)?;
        let u = &opt.inst.u;
        let versions = |name: NameId| -> (String, String) {
            let of = |at: u32| match at {
                ABSENT => String::new(),
                at => u.version(name, at).to_string(),
            };
            (of(chosen.position(name)), of(opt.best.position(name)))
        };
        let (now, possible) = versions(item.name);
        let price = rest
            .iter()
            .map(|r| (r.name, versions(r.name)))
            .filter(|(_, (a, b))| a != b)
            .map(|(name, (a, b))| (u.names[name].text.to_string(), a, b))
            .collect();
        out.push(Tradeoff {
            name: u.names[item.name].text.to_string(),
            chosen: now,
            possible,
            price,
        });
    }
    opt.base.truncate(start);
    Ok(out)
}

/// Level 6. Returns the layers, the requested first.
fn layers(
    opt: &mut Optimizer<'_>,
    requested: &[NameId],
    keepers: &[NameId],
    report: &mut LevelReport,
) -> Result<Vec<Vec<NameId>>, Interrupted> {
    let mut covered: FxHashSet<NameId> = requested.iter().copied().collect();
    let mut layer = requested.to_vec();
    opt.sort_by_name(&mut layer);
    let mut order = vec![layer.clone()];
    while opt.best.chosen().any(|(name, _)| !covered.contains(&name)) {
        let mut next = opt.next_layer(&layer, &mut covered);
        if next.is_empty() {
            // What is in the environment for a reason of its own, and no layer leads to.
            next = opt.left_over(keepers, &mut covered);
        }
        for &name in &next {
            opt.inst.reach(name);
        }
        let versions = opt.version_items(&next);
        let version_ranks = opt.minimise_and_break_ties(&versions)?;
        let features = opt.feature_items(&next);
        let features = opt.minimise(&features)?;
        let builds = opt.build_items(&next);
        let build_ranks = opt.minimise_and_break_ties(&builds)?;
        report.layers.push(Layer {
            names: next.len(),
            version_ranks,
            features,
            build_ranks,
        });
        order.push(next.clone());
        layer = next;
    }
    opt.cover(covered);
    report.layers_done = true;
    Ok(order)
}

/// Level 7: the number of packages, then candidate by candidate; layers that are inhabited only now are added to
/// `order`.
fn packages(
    opt: &mut Optimizer<'_>,
    order: &mut Vec<Vec<NameId>>,
    keepers: &[NameId],
    report: &mut LevelReport,
) -> Result<(), Interrupted> {
    let start = opt.base.len();
    loop {
        // Names that a search comes to only now would not be counted; each round's least number is a lower bound.
        let presence = opt.presence_items();
        let packages = opt.minimise(&presence)?;
        if opt.best.chosen().count() as u64 == packages {
            report.packages = Some(packages);
            break;
        }
        opt.base.truncate(start);
        opt.base.extend(opt.newcomer_bounds.iter().copied());
    }
    let mut names: Vec<NameId> = order.concat();
    let mut done: FxHashSet<NameId> = names.iter().copied().collect();
    loop {
        let places: Vec<Item> = names
            .iter()
            .filter_map(|&name| {
                let at = opt.class_position(name)?;
                Some(Item {
                    name,
                    cost: Cost::Place(at),
                })
            })
            .collect();
        opt.minimise_in_order(&places)?;
        // Layers that nobody was in when level 6 ended may be inhabited now, at no cost.
        if opt.best.chosen().all(|(name, _)| done.contains(&name)) {
            break;
        }
        let mut next = opt.next_layer(&names, &mut done);
        if next.is_empty() {
            next = opt.left_over(keepers, &mut done);
        }
        for &name in &next {
            opt.inst.reach(name);
        }
        report.layers.push(Layer {
            names: next.len(),
            ..Layer::default()
        });
        order.push(next.clone());
        names = next;
    }
    report.candidates_done = true;
    Ok(())
}

impl Optimizer<'_> {
    fn sort_by_name(&self, names: &mut [NameId]) {
        let u = &self.inst.u;
        names.sort_by(|&a, &b| u.names[a].text.cmp(&u.names[b].text));
    }

    /// The names that the records with the ranks of a layer's names require and that are not covered yet, sorted.
    fn next_layer(&mut self, layer: &[NameId], covered: &mut FxHashSet<NameId>) -> Vec<NameId> {
        let mut found = Required::default();
        for &name in layer {
            self.required_by(name, &mut found);
            if self.extras.is_empty() && found.extras.is_empty() {
                continue;
            }
            // Extras that were asked for before the name had its layer.
            let of_name = |extra: &&ExtraId| self.inst.u.extra(**extra).0 == name;
            let known: Vec<ExtraId> = self.extras.iter().filter(of_name).copied().collect();
            for extra in known {
                self.required_by_extra(extra, &mut found);
            }
        }
        // An extra of a name that has its layer already leads on from here.
        while let Some(extra) = found.extras.pop() {
            if self.extras.insert(extra) && covered.contains(&self.inst.u.extra(extra).0) {
                self.required_by_extra(extra, &mut found);
            }
        }
        let mut next = found.names;
        next.retain(|&name| covered.insert(name));
        self.sort_by_name(&mut next);
        next
    }

    /// The keepers that no layer leads to, sorted. Whatever is chosen beyond the layers of these nothing needs, so
    /// it is the next layer only where everything else is in one.
    fn left_over(&self, keepers: &[NameId], covered: &mut FxHashSet<NameId>) -> Vec<NameId> {
        let mut next = keepers.to_vec();
        next.retain(|&n| covered.insert(n));
        if next.is_empty() {
            next.extend(self.best.chosen().map(|(name, _)| name));
            next.retain(|&n| covered.insert(n));
        }
        self.sort_by_name(&mut next);
        next
    }

    /// What the `depends` of the records require that have the ranks of a name in the best model; when it is absent, of
    /// the best records.
    fn required_by(&mut self, name: NameId, found: &mut Required) {
        for position in self.peers(name) {
            self.inst.u.required_at(name, position, found);
        }
    }

    /// The same of an extra.
    fn required_by_extra(&mut self, extra: ExtraId, found: &mut Required) {
        for position in self.peers(self.inst.u.extra(extra).0) {
            self.inst.u.required_by_extra(extra, position, found);
        }
    }

    /// The records that have the ranks of a name in the best model; when it is absent, the best records.
    fn peers(&mut self, name: NameId) -> Vec<u32> {
        self.inst.u.list(name);
        let at = match self.best.position(name) {
            ABSENT if self.inst.u.names[name].known() == 0 => return Vec::new(),
            ABSENT => 0,
            at => at,
        };
        let ranks = self.ranks(name, at);
        let class = self.inst.u.names[name].version_class(at);
        class
            .filter(|&i| self.ranks(name, i) == (true, ranks.1, ranks.2))
            .collect()
    }

    fn version_items(&self, names: &[NameId]) -> Vec<Item> {
        let item = |&name: &NameId| Item {
            name,
            cost: Cost::Version,
        };
        names
            .iter()
            .filter(|&&n| self.inst.ladders.installed(n).is_some())
            .map(item)
            .collect()
    }

    /// The position whose version class a name keeps: the best model's, or that of the best version when it is absent.
    fn class_position(&self, name: NameId) -> Option<u32> {
        self.inst.ladders.installed(name)?;
        match self.best.position(name) {
            ABSENT => Some(0),
            at => Some(at),
        }
    }

    fn build_items(&self, names: &[NameId]) -> Vec<Item> {
        let item = |&name: &NameId| {
            Some(Item {
                name,
                cost: Cost::Build(self.class_position(name)?),
            })
        };
        names.iter().filter_map(item).collect()
    }

    /// One item per name that has a record with `track_features` in its version class.
    fn feature_items(&mut self, names: &[NameId]) -> Vec<Item> {
        let mut items = Vec::new();
        for &name in names {
            let Some(at) = self.class_position(name) else {
                continue;
            };
            let class = self.inst.u.names[name].version_class(at);
            let featured: Vec<u32> = class.filter(|&i| self.has_features(name, i)).collect();
            if featured.is_empty() {
                continue;
            }
            let lit = self.inst.feature_lit(name, &featured);
            items.push(Item {
                name,
                cost: Cost::Feature(at, lit),
            });
        }
        items
    }

    fn presence_items(&mut self) -> Vec<Item> {
        self.propagate_base();
        let open = |&name: &NameId| {
            let lit = self.inst.ladders.installed(name)?;
            (self.value(lit) != Some(false)).then_some(Item {
                name,
                cost: Cost::Presence,
            })
        };
        self.inst.reached.iter().filter_map(open).collect()
    }

    /// All layers are done: names of later ones are absent or at their very best from now on.
    fn cover(&mut self, covered: FxHashSet<NameId>) {
        self.propagate_base();
        let others: Vec<NameId> = self
            .inst
            .reached
            .iter()
            .copied()
            .filter(|n| !covered.contains(n))
            .filter(|&n| {
                self.inst
                    .ladders
                    .installed(n)
                    .and_then(|lit| self.value(lit))
                    != Some(false)
            })
            .collect();
        let mut covered = covered;
        for name in others {
            self.forbid_cost(name);
            covered.insert(name);
        }
        self.covered = Some(covered);
    }

    /// Allows a name only where it costs nothing.
    pub(super) fn forbid_cost(&mut self, name: NameId) {
        let entry = &self.inst.u.names[name];
        let free = entry
            .cands
            .entries()
            .iter()
            .take_while(|c| c.class == 0 && c.build_rank == 0)
            .count() as u32;
        if let Some(behind) = self.inst.at_or_after(name, free) {
            self.base.push(!behind);
        }
        let featured: Vec<u32> = (0..free).filter(|&i| self.has_features(name, i)).collect();
        for i in featured {
            let lit = self.inst.position(name, i);
            self.base.extend(lit.map(|lit| !lit));
        }
    }
}
