//! The two sides of an installed record: what `conda-meta` holds of it, and what its channel says of the same package.
//!
//! Channels patch the metadata of packages that are installed somewhere already, and installers write more into
//! `conda-meta` than the channel says (conda adds `pip` to python's dependencies). Two rules follow:
//!
//! * what a record *requires* is what the channel's record says; `conda-meta` counts where no channel has the package;
//! * what a record *names* is what either side names. What a record that stays names is needed, before and after, so
//!   nothing of it is unlinked as an orphan.

use conda::index::{Index, RecordRef, SpecId};
use conda::record::PackageRecord;
use rustc_hash::{FxHashMap, FxHashSet};

use super::reachability::{asks_of, asks_of_record, Ask, Reach};
use crate::request::{is_virtual_name, Environment};

/// The installed records by name, each with the record of the index that is the same package.
pub(crate) struct Sides<'e> {
    index: Option<&'e Index>,
    by_name: FxHashMap<&'e str, (&'e PackageRecord, Option<RecordRef>)>,
}

impl<'e> Sides<'e> {
    /// The sides of an environment; without an index each record has only one.
    pub(crate) fn of(environment: &'e Environment, index: Option<&'e Index>) -> Self {
        let both = |record: &'e PackageRecord| {
            let at = index.and_then(|index| index.find_record(record));
            (record.name.as_str(), (record, at))
        };
        Sides {
            index,
            by_name: environment.installed.iter().map(both).collect(),
        }
    }

    /// What an installed record names, by its `depends` or by one of its groups; `None`: the name is not installed.
    pub(crate) fn asks(&self, name: &str, group: Option<&str>) -> Option<Vec<Ask<'e>>> {
        let (record, at) = self.by_name.get(name)?;
        let mut asks = asks_of_record(record, group);
        if let Some((index, at)) = self.index.zip(*at) {
            asks.extend(asks_of(index, at, group));
        }
        Some(asks)
    }

    /// The record whose dependencies count for an installed one.
    pub(crate) fn ruling(&self, name: &str) -> Option<PackageRecord> {
        let (record, at) = self.by_name.get(name)?;
        Some(match self.index.zip(*at) {
            Some((index, at)) => index.record(at),
            None => (*record).clone(),
        })
    }

    /// Installed names that no root leads to, sorted.
    pub(crate) fn unneeded(&self, environment: &'e Environment) -> Vec<&'e str> {
        let roots = environment.roots().into_iter().map(Ask::of_name);
        let history = environment.history.iter().map(Ask::of_spec);
        let reach = Reach::from(roots.chain(history), |name, group| self.asks(name, group));
        let names = self.by_name.keys().copied();
        let mut left: Vec<&str> = names.filter(|name| !reach.contains(name)).collect();
        left.sort_unstable();
        left
    }
}

/// Names that only the `conda-meta` side of an installed record depends on and that are installed, by record.
pub(crate) fn named_by_prefix_only(
    index: &Index,
    environment: &Environment,
) -> Vec<(RecordRef, Vec<String>)> {
    let there: FxHashSet<&str> = environment
        .installed
        .iter()
        .map(|r| r.name.as_str())
        .collect();
    let mut out = Vec::new();
    for record in &environment.installed {
        let Some(at) = index.find_record(record) else {
            continue;
        };
        let of_channel: FxHashSet<&str> = asks_of(index, at, None).iter().map(|a| a.name).collect();
        let mut names: Vec<&str> = asks_of_record(record, None)
            .iter()
            .map(|a| a.name)
            .collect();
        names.retain(|name| *name != record.name && !is_virtual_name(name));
        names.retain(|name| there.contains(name) && !of_channel.contains(name));
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            out.push((at, names.into_iter().map(str::to_string).collect()));
        }
    }
    out.sort_unstable();
    out
}

/// Installed names that must stay while an installed record does, though no requirement that holds says so: those that
/// only `conda-meta` names, and those of dependencies that did not hold before.
pub(crate) fn bonds(
    index: &Index,
    environment: &Environment,
    named: &[(RecordRef, Vec<String>)],
    broken: &[(RecordRef, SpecId)],
) -> Vec<(RecordRef, Vec<String>)> {
    let there: FxHashSet<&str> = environment
        .installed
        .iter()
        .map(|r| r.name.as_str())
        .collect();
    let mut by_record: FxHashMap<RecordRef, Vec<String>> = named.iter().cloned().collect();
    for &(at, spec) in broken {
        let segment = index.segment(at.segment);
        let name = segment.spec(spec).name();
        let depends = segment.depends(at.record).contains(&spec);
        if depends && there.contains(name) && name != segment.name_of(at.record) {
            by_record.entry(at).or_default().push(name.to_string());
        }
    }
    let mut out: Vec<(RecordRef, Vec<String>)> = by_record.into_iter().collect();
    for (_, names) in &mut out {
        names.sort_unstable();
        names.dedup();
    }
    out.sort_unstable();
    out
}

/// The names of a record in such a list.
pub(crate) fn names_of(list: &[(RecordRef, Vec<String>)], at: RecordRef) -> &[String] {
    match list.binary_search_by_key(&at, |(record, _)| *record) {
        Ok(found) => &list[found].1,
        Err(_) => &[],
    }
}
