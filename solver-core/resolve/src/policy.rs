//! What decides which records exist for a search, and in which order: everything of a request that is not a spec.
//!
//! Two requests with equal policies can be answered by one search instance; their specs, constraints and pins are
//! assumptions of it. So are the [`Rules`]; another target may do, too, see [`Policy::has_order_of`].

use std::sync::Arc;

use conda::index::{Index, RecordId, RecordRef, SpecId};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use conda::repodata::RepodataError;

use crate::check::{unsatisfied, Before};
use crate::graph::sides::{bonds, named_by_prefix_only, names_of};
use crate::request::{ChannelPriority, Cutoffs, Licenses, Request, Strategy, VirtualPackage};

/// The policy of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    pub channel_priority: ChannelPriority,
    pub rules: Rules,
    pub virtual_packages: Vec<VirtualPackage>,
    pub low: PreferLowest,
    /// For names whose requested spec names a channel: which channels they may come from. Sorted by name.
    channels: Vec<(String, Vec<bool>)>,
    /// The installed records, sorted.
    pub installed: Vec<RecordRef>,
    /// The same by name, sorted.
    named: Vec<(String, RecordRef)>,
    /// Other archives of installed packages: no candidates, sorted.
    twins: Vec<RecordRef>,
    /// Those of them that no channel has; the index holds them in segments of their own.
    foreign: Vec<PackageRecord>,
    /// Dependencies and constraints of installed records that do not hold now, sorted: they need not hold later
    /// while the record stays.
    broken: Vec<(RecordRef, SpecId)>,
    /// Names that only the `conda-meta` side of installed records depends on, see [`sides`](crate::graph::sides).
    named_by_prefix: Vec<(RecordRef, Vec<String>)>,
    /// Installed names that stay while an installed record does, though no requirement that holds says so.
    bonds: Vec<(RecordRef, Vec<String>)>,
}

/// Which of the listed records cannot be chosen. They do not change how records are ranked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    pub cutoffs: Cutoffs,
    pub deny: Vec<MatchSpec>,
    pub licenses: Licenses,
}

impl Rules {
    /// Whether every record may be chosen.
    pub(crate) fn are_free(&self) -> bool {
        self.cutoffs == Cutoffs::default() && self.deny.is_empty() && self.licenses.is_free()
    }
}

/// Whose lower versions are the better ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PreferLowest {
    Nobody,
    Everybody,
    /// Sorted.
    These(Vec<String>),
}

impl PreferLowest {
    pub(crate) fn of(request: &Request) -> PreferLowest {
        match request.strategy {
            Strategy::Highest | Strategy::Ordered => PreferLowest::Nobody,
            Strategy::Lowest => PreferLowest::Everybody,
            Strategy::LowestDirect => {
                let asked = request.requested_names().into_iter();
                let mut names: Vec<String> = asked
                    .chain(request.joined_names())
                    .map(ToString::to_string)
                    .collect();
                names.sort_unstable();
                PreferLowest::These(names)
            }
        }
    }

    /// True when lower versions of this name are the better ones.
    pub(crate) fn covers(&self, name: &str) -> bool {
        match self {
            PreferLowest::Nobody => false,
            PreferLowest::Everybody => true,
            PreferLowest::These(names) => names.binary_search_by(|n| n.as_str().cmp(name)).is_ok(),
        }
    }
}

impl Policy {
    pub(crate) fn of(request: &Request, index: &Index) -> Self {
        let mut channels: Vec<(String, Vec<bool>)> = Vec::new();
        for spec in request.specs.iter().filter(|s| s.spec.channel().is_some()) {
            let at = match channels.binary_search_by(|(name, _)| name.cmp(&spec.name)) {
                Ok(at) => at,
                Err(at) => {
                    channels.insert(at, (spec.name.clone(), vec![true; index.channels().len()]));
                    at
                }
            };
            for (ok, channel) in channels[at].1.iter_mut().zip(index.channels()) {
                *ok &= spec.spec.matches_channel(&channel.name, &channel.base_url);
            }
        }
        Policy {
            channel_priority: request.channel_priority,
            rules: Rules {
                cutoffs: request.cutoffs.clone(),
                deny: request.deny.clone(),
                licenses: request.licenses.clone(),
            },
            virtual_packages: request.virtual_packages.clone(),
            low: PreferLowest::of(request),
            channels,
            installed: Vec::new(),
            named: Vec::new(),
            twins: Vec::new(),
            foreign: Vec::new(),
            broken: Vec::new(),
            named_by_prefix: Vec::new(),
            bonds: Vec::new(),
        }
    }

    /// The policy of a request together with the index it is about: the given one and, if there is an environment, its
    /// records that no channel has.
    ///
    /// # Errors
    /// If an installed record is no record.
    pub(crate) fn ground(
        request: &Request,
        index: &Arc<Index>,
    ) -> Result<(Arc<Index>, Policy), RepodataError> {
        let Some(environment) = request
            .environment
            .as_ref()
            .filter(|e| !e.installed.is_empty())
        else {
            return Ok((Arc::clone(index), Policy::of(request, index)));
        };
        let mut installed = Vec::with_capacity(environment.installed.len());
        let mut foreign: Vec<PackageRecord> = Vec::new();
        for record in &environment.installed {
            match index.find_record(record) {
                Some(at) => installed.push(at),
                None => foreign.push(record.clone()),
            }
        }
        let index = if foreign.is_empty() {
            Arc::clone(index)
        } else {
            foreign.sort_by(|a, b| a.name.cmp(&b.name));
            let extended = index.with_installed(&foreign)?;
            installed.extend(
                foreign
                    .iter()
                    .filter_map(|record| extended.find_record(record)),
            );
            Arc::new(extended)
        };
        installed.sort_unstable();
        installed.dedup();
        let mut policy = Policy::of(request, &index);
        policy.broken = unsatisfied(&index, &installed, request);
        policy.broken.sort_unstable();
        policy.named_by_prefix = named_by_prefix_only(&index, environment);
        policy.bonds = bonds(&index, environment, &policy.named_by_prefix, &policy.broken);
        policy.named = installed
            .iter()
            .map(|at| {
                let segment = index.segment(at.segment);
                (segment.name_of(at.record).to_string(), *at)
            })
            .collect();
        policy.named.sort_unstable();
        policy.twins = installed
            .iter()
            .flat_map(|&at| twins(&index, at, request))
            .collect();
        policy.twins.sort_unstable();
        policy.installed = installed;
        policy.foreign = foreign;
        Ok((index, policy))
    }

    /// Whether two policies list the same records in the same order: they are equal but for the rules and the target.
    pub(crate) fn has_order_of(&self, other: &Policy) -> bool {
        let Policy {
            channel_priority,
            rules: _,
            virtual_packages: _,
            low,
            channels,
            installed,
            named,
            foreign,
            broken,
            named_by_prefix,
            bonds,
            twins,
        } = self;
        *channel_priority == other.channel_priority
            && *low == other.low
            && *channels == other.channels
            && *installed == other.installed
            && *named == other.named
            && *foreign == other.foreign
            && *broken == other.broken
            && *named_by_prefix == other.named_by_prefix
            && *bonds == other.bonds
            && *twins == other.twins
    }

    /// What the check of an answer must know of the environment.
    pub(crate) fn before(&self) -> Before<'_> {
        Before {
            installed: &self.installed,
            broken: &self.broken,
            named_by_prefix: &self.named_by_prefix,
        }
    }

    /// Whether a record is installed.
    pub(crate) fn is_installed(&self, at: RecordRef) -> bool {
        self.installed.binary_search(&at).is_ok()
    }

    /// The installed records of a name.
    pub(crate) fn installed_of(&self, name: &str) -> impl Iterator<Item = RecordRef> + '_ {
        let start = self.named.partition_point(|(n, _)| n.as_str() < name);
        let end = start + self.named[start..].partition_point(|(n, _)| n.as_str() <= name);
        self.named[start..end].iter().map(|(_, at)| *at)
    }

    /// The records of a segment that are no candidates because another archive of theirs is installed.
    pub(crate) fn twins_in(&self, segment: u32) -> impl Iterator<Item = u32> + '_ {
        let of_segment = self.twins.iter().filter(move |at| at.segment == segment);
        of_segment.map(|at| at.record.0)
    }

    /// Whether a dependency or constraint of an installed record did not hold before.
    pub(crate) fn was_broken(&self, at: RecordRef, spec: SpecId) -> bool {
        self.broken.binary_search(&(at, spec)).is_ok()
    }

    /// Dependencies and constraints of installed records that did not hold before, sorted.
    pub(crate) fn broken(&self) -> &[(RecordRef, SpecId)] {
        &self.broken
    }

    /// Names that an installed record depends on by `conda-meta` alone.
    pub(crate) fn named_by_prefix(&self, at: RecordRef) -> &[String] {
        names_of(&self.named_by_prefix, at)
    }

    /// Installed names that must stay while an installed record does, though no requirement that holds says so.
    pub(crate) fn bonds(&self, at: RecordRef) -> &[String] {
        names_of(&self.bonds, at)
    }

    /// The channels a name may come from; `None` when its request does not say.
    pub(crate) fn allowed_channels(&self, name: &str) -> Option<&[bool]> {
        let at = self
            .channels
            .binary_search_by(|(n, _)| n.as_str().cmp(name))
            .ok()?;
        Some(&self.channels[at].1)
    }
}

/// The archives of other formats that are the same package as an installed record: nobody wants to link it again for
/// its format. They are candidates like all others where the request asks for something that the installed one is
/// not.
fn twins(index: &Index, at: RecordRef, request: &Request) -> Vec<RecordRef> {
    let segment = index.segment(at.segment);
    let Some(package) = segment.find_package(segment.name_of(at.record)) else {
        return Vec::new();
    };
    let key = |id: RecordId| {
        let build = (segment.version(id), segment.build_number(id));
        (build, segment.timestamp(id))
    };
    // They lie together, because they differ in nothing that records are sorted by but the format.
    let records = segment.records(package);
    let alike = |id: &RecordId| key(*id) == key(at.record);
    let before = (records.start..at.record.0).rev().map(RecordId);
    let behind = (at.record.0 + 1..records.end).map(RecordId);
    let near = before.take_while(alike).chain(behind.take_while(alike));
    let near: Vec<RecordId> = near
        .filter(|id| segment.build(*id) == segment.build(at.record))
        .collect();
    if near.is_empty() {
        return Vec::new();
    }
    let here = index.record(at);
    let mut specs = request.specs.iter().filter(|s| s.name == here.name);
    if !specs.all(|s| s.spec.matches(&here)) {
        return Vec::new();
    }
    near.into_iter()
        .map(|record| RecordRef { record, ..at })
        .filter(|other| index.record(*other).is_same_package(&here))
        .collect()
}
