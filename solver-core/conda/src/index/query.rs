//! Questions that people ask of an index: which names it has, which versions of one, which records a spec matches.
//!
//! Nothing here serves a solve; it reads names and rows as they lie, and makes whole records only of what a spec's name
//! matches. Installed records that no channel has are left out.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Index, IndexSegment, PackageId, RecordId, RecordRef, Segment};
use crate::match_spec::MatchSpec;

impl Index {
    fn published(&self) -> impl Iterator<Item = (u32, &IndexSegment)> {
        (0u32..)
            .zip(&self.segments)
            .filter(|(_, member)| !member.installed)
    }

    /// The names of all packages, sorted, each once.
    pub fn names(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self
            .published()
            .flat_map(|(_, member)| {
                let segment = member.segment.as_ref();
                segment
                    .packages()
                    .map(|package| segment.package_name(package))
            })
            .collect();
        all.into_iter().collect()
    }

    /// Whether any channel has a package of this name.
    pub fn has_name(&self, name: &str) -> bool {
        self.published()
            .any(|(_, member)| member.segment.find_package(name).is_some())
    }

    /// The distinct versions of a name, newest first, as conda orders them; those that cannot be read come last.
    pub fn versions(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<(u32, RecordId)> = Vec::new();
        for (position, member) in self.published() {
            if let Some(package) = member.segment.find_package(name) {
                let records = member.segment.records(package);
                found.extend(records.map(|record| (position, RecordId(record))));
            }
        }
        let key = |&(position, record): &(u32, RecordId)| {
            let segment = self.segment(position);
            (segment.version_key(record), segment.version(record))
        };
        // The text decides between spellings of one version, so that the order does not depend on the channels.
        found.sort_by(|a, b| key(b).cmp(&key(a)));
        found.dedup_by(|a, b| {
            key(a).0 == key(b).0 && (!key(a).0.is_empty() || key(a).1 == key(b).1)
        });
        found
            .iter()
            .map(|&(position, record)| self.segment(position).version(record))
            .collect()
    }

    /// The records that a spec matches; its name may be a pattern. By name, then newest version, highest build number,
    /// channel order and file name.
    pub fn find(&self, spec: &MatchSpec) -> Vec<RecordRef> {
        let mut found: Vec<RecordRef> = Vec::new();
        for (position, member) in self.published() {
            let segment = member.segment.as_ref();
            for package in packages_of(segment, spec) {
                let places = segment.records(package).map(|record| RecordRef {
                    segment: position,
                    record: RecordId(record),
                });
                found.extend(places.filter(|&at| spec.matches(&self.record(at))));
            }
        }
        found.sort_by(|&a, &b| self.better_first(a, b));
        found
    }

    fn better_first(&self, a: RecordRef, b: RecordRef) -> Ordering {
        let (one, other) = (self.segment(a.segment), self.segment(b.segment));
        one.name_of(a.record)
            .cmp(other.name_of(b.record))
            .then_with(|| other.version_key(b.record).cmp(one.version_key(a.record)))
            .then_with(|| {
                other
                    .build_number(b.record)
                    .cmp(&one.build_number(a.record))
            })
            .then_with(|| {
                self.member(a.segment)
                    .channel
                    .cmp(&self.member(b.segment).channel)
            })
            .then_with(|| one.file_name(a.record).cmp(&other.file_name(b.record)))
    }
}

/// The packages of a segment whose name a spec matches.
fn packages_of(segment: &Segment, spec: &MatchSpec) -> Vec<PackageId> {
    match (spec.name_exact(), spec.name()) {
        (Some(name), _) => segment.find_package(name).into_iter().collect(),
        (None, Some(pattern)) => segment
            .packages()
            .filter(|&package| pattern.matches(segment.package_name(package)))
            .collect(),
        (None, None) => segment.packages().collect(),
    }
}
