//! From guards to facts: what the causes of a minimal core speak for.

use std::sync::Arc;

use conda::index::{Index, RecordId, RecordRef};
use conda::match_spec::MatchSpec;
use conda::text::shown;
use conda::{PackageRecord, Version};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{graph, group};
use crate::encode::Cause;
use crate::explain::conflict::{Conflict, Fact, FactKind, Quantifier};
use crate::explain::core::search::Search;
use crate::explain::dates::date;
use crate::explain::words::headline::Culprit;
use crate::explain::words::text;
use crate::explain::{exists, versions};
use crate::ids::{Id, Table};
use crate::request::{ChannelPriority, Request, RequestSpec};
use crate::universe::{Exclusion, NameId, SpecIdx, SpecList, Universe};

/// Most comparisons of a spec with a record by which it is found out whether two demands meet.
const MOST_COMPARED: usize = 200_000;

/// Puts a minimal core into facts.
pub(crate) fn describe(
    search: &mut Search<'_>,
    index: &Arc<Index>,
    request: &Request,
    causes: Vec<Cause>,
) -> Conflict {
    let of_request: Vec<(Cause, SpecIdx)> = causes
        .iter()
        .filter_map(|&cause| Some((cause, asked(request, cause)?)))
        .map(|(cause, spec)| (cause, search.spec_of(spec)))
        .collect();
    let kept = request.kept_specs();
    let of_earlier = causes.iter().filter_map(|&cause| match cause {
        Cause::Earlier(i) => Some((cause, search.spec_of(kept.get(i.place())?))),
        _ => None,
    });
    let of_request: Vec<(Cause, SpecIdx)> = of_request.into_iter().chain(of_earlier).collect();
    let frozen = search.frozen_of(&causes);
    let (missing, unmatched) = nowhere(search, request);
    let distances: Vec<u32> = {
        let guards = search.inst.guards.as_ref();
        causes
            .iter()
            .map(|&c| guards.map_or(0, |g| g.distance(c)))
            .collect()
    };
    let u = &search.inst.u;
    let mut core = Core {
        u,
        request,
        of_request,
        frozen,
        causes: causes.iter().copied().collect(),
        names: FxHashMap::default(),
    };
    core.look_up(&causes);
    let facts = causes.iter().zip(distances);
    let facts = facts.map(|(&c, d)| (core.fact(c, d), c)).collect();
    let (facts, causes): (Vec<Fact>, Vec<Cause>) = graph::sort(facts).into_iter().unzip();
    let edges = graph::edges(&facts, u);
    let groups = group::groups(&facts, |some| core.told_together(some, &facts, &causes));
    let headline = Culprit {
        facts: &facts,
        edges: &edges,
        groups: &groups,
        missing: &missing,
        unmatched: &unmatched,
        searched: exists::searched(index),
        meet: &|a, b| core.meet(a, b, &causes),
    }
    .sentence();
    Conflict {
        facts,
        edges,
        groups,
        headline,
        missing,
        unmatched,
        request: request.clone(),
        index: Arc::clone(index),
        elsewhere: Arc::default(),
    }
}

/// The word for the policy that excludes records.
fn policy(exclusion: Exclusion) -> &'static str {
    match exclusion {
        Exclusion::Denied => "deny",
        Exclusion::License => "license",
        _ => "exclude_newer",
    }
}

/// The spec of the request that a cause stands for.
fn asked(request: &Request, cause: Cause) -> Option<&RequestSpec> {
    match cause {
        Cause::Spec(i) => request.specs.get(i.place()),
        Cause::Constraint(i) => request.constraints.get(i.place()),
        Cause::Pin(i) => request.pins.get(i.place()),
        _ => None,
    }
}

/// What is requested, whatever else is chosen, and not there: names, and specs on names that are there.
fn nowhere(search: &mut Search<'_>, request: &Request) -> (Vec<String>, Vec<String>) {
    let (mut names, mut specs) = (Vec::new(), Vec::new());
    for asked in &request.specs {
        if asked.is_virtual() || asked.spec.when().is_some() {
            continue;
        }
        let spec = search.spec_of(asked);
        let u = &search.inst.u;
        let spec = &u.specs[spec];
        let len = u.names[spec.name].len();
        if len == 0 {
            if !names.contains(&asked.name) {
                names.push(asked.name.clone());
            }
        } else if !specs.contains(&asked.text) && !(0..len).any(|p| u.matches(spec, p)) {
            specs.push(asked.text.clone());
        }
    }
    (names, specs)
}

/// A minimal core, and what its facts leave of each name.
struct Core<'c> {
    u: &'c Universe,
    request: &'c Request,
    of_request: Vec<(Cause, SpecIdx)>,
    /// Names of which the core freezes a record, and its position.
    frozen: Vec<(NameId, u32)>,
    causes: FxHashSet<Cause>,
    names: FxHashMap<NameId, OfName<'c>>,
}

/// What the facts about one name are made of; a name may have thousands of them.
struct OfName<'c> {
    /// Distinct versions, newest first.
    versions: Vec<&'c str>,
    /// Which of them each position has.
    class: Table<u32, usize>,
    /// How many records each of them has.
    totals: Vec<usize>,
    /// The same for those that match the requested specs, where these ask for more than versions.
    requested: Option<(Vec<bool>, Vec<usize>)>,
    /// Positions that the core's own facts leave, ascending.
    left: Vec<u32>,
    /// Positions of the records with each requirement.
    with: FxHashMap<(SpecList, SpecIdx), Vec<u32>>,
}

/// How many of some records have each version.
fn tally(versions: usize, class: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut out = vec![0; versions];
    for class in class {
        out[class] += 1;
    }
    out
}

/// The requirement of records that a cause stands for.
fn requirement(cause: Cause) -> Option<(NameId, SpecList, SpecIdx)> {
    match cause {
        Cause::Depends(name, spec) => Some((name, SpecList::Depends, spec)),
        Cause::Extra(name, extra, spec) => Some((name, SpecList::Extra(extra), spec)),
        Cause::Constrains(name, spec) => Some((name, SpecList::Constrains, spec)),
        _ => None,
    }
}

impl<'c> Core<'c> {
    /// Looks up what the facts need about each name.
    fn look_up(&mut self, causes: &[Cause]) {
        let mut wanted: FxHashMap<NameId, Vec<(SpecList, SpecIdx)>> = FxHashMap::default();
        let mut required: FxHashMap<NameId, Vec<SpecIdx>> = FxHashMap::default();
        for &cause in causes {
            if let Some((name, which, spec)) = requirement(cause) {
                wanted.entry(name).or_default().push((which, spec));
                if which != SpecList::Constrains {
                    let target = self.u.specs[spec].name;
                    required.entry(target).or_default().push(spec);
                }
            }
            match cause {
                Cause::Frozen(name) | Cause::Excluded(name, _) => {
                    wanted.entry(name).or_default();
                }
                Cause::Missing(spec) => {
                    let name = self.u.specs[spec].name;
                    wanted.entry(name).or_default();
                }
                _ => {}
            }
        }
        for (name, requirements) in wanted {
            let (versions, class) = self.u.versions_of(name);
            let required = required.get(&name).map_or(&[][..], |specs| specs);
            let of_name = OfName {
                totals: tally(versions.len(), class.iter().map(|(_, &class)| class)),
                requested: self.requested(name, versions.len(), &class),
                versions,
                class,
                left: self.left(name, required),
                with: self.u.records_with(name, requirements),
            };
            self.names.insert(name, of_name);
        }
    }

    /// The records that match what is requested of a name, if that is more than versions, and their number by version.
    fn requested(
        &self,
        name: NameId,
        versions: usize,
        class: &Table<u32, usize>,
    ) -> Option<(Vec<bool>, Vec<usize>)> {
        let u = self.u;
        let asked = self
            .of_request
            .iter()
            .filter(|(cause, spec)| matches!(cause, Cause::Spec(_)) && u.specs[*spec].name == name);
        let asked: Vec<SpecIdx> = asked.map(|(_, spec)| *spec).collect();
        if asked.iter().all(|&spec| u.specs[spec].exact()) {
            return None;
        }
        let matches = |p: u32| asked.iter().all(|&s| u.matches(&u.specs[s], p));
        let some: Vec<bool> = (0..class.len() as u32).map(matches).collect();
        let theirs = class.iter().zip(&some).filter(|(_, &is)| is);
        let totals = tally(versions, theirs.map(|((_, &class), _)| class));
        Some((some, totals))
    }

    /// Of which records with the versions in `shown` something holds that holds of `holders`, ascending positions.
    fn quantifier(&self, name: NameId, shown: &[usize], holders: &[u32]) -> Quantifier {
        if self.frozen.iter().any(|(frozen, _)| *frozen == name) {
            return Quantifier::Installed;
        }
        let of = &self.names[&name];
        let holds_of_all = |counts: bool| {
            let (is_meant, totals) = match (&of.requested, counts) {
                (Some((some, totals)), true) => (Some(some), totals),
                _ => (None, &of.totals),
            };
            let mut found: FxHashMap<usize, usize> = FxHashMap::default();
            for &position in holders {
                if is_meant.is_none_or(|some| some[position.place()]) {
                    *found.entry(of.class[position]).or_default() += 1;
                }
            }
            shown
                .iter()
                .all(|class| found.get(class).copied().unwrap_or(0) == totals[*class])
        };
        if holds_of_all(false) {
            Quantifier::All
        } else if of.requested.is_some() && holds_of_all(true) {
            Quantifier::Requested
        } else {
            Quantifier::Some
        }
    }

    /// Versions, ranges and quantifier of what some facts, on one package and about one, say together.
    fn told_together(
        &self,
        some: &[usize],
        facts: &[Fact],
        causes: &[Cause],
    ) -> (Vec<String>, String, Quantifier) {
        if let [only] = some {
            let fact = &facts[*only];
            return (fact.versions.clone(), fact.ranges.clone(), fact.quantifier);
        }
        let Some((name, _, _)) = requirement(causes[some[0]]) else {
            return (Vec::new(), String::new(), Quantifier::Some);
        };
        let of = &self.names[&name];
        let mut holders: Vec<u32> = Vec::new();
        let mut is_shown = vec![false; of.versions.len()];
        for (_, which, spec) in some.iter().filter_map(|&at| requirement(causes[at])) {
            let with = of.with.get(&(which, spec)).map_or(&[][..], Vec::as_slice);
            holders.extend(with);
            for &p in self.speaking(name, with).iter() {
                is_shown[of.class[p]] = true;
            }
        }
        holders.sort_unstable();
        holders.dedup();
        let shown: Vec<usize> = (0..is_shown.len())
            .filter(|&class| is_shown[class])
            .collect();
        let versions = shown.iter().map(|&c| of.versions[c].to_string()).collect();
        let ranges = versions::ranges(&of.versions, |class| is_shown[class]);
        (versions, ranges, self.quantifier(name, &shown, &holders))
    }

    /// Those of some records that the other facts of the core leave.
    fn speaking(&self, name: NameId, with: &[u32]) -> Vec<u32> {
        let left = &self.names[&name].left;
        let is_left = |p: &u32| left.binary_search(p).is_ok() && !self.excluded(name, *p);
        with.iter().copied().filter(is_left).collect()
    }

    /// Whether some record is let in by one of the facts `a`, and by one of the facts `b`, all demands on one package;
    /// `None` where there are too many to find out.
    fn meet(&self, a: &[usize], b: &[usize], causes: &[Cause]) -> Option<bool> {
        let u = self.u;
        let specs = |facts: &[usize]| -> Option<Vec<SpecIdx>> {
            let of = |&at: &usize| match causes[at] {
                Cause::Depends(_, spec) | Cause::Extra(_, _, spec) | Cause::Constrains(_, spec) => {
                    Some(spec)
                }
                cause => {
                    let mut asked = self.of_request.iter();
                    asked.find(|(c, _)| *c == cause).map(|(_, spec)| *spec)
                }
            };
            facts.iter().map(of).collect()
        };
        let (a, b) = (specs(a)?, specs(b)?);
        let name = u.specs[*a.first()?].name;
        if u.specs[a[0]].on_virtual.is_some() {
            return None;
        }
        let len = u.names[name].len();
        if (a.len() + b.len()) * len as usize > MOST_COMPARED {
            return None;
        }
        let lets_in = |specs: &[SpecIdx], p| specs.iter().any(|&s| u.matches(&u.specs[s], p));
        Some((0..len).any(|p| lets_in(&a, p) && lets_in(&b, p)))
    }

    /// Positions of a name that its own facts leave: all that is asked of it by the request, or else anything that
    /// some fact requires (these specs); never what a pin or a constraint rules out.
    fn left(&self, name: NameId, required: &[SpecIdx]) -> Vec<u32> {
        let u = self.u;
        let on_name = |spec: &SpecIdx| u.specs[*spec].name == name;
        let matches = |spec: SpecIdx, position: u32| u.matches(&u.specs[spec], position);
        let asked: Vec<(Cause, SpecIdx)> = self
            .of_request
            .iter()
            .filter(|(_, s)| on_name(s))
            .copied()
            .collect();
        let frozen = self.frozen.iter().find(|(frozen, _)| *frozen == name);
        if let Some(&(_, at)) = frozen {
            return std::iter::once(at)
                .filter(|&p| asked.iter().all(|&(_, spec)| matches(spec, p)))
                .collect();
        }
        let requested = asked
            .iter()
            .any(|(cause, _)| matches!(cause, Cause::Spec(_) | Cause::Earlier(_)));
        (0..u.names[name].len())
            .filter(|&p| asked.iter().all(|&(_, spec)| matches(spec, p)))
            .filter(|&p| requested || required.iter().any(|&spec| matches(spec, p)))
            .collect()
    }

    /// Whether a fact of this core excludes the record at a position.
    fn excluded(&self, name: NameId, position: u32) -> bool {
        let why = self.u.exclusion_at(name, position);
        why.is_some_and(|why| self.causes.contains(&Cause::Excluded(name, why)))
    }

    fn fact(&self, cause: Cause, distance: u32) -> Fact {
        let u = self.u;
        match cause {
            Cause::Spec(i) | Cause::Presence(i) => {
                self.of_the_request(FactKind::Request, i, &self.request.specs)
            }
            Cause::Constraint(i) => {
                self.of_the_request(FactKind::Constraint, i, &self.request.constraints)
            }
            Cause::Pin(i) => self.of_the_request(FactKind::Pin, i, &self.request.pins),
            Cause::Frozen(name) => self.of_frozen(name),
            Cause::Earlier(i) => {
                self.of_the_request(FactKind::Earlier, i, &self.request.kept_specs())
            }
            Cause::Depends(name, spec)
            | Cause::Extra(name, _, spec)
            | Cause::Constrains(name, spec) => {
                let (kind, which) = match cause {
                    Cause::Constrains(..) => (FactKind::Constrains, SpecList::Constrains),
                    Cause::Extra(_, extra, _) => (FactKind::Dependency, SpecList::Extra(extra)),
                    _ => (FactKind::Dependency, SpecList::Depends),
                };
                let of_name = &self.names[&name];
                let with = of_name.with.get(&(which, spec));
                let with = with.map_or(&[][..], Vec::as_slice);
                let records = self.speaking(name, with);
                let mut fact = self.of_records(kind, name, Some(spec), records, with, distance);
                if let SpecList::Extra(extra) = which {
                    fact.extra = Some(u.extra(extra).1.to_string());
                    fact.text = text::sentence(&fact);
                }
                fact
            }
            Cause::Excluded(name, exclusion) => {
                let is_so = |p: &u32| u.exclusion_at(name, *p) == Some(exclusion);
                let left = self.names[&name].left.iter().copied();
                let records: Vec<u32> = left.filter(is_so).collect();
                let all: Vec<u32> = (0..u.names[name].len()).filter(is_so).collect();
                let kind = match exclusion {
                    Exclusion::Priority => FactKind::ChannelPriority,
                    Exclusion::Cutoff | Exclusion::Denied | Exclusion::License => FactKind::Policy,
                    Exclusion::Unparsable => FactKind::Unparsable,
                };
                self.of_records(kind, name, None, records, &all, distance)
            }
            Cause::Virtual(name) => self.of_target(&u.names[name].text),
            Cause::Missing(spec) => {
                let entry = &u.specs[spec];
                let len = u.names[entry.name].len();
                let kind = if len == 0 {
                    FactKind::MissingName
                } else {
                    FactKind::MissingVersion
                };
                let all: Vec<u32> = (0..len).collect();
                let mut fact =
                    self.of_records(kind, entry.name, Some(spec), all.clone(), &all, distance);
                fact.records.clear();
                fact.exists = exists::instead(&u.index, &fact);
                fact.text = text::sentence(&fact);
                fact
            }
        }
    }

    fn of_the_request(&self, kind: FactKind, position: u32, specs: &[RequestSpec]) -> Fact {
        let spec = &specs[position.place()];
        let mut fact = Fact {
            spec: spec.text.clone(),
            target: spec.name.clone(),
            position: Some(position.place()),
            ..Fact::new(kind, &spec.name)
        };
        fact.text = text::sentence(&fact);
        fact
    }

    fn of_frozen(&self, name: NameId) -> Fact {
        let at = self.frozen.iter().find(|(frozen, _)| *frozen == name);
        let at: Vec<u32> = at.iter().map(|(_, at)| *at).collect();
        let mut fact = self.of_records(FactKind::Frozen, name, None, at.clone(), &at, 0);
        if let Some(&place) = fact.records.first() {
            let segment = self.u.segment(place.segment);
            let (version, build) = (segment.version(place.record), segment.build(place.record));
            fact.spec = format!("{} {version} {build}", fact.name);
        }
        fact.target.clone_from(&fact.name);
        fact.text = text::sentence(&fact);
        fact
    }

    fn of_target(&self, name: &str) -> Fact {
        let given = self
            .request
            .virtual_packages
            .iter()
            .find(|v| v.name == name);
        let mut fact = Fact {
            spec: given.map_or_else(String::new, |v| {
                format!("{} {} {}", v.name, v.version.as_str(), v.build)
            }),
            versions: given
                .iter()
                .map(|v| v.version.as_str().to_string())
                .collect(),
            ranges: given.map_or_else(String::new, |v| v.version.as_str().to_string()),
            ..Fact::new(FactKind::VirtualPackage, name)
        };
        fact.text = text::sentence(&fact);
        fact
    }

    fn of_records(
        &self,
        kind: FactKind,
        name: NameId,
        spec: Option<SpecIdx>,
        at: Vec<u32>,
        holders: &[u32],
        distance: u32,
    ) -> Fact {
        let u = self.u;
        let OfName {
            versions: all,
            class,
            ..
        } = &self.names[&name];
        let mut some = vec![false; all.len()];
        for &position in &at {
            some[class[position]] = true;
        }
        let shown: Vec<usize> = (0..some.len()).filter(|&class| some[class]).collect();
        let mut versions: Vec<String> = all
            .iter()
            .zip(&some)
            .filter(|(_, &is)| is)
            .map(|(v, _)| (*v).to_string())
            .collect();
        let mut ranges = versions::ranges(all, |i| some[i]);
        if u.names[name].len() == 0 {
            versions.clear();
            ranges.clear();
        }
        let target = spec.map_or_else(String::new, |s| u.names[u.specs[s].name].text.to_string());
        let mut fact = Fact {
            spec: spec.map_or_else(String::new, |s| u.specs[s].text.to_string()),
            target,
            versions,
            ranges,
            quantifier: self.quantifier(name, &shown, holders),
            records: at.iter().map(|&p| u.place_of(name, p)).collect(),
            distance,
            ..Fact::new(kind, &u.names[name].text)
        };
        fact.reason = match (kind, at.first()) {
            (FactKind::ChannelPriority, _) => self.hidden_by(name, &at),
            (FactKind::Policy, Some(&p)) => u.exclusion_at(name, p).map(policy).map(str::to_string),
            (FactKind::Unparsable, Some(&p)) => unreadable(&u.index.record(u.place_of(name, p))),
            _ => None,
        };
        if kind == FactKind::Policy {
            fact.rule = self.broken_rule(&fact);
        }
        fact.text = text::sentence(&fact);
        if fact.reason.as_deref() == Some("deny") {
            // The list's own words come last; the records are denied one by one, and the first one's stand for all.
            let record = fact.records.first().map(|&at| u.index.record(at));
            let why = record.as_ref().and_then(|r| self.request.deny_reason(r));
            fact.text
                .extend(why.into_iter().flat_map(|why| [" (", why, ")"]));
        }
        fact
    }

    /// What of a policy the records of a fact break.
    fn broken_rule(&self, fact: &Fact) -> Option<String> {
        let index = &self.u.index;
        let mut rules: Vec<String> = match fact.reason.as_deref() {
            Some("deny") => {
                let hits = |spec: &&MatchSpec| {
                    fact.records
                        .iter()
                        .any(|&at| spec.matches(&index.record(at)))
                };
                let denied = self.request.deny.iter().filter(hits);
                denied.map(ToString::to_string).collect()
            }
            Some("license") => {
                let licences = fact.records.iter().map(|&at| index.record(at).license);
                let mut all: Vec<String> = licences
                    .map(|l| l.unwrap_or_else(|| "none given".to_string()))
                    .collect();
                all.sort_unstable();
                all
            }
            _ => {
                let cutoffs = &self.request.cutoffs;
                let of = |at: &RecordRef| {
                    let channel = index.member(at.segment).channel;
                    cutoffs.of(&fact.name, &index.channels()[channel])
                };
                fact.records.iter().filter_map(of).map(date).collect()
            }
        };
        rules.dedup();
        (!rules.is_empty()).then(|| rules.join(", "))
    }

    /// "channel a, which …" for records that a higher channel hides.
    fn hidden_by(&self, name: NameId, hidden: &[u32]) -> Option<String> {
        debug_assert_ne!(self.request.channel_priority, ChannelPriority::Disabled);
        let u = self.u;
        let channel = |p: u32| u.index.member(u.place_of(name, p).segment).channel;
        let lower = hidden.iter().map(|&p| channel(p)).min()?;
        let higher = (0..u.names[name].len()).map(channel).min()?;
        let text = |i: usize| u.index.channels()[i].name.as_str();
        Some(format!(
            "in channel {}, while channel {} has the name",
            text(lower),
            text(higher)
        ))
    }
}

impl Universe {
    /// The address of any record of a name.
    pub(crate) fn place_of(&self, name: NameId, position: u32) -> RecordRef {
        let (segment, record) = self.place_at(name, position);
        RecordRef {
            segment,
            record: RecordId(record),
        }
    }

    /// Distinct versions of a name, newest first, and for each position which of them it has.
    pub(crate) fn versions_of(&self, name: NameId) -> (Vec<&str>, Table<u32, usize>) {
        let len = self.names[name].len();
        let key = |p: &u32| {
            let at = self.place_of(name, *p);
            self.segment(at.segment).version_key(at.record)
        };
        // Channels may be apart in the list, so versions are sorted again.
        let mut order: Vec<u32> = (0..len).collect();
        order.sort_by(|a, b| key(b).cmp(key(a)));
        let mut all: Vec<&str> = Vec::new();
        let mut class: Table<u32, usize> = (0..len).map(|_| 0).collect();
        let mut last: Option<u32> = None;
        for p in order {
            if last.is_none_or(|q| key(&q) != key(&p)) {
                all.push(self.version_at(name, p));
            }
            class[p] = all.len() - 1;
            last = Some(p);
        }
        (all, class)
    }
}

/// What of a record cannot be read, and why: its version, or the first such dependency or constraint.
fn unreadable(record: &PackageRecord) -> Option<String> {
    if let Err(error) = Version::parse(&record.version) {
        return Some(format!(
            "version '{}': {}",
            shown(&record.version),
            error.reason()
        ));
    }
    let lists = [
        ("depends", &record.depends),
        ("constrains", &record.constrains),
    ];
    lists.into_iter().find_map(|(field, texts)| {
        let mut wrong = texts
            .iter()
            .filter_map(|text| Some((text, MatchSpec::parse(text).err()?)));
        let (text, error) = wrong.next()?;
        Some(format!("{field}: '{}': {}", shown(text), error.reason()))
    })
}
