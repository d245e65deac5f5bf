//! The culprit of a conflict in one sentence.
//!
//! It is the package on which two demands meet, or else what is missing. A demand of a package that nobody asked for
//! says for which requested one it is there.

use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::spec_union::plain;
use crate::explain::words::text::{groups, Group};

/// What is asked of one package.
struct Demand {
    text: String,
    /// A requested spec.
    requested: bool,
    /// Any version will do.
    bare: bool,
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
    use FactKind::{Constraint, Frozen, Pin, Request};
    matches!(fact.kind, Request | Pin | Constraint | Frozen)
}

impl Conflict {
    /// The culprit in one sentence.
    pub fn headline(&self) -> String {
        let groups = groups(self);
        let mut names: Vec<&str> = Vec::new();
        for fact in &self.facts {
            if !fact.target.is_empty() && !names.contains(&fact.target.as_str()) {
                names.push(&fact.target);
            }
        }
        let asked_for = |name: &str| self.facts.iter().any(|f| of_request(f) && f.target == name);
        // Where demands meet, nothing further is asked: a package that asks for more is on the way to the culprit.
        let passes_on = |name: &str| {
            let asks =
                |g: &Group<'_>| g.first().kind == FactKind::Dependency && g.first().name == name;
            groups.iter().any(asks)
        };
        let mut best: Option<(&str, Vec<Demand>)> = None;
        for &name in names.iter().filter(|name| !passes_on(name)) {
            let found = self.demands(name, &groups);
            if found.len() < 2 {
                continue;
            }
            let better = best.as_ref().is_none_or(|(old, list)| {
                (asked_for(name), found.len()) > (asked_for(old), list.len())
            });
            if better {
                best = Some((name, found));
            }
        }
        let end = self.facts.iter().find(|f| is_end(f.kind));
        // Where one of several demands has no version and the others meet another demand, the meeting is the culprit.
        let clash = best.filter(|(name, _)| {
            end.is_none_or(|end| end.name != *name || end.kind == FactKind::MissingVersion)
        });
        let clash = clash.or_else(|| match end {
            Some(_) => None,
            None => names
                .iter()
                .map(|name| (*name, self.demands(name, &groups)))
                .find(|(_, found)| found.len() > 1),
        });
        if let Some((name, found)) = clash {
            return clashing(name, &found);
        }
        if let Some(end) = end {
            return match self.demands(&end.name, &groups).last() {
                Some(asked) => missing(asked, end),
                None => end.text.clone(),
            };
        }
        match &self.facts[..] {
            [] => "no set of packages satisfies the request".to_string(),
            [only] => only.text.clone(),
            [first, .., last] => format!("{}, but {}", first.text, last.text),
        }
    }

    /// Demands on a name, those of the request first.
    fn demands(&self, name: &str, groups: &[Group<'_>]) -> Vec<Demand> {
        let mut out: Vec<Demand> = Vec::new();
        for fact in self
            .facts
            .iter()
            .filter(|f| of_request(f) && f.target == name)
        {
            out.push(Demand {
                text: fact.text.clone(),
                requested: fact.kind == FactKind::Request,
                bare: fact.kind == FactKind::Request && fact.spec == name,
            });
        }
        for group in groups.iter().filter(|g| g.first().target == name) {
            out.push(Demand {
                text: group.text_for(&self.needed_by(&group.first().name)),
                requested: false,
                bare: group.demand() == name,
            });
        }
        // A mere name is no demand worth telling beside others.
        if out.iter().any(|d| !d.bare) {
            out.retain(|d| !d.bare);
        }
        out
    }

    /// " (needed by app)" for a package that nobody asked for.
    fn needed_by(&self, name: &str) -> String {
        if self.facts.iter().any(|f| of_request(f) && f.name == name) {
            return String::new();
        }
        let mut open: Vec<usize> = (0..self.facts.len())
            .filter(|&i| self.facts[i].name == name)
            .collect();
        let mut seen = open.clone();
        let mut roots: Vec<&str> = Vec::new();
        while let Some(at) = open.pop() {
            for edge in self.edges.iter().filter(|e| e.to == at) {
                if seen.contains(&edge.from) {
                    continue;
                }
                seen.push(edge.from);
                open.push(edge.from);
                let from = &self.facts[edge.from];
                if of_request(from) && !roots.contains(&from.name.as_str()) {
                    roots.push(&from.name);
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
}

/// Demands on a name that cannot all be met.
fn clashing(name: &str, found: &[Demand]) -> String {
    let more = match found.len() - 2 {
        0 => String::new(),
        1 => format!(" (and one more demand on {name})"),
        n => format!(" (and {n} more demands on {name})"),
    };
    let (first, second) = (&found[0], &found[1]);
    if first.requested && second.requested {
        let spec = second.text.trim_end_matches(" is requested");
        return format!("{}, but so is {spec}{more}", first.text);
    }
    format!("{}, but {}{more}", first.text, second.text)
}

/// A demand that nothing can meet.
fn missing(asked: &Demand, end: &Fact) -> String {
    match end.kind {
        FactKind::MissingName if asked.requested => end.text.clone(),
        FactKind::MissingVersion => {
            // The spec is in the demand already.
            let told = format!("no record matches {}", plain(&end.spec));
            let rest = end.text.strip_prefix(&told).unwrap_or(&end.text);
            format!("{}, but no record matches{rest}", asked.text)
        }
        _ => format!("{}, but {}", asked.text, end.text),
    }
}
