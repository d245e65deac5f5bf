//! The candidates: which records may be chosen, in which order, with which ranks.
//!
//! Straight from the contract, record by record: strict priority looks for the first channel that has the name, a rank
//! counts what is above. Nothing is windowed, shared or skipped.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, HashSet};

use conda::match_spec::Condition;
use conda::pattern::glob_matches;
use conda::{Channel, MatchSpec, PackageRecord, Version};

use crate::error::Error;
use crate::problem::{Environment, Mode, Priority, Problem, Strategy};

/// A number of a candidate in [`Universe::candidates`].
pub type Id = usize;

/// A record that channel priority leaves, or that is installed.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The record.
    pub record: PackageRecord,
    /// Position of its channel; installed records of unknown channels come behind all.
    pub channel: usize,
    /// `None` where it cannot be read; that is below every version.
    pub version: Option<Version>,
    /// It is in the environment.
    pub installed: bool,
    /// It may be chosen.
    pub usable: bool,
    /// Names that the `conda-meta` side of an installed record depends on, and its channel's does not.
    pub named_by_prefix: Vec<String>,
}

impl Candidate {
    /// What tells it from others: channel, subdir and file.
    pub fn key(&self) -> String {
        let r = &self.record;
        if r.file_name.is_empty() {
            return format!(
                "{}/{}/{}-{}-{}",
                r.channel, r.subdir, r.name, r.version, r.build
            );
        }
        format!("{}/{}/{}", r.channel, r.subdir, r.file_name)
    }

    /// Name, version and build, for messages.
    pub fn label(&self) -> String {
        let r = &self.record;
        format!("{} {} {}", r.name, r.version, r.build)
    }
}

/// All candidates.
#[derive(Debug)]
pub struct Universe<'p> {
    /// The problem.
    pub problem: &'p Problem,
    /// The candidates, in no order that matters.
    pub candidates: Vec<Candidate>,
    /// By name: its candidates, best first.
    pub names: BTreeMap<String, Vec<Id>>,
    /// By name: the installed one.
    pub installed: BTreeMap<String, Id>,
}

/// An installed record with the canonical name of its channel; where it names none, that of the first record that is
/// otherwise the same package.
fn at_home(record: &PackageRecord, problem: &Problem) -> PackageRecord {
    let mut record = record.clone();
    if !record.channel.is_empty() && !problem.channels.contains(&record.channel) {
        if let Ok(channel) = Channel::parse(&record.channel) {
            if record.subdir.is_empty() {
                record.subdir = channel.subdir().unwrap_or_default().to_string();
            }
            record.channel = channel.canonical_name().to_string();
        }
    }
    if record.channel.is_empty() || record.subdir.is_empty() {
        let found = problem.records.iter().find(|r| {
            (&r.name, &r.version, &r.build, r.build_number)
                == (
                    &record.name,
                    &record.version,
                    &record.build,
                    record.build_number,
                )
                && (record.channel.is_empty() || record.channel == r.channel)
                && (record.subdir.is_empty() || record.subdir == r.subdir)
        });
        if let Some(found) = found {
            record.channel.clone_from(&found.channel);
            record.subdir.clone_from(&found.subdir);
        }
    }
    record
}

/// The specs of records that cannot be read.
fn unreadable(candidates: &[Candidate]) -> HashSet<String> {
    let records = candidates.iter().map(|c| &c.record);
    let distinct: HashSet<&String> = records
        .flat_map(|r| r.depends.iter().chain(&r.constrains))
        .collect();
    let bad = distinct
        .into_iter()
        .filter(|t| MatchSpec::parse(t).is_err());
    bad.cloned().collect()
}

impl<'p> Universe<'p> {
    /// The candidates of a problem.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a record's channel is not among the problem's, or two records are one.
    pub fn of(problem: &'p Problem) -> Result<Universe<'p>, Error> {
        let mut channels = problem.channels.clone();
        let mut all: Vec<Candidate> = Vec::with_capacity(problem.records.len());
        let mut seen = BTreeSet::new();
        for record in &problem.records {
            let channel = channels
                .iter()
                .position(|c| *c == record.channel)
                .ok_or_else(|| {
                    Error::Malformed(format!("no channel '{}' is given", record.channel))
                })?;
            let candidate = candidate(record, channel);
            if !seen.insert(candidate.key()) {
                return Err(Error::Malformed(format!(
                    "{} is there twice",
                    candidate.key()
                )));
            }
            all.push(candidate);
        }
        let mut foreign: Vec<PackageRecord> = Vec::new();
        for record in problem.environment.iter().flat_map(|e| &e.installed) {
            let record = &at_home(record, problem);
            let mut same: Vec<Id> = (0..all.len())
                .filter(|&i| all[i].record.is_same_package(record))
                .collect();
            same.sort_by_key(|&i| all[i].record.file_name != record.file_name);
            match same.first() {
                Some(&at) => {
                    all[at].installed = true;
                    let installed = problem
                        .environment
                        .as_ref()
                        .map_or(&[][..], |e| &e.installed);
                    all[at].named_by_prefix = only_here(record, &all[at].record, installed);
                }
                None => foreign.push(record.clone()),
            }
        }
        foreign.sort_by(|a, b| a.name.cmp(&b.name));
        for record in &foreign {
            let channel = channels
                .iter()
                .position(|c| *c == record.channel)
                .unwrap_or_else(|| {
                    channels.push(record.channel.clone());
                    channels.len() - 1
                });
            let installed = candidate(record, channel);
            all.push(Candidate {
                installed: true,
                ..installed
            });
        }
        let mut universe = Universe {
            problem,
            candidates: all,
            names: BTreeMap::new(),
            installed: BTreeMap::new(),
        };
        universe.list();
        Ok(universe)
    }

    fn list(&mut self) {
        let mut by_name: BTreeMap<String, Vec<Id>> = BTreeMap::new();
        for (id, candidate) in self.candidates.iter().enumerate() {
            let name = candidate.record.name.clone();
            if candidate.installed {
                self.installed.insert(name.clone(), id);
            }
            by_name.entry(name).or_default().push(id);
        }
        let unreadable = unreadable(&self.candidates);
        let joined = self.joined();
        for (name, mut ids) in by_name {
            self.keep_by_priority(&name, &mut ids);
            ids.retain(|&id| !self.is_twin(id));
            let low = self.prefers_low(&name, &joined);
            ids.sort_by(|&a, &b| self.compare(a, b, low));
            for &id in &ids {
                self.candidates[id].usable = self.may_be_chosen(id, &unreadable);
            }
            self.names.insert(name, ids);
        }
    }

    /// The channel of a requested spec is its name's only one; of those, under strict priority, the first that has it.
    fn keep_by_priority(&self, name: &str, ids: &mut Vec<Id>) {
        let channels = &self.problem.channels;
        let allowed = |channel: usize| {
            let text = &channels[channel];
            let base = Channel::parse(text).map_or(text.clone(), |c| c.base_url().to_string());
            let specs = self.problem.specs.iter().filter(|s| s.name == name);
            specs
                .filter(|s| s.spec.channel().is_some())
                .all(|s| s.spec.matches_channel(text, &base))
        };
        let of_index = |id: &Id| self.candidates[*id].channel < channels.len();
        let is_foreign = |c: &Candidate| {
            c.installed
                && !self
                    .problem
                    .records
                    .iter()
                    .any(|r| r.is_same_package(&c.record))
        };
        let mut having: Vec<usize> = ids
            .iter()
            .filter(|id| of_index(id) && !is_foreign(&self.candidates[**id]))
            .map(|&id| self.candidates[id].channel)
            .filter(|&channel| allowed(channel))
            .collect();
        having.sort_unstable();
        having.dedup();
        if self.problem.priority == Priority::Strict {
            having.truncate(1);
        }
        ids.retain(|&id| {
            let candidate = &self.candidates[id];
            candidate.installed || having.contains(&candidate.channel)
        });
    }

    /// Whether another archive of the package is installed, which the requested specs of the name match.
    fn is_twin(&self, id: Id) -> bool {
        let record = &self.candidates[id].record;
        let Some(&here) = self.installed.get(&record.name).filter(|&&here| here != id) else {
            return false;
        };
        let here = &self.candidates[here].record;
        let mut specs = self.problem.specs.iter().filter(|s| s.name == record.name);
        record.is_same_package(here) && specs.all(|s| s.spec.matches(here))
    }

    /// Whether lower versions of the name are the better ones.
    fn prefers_low(&self, name: &str, joined: &BTreeSet<String>) -> bool {
        match self.problem.strategy {
            Strategy::Highest | Strategy::Ordered => false,
            Strategy::Lowest => true,
            Strategy::LowestDirect => {
                joined.contains(name) || self.problem.specs.iter().any(|s| s.name == name)
            }
        }
    }

    /// The order of the contract's levels: channel (where flexible), version, build number, and level 7's.
    fn compare(&self, a: Id, b: Id, low: bool) -> Ordering {
        let (a, b) = (&self.candidates[a], &self.candidates[b]);
        let (ra, rb) = (&a.record, &b.record);
        let flexible = self.problem.priority == Priority::Flexible;
        let channel = a.channel.cmp(&b.channel);
        let version = a.version.cmp(&b.version);
        (if flexible { channel } else { Ordering::Equal })
            .then(if low { version } else { version.reverse() })
            .then(if self.problem.priority == Priority::Disabled {
                channel
            } else {
                Ordering::Equal
            })
            .then(rb.build_number.cmp(&ra.build_number))
            .then((ra.subdir == "noarch").cmp(&(rb.subdir == "noarch")))
            .then(Reverse(ra.timestamp).cmp(&Reverse(rb.timestamp)))
            .then(
                rb.file_name
                    .ends_with(".conda")
                    .cmp(&ra.file_name.ends_with(".conda")),
            )
            .then(channel)
            .then_with(|| ra.subdir.cmp(&rb.subdir))
            .then_with(|| ra.file_name.cmp(&rb.file_name))
    }

    /// Whether two candidates of one version count as one build.
    pub fn same_build(&self, a: Id, b: Id) -> bool {
        let (a, b) = (&self.candidates[a], &self.candidates[b]);
        a.record.build_number == b.record.build_number
            && (self.problem.priority != Priority::Disabled || a.channel == b.channel)
    }

    /// Whether two candidates of a name count as one version.
    pub fn same_version(&self, a: Id, b: Id) -> bool {
        let (a, b) = (&self.candidates[a], &self.candidates[b]);
        a.version == b.version
            && (self.problem.priority != Priority::Flexible || a.channel == b.channel)
    }

    /// Policy, and whether the record can be read; what is installed may stay.
    fn may_be_chosen(&self, id: Id, unreadable: &HashSet<String>) -> bool {
        let candidate = &self.candidates[id];
        if candidate.installed {
            return true;
        }
        let r = &candidate.record;
        let policy = &self.problem.policy;
        let base = Channel::parse(&r.channel).map_or(r.channel.clone(), |c| c.base_url().into());
        let of_package = policy.package_cutoffs.iter().find(|(n, _)| *n == r.name);
        let of_channel = policy
            .channel_cutoffs
            .iter()
            .find(|(c, _)| *c == r.channel || *c == base);
        let cutoff = of_package
            .or(of_channel)
            .map_or(policy.cutoff, |(_, cutoff)| *cutoff);
        let when = r.indexed_timestamp.unwrap_or(r.timestamp);
        let license = r.license.as_deref().unwrap_or_default();
        let among = |patterns: &[String]| patterns.iter().any(|p| glob_matches(p, license, true));
        candidate.version.is_some()
            && !r
                .depends
                .iter()
                .chain(&r.constrains)
                .any(|text| unreadable.contains(text))
            && cutoff.is_none_or(|cutoff| when <= cutoff)
            && !policy.deny.iter().any(|spec| spec.matches(r))
            && policy.allow_licenses.as_deref().is_none_or(among)
            && !among(&policy.deny_licenses)
    }

    /// Whether a condition holds, if the target decides it.
    fn decided(&self, condition: &Condition) -> Option<bool> {
        let (members, all) = match condition {
            Condition::Leaf(spec) => {
                let name = spec.name_exact().filter(|name| name.starts_with("__"))?;
                let of_name = self.problem.virtual_packages.iter();
                let mut of_name = of_name.filter(|r| r.name == name);
                return Some(of_name.any(|r| spec.matches(r)));
            }
            Condition::And(members) => (members, true),
            Condition::Or(members) => (members, false),
        };
        let values = members.iter().map(|member| self.decided(member));
        let mut open = false;
        for value in values {
            match value {
                Some(value) if value != all => return Some(value),
                Some(_) => {}
                None => open = true,
            }
        }
        (!open).then_some(all)
    }

    /// The requested specs of a name that apply whatever is chosen, or (`None`) as the answer has it.
    pub fn specs_of(&self, name: &str, applies: Option<bool>) -> Vec<&MatchSpec> {
        let specs = self.problem.specs.iter().filter(|s| s.name == name);
        let here = |spec: &&MatchSpec| match spec.when() {
            None => applies == Some(true),
            Some(condition) => self.decided(condition) == applies,
        };
        specs.map(|s| &s.spec).filter(here).collect()
    }

    /// Where requested specs of a name have conditions: how many versions are above each candidate among the records
    /// that one of them matches, and that the name's other specs leave.
    pub fn asked_versions(&self, name: &str) -> Option<BTreeMap<Id, u64>> {
        let (certain, uncertain) = (self.specs_of(name, Some(true)), self.specs_of(name, None));
        if uncertain.is_empty() {
            return None;
        }
        let ids = self.names.get(name).map_or(&[][..], Vec::as_slice);
        let mut out = BTreeMap::new();
        let mut above = 0;
        for class in ids.chunk_by(|&a, &b| self.same_version(a, b)) {
            out.extend(class.iter().map(|&id| (id, above)));
            let is_asked = |&id: &Id| {
                let record = &self.candidates[id].record;
                certain.iter().all(|spec| spec.matches(record))
                    && uncertain.iter().any(|spec| spec.matches(record))
            };
            above += u64::from(class.iter().any(is_asked));
        }
        Some(out)
    }

    /// Version rank and build rank of every candidate of a name that this call's specs leave; the others have none.
    pub fn ranks(&self, name: &str) -> BTreeMap<Id, (u64, u64)> {
        // A spec that may not apply leaves out no record.
        let specs = self.specs_of(name, Some(true));
        let mut out = BTreeMap::new();
        let (mut version, mut build) = (0, 0);
        let mut last: Option<Id> = None;
        for &id in self.names.get(name).into_iter().flatten() {
            let record = &self.candidates[id].record;
            if !specs.iter().all(|spec| spec.matches(record)) {
                continue;
            }
            if let Some(before) = last {
                if !self.same_version(before, id) {
                    version += 1;
                    build = 0;
                } else if !self.same_build(before, id) {
                    build += 1;
                }
            }
            out.insert(id, (version, build));
            last = Some(id);
        }
        out
    }

    /// Installed names that the environment adds to the requested.
    pub fn joined(&self) -> BTreeSet<String> {
        let Some(environment) = &self.problem.environment else {
            return BTreeSet::new();
        };
        let explicit = |name: &String| self.problem.specs.iter().any(|s| s.name == *name);
        let names = match environment.mode {
            Mode::UpdateAll => self.roots(environment),
            _ => environment.aggressive_updates.clone(),
        };
        names
            .into_iter()
            .filter(|name| self.installed.contains_key(name) && !explicit(name))
            .collect()
    }

    /// Installed names that were asked for: those of the history and of every update, or all where there is no history.
    pub fn roots(&self, environment: &Environment) -> Vec<String> {
        let history = environment.history.iter().map(|s| &s.name);
        let asked: BTreeSet<&String> = history.chain(&environment.aggressive_updates).collect();
        let names = self.installed.keys().cloned();
        names
            .filter(|name| environment.history.is_empty() || asked.contains(name))
            .collect()
    }
}

fn candidate(record: &PackageRecord, channel: usize) -> Candidate {
    Candidate {
        record: record.clone(),
        channel,
        version: Version::parse(&record.version).ok(),
        installed: false,
        usable: false,
        named_by_prefix: Vec::new(),
    }
}

/// The names of packages that the one record depends on and the other does not, and that are installed.
fn only_here(
    here: &PackageRecord,
    there: &PackageRecord,
    installed: &[PackageRecord],
) -> Vec<String> {
    let names = |record: &PackageRecord| -> BTreeSet<String> {
        let specs = record.depends.iter().map(|text| MatchSpec::parse(text));
        let names = specs.filter_map(|spec| Some(spec.ok()?.name_exact()?.to_string()));
        names.collect()
    };
    let (ours, theirs) = (names(here), names(there));
    let is_there = |name: &String| installed.iter().any(|r| r.name == *name);
    let only = ours
        .difference(&theirs)
        .filter(|name| **name != here.name && is_there(name));
    only.cloned().collect()
}
