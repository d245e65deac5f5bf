//! The culprit of a conflict in one sentence.
//!
//! It is the package on which two demands meet that no record satisfies both, or else what is missing. Of several such
//! packages it is one whose demands hold of whole versions, not of some builds, and one that the request names. A demand
//! of a package that nobody asked for says what of the request restricts it, or for which requested package it is there.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::explain::conflict::Edge;
use crate::explain::conflict::{Fact, FactKind, Group, Quantifier};
use crate::explain::spec_union::plain;
use crate::explain::versions::list;

/// Most demands on a package of which each pair is looked at.
const MOST_PAIRED: usize = 12;

/// What is asked of one package.
struct Demand {
    /// The facts that say so.
    facts: Vec<usize>,
    /// The group that they are; none of a fact of the request.
    group: Option<usize>,
    /// A requested spec.
    requested: bool,
    /// Any version will do.
    bare: bool,
    /// It holds of some builds only.
    partial: bool,
}

/// Positions of the facts of the request and of the groups that ask for something of each package.
type Asking<'c> = FxHashMap<&'c str, (Vec<usize>, Vec<usize>)>;

/// Finds out of the positions of some facts, and of others.
type Meet<'c> = dyn Fn(&[usize], &[usize]) -> Option<bool> + 'c;

/// What the sentence is made of.
pub(crate) struct Culprit<'c> {
    pub facts: &'c [Fact],
    pub edges: &'c [Edge],
    pub groups: &'c [Group],
    /// Requested names that no channel has.
    pub missing: &'c [String],
    /// Requested specs that no record matches.
    pub unmatched: &'c [String],
    /// The channels.
    pub searched: String,
    /// Whether some record satisfies one of some facts, and one of some others; `None` where that is not known.
    pub meet: &'c Meet<'c>,
}

/// Whether facts of this kind say why something cannot be had at all.
fn is_end(kind: FactKind) -> bool {
    use FactKind::{
        ChannelPriority, MissingName, MissingVersion, Policy, Unparsable, VirtualPackage,
    };
    matches!(
        kind,
        MissingName | MissingVersion | VirtualPackage | ChannelPriority | Policy | Unparsable
    )
}

/// Whether a fact is part of the request.
fn of_request(fact: &Fact) -> bool {
    use FactKind::{Constraint, Earlier, Frozen, Pin, Request};
    matches!(fact.kind, Request | Pin | Constraint | Frozen | Earlier)
}

/// Two demands on a package, by their positions, and whether no record is known to satisfy both.
struct Clash<'c> {
    name: &'c str,
    demands: Vec<Demand>,
    pair: (usize, usize),
    disjoint: bool,
}

impl Culprit<'_> {
    /// The culprit in one sentence.
    pub(crate) fn sentence(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        for fact in self.facts {
            if !fact.target.is_empty() && seen.insert(&fact.target) {
                names.push(&fact.target);
            }
        }
        let asked_for: FxHashSet<&str> = self
            .facts
            .iter()
            .filter(|f| of_request(f))
            .map(|f| f.target.as_str())
            .collect();
        // Where demands meet, nothing further is asked: a package that asks for more is on the way to the culprit.
        let passes_on: FxHashSet<&str> = self
            .facts
            .iter()
            .filter(|f| f.kind == FactKind::Dependency)
            .map(|f| f.name.as_str())
            .collect();
        let asking = self.asking();
        let clashes = names.iter().filter_map(|name| self.clash(name, &asking));
        let clashes: Vec<Clash<'_>> = clashes.collect();
        let best = |passing: bool| {
            let fit = clashes
                .iter()
                .filter(|c| passing || !passes_on.contains(c.name));
            // Of equals the first.
            fit.rev().max_by_key(|c| {
                let (a, b) = c.pair;
                let whole = !c.demands[a].partial && !c.demands[b].partial;
                (
                    c.disjoint,
                    whole,
                    asked_for.contains(c.name),
                    c.demands.len(),
                )
            })
        };
        let end = self.facts.iter().find(|f| is_end(f.kind));
        // Where one of several demands has no version and the others meet another demand, the meeting is the culprit.
        let clash = best(false).filter(|clash| match end {
            None => true,
            Some(end) => {
                clash.disjoint && (end.name != clash.name || end.kind == FactKind::MissingVersion)
            }
        });
        let clash = clash.or_else(|| match end {
            Some(_) => None,
            None => best(true),
        });
        if let Some(clash) = clash {
            return self.clashing(clash);
        }
        if let Some(end) = end {
            return self.missing(end, &asking);
        }
        match self.facts {
            [] => "no set of packages satisfies the request".to_string(),
            [only] => only.text.clone(),
            [first, .., last] => format!("{}, but {}", first.text, last.text),
        }
    }

    /// The first two demands on a name that no record satisfies both, or else the first two.
    fn clash<'n>(&self, name: &'n str, asking: &Asking<'_>) -> Option<Clash<'n>> {
        let demands = self.demands(name, asking);
        if demands.len() < 2 {
            return None;
        }
        let most = demands.len().min(MOST_PAIRED);
        let pairs = (0..most).flat_map(|b| (0..b).map(move |a| (a, b)));
        let mut pairs: Vec<(usize, usize)> = pairs.collect();
        // What is said of whole versions first.
        pairs.sort_by_key(|&(a, b)| demands[a].partial || demands[b].partial);
        let apart = |&&(a, b): &&(usize, usize)| {
            (self.meet)(&demands[a].facts, &demands[b].facts) == Some(false)
        };
        let found = pairs.iter().find(apart).copied();
        Some(Clash {
            name,
            pair: found.unwrap_or((0, 1)),
            disjoint: found.is_some(),
            demands,
        })
    }

    fn asking(&self) -> Asking<'_> {
        let mut out: Asking<'_> = FxHashMap::default();
        for (at, fact) in self.facts.iter().enumerate() {
            if of_request(fact) {
                out.entry(&fact.target).or_default().0.push(at);
            }
        }
        for (at, group) in self.groups.iter().enumerate() {
            let target = &group.first(self.facts).target;
            out.entry(target).or_default().1.push(at);
        }
        out
    }

    /// Demands on a name, those of the request first.
    fn demands(&self, name: &str, asking: &Asking<'_>) -> Vec<Demand> {
        let mut out: Vec<Demand> = Vec::new();
        let Some((facts, groups)) = asking.get(name) else {
            return out;
        };
        for &at in facts {
            let fact = &self.facts[at];
            out.push(Demand {
                facts: vec![at],
                group: None,
                requested: fact.kind == FactKind::Request,
                bare: fact.kind == FactKind::Request && fact.spec == name,
                partial: false,
            });
        }
        for &at in groups {
            let group = &self.groups[at];
            out.push(Demand {
                facts: group.facts.clone(),
                group: Some(at),
                requested: false,
                bare: group.demand(self.facts) == name,
                partial: group.quantifier == Quantifier::Some,
            });
        }
        // A mere name is no demand worth telling beside others.
        if out.iter().any(|d| !d.bare) {
            out.retain(|d| !d.bare);
        }
        out
    }

    /// The sentence of a demand.
    fn text(&self, demand: &Demand) -> String {
        match demand.group.map(|at| &self.groups[at]) {
            Some(group) => {
                let aside = self.aside(&group.first(self.facts).name);
                group.text_for(self.facts, &aside)
            }
            None => self.facts[demand.facts[0]].text.clone(),
        }
    }

    /// " (a constraint allows only lib 1.*)" or " (needed by app)" for a package that nobody asked for.
    fn aside(&self, name: &str) -> String {
        if self.facts.iter().any(|f| {
            matches!(
                f.kind,
                FactKind::Request | FactKind::Earlier | FactKind::Frozen
            ) && f.name == name
        }) {
            return String::new();
        }
        let limits = |f: &&Fact| {
            use FactKind::{ChannelPriority, Constraint, Pin, Policy};
            matches!(f.kind, Pin | Constraint | Policy | ChannelPriority) && f.name == name
        };
        if let Some(limit) = self.facts.iter().find(limits) {
            // One pair of brackets is enough.
            let text = limit.text.split(" (").next().unwrap_or_default();
            let text = text.split(": ").next().unwrap_or_default();
            return format!(" ({text})");
        }
        let mut open: Vec<usize> = (0..self.facts.len())
            .filter(|&i| self.facts[i].name == name)
            .collect();
        let mut seen: FxHashSet<usize> = open.iter().copied().collect();
        let mut from: Vec<Vec<usize>> = vec![Vec::new(); self.facts.len()];
        for edge in self.edges {
            from[edge.to].push(edge.from);
        }
        let mut roots: Vec<&str> = Vec::new();
        while let Some(at) = open.pop() {
            for &next in &from[at] {
                if !seen.insert(next) {
                    continue;
                }
                open.push(next);
                let fact = &self.facts[next];
                if of_request(fact) && !roots.contains(&fact.name.as_str()) {
                    roots.push(&fact.name);
                }
            }
        }
        roots.sort_unstable();
        match &roots[..] {
            [] => String::new(),
            [one] => format!(" (needed by {one})"),
            [one, two] => format!(" (needed by {one} and {two})"),
            [one, rest @ ..] => format!(" (needed by {one} and {} others)", rest.len()),
        }
    }

    /// What is missing, and who wants it.
    fn missing(&self, end: &Fact, asking: &Asking<'_>) -> String {
        let asked = self.demands(&end.name, asking).pop();
        let is_requested = asked.as_ref().is_none_or(|asked| asked.requested);
        match (end.kind, asked) {
            (FactKind::MissingName | FactKind::MissingVersion, Some(asked))
                if end.exists.contains(" is not among your channels") =>
            {
                format!("{}, but {}", self.text(&asked), end.exists)
            }
            (FactKind::MissingName, _) if is_requested => {
                let searched = &self.searched;
                match self.missing {
                    [_, _, ..] if self.missing.contains(&end.name) => {
                        let names = list(self.missing);
                        format!("no channel has packages named {names} (searched: {searched})")
                    }
                    _ => format!("{} (searched: {searched})", end.text),
                }
            }
            (FactKind::MissingName, Some(asked)) => {
                let searched = &self.searched;
                format!(
                    "{}, but {} (searched: {searched})",
                    self.text(&asked),
                    end.text
                )
            }
            (FactKind::MissingVersion, Some(asked)) => {
                if asked.requested && self.unmatched.len() > 1 && self.unmatched.contains(&end.spec)
                {
                    let specs: Vec<String> = self.unmatched.iter().map(|s| plain(s)).collect();
                    return format!("no records match {}", list(&specs));
                }
                format!(
                    "{}, but no record matches; {}",
                    self.text(&asked),
                    end.exists
                )
            }
            (_, Some(asked)) => format!("{}, but {}", self.text(&asked), end.text),
            (_, None) => end.text.clone(),
        }
    }

    /// Demands on a name that cannot all be met.
    fn clashing(&self, clash: &Clash<'_>) -> String {
        let more = match clash.demands.len() - 2 {
            0 => String::new(),
            1 => format!(" (plus one more requirement on {})", clash.name),
            n => format!(" (plus {n} more requirements on {})", clash.name),
        };
        // Two that exclude each other need no third.
        let more = if clash.disjoint { String::new() } else { more };
        let (first, second) = (&clash.demands[clash.pair.0], &clash.demands[clash.pair.1]);
        let kind = |demand: &Demand| match demand.facts[..] {
            [only] if demand.group.is_none() => {
                Some((self.facts[only].kind, plain(&self.facts[only].spec)))
            }
            _ => None,
        };
        match (kind(first), kind(second)) {
            (Some((FactKind::Request, _)), Some((FactKind::Request, spec))) => {
                format!("{}, but so is {spec}{more}", self.text(first))
            }
            (Some((FactKind::Pin, one)), Some((FactKind::Pin, other))) => {
                format!("two pins conflict: {one} and {other}{more}")
            }
            (Some((FactKind::Constraint, one)), Some((FactKind::Constraint, other))) => {
                format!("two constraints conflict: {one} and {other}{more}")
            }
            _ => format!("{}, but {}{more}", self.text(first), self.text(second)),
        }
    }
}
