//! The conflict as data.

use super::text;
use crate::encode::Cause;
use crate::request::Request;
use crate::universe::{Exclusion, NameId, SpecIdx, Universe};

/// What kind of fact takes part in a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactKind {
    /// A requested spec.
    Request,
    /// A constraint of the request.
    Constraint,
    /// A pin.
    Pin,
    /// Records of a package require a spec.
    Dependency,
    /// Records of a package forbid what does not match a spec.
    Constrains,
    /// Records of a lower channel, hidden by strict priority.
    ChannelPriority,
    /// Records newer than the cut-off.
    ExcludeNewer,
    /// Records whose version or specs cannot be read.
    Unparsable,
}

impl FactKind {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            FactKind::Request => "request",
            FactKind::Constraint => "constraint",
            FactKind::Pin => "pin",
            FactKind::Dependency => "dependency",
            FactKind::Constrains => "constrains",
            FactKind::ChannelPriority => "channel_priority",
            FactKind::ExcludeNewer => "exclude_newer",
            FactKind::Unparsable => "unparsable",
        }
    }
}

/// One fact of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its kind.
    pub kind: FactKind,
    /// The package it speaks for: the requested name, or the name of the records.
    pub name: String,
    /// The spec asked for; empty for facts that only exclude records.
    pub spec: String,
    /// Distinct versions of the records it speaks for, newest first; empty for facts of the request.
    pub versions: Vec<String>,
    /// How many records it speaks for.
    pub records: usize,
    /// Why nothing at all can satisfy `spec`, if that is so.
    pub note: Option<String>,
    /// One sentence.
    pub text: String,
}

/// Facts that cannot all hold; without any one of them the others can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The facts: the request's first, then by package name.
    pub facts: Vec<Fact>,
    /// Requested names that no channel has.
    pub missing: Vec<String>,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "the request cannot be satisfied, because these facts contradict each other:")?;
        for (i, fact) in self.facts.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "  - {}", fact.text)?;
        }
        Ok(())
    }
}

/// Puts a minimal core into words.
pub(super) fn describe(u: &Universe, request: &Request, requested: &[NameId], causes: Vec<Cause>) -> Conflict {
    let mut missing = Vec::new();
    for &name in requested {
        let name = &u.names[name as usize];
        if name.len() == 0 && !missing.contains(&name.text.to_string()) {
            missing.push(name.text.to_string());
        }
    }
    let order = by_distance(u, requested, &causes);
    let facts = order.iter().map(|&c| fact(u, request, c)).collect();
    Conflict { facts, missing }
}

/// The request's facts first, then facts in the order in which one follows from another.
fn by_distance(u: &Universe, requested: &[NameId], causes: &[Cause]) -> Vec<Cause> {
    let mut rest: Vec<Cause> = causes.to_vec();
    rest.sort_by_key(|c| (subject(*c).is_some(), sort_name(u, *c), *c));
    let mut out: Vec<Cause> = Vec::new();
    let mut reached: Vec<NameId> = requested.to_vec();
    let split = rest.iter().position(|c| subject(*c).is_some()).unwrap_or(rest.len());
    out.extend(rest.drain(..split));
    loop {
        let (now, later): (Vec<Cause>, Vec<Cause>) = rest
            .into_iter()
            .partition(|c| subject(*c).is_some_and(|n| reached.contains(&n)));
        if now.is_empty() {
            out.extend(later);
            return out;
        }
        for c in &now {
            if let Cause::Depends(_, spec) = c {
                reached.push(u.specs[*spec as usize].name);
            }
        }
        out.extend(now);
        rest = later;
    }
}

fn subject(cause: Cause) -> Option<NameId> {
    match cause {
        Cause::Depends(name, _) | Cause::Constrains(name, _) | Cause::Excluded(name, _) => Some(name),
        Cause::Spec(_) | Cause::Constraint(_) | Cause::Pin(_) => None,
    }
}

fn sort_name(u: &Universe, cause: Cause) -> (&str, &str) {
    match cause {
        Cause::Depends(name, spec) | Cause::Constrains(name, spec) => {
            (&u.names[name as usize].text, &u.specs[spec as usize].text)
        }
        Cause::Excluded(name, _) => (&u.names[name as usize].text, ""),
        Cause::Spec(_) | Cause::Constraint(_) | Cause::Pin(_) => ("", ""),
    }
}

fn fact(u: &Universe, request: &Request, cause: Cause) -> Fact {
    let of_request = |kind, spec: &crate::request::RequestSpec| {
        let found = u.specs.iter().position(|s| *s.text == *spec.text);
        let mut fact = Fact {
            kind,
            name: spec.name.clone(),
            spec: spec.text.clone(),
            versions: Vec::new(),
            records: 0,
            note: found.and_then(|s| why_no_candidate(u, s as SpecIdx)),
            text: String::new(),
        };
        fact.text = text::sentence(&fact);
        fact
    };
    match cause {
        Cause::Spec(i) => of_request(FactKind::Request, &request.specs[i as usize]),
        Cause::Constraint(i) => of_request(FactKind::Constraint, &request.constraints[i as usize]),
        Cause::Pin(i) => of_request(FactKind::Pin, &request.pins[i as usize]),
        Cause::Depends(name, spec) => {
            let records = u.records_with(name, spec, false);
            of_records(u, FactKind::Dependency, name, Some(spec), &records)
        }
        Cause::Constrains(name, spec) => {
            let records = u.records_with(name, spec, true);
            of_records(u, FactKind::Constrains, name, Some(spec), &records)
        }
        Cause::Excluded(name, exclusion) => {
            let kind = match exclusion {
                Exclusion::Priority => FactKind::ChannelPriority,
                Exclusion::Cutoff => FactKind::ExcludeNewer,
                Exclusion::Unparsable => FactKind::Unparsable,
            };
            let cands = u.names[name as usize].cands.iter().enumerate();
            let records: Vec<u32> = cands
                .filter(|(_, c)| c.excluded == Some(exclusion))
                .map(|(i, _)| i as u32)
                .collect();
            of_records(u, kind, name, None, &records)
        }
    }
}

/// A fact about records of a name.
fn of_records(u: &Universe, kind: FactKind, name: NameId, spec: Option<SpecIdx>, records: &[u32]) -> Fact {
    let mut versions: Vec<String> = Vec::new();
    for &position in records {
        let version = u.version_at(name, position);
        if versions.last().is_none_or(|last| last != version) {
            versions.push(version.to_string());
        }
    }
    let note = match (kind, spec) {
        (FactKind::Dependency, Some(s)) => why_no_candidate(u, s),
        _ => None,
    };
    let mut fact = Fact {
        kind,
        name: u.names[name as usize].text.to_string(),
        spec: spec.map_or_else(String::new, |s| u.specs[s as usize].text.to_string()),
        versions,
        records: records.len(),
        note,
        text: String::new(),
    };
    fact.text = text::sentence(&fact);
    fact
}

/// Says so when no record (or virtual package) matches a spec, whatever else is chosen.
fn why_no_candidate(u: &Universe, spec: SpecIdx) -> Option<String> {
    let spec = &u.specs[spec as usize];
    let name = &u.names[spec.name as usize];
    if let Some((holds, _)) = spec.on_virtual {
        if holds {
            return None;
        }
        let given = u.policy.virtual_packages.iter().find(|v| *v.name == *name.text);
        return Some(match given {
            None => format!("the target has no {}", name.text),
            Some(v) => format!("the target has {} {} {}", v.name, v.version.as_str(), v.build),
        });
    }
    let len = name.len();
    if (0..len).any(|position| u.matches(spec, position)) {
        return None;
    }
    if len == 0 {
        return Some(format!("no channel has a package named {}", name.text));
    }
    let (best, last) = (u.version_at(spec.name, 0), u.version_at(spec.name, len - 1));
    Some(if best == last {
        format!("the only version of {} is {best}", name.text)
    } else {
        format!("none of the {len} records of {} matches; their versions run from {last} to {best}", name.text)
    })
}
