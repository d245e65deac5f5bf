//! What changes in an environment, package by package, and why what was installed does not stay.
//!
//! The reasons are found on the finished answer, not in the search: each is a rule of the answer that the installed
//! record would break in the new one's place. Level 1 and level 5 of the contract count changes as costs, so an
//! installed record that could simply stay does stay; a downgrade or a removal therefore has such a rule, or comes
//! from a preference that outranks it (the strategy, the channel), which is then named.

use conda::match_spec::MatchSpec;
use conda::record::{NoArch, PackageRecord};
use conda::version::Version;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::dependency::required_name;
use crate::policy::PreferLowest;
use crate::request::{ChannelPriority, Environment, Mode, Request, RequestSpec};
use crate::solution::Solution;
use crate::transaction::python_home;

/// Most reasons that are given for one package.
const MOST_REASONS: usize = 4;

/// What happens to a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Link,
    /// It leaves.
    Unlink,
    /// It gets a higher version.
    Up,
    /// It gets a lower version.
    Down,
    /// It gets another record of the same version.
    Revise,
    /// The same record is linked again.
    Relink,
}

impl ChangeKind {
    /// The word that tables and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Link => "link",
            ChangeKind::Unlink => "unlink",
            ChangeKind::Up => "up",
            ChangeKind::Down => "down",
            ChangeKind::Revise => "revise",
            ChangeKind::Relink => "relink",
        }
    }
}

/// A package that a transaction touches.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageChange {
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub kind: ChangeKind,
    /// The record that is unlinked.
    pub before: Option<PackageRecord>,
    /// The record that is linked.
    pub after: Option<PackageRecord>,
    /// Why the record before could not stay: sentences, at most four. Empty for new packages and where nothing
    /// but the wish for a better version moved it.
    pub reasons: Vec<String>,
}

impl Solution {
    /// What the transaction changes, sorted by name.
    pub fn changes(&self) -> Vec<PackageChange> {
        let transaction = self.transaction();
        let mut changes: Vec<PackageChange> = Vec::new();
        let mut linked: FxHashMap<String, PackageRecord> = transaction
            .link
            .into_iter()
            .map(|r| (r.name.clone(), r))
            .collect();
        for before in transaction.unlink {
            let after = linked.remove(&before.name);
            changes.push(PackageChange {
                name: before.name.clone(),
                kind: kind(&before, after.as_ref()),
                before: Some(before),
                after,
                reasons: Vec::new(),
            });
        }
        changes.extend(linked.into_values().map(|after| PackageChange {
            name: after.name.clone(),
            kind: ChangeKind::Link,
            before: None,
            after: Some(after),
            reasons: Vec::new(),
        }));
        changes.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(environment) = &self.request.environment {
            // What holds of an installed record is what its channel says of it.
            let ruling = |record: &PackageRecord| {
                let at = self.index.find_record(record);
                at.map_or_else(|| record.clone(), |at| self.index.record(at))
            };
            let before: Vec<PackageRecord> = environment.installed.iter().map(ruling).collect();
            let after: Vec<PackageRecord> = self
                .places
                .iter()
                .map(|&at| self.index.record(at))
                .collect();
            Reasons::new(&self.request, environment, &before, &after, &changes).fill(&mut changes);
        }
        changes
    }

    /// Specs of earlier requests that no longer hold, though no spec of this one replaced them (level 1).
    pub fn dropped(&self) -> Vec<String> {
        let Some(environment) = &self.request.environment else {
            return Vec::new();
        };
        let named = |name: &str| self.request.specs.iter().any(|spec| spec.is_about(name));
        let before: FxHashSet<&str> = environment
            .installed
            .iter()
            .map(|r| r.name.as_str())
            .collect();
        let records = self.records();
        let after: FxHashMap<&str, &PackageRecord> =
            records.iter().map(|r| (r.name.as_str(), r)).collect();
        environment
            .history
            .iter()
            .filter(|s| before.contains(s.name.as_str()) && !named(&s.name))
            .filter(|s| {
                after
                    .get(s.name.as_str())
                    .is_none_or(|r| !s.spec.matches(r))
            })
            .map(|s| s.text.clone())
            .collect()
    }
}

fn kind(before: &PackageRecord, after: Option<&PackageRecord>) -> ChangeKind {
    let Some(after) = after else {
        return ChangeKind::Unlink;
    };
    if before.is_same_package(after) {
        return ChangeKind::Relink;
    }
    match (
        Version::parse(&before.version),
        Version::parse(&after.version),
    ) {
        (Ok(old), Ok(new)) if new > old => ChangeKind::Up,
        (Ok(old), Ok(new)) if new < old => ChangeKind::Down,
        _ => ChangeKind::Revise,
    }
}

/// Looks up what an installed record would break.
struct Reasons<'r> {
    request: &'r Request,
    environment: &'r Environment,
    before: FxHashMap<&'r str, &'r PackageRecord>,
    after: FxHashMap<&'r str, &'r PackageRecord>,
    /// Of a removal: what was to be removed, and what needs it.
    gone: FxHashSet<&'r str>,
    /// What was asked for.
    roots: FxHashSet<&'r str>,
    /// For each changed name, specs of the answer's records on it: the record, the spec, whether it is a `depends`.
    asks: FxHashMap<&'r str, Vec<(&'r PackageRecord, &'r str, bool)>>,
}

impl<'r> Reasons<'r> {
    fn new(
        request: &'r Request,
        environment: &'r Environment,
        before: &'r [PackageRecord],
        records: &'r [PackageRecord],
        changes: &[PackageChange],
    ) -> Self {
        let roots = environment.roots().into_iter().collect();
        let gone = gone(request, environment, before);
        let before: FxHashMap<&str, &PackageRecord> =
            before.iter().map(|r| (r.name.as_str(), r)).collect();
        let changed: FxHashSet<&str> = changes.iter().map(|c| c.name.as_str()).collect();
        let mut asks: FxHashMap<&str, Vec<(&PackageRecord, &str, bool)>> = FxHashMap::default();
        for record in records {
            let depends = record.depends.iter().map(|text| (text, true));
            let constrains = record.constrains.iter().map(|text| (text, false));
            for (text, needs) in depends.chain(constrains) {
                let name = required_name(text);
                if changed.contains(name) && name != record.name {
                    asks.entry(name).or_default().push((record, text, needs));
                }
            }
        }
        for list in asks.values_mut() {
            list.sort_by(|a, b| (&a.0.name, a.1).cmp(&(&b.0.name, b.1)));
        }
        Reasons {
            request,
            environment,
            gone,
            roots,
            before,
            after: records.iter().map(|r| (r.name.as_str(), r)).collect(),
            asks,
        }
    }

    fn fill(&self, changes: &mut [PackageChange]) {
        let moved = changes
            .iter()
            .find(|c| c.name == "python")
            .map(moved_python);
        for change in changes {
            let Some(old) = change.before.as_ref() else {
                continue;
            };
            if self.environment.duplicates.contains(old) {
                change.reasons = vec![format!("it is a second record of {}", old.name)];
                continue;
            }
            let mut reasons = match change.kind {
                ChangeKind::Relink if old.noarch == Some(NoArch::Python) => {
                    let why = moved.clone().unwrap_or_else(again);
                    vec![why]
                }
                ChangeKind::Relink => vec![again()],
                _ => self.of(self.ruling(old), &mut FxHashSet::default()),
            };
            if reasons.is_empty() {
                reasons.extend(self.preference(change.kind, old, change.after.as_ref()));
            }
            reasons.truncate(MOST_REASONS);
            change.reasons = reasons;
        }
    }

    /// What holds of an installed record.
    fn ruling<'a>(&'a self, old: &'a PackageRecord) -> &'a PackageRecord {
        self.before.get(old.name.as_str()).map_or(old, |r| *r)
    }

    /// The rules that an installed record would break in the answer. That something is absent is one only where a rule
    /// keeps it out, and not because this record left; `seen` are the names on the way.
    fn of<'a>(&'a self, old: &'a PackageRecord, seen: &mut FxHashSet<&'a str>) -> Vec<String> {
        let (mut out, mut absent) = (Vec::new(), Vec::new());
        seen.insert(&old.name);
        let removes = self.environment.mode == Mode::Remove;
        for spec in self.request.specs.iter().filter(|s| s.is_about(&old.name)) {
            match (removes, spec.spec.matches(old)) {
                (true, true) => out.push(format!("'{}' is to be removed", spec.text)),
                (false, false) => out.push(format!("'{}' is asked for", spec.text)),
                _ => {}
            }
        }
        for (kind, specs) in [
            ("pin", &self.request.pins),
            ("constraint", &self.request.constraints),
        ] {
            let broken = specs
                .iter()
                .filter(|s| s.name == old.name && !s.spec.matches(old));
            out.extend(broken.map(|spec| format!("the {kind} '{}' does not allow it", spec.text)));
        }
        for (record, text, needs) in self.asks.get(old.name.as_str()).into_iter().flatten() {
            if parsed(text).is_some_and(|spec| self.applies(&spec) && !spec.matches(old)) {
                let word = if *needs { "needs" } else { "allows only" };
                out.push(format!(
                    "{} {} {word} '{text}'",
                    record.name, record.version
                ));
            }
        }
        for text in &old.depends {
            let Some(spec) = parsed(text).filter(|spec| self.applies(spec)) else {
                continue;
            };
            let name = required_name(text);
            let meets = |by_name: &FxHashMap<&str, &PackageRecord>| {
                by_name.get(name).is_some_and(|r| spec.matches(r))
            };
            // What was broken before is no reason.
            if name == old.name || !meets(&self.before) || meets(&self.after) {
                continue;
            }
            match self.after.get(name) {
                Some(there) => {
                    out.push(format!(
                        "it needs '{text}', and {name} is {}",
                        there.version
                    ));
                }
                None if self.gone.contains(name) => {
                    absent.push(format!("it needs '{text}', which leaves"));
                }
                None if !seen.contains(name) => {
                    let kept_out = self.before.get(name).map(|r| self.of(r, seen));
                    if kept_out.is_some_and(|rules| !rules.is_empty()) {
                        absent.push(format!("it needs '{text}', which cannot stay"));
                    }
                }
                None => {}
            }
        }
        for text in &old.constrains {
            let there = self.after.get(required_name(text));
            let Some((spec, there)) = parsed(text).zip(there) else {
                continue;
            };
            let held = self
                .before
                .get(there.name.as_str())
                .is_none_or(|r| spec.matches(r));
            if held && !spec.matches(there) {
                out.push(format!(
                    "it allows only '{text}', and {} is {}",
                    there.name, there.version
                ));
            }
        }
        if out.is_empty() {
            absent
        } else {
            out
        }
    }

    /// What moved a record that breaks no rule.
    fn preference(
        &self,
        kind: ChangeKind,
        old: &PackageRecord,
        new: Option<&PackageRecord>,
    ) -> Option<String> {
        let Some(new) = new else {
            let asked = self.roots.contains(old.name.as_str()) && !self.environment.prune;
            let why = if asked && self.environment.mode != Mode::Remove {
                "what is asked for now does not go with it"
            } else {
                "no longer needed"
            };
            return Some(why.to_string());
        };
        if kind == ChangeKind::Down && PreferLowest::of(self.request).covers(&old.name) {
            return Some("the strategy prefers low versions".to_string());
        }
        if old.channel != new.channel
            && self.request.channel_priority != ChannelPriority::Disabled
            && kind != ChangeKind::Up
        {
            return Some(format!(
                "channel {} comes before {}",
                new.channel, old.channel
            ));
        }
        (kind == ChangeKind::Down).then(|| "what is asked for is best with it".to_string())
    }

    /// Whether a dependency's condition holds in the answer.
    fn applies(&self, spec: &MatchSpec) -> bool {
        let mut met = |leaf: &MatchSpec| {
            leaf.name_exact()
                .and_then(|name| self.after.get(name))
                .is_some_and(|r| leaf.matches(r))
        };
        spec.when()
            .is_none_or(|condition| condition.holds(&mut met))
    }
}

/// Of a removal: the names that were to be removed, and of all that need these.
fn gone<'r>(
    request: &Request,
    environment: &Environment,
    before: &'r [PackageRecord],
) -> FxHashSet<&'r str> {
    let mut gone: FxHashSet<&str> = FxHashSet::default();
    if environment.mode != Mode::Remove {
        return gone;
    }
    let mut needed_by: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for record in before {
        for text in &record.depends {
            let users = needed_by.entry(required_name(text)).or_default();
            users.push(&record.name);
        }
        let named = |s: &&RequestSpec| s.is_about(&record.name);
        if request
            .specs
            .iter()
            .filter(named)
            .any(|s| s.spec.matches(record))
        {
            gone.insert(&record.name);
        }
    }
    let mut queue: Vec<&str> = gone.iter().copied().collect();
    while let Some(name) = queue.pop() {
        for &user in needed_by.get(name).into_iter().flatten() {
            if gone.insert(user) {
                queue.push(user);
            }
        }
    }
    gone
}

/// Why noarch python packages are linked again with another python.
fn moved_python(change: &PackageChange) -> String {
    let homes = change.before.as_ref().zip(change.after.as_ref());
    match homes.map(|(old, new)| (python_home(old), python_home(new))) {
        Some((old, new)) if old.0 == new.0 && old.1 != new.1 => {
            format!("python's site-packages folder moves to {}", new.1)
        }
        Some((old, new)) if old == new => again(),
        _ => "python's minor version changes".to_string(),
    }
}

fn again() -> String {
    "it is to be linked again".to_string()
}

fn parsed(text: &str) -> Option<MatchSpec> {
    MatchSpec::parse(text).ok()
}
