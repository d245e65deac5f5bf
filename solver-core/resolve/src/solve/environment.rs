//! Changing an existing environment.
//!
//! The installed records are candidates like all others; preferences about them are assumptions and costs, never
//! bans: what stays, what is removed, what is downgraded is decided by levels 1 and 5 of the contract in the same
//! search that finds the new packages. Only `remove` needs no search: it takes packages away with everything that
//! needs them.
//!
//! Choices where conda's tools differ: a name that joins the requested (all roots of update-all, the dependencies of
//! update-deps, as a first solve finds them) is asked for by its bare name, which supersedes its earlier spec;
//! python's minor version still costs a change unless python itself is named. `deps = "none"` takes the records of a
//! full solve and links those of the requested names alone; `deps = "only"` leaves a requested record out unless
//! another chosen one depends on it. Extras of earlier specs (CEP 44) live on in the history, since records do not
//! tell which were asked for: each that can no longer be had costs as much as an earlier spec that is dropped.

use std::sync::Arc;

use cdcl::Lit;
use conda::index::{Index, RecordRef, SpecId};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use conda::version::Version;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::check::{unsatisfied, violated_limits};
use crate::encode::Instance;
use crate::graph::by_name::ByName;
use crate::graph::reachability::{asks_of, by_name, needs, Ask, Reach};
use crate::graph::sides::Sides;
use crate::optimize::item::{Cost, Item, Unmended};
use crate::optimize::levels::EnvironmentGoals;
use crate::policy::Policy;
use crate::request::{is_virtual_name, Deps, Environment, Mode, Request, RequestSpec};
use crate::solve::asked::Asked;
use crate::transaction::Transaction;
use crate::universe::NameId;

/// A request on an environment, in the words of an instance.
pub(crate) struct Plan {
    pub asked: Asked,
    pub standing: EnvironmentGoals,
    /// Names that keep others from being superfluous.
    pub keepers: Vec<NameId>,
}

impl Plan {
    /// Plans an install or update.
    pub(crate) fn of(inst: &mut Instance, request: &Request, environment: &Environment) -> Plan {
        let mut asked = Asked::of(inst, request);
        let placed = place_installed(inst);
        let position: FxHashMap<NameId, u32> = placed.iter().copied().collect();
        let explicit: FxHashSet<NameId> = asked.requested.iter().copied().collect();
        let roots: Vec<NameId> = environment
            .roots()
            .iter()
            .map(|name| inst.u.name_id(name))
            .collect();
        let joined = request.joined_names();
        asked
            .requested
            .extend(joined.iter().map(|name| inst.u.name_id(name)));
        let requested: FxHashSet<NameId> = asked.requested.iter().copied().collect();
        let index = Arc::clone(&inst.u.index);
        let sides = Sides::of(environment, Some(&index));
        let unneeded = sides.unneeded(environment);
        let unneeded: Vec<NameId> = unneeded.iter().map(|name| inst.u.name_id(name)).collect();
        if environment.freeze_installed {
            let mut keepers: FxHashSet<NameId> = roots.iter().copied().collect();
            keepers.extend(unneeded.iter().filter(|_| !environment.prune));
            freeze(inst, request, &placed, &keepers, &mut asked);
        }

        for spec in request.kept_specs() {
            let id = inst.u.parsed_spec(&spec.text, &spec.spec);
            inst.reach(inst.u.specs[id].name);
            match inst.demand(id) {
                Some(lits) => lits.into_iter().for_each(|lit| asked.assume(lit)),
                None => asked.must(false),
            }
        }

        let mut standing = EnvironmentGoals {
            changes_first: environment.mode == Mode::Install,
            ..EnvironmentGoals::default()
        };
        let item = |name: NameId, cost: Cost| Item { name, cost };
        for &name in roots.iter().filter(|n| !explicit.contains(n)) {
            standing.first[0].push(item(name, Cost::Absence));
        }
        let kept: FxHashSet<NameId> = roots
            .iter()
            .chain(
                unneeded
                    .iter()
                    .filter(|_| !environment.prune && environment.mode != Mode::UpdateAll),
            )
            .copied()
            .filter(|name| !explicit.contains(name))
            .collect();
        standing.broken = to_be_mended(inst, request, &sides, &kept, &position);
        for spec in &environment.history {
            let name = inst.u.name_id(&spec.name);
            if explicit.contains(&name) || !position.contains_key(&name) {
                continue;
            }
            let id = inst.u.parsed_spec(&spec.text, &spec.spec);
            for extra in inst.u.specs[id].extras().to_vec() {
                let lit = inst.kept_extra(extra);
                standing.first[1].push(item(name, Cost::Lost(extra, lit)));
                asked.extras.push(extra);
            }
            // A condition of an earlier request says nothing about what is installed now.
            if requested.contains(&name) || spec.spec.when().is_some() {
                continue;
            }
            if let Some(lit) = inst.constrain(id) {
                standing.first[1].push(item(name, Cost::Violation(id, lit)));
            }
        }
        let mut seen: FxHashSet<NameId> = FxHashSet::default();
        for &name in roots.iter().chain(&asked.requested) {
            if let Some(&at) = position.get(&name).filter(|_| seen.insert(name)) {
                standing.first[2].extend(no_downgrade(inst, name, at));
            }
        }
        standing.first[3].extend(python_stays(inst, &explicit, &position));
        if environment.mode == Mode::Install {
            for &name in asked.requested.iter().filter(|n| explicit.contains(n)) {
                let specs = asked
                    .requested_specs
                    .get(&name)
                    .cloned()
                    .unwrap_or_default();
                let matches = |at: u32| specs.iter().all(|&s| inst.u.matches(&inst.u.specs[s], at));
                if let Some(&at) = position.get(&name).filter(|&&at| matches(at)) {
                    standing.stay.push(item(name, Cost::Change(at)));
                }
            }
        }
        if environment.mode != Mode::UpdateAll {
            let counted =
                |name: &NameId| environment.mode != Mode::Install || !requested.contains(name);
            let leaving: FxHashSet<NameId> = if environment.prune {
                unneeded.iter().copied().collect()
            } else {
                FxHashSet::default()
            };
            standing.changes = placed
                .iter()
                .filter(|(name, _)| counted(name) && !leaving.contains(name))
                .map(|&(name, at)| item(name, Cost::Change(at)))
                .collect();
        }
        let mut keepers: Vec<NameId> = explicit.into_iter().collect();
        keepers.sort_unstable();
        keepers.extend(roots);
        if !environment.prune {
            keepers.extend(unneeded);
        }
        standing.keepers = keepers.clone();
        Plan {
            asked,
            standing,
            keepers,
        }
    }
}

/// What did not hold before and is to hold from now on, if it can: what is broken of the packages that the request
/// names or updates, or that these need, and what lacks one of them.
fn to_be_mended(
    inst: &mut Instance,
    request: &Request,
    sides: &Sides<'_>,
    kept: &FxHashSet<NameId>,
    position: &FxHashMap<NameId, u32>,
) -> Vec<Item> {
    let broken = inst.u.policy.broken().to_vec();
    if broken.is_empty() {
        return Vec::new();
    }
    let index = Arc::clone(&inst.u.index);
    let mut named: FxHashSet<&str> = request.requested_names().into_iter().collect();
    named.extend(request.joined_names());
    let roots = named.iter().map(|name| Ask::of_name(name));
    let near = Reach::from(roots, |name, group| sides.asks(name, group));
    let mut items = Vec::new();
    for (at, spec) in broken {
        let segment = index.segment(at.segment);
        let (owner, target) = (segment.name_of(at.record), segment.spec(spec).name());
        // What cannot be read is no requirement that could be met.
        let readable = !segment.spec(spec).is_unparsable();
        let concerned = readable && (near.contains(owner) || named.contains(target));
        let name = inst.u.name_id(owner);
        let Some(&here) = position.get(&name).filter(|_| concerned) else {
            continue;
        };
        let kept = kept.contains(&name);
        let Some(lit) = inst.mended(name, here, spec, kept) else {
            continue;
        };
        let broken = Unmended {
            at: here,
            spec: inst.u.segment_spec(at.segment, spec),
            constrains: !segment.depends(at.record).contains(&spec),
            kept,
        };
        items.push(Item {
            name,
            cost: Cost::Unmended(broken, lit),
        });
    }
    items
}

/// Makes the installed candidates known and open; their names and positions, in the order of the index.
fn place_installed(inst: &mut Instance) -> Vec<(NameId, u32)> {
    let installed = inst.u.policy.installed.clone();
    let index = Arc::clone(&inst.u.index);
    let mut placed = Vec::with_capacity(installed.len());
    for at in installed {
        let name = inst.u.name_id(index.segment(at.segment).name_of(at.record));
        inst.reach(name);
        if let Some(position) = inst.open_record(name, at) {
            placed.push((name, position));
        }
    }
    placed
}

/// Every installed record stays, but for those that a requested spec does not match; what is no keeper may leave, but
/// not be exchanged.
fn freeze(
    inst: &mut Instance,
    request: &Request,
    placed: &[(NameId, u32)],
    keepers: &FxHashSet<NameId>,
    asked: &mut Asked,
) {
    for &(name, at) in placed {
        let text = &*inst.u.names[name].text;
        let record = inst.u.index.record(inst.u.record_ref(name, at));
        let conflicts = request
            .specs
            .iter()
            .any(|s| s.name == text && !s.spec.matches(&record));
        if conflicts {
            continue;
        }
        let stays = if keepers.contains(&name) {
            inst.position(name, at)
        } else {
            inst.not_exchanged(name, at)
        };
        if let (Some(lit), Some(base)) = (stays, &mut asked.base) {
            base.push(lit);
        }
    }
}

/// The cost of a version below the one at a position.
fn no_downgrade(inst: &mut Instance, name: NameId, at: u32) -> Option<Item> {
    if inst.u.names[name].versions_descend() {
        let end = inst.u.names[name].version_class(at).end;
        inst.at_or_after(name, end)?;
        return Some(Item {
            name,
            cost: Cost::Below(end),
        });
    }
    // Where other versions than lower ones may lie behind it (strategy `lowest`, several channels), a spec tells.
    let text = format!("{} >={}", inst.u.names[name].text, inst.u.version(name, at));
    let id = inst.u.parsed_spec(&text, &MatchSpec::parse(&text).ok()?);
    let lit = inst.constrain(id)?;
    Some(Item {
        name,
        cost: Cost::Violation(id, lit),
    })
}

/// Python keeps its minor version unless the request names python.
fn python_stays(
    inst: &mut Instance,
    explicit: &FxHashSet<NameId>,
    position: &FxHashMap<NameId, u32>,
) -> Option<Item> {
    let name = inst.u.name_id("python");
    let at = *position.get(&name)?;
    if explicit.contains(&name) {
        return None;
    }
    let (major, minor) = Version::parse(inst.u.version(name, at))
        .ok()?
        .major_minor()?;
    let text = format!("python {major}.{minor}.*");
    let id = inst.u.parsed_spec(&text, &MatchSpec::parse(&text).ok()?);
    let lit: Lit = inst.constrain(id)?;
    Some(Item {
        name,
        cost: Cost::Violation(id, lit),
    })
}

/// What is left when packages leave; an error sentence when a spec matches nothing that is installed.
pub(crate) fn remove(
    index: &Index,
    installed: &[RecordRef],
    request: &Request,
    environment: &Environment,
) -> Result<Vec<RecordRef>, String> {
    let name_of = |at: &RecordRef| index.segment(at.segment).name_of(at.record);
    let mut gone: FxHashSet<&str> = FxHashSet::default();
    for spec in &request.specs {
        let matched: Vec<&str> = installed
            .iter()
            .filter(|at| spec.spec.matches(&index.record(**at)))
            .map(name_of)
            .collect();
        if matched.is_empty() {
            return Err(format!(
                "'{}' is not installed, so it cannot be removed",
                spec.text
            ));
        }
        gone.extend(matched);
    }
    if environment.force_remove {
        return Ok(installed
            .iter()
            .copied()
            .filter(|at| !gone.contains(name_of(at)))
            .collect());
    }
    // Everything that needs what leaves, leaves; who asks for an extra needs what the extra needs.
    let mut needed_by: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    let by_name = by_name(index, installed);
    let asks = |name: &str, group: Option<&str>| Some(asks_of(index, *by_name.get(name)?, group));
    for at in installed {
        let own = asks_of(index, *at, None);
        let extras = own.iter().filter(|ask| !ask.extras.is_empty());
        let of_extras = extras.flat_map(|ask| Reach::of_extras(ask, asks));
        for name in own.iter().map(|ask| ask.name).chain(of_extras) {
            needed_by.entry(name).or_default().push(name_of(at));
        }
    }
    let mut queue: Vec<&str> = gone.iter().copied().collect();
    while let Some(name) = queue.pop() {
        for &dependent in needed_by.get(name).into_iter().flatten() {
            if gone.insert(dependent) {
                queue.push(dependent);
            }
        }
    }
    let missed = request
        .kept_specs()
        .into_iter()
        .find(|s| gone.contains(s.name.as_str()));
    if let Some(root) = missed {
        let (kept, removed) = (&root.name, list(&request.specs));
        return Err(format!(
            "{removed} cannot be removed: {kept}, which was asked for earlier, needs it and is to be kept; remove {kept} too, or \
             do not keep what was requested"
        ));
    }
    // And what was only there for it; what a record that stays names on either side is needed.
    let sides = Sides::of(environment, Some(index));
    let mut roots = environment.roots();
    if !environment.prune {
        roots.extend(sides.unneeded(environment));
    }
    let roots = roots.into_iter().map(Ask::of_name);
    let kept = Reach::from(roots.chain(request.asked_extras()), |name, group| {
        sides.asks(name, group).filter(|_| !gone.contains(name))
    });
    Ok(installed
        .iter()
        .copied()
        .filter(|at| kept.contains(name_of(at)))
        .collect())
}

/// Specs as people read them.
fn list(specs: &[RequestSpec]) -> String {
    let texts: Vec<String> = specs.iter().map(|s| format!("'{}'", s.text)).collect();
    texts.join(", ")
}

/// Applies `deps = "none"` and `deps = "only"` to the records of a full solve.
pub(crate) fn restrict_deps(
    index: &Index,
    installed: &[RecordRef],
    chosen: Vec<RecordRef>,
    request: &Request,
    environment: &Environment,
) -> Vec<RecordRef> {
    let name_of = |at: &RecordRef| index.segment(at.segment).name_of(at.record);
    let mut requested: FxHashSet<&str> = request.requested_names().into_iter().collect();
    if environment.mode == Mode::UpdateAll && environment.deps == Deps::None {
        requested.extend(environment.roots());
    }
    match environment.deps {
        // What leaves takes along what needs it: there is nothing that `deps` could say.
        _ if environment.mode == Mode::Remove => chosen,
        Deps::All => chosen,
        Deps::None => {
            let others = installed
                .iter()
                .copied()
                .filter(|at| !requested.contains(name_of(at)));
            let new = chosen
                .into_iter()
                .filter(|at| requested.contains(name_of(at)));
            others.chain(new).collect()
        }
        Deps::Only => {
            let named = ByName::of(index, &chosen);
            let mut needed: FxHashSet<&str> = FxHashSet::default();
            for (i, others) in (0..).zip(needs(index, &chosen, &named, request.asked_extras())) {
                let others = others.into_iter().filter(|&j| j != i);
                needed.extend(others.map(|j| named.names[j]));
            }
            let leaves =
                |at: &RecordRef| requested.contains(name_of(at)) && !needed.contains(name_of(at));
            let back = installed.iter().copied().filter(leaves);
            let mut left: Vec<RecordRef> = chosen.into_iter().filter(|at| !leaves(at)).collect();
            left.extend(back);
            left
        }
    }
}

/// Which of the installed records are linked again though they stay: those that the request forces, and requested ones
/// that are installed twice, since the other record takes files along when it leaves.
pub(crate) fn linked_again<'r>(
    request: &'r Request,
    environment: &'r Environment,
) -> impl Fn(&PackageRecord) -> bool + 'r {
    let removes = environment.mode == Mode::Remove;
    let mut forced: FxHashMap<&str, Vec<&RequestSpec>> = FxHashMap::default();
    for spec in request.specs.iter().filter(|_| environment.force_reinstall) {
        forced.entry(&spec.name).or_default().push(spec);
    }
    let mut named: FxHashSet<&str> = request.requested_names().into_iter().collect();
    named.extend(request.joined_names());
    named.retain(|name| !removes && environment.duplicates.iter().any(|r| r.name == *name));
    move |record| {
        let specs = forced.get(record.name.as_str());
        named.contains(record.name.as_str())
            || specs.is_some_and(|specs| specs.iter().any(|s| s.spec.matches(record)))
    }
}

/// Second records of a name leave with the one that counts; where that stays untouched, so do they, and a sentence
/// says it.
pub(crate) fn unlink_duplicates(
    environment: &Environment,
    change: &mut Transaction,
    exempt: &mut Vec<String>,
) {
    for record in &environment.duplicates {
        let counted = change.unlink.iter().rposition(|r| r.name == record.name);
        if let Some(at) = counted {
            change.unlink.insert(at + 1, record.clone());
            continue;
        }
        let other = environment.installed.iter().find(|r| r.name == record.name);
        let version = other.map_or("another version", |r| r.version.as_str());
        exempt.push(format!(
            "{} was installed twice before: {version} counts, {} {} is left as it is",
            record.name, record.version, record.build
        ));
    }
}

/// Rules that the request itself breaks, or that did not hold before: one sentence each.
pub(crate) fn exempt(
    index: &Index,
    policy: &Policy,
    places: &[RecordRef],
    request: &Request,
) -> Vec<String> {
    let there = by_name(index, places);
    let version = |at: RecordRef| {
        let segment = index.segment(at.segment);
        segment.version(at.record)
    };
    let sentence = |(at, spec): (RecordRef, SpecId)| {
        let segment = index.segment(at.segment);
        let (text, target) = (segment.spec(spec).text(), segment.spec(spec).name());
        let label = format!("{} {}", segment.name_of(at.record), version(at));
        let depends = !segment.constrains(at.record).contains(&spec);
        let verb = if depends { "needs" } else { "allows only" };
        let of_target = request.virtual_packages.iter();
        let facts: Vec<&str> = of_target
            .filter(|fact| fact.name == target)
            .map(|fact| fact.version.as_str())
            .collect();
        let state = match there.get(target) {
            _ if !facts.is_empty() => format!("{target} is {}", facts.join(" and ")),
            Some(&other) => format!("{target} is {}", version(other)),
            None if is_virtual_name(target) => format!("the target has no {target}"),
            None => format!("{target} is not installed"),
        };
        if segment.spec(spec).is_unparsable() {
            format!("{label} was broken before: '{text}' cannot be read")
        } else if policy.was_broken(at, spec) {
            format!("{label} was broken before: it {verb} '{text}', and {state}")
        } else {
            format!("{label} {verb} '{text}', and {state}")
        }
    };
    let mut sentences: Vec<String> = unsatisfied(index, places, request)
        .into_iter()
        .map(sentence)
        .collect();
    let environment = request.environment.as_ref();
    if environment.is_some_and(|e| e.mode == Mode::Remove) {
        sentences.extend(violated_limits(index, places, request));
    }
    sentences
}
