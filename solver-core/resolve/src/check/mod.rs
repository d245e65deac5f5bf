//! The independent check: the contract's hard rules over the records of an answer.
//!
//! It shares nothing with the encoding. It runs on every answer that leaves the library, and it is linear in the answer.
//! Records come either from an index, whose specs were taken apart when it was built, or from anywhere else, as
//! strings that are parsed here; the rules are the same code for both.
//!
//! Extras (CEP 44): an optional group of a record must hold when a requested spec, a dependency of a record or another such
//! group asks for it, each only where its own condition holds. What is *needed* is judged without conditions.

mod rules;
mod subject;

use conda::index::{Index, NameId, RecordRef, SpecId};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use rustc_hash::FxHashSet;

use crate::graph::by_name::ByName;
use crate::request::Request;
use rules::Checker;
use subject::{Found, Subject};

/// The broken rules, one sentence each; empty when the records are a valid answer to the request.
///
/// Without an index the rules that need one (the record is in it, strict channel priority) are left out. With an
/// environment in the request, what did not hold in it need not hold where the record stays.
pub fn check(records: &[PackageRecord], request: &Request, index: Option<&Index>) -> Vec<String> {
    let mut subjects: Vec<Subject<'_>> = records.iter().map(Subject::from_record).collect();
    if let Some(environment) = &request.environment {
        let before: Vec<Subject<'_>> = environment
            .installed
            .iter()
            .map(Subject::from_record)
            .collect();
        let virtuals = virtual_records(request);
        let checker = Checker::new(&before, &virtuals, request);
        let mut broken: FxHashSet<(&str, &str)> = FxHashSet::default();
        for subject in &before {
            let depends = subject.depends.iter();
            let texts = depends.filter(|w| checker.applies(w) && !checker.satisfied(w));
            broken.extend(texts.map(|w| (subject.name, w.text())));
            let groups = subject.extras.iter().flat_map(|(_, wanted)| wanted);
            let texts = groups.filter(|w| checker.applies(w) && !checker.satisfied(w));
            broken.extend(texts.map(|w| (subject.name, w.text())));
            let constrains = subject.constrains.iter();
            let texts = constrains.filter(|w| !checker.respected(w));
            broken.extend(texts.map(|w| (subject.name, w.text())));
        }
        for subject in subjects.iter_mut().filter(|s| checker.is_installed(s)) {
            let name = subject.name;
            let held = |text: &str| !broken.contains(&(name, text));
            subject.depends.retain(|w| held(w.text()));
            subject.constrains.retain(|w| held(w.text()));
            for (_, group) in &mut subject.extras {
                group.retain(|w| held(w.text()));
            }
        }
    }
    Checker::run(&subjects, &virtual_records(request), request, index)
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
            let mut depends = segment.depends(at.record).iter();
            subject.depends.retain(|_| {
                depends
                    .next()
                    .is_none_or(|&spec| !before.was_broken(at, spec))
            });
            let mut constrains = segment.constrains(at.record).iter();
            subject.constrains.retain(|_| {
                constrains
                    .next()
                    .is_none_or(|&spec| !before.was_broken(at, spec))
            });
            if !subject.extras.is_empty() {
                let groups = segment.extra_depends(at.record);
                for ((_, group), (_, specs)) in subject.extras.iter_mut().zip(groups) {
                    let mut specs = specs.into_iter();
                    group.retain(|_| specs.next().is_none_or(|spec| !before.was_broken(at, spec)));
                }
            }
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
            if checker.applies(wanted) && !checker.satisfied(wanted) {
                out.push((at, spec));
            }
        }
        for (wanted, &spec) in subject.constrains.iter().zip(segment.constrains(at.record)) {
            if checker.applies(wanted) && !checker.respected(wanted) {
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
                if checker.applies(wanted) && !checker.satisfied(wanted) {
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
