//! The independent check: the contract's hard rules over the records of an answer.
//!
//! It shares nothing with the encoding. It runs on every answer that leaves the library, and it is linear in the
//! answer. Records come either from an index, whose specs were taken apart when it was built, or from anywhere else,
//! as strings that are parsed here; the rules are the same code for both.
//!
//! Extras (CEP 44): an optional group of a record must hold when a requested spec, a dependency of a record or
//! another such group asks for it, each only where its own condition holds. What is *needed* is judged without
//! conditions.

mod rules;
mod subject;

use conda::index::{Index, NameId, RecordRef, SpecId};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::by_name::ByName;
use crate::graph::reachability::asks_of_record;
use crate::graph::sides::names_of;
use crate::request::Request;
use rules::Checker;
use subject::{Found, Subject};

/// The broken rules, one sentence each; empty when the records are a valid answer to the request.
///
/// Without an index the rules that need one (the record is in it, strict channel priority) are left out. With an
/// environment in the request, what did not hold in it need not hold where the record stays.
pub fn check(records: &[PackageRecord], request: &Request, index: Option<&Index>) -> Vec<String> {
    let environment = request.environment.as_ref();
    let installed: FxHashMap<&str, &PackageRecord> = environment
        .iter()
        .flat_map(|e| &e.installed)
        .map(|r| (r.name.as_str(), r))
        .collect();
    // What is installed is judged by what its channel says of it.
    let ruling = |record: &PackageRecord| {
        let there = installed.get(record.name.as_str());
        let at = there
            .filter(|there| there.is_same_package(record))
            .and_then(|there| index?.find_record(there));
        at.and_then(|at| Some(index?.record(at)))
    };
    let ruled = |records: &[PackageRecord]| -> Vec<PackageRecord> {
        let rule = |record: &PackageRecord| ruling(record).unwrap_or_else(|| record.clone());
        records.iter().map(rule).collect()
    };
    let judged;
    let before;
    let (records, installed_now) = match environment {
        Some(environment) => {
            (judged, before) = (ruled(records), ruled(&environment.installed));
            (&judged[..], &before[..])
        }
        None => (records, &[][..]),
    };
    let mut subjects: Vec<Subject<'_>> = records.iter().map(Subject::from_record).collect();
    let virtuals = virtual_records(request);
    if environment.is_some() {
        let before: Vec<Subject<'_>> = installed_now.iter().map(Subject::from_record).collect();
        let checker = Checker::new(&before, &virtuals, request);
        let mut broken: FxHashSet<(&str, &str)> = FxHashSet::default();
        for subject in &before {
            let depends = subject.depends.iter();
            let texts = depends.filter(|w| checker.lacks(w));
            broken.extend(texts.map(|w| (subject.name, w.text())));
            let groups = subject.extras.iter().flat_map(|(_, wanted)| wanted);
            let texts = groups.filter(|w| checker.lacks(w));
            broken.extend(texts.map(|w| (subject.name, w.text())));
            let constrains = subject.constrains.iter();
            let texts = constrains.filter(|w| checker.breaks(w));
            broken.extend(texts.map(|w| (subject.name, w.text())));
        }
        for subject in subjects.iter_mut().filter(|s| checker.is_installed(s)) {
            let name = subject.name;
            subject.waive(|wanted| broken.contains(&(name, wanted.text())));
            if let Some(there) = installed.get(name) {
                let asks = asks_of_record(there, None);
                subject.names = asks.iter().map(|ask| ask.name.to_string()).collect();
            }
        }
    }
    Checker::run(&subjects, &virtuals, request, index)
}

/// Records of an index on a target with these [`virtual_records`].
fn subjects_of<'i>(
    index: &'i Index,
    places: &[RecordRef],
    virtuals: &[PackageRecord],
) -> Vec<Subject<'i>> {
    let named = ByName::of(index, places);
    let is_virtual = |name: &str| virtuals.iter().any(|v| v.name == name);
    let found = |segment: u32, name: NameId| match named.position(segment, name) {
        Some(at) if is_virtual(named.names[at]) => Found::Unknown,
        Some(at) => Found::Record(at),
        None if is_virtual(index.segment(segment).name(name)) => Found::Unknown,
        None => Found::Nothing,
    };
    let subject = |&at: &RecordRef| Subject::from_index(index, at, &|name| found(at.segment, name));
    places.iter().map(subject).collect()
}

fn virtual_records(request: &Request) -> Vec<PackageRecord> {
    request
        .virtual_packages
        .iter()
        .map(|v| v.record())
        .collect()
}

/// What did not hold in the environment need not hold where the record stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'p> {
    /// The installed records, sorted.
    pub installed: &'p [RecordRef],
    /// Their dependencies and constraints that do not hold now, sorted.
    pub broken: &'p [(RecordRef, SpecId)],
    /// Names that only the `conda-meta` side of them depends on, sorted by record.
    pub named_by_prefix: &'p [(RecordRef, Vec<String>)],
}

impl Before<'_> {
    fn is_installed(&self, at: RecordRef) -> bool {
        self.installed.binary_search(&at).is_ok()
    }

    fn was_broken(&self, at: RecordRef, spec: SpecId) -> bool {
        self.broken.binary_search(&(at, spec)).is_ok()
    }
}

/// The same for records of an index.
pub(crate) fn check_places(
    before: Before<'_>,
    index: &Index,
    places: &[RecordRef],
    request: &Request,
) -> Vec<String> {
    let virtuals = virtual_records(request);
    let mut subjects = subjects_of(index, places, &virtuals);
    for (subject, &at) in subjects.iter_mut().zip(places) {
        if before.is_installed(at) {
            let segment = index.segment(at.segment);
            subject.names = names_of(before.named_by_prefix, at).to_vec();
            let depends = segment.depends(at.record).iter().copied();
            let constrains = segment.constrains(at.record).iter().copied();
            let groups = match subject.extras.is_empty() {
                true => Vec::new(),
                false => segment.extra_depends(at.record),
            };
            let groups = groups.into_iter().flat_map(|(_, specs)| specs);
            let mut specs = depends.chain(constrains).chain(groups);
            subject.waive(|_| specs.next().is_some_and(|spec| before.was_broken(at, spec)));
        }
    }
    Checker::run(&subjects, &virtuals, request, Some(index))
}

/// Dependencies and constraints of records that do not hold among them.
pub(crate) fn unsatisfied(
    index: &Index,
    places: &[RecordRef],
    request: &Request,
) -> Vec<(RecordRef, SpecId)> {
    let virtuals = virtual_records(request);
    let subjects = subjects_of(index, places, &virtuals);
    let checker = Checker::new(&subjects, &virtuals, request);
    let active = checker.active(&[]);
    let mut out = Vec::new();
    for (subject, &at) in subjects.iter().zip(places) {
        let segment = index.segment(at.segment);
        for (wanted, &spec) in subject.depends.iter().zip(segment.depends(at.record)) {
            if checker.lacks(wanted) {
                out.push((at, spec));
            }
        }
        for (wanted, &spec) in subject.constrains.iter().zip(segment.constrains(at.record)) {
            if checker.breaks(wanted) {
                out.push((at, spec));
            }
        }
        if subject.extras.is_empty() {
            continue;
        }
        for ((group, wanted), (_, specs)) in
            subject.extras.iter().zip(segment.extra_depends(at.record))
        {
            if !active.contains(&(subject.name, *group)) {
                continue;
            }
            for (wanted, spec) in wanted.iter().zip(specs) {
                if checker.lacks(wanted) {
                    out.push((at, spec));
                }
            }
        }
    }
    out
}

/// Constraints and pins that do not hold among records, one sentence each.
pub(crate) fn violated_limits(
    index: &Index,
    places: &[RecordRef],
    request: &Request,
) -> Vec<String> {
    let virtuals = virtual_records(request);
    let subjects = subjects_of(index, places, &virtuals);
    let checker = Checker::new(&subjects, &virtuals, request);
    checker.broken_limits(request)
}

/// The optional groups of records that something in force asks for, by package, each sorted.
pub(crate) fn active_extras(
    index: &Index,
    places: &[RecordRef],
    request: &Request,
) -> Vec<(String, Vec<String>)> {
    let virtuals = virtual_records(request);
    let subjects = subjects_of(index, places, &virtuals);
    let checker = Checker::new(&subjects, &virtuals, request);
    let specs: Vec<&MatchSpec> = request.asked_specs().map(|s| &s.spec).collect();
    let mut active: Vec<(&str, &str)> = checker.active(&specs).into_iter().collect();
    active.sort_unstable();
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    for (name, group) in active {
        match out.last_mut().filter(|(last, _)| last == name) {
            Some((_, groups)) => groups.push(group.to_string()),
            None => out.push((name.to_string(), vec![group.to_string()])),
        }
    }
    out
}
