//! Which changes of a request a conflict suggests.
//!
//! Each fact of the conflict that the user can change gives one or two changes, with what they cost: how much they
//! take away from what was asked. Lifting any one fact resolves the conflict, because it is minimal.

pub(crate) mod fixes;

use std::sync::Arc;

use conda::index::Index;
use conda::match_spec::MatchSpec;
use conda::version::Version;

use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::dates::{date, end_of_day};
use crate::explain::other_platforms::baseline;
use crate::request::{ChannelPriority, Cutoffs, Request, RequestSpec, VirtualPackage};

/// One change of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `rename_spec`, `add_virtual_package`, `move_cutoff`, `channel_priority`, `lift_freeze`, `lift_pin`,
    /// `drop_constraint`, `lift_deny`, `allow_license`, `relax_spec`, `drop_spec`, `platform`.
    pub kind: &'static str,
    /// The package, virtual or not, that it is about; empty for changes about everything.
    pub name: String,
    /// What the request says now.
    pub from: String,
    /// What it would say; empty when the part goes.
    pub to: String,
    /// One sentence, as an order.
    pub text: String,
}

/// A change, and what is asked then.
pub(crate) struct Choice {
    pub change: Change,
    pub request: Request,
    /// The index that is asked; the conflict's own unless the platform changes.
    pub index: Arc<Index>,
}

/// The request without one fact of a conflict, cheapest first: only parts that can simply go.
pub(crate) fn single_relaxations(conflict: &Conflict, request: &Request) -> Vec<Request> {
    let gone = |kind: &str| {
        matches!(
            kind,
            "lift_freeze" | "lift_pin" | "drop_constraint" | "drop_spec"
        )
    };
    changes(conflict, request, &conflict.index)
        .into_iter()
        .filter(|option| gone(option.change.kind))
        .map(|option| option.request)
        .collect()
}

/// Each change that lifts a fact of the conflict, with the request then, cheapest first. `index` is what is asked.
pub(crate) fn changes(conflict: &Conflict, request: &Request, index: &Arc<Index>) -> Vec<Choice> {
    let mut out: Vec<(u8, Change, Request)> = Vec::new();
    for fact in &conflict.facts {
        match fact.kind {
            FactKind::VirtualPackage => out.extend(give_virtual_package(conflict, fact, request)),
            FactKind::Policy => match fact.reason.as_deref() {
                Some("deny") => out.extend(lift_deny(conflict, fact, request)),
                Some("license") => out.extend(allow_license(conflict, fact, request)),
                _ => {}
            },
            FactKind::ChannelPriority => {
                let mut changed = request.clone();
                changed.channel_priority = ChannelPriority::Flexible;
                let text = "set channel priority to flexible".to_string();
                let change = change("channel_priority", "", "strict", "flexible", text);
                out.push((2, change, changed));
            }
            FactKind::Frozen => out.extend(lift_freeze(request)),
            FactKind::Pin => out.extend(lift(
                fact,
                request,
                |r| &mut r.pins,
                "lift_pin",
                "lift the pin",
            )),
            FactKind::Constraint => {
                out.extend(lift(
                    fact,
                    request,
                    |r| &mut r.constraints,
                    "drop_constraint",
                    "drop the constraint",
                ));
            }
            FactKind::MissingName => out.extend(rename(conflict, fact, request)),
            FactKind::Request => out.extend(give_up_spec(conflict, fact, request)),
            _ => {}
        }
    }
    out.extend(move_cutoff(conflict, request));
    // A stable sort: among equals the order of the facts.
    out.sort_by_key(|(cost, _, _)| *cost);
    let mut options: Vec<Choice> = Vec::new();
    for (_, change, request) in out {
        if options.iter().all(|known| known.change != change) {
            options.push(Choice {
                change,
                request,
                index: Arc::clone(index),
            });
        }
    }
    options
}

/// The request on other platforms that have everything this conflict says is missing.
pub(crate) fn platforms(conflict: &Conflict, request: &Request) -> Vec<Choice> {
    let mut out = Vec::new();
    for other in conflict.other_targets() {
        let mut changed = request.clone();
        changed.virtual_packages = baseline(other.platform());
        let (from, to) = (conflict.index.platform(), other.platform());
        let text = format!("solve for {to} instead of {from}");
        out.push(Choice {
            change: change("platform", "", from, to, text),
            request: changed,
            index: Arc::clone(other),
        });
    }
    out
}

fn change(kind: &'static str, name: &str, from: &str, to: &str, text: String) -> Change {
    Change {
        kind,
        name: name.to_string(),
        from: from.to_string(),
        to: to.to_string(),
        text,
    }
}

/// A name that no channel has is taken for its nearest ones.
fn rename(conflict: &Conflict, fact: &Fact, request: &Request) -> Vec<(u8, Change, Request)> {
    let mut out = Vec::new();
    for (at, spec) in request.specs.iter().enumerate() {
        if spec.name != fact.name {
            continue;
        }
        for name in conflict.names_like(&fact.name) {
            let text = spec.text.replacen(&spec.name, &name, 1);
            let Ok(renamed) = RequestSpec::parse(&text) else {
                continue;
            };
            let mut changed = request.clone();
            changed.specs[at] = renamed;
            let order = format!("ask for {text} instead of {}", spec.text);
            let change = change("rename_spec", &fact.name, &spec.text, &text, order);
            out.push((0, change, changed));
        }
    }
    out
}

/// The target gets a virtual package in the least version that a fact of the conflict asks for.
pub(crate) fn give_virtual_package(
    conflict: &Conflict,
    fact: &Fact,
    request: &Request,
) -> Option<(u8, Change, Request)> {
    let asking = conflict.facts.iter().filter(|f| f.target == fact.name);
    // Records ask in different ways; the least that one of them asks for may do.
    let mut asked: Vec<(Version, String)> =
        asking.filter_map(|f| least(&f.spec, &fact.name)).collect();
    asked.sort();
    let had = request
        .virtual_packages
        .iter()
        .find(|v| v.name == fact.name);
    let newer = |(version, build): &&(Version, String)| {
        had.is_none_or(|had| {
            *version > had.version || (*version == had.version && *build != had.build)
        })
    };
    let (version, build) = asked.iter().find(newer).cloned()?;
    let given = VirtualPackage {
        name: fact.name.clone(),
        build,
        version,
    };
    let mut changed = request.clone();
    changed.virtual_packages.retain(|v| v.name != fact.name);
    let mut to = format!("{}={}", given.name, given.version);
    if given.build != "0" {
        to = format!("{to}={}", given.build);
    }
    let words = to.replace('=', " ");
    let text = if given.build == "0" && given.version.as_str() != "0" {
        format!("say that the target has {words} or newer, if it has")
    } else {
        let words = words.strip_suffix(" 0").unwrap_or(&words);
        format!("say that the target has {words}, if it has")
    };
    changed.virtual_packages.push(given);
    Some((
        0,
        change("add_virtual_package", &fact.name, &fact.spec, &to, text),
        changed,
    ))
}

/// The least version that a spec such as `__cuda >=12` admits, and its build if it names one, as far as its text says.
fn least(spec: &str, name: &str) -> Option<(Version, String)> {
    let mut words = spec.strip_prefix(name)?.split_whitespace();
    let first = words.next().unwrap_or("0").split([',', '|']).next()?;
    let number = first
        .trim_start_matches(['>', '=', '~'])
        .trim_end_matches('*')
        .trim_end_matches('.');
    let number = if number.is_empty() { "0" } else { number };
    let build = words
        .next()
        .filter(|b| !b.contains(['*', '^', '|']))
        .unwrap_or("0");
    if first.starts_with(['<', '!']) {
        return None;
    }
    Some((Version::parse(number).ok()?, build.to_string()))
}

/// The cut-off moves to the day of the first record that it hides in this conflict. Done again with each further
/// conflict, that ends at the first day at which there is an answer.
pub(crate) fn move_cutoff(conflict: &Conflict, request: &Request) -> Option<(u8, Change, Request)> {
    let hidden = conflict.facts.iter().filter(|f| {
        f.kind == FactKind::Policy && !matches!(f.reason.as_deref(), Some("deny" | "license"))
    });
    let records = hidden.flat_map(|f| f.records.iter().map(move |at| (conflict.time(*at), f, *at)));
    let (first, fact, at) = records.min_by_key(|(time, _, _)| *time)?;
    let until = end_of_day(first);
    let segment = conflict.index.member(at.segment);
    let channel = &conflict.index.channels()[segment.channel];
    let mut cutoffs: Cutoffs = request.cutoffs.clone();
    let is_it = |c: &str| c == channel.name || c == channel.base_url;
    let (now, whose): (&mut Option<u64>, &str) =
        if let Some((_, now)) = cutoffs.packages.iter_mut().find(|(n, _)| *n == fact.name) {
            (now, &fact.name)
        } else if let Some((_, now)) = cutoffs.channels.iter_mut().find(|(c, _)| is_it(c)) {
            (now, &channel.name)
        } else {
            (&mut cutoffs.general, "")
        };
    let before = (*now).filter(|now| *now < until)?;
    *now = Some(until);
    let of = if whose.is_empty() {
        String::new()
    } else {
        format!(" of {whose}")
    };
    let text = format!("move the cut-off{of} to {}", date(first));
    let mut changed = request.clone();
    changed.cutoffs = cutoffs;
    Some((
        1,
        change("move_cutoff", whose, &date(before), &date(first), text),
        changed,
    ))
}

/// The specs of the deny list that records of a fact match go.
fn lift_deny(conflict: &Conflict, fact: &Fact, request: &Request) -> Option<(u8, Change, Request)> {
    let mut changed = request.clone();
    let records: Vec<_> = fact
        .records
        .iter()
        .map(|&at| conflict.index.record(at))
        .collect();
    let hits = |spec: &MatchSpec| records.iter().any(|r| spec.matches(r));
    let mut gone: Vec<String> = Vec::new();
    changed.deny.clear();
    changed.deny_reasons.clear();
    for (i, spec) in request.deny.iter().enumerate() {
        if hits(spec) {
            gone.push(spec.to_string());
        } else {
            let reason = request.deny_reasons.get(i).cloned().flatten();
            changed.deny.push(spec.clone());
            changed.deny_reasons.push(reason);
        }
    }
    if gone.is_empty() {
        return None;
    }
    let gone = gone.join(", ");
    let text = format!("take {gone} off the deny list");
    Some((3, change("lift_deny", "", &gone, "", text), changed))
}

/// The licence of the best record of a fact is allowed.
fn allow_license(
    conflict: &Conflict,
    fact: &Fact,
    request: &Request,
) -> Option<(u8, Change, Request)> {
    let license = conflict.index.record(*fact.records.first()?).license;
    let mut changed = request.clone();
    let licenses = &mut changed.licenses;
    let text = license.clone().unwrap_or_default();
    licenses
        .deny
        .retain(|pattern| !conda::pattern::glob_matches(pattern, &text, true));
    if !licenses.allows(license.as_deref()) {
        licenses.allow.get_or_insert_default().push(text.clone());
    }
    let words = license.map_or_else(
        || "allow packages without a licence".to_string(),
        |license| format!("allow the licence {license}"),
    );
    Some((3, change("allow_license", "", "", &text, words), changed))
}

/// Installed records may change.
fn lift_freeze(request: &Request) -> Option<(u8, Change, Request)> {
    let mut changed = request.clone();
    let environment = changed.environment.as_mut()?;
    if !std::mem::take(&mut environment.freeze_installed) {
        return None;
    }
    let text = "let installed packages change".to_string();
    let change = change("lift_freeze", "", "--freeze-installed", "", text);
    Some((3, change, changed))
}

/// A pin or constraint goes.
fn lift(
    fact: &Fact,
    request: &Request,
    list: impl Fn(&mut Request) -> &mut Vec<RequestSpec>,
    kind: &'static str,
    words: &str,
) -> Option<(u8, Change, Request)> {
    let mut changed = request.clone();
    let specs = list(&mut changed);
    let at = specs.iter().position(|s| s.text == fact.spec)?;
    specs.remove(at);
    let text = format!("{words} {}", fact.spec);
    Some((3, change(kind, &fact.name, &fact.spec, "", text), changed))
}

/// A requested spec is relaxed to its name, or goes.
fn give_up_spec(conflict: &Conflict, fact: &Fact, request: &Request) -> Vec<(u8, Change, Request)> {
    let mut out = Vec::new();
    let Some(at) = request.specs.iter().position(|s| s.text == fact.spec) else {
        return out;
    };
    let exists = !conflict
        .facts
        .iter()
        .any(|f| f.kind == FactKind::MissingName && f.name == fact.name);
    let is_virtual = request.specs[at].is_virtual();
    // What applies only sometimes goes on doing so.
    let bare = match request.specs[at].spec.when() {
        Some(condition) => format!("{}[when=\"{condition}\"]", fact.name),
        None => fact.name.clone(),
    };
    if fact.spec != bare && exists && !is_virtual {
        if let Ok(relaxed) = RequestSpec::parse(&bare) {
            let mut changed = request.clone();
            changed.specs[at] = relaxed;
            let text = format!("relax {} to {bare}", fact.spec);
            out.push((
                4,
                change("relax_spec", &fact.name, &fact.spec, &bare, text),
                changed,
            ));
        }
    }
    if request.specs.len() > 1 {
        let mut changed = request.clone();
        changed.specs.remove(at);
        let text = format!("do not ask for {}", fact.spec);
        out.push((
            5,
            change("drop_spec", &fact.name, &fact.spec, "", text),
            changed,
        ));
    }
    out
}
