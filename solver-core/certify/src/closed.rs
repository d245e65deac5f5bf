//! Whether a file's records are all that counts, held against the channels that they came from.
//!
//! Four things are asked:
//!
//! 0. the file speaks of the same platform and the same channels, in the same order;
//! 1. every record of the file is in its channel, and says the same there;
//! 2. a record is *reached* if a spec of the request, a name or dependency of the environment, or a dependency (of any
//!    group) of a reached record matches it. Of each name with such a spec the file has every record there is;
//! 3. names that only unreached records mention are never installed, and count only for the layers of level 6, by the
//!    records with the best ranks: of these names the file has the same best records as the channels.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use conda::{MatchSpec, PackageRecord};

use crate::error::Error;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::universe::Universe;

/// What tells a record from others in an index.
type Key<'r> = (&'r str, &'r str, &'r str);

fn key(record: &PackageRecord) -> Key<'_> {
    (&record.channel, &record.subdir, &record.file_name)
}

/// What solving looks at, but for what only some specs speak of (see [`Identity`]).
fn content(record: &PackageRecord) -> impl PartialEq + '_ {
    (
        (&record.version, &record.build, record.build_number),
        (&record.depends, &record.constrains, &record.flags),
        (&record.track_features, &record.features, record.timestamp),
        (&record.license, &record.license_family, record.noarch),
        (record.indexed_timestamp, groups(record)),
    )
}

/// Optional groups by name; their order says nothing.
fn groups(record: &PackageRecord) -> BTreeMap<&String, &Vec<String>> {
    let groups = record.extra_depends.iter();
    groups.map(|(name, specs)| (name, specs)).collect()
}

/// The texts of all that a record asks for.
fn asks(record: &PackageRecord) -> impl Iterator<Item = &String> {
    let groups = record.extra_depends.iter().flat_map(|(_, specs)| specs);
    record.depends.iter().chain(groups)
}

/// Holds a problem against its channels: `platform` and `channels` say what they are, `records_of` gives all records of
/// a name that they have.
///
/// # Errors
/// [`Error::Broken`] with the first record that differs or is missing.
pub fn closed(
    problem: &Problem,
    platform: &str,
    channels: &[String],
    records_of: &dyn Fn(&str) -> Vec<PackageRecord>,
) -> Result<(), Error> {
    let differ = |what: &str, file: String, given: String| {
        Err(Error::Broken(format!(
            "the file is about {what} {file}, it was compared with {given}"
        )))
    };
    if problem.platform != platform {
        return differ("platform", problem.platform.clone(), platform.to_string());
    }
    if problem.channels != channels {
        return differ("channels", problem.channels.join(", "), channels.join(", "));
    }
    let mut here: BTreeMap<&str, Vec<&PackageRecord>> = BTreeMap::new();
    for record in &problem.records {
        here.entry(&record.name).or_default().push(record);
    }
    let mut mentioned: BTreeSet<String> = here.keys().map(ToString::to_string).collect();
    for record in &problem.records {
        mentioned.extend(asks(record).filter_map(|text| name_of(text)));
    }
    let there: BTreeMap<String, Vec<PackageRecord>> = mentioned
        .into_iter()
        .map(|name| {
            let records = records_of(&name);
            (name, records)
        })
        .collect();
    same_content(Identity::of(problem), &here, &there)?;

    let reached = reached_names(problem, &here);
    for name in &reached {
        let have: BTreeSet<Key<'_>> = here
            .get(name.as_str())
            .map_or_else(BTreeSet::new, |records| {
                records.iter().map(|r| key(r)).collect()
            });
        let all = match there.get(name) {
            Some(records) => records.clone(),
            None => records_of(name),
        };
        if let Some(missing) = all.iter().find(|record| !have.contains(&key(record))) {
            return Err(Error::Broken(format!(
                "the file lacks {} {} {} of {}, which can be reached",
                missing.name, missing.version, missing.build, missing.channel
            )));
        }
    }
    same_best(problem, &reached, there)
}

fn name_of(text: &str) -> Option<String> {
    let spec = MatchSpec::parse(text).ok()?;
    let name = spec.name_exact()?;
    (!name.starts_with("__")).then(|| name.to_string())
}

fn same_content(
    identity: Identity,
    here: &BTreeMap<&str, Vec<&PackageRecord>>,
    there: &BTreeMap<String, Vec<PackageRecord>>,
) -> Result<(), Error> {
    for (name, records) in here {
        let of_name = there.get(*name).into_iter().flatten();
        let of_name: BTreeMap<Key<'_>, &PackageRecord> = of_name.map(|r| (key(r), r)).collect();
        for record in records {
            let same = of_name.get(&key(record));
            let same = same.is_some_and(|other| {
                content(other) == content(record) && identity.seen(other) == identity.seen(record)
            });
            if !same {
                return Err(Error::Broken(format!(
                    "the channels do not have {} {} {} as the file does",
                    record.name, record.version, record.build
                )));
            }
        }
    }
    Ok(())
}

/// Names of which a record can be reached; each wanted spec is asked of every record of its name.
fn reached_names(
    problem: &Problem,
    here: &BTreeMap<&str, Vec<&PackageRecord>>,
) -> BTreeSet<String> {
    let asked = problem
        .specs
        .iter()
        .chain(&problem.constraints)
        .chain(&problem.pins);
    let mut open: Vec<String> = asked.map(|spec| spec.text.clone()).collect();
    if let Some(environment) = &problem.environment {
        open.extend(environment.history.iter().map(|spec| spec.text.clone()));
        for record in &environment.installed {
            open.push(record.name.clone());
            open.extend(asks(record).cloned());
        }
    }
    let mut seen: HashSet<String> = open.iter().cloned().collect();
    let mut names = BTreeSet::new();
    let mut reached: HashSet<Key<'_>> = HashSet::new();
    while let Some(text) = open.pop() {
        let Some(spec) = MatchSpec::parse(&text).ok() else {
            continue;
        };
        let Some(name) = spec.name_exact().filter(|name| !name.starts_with("__")) else {
            continue;
        };
        names.insert(name.to_string());
        for record in here.get(name).into_iter().flatten() {
            if !spec.matches(record) || !reached.insert(key(record)) {
                continue;
            }
            for text in asks(record) {
                if seen.insert(text.clone()) {
                    open.push(text.clone());
                }
            }
        }
    }
    names
}

/// Names that are not reached have the same best records in the file and in the channels.
fn same_best(
    problem: &Problem,
    reached: &BTreeSet<String>,
    there: BTreeMap<String, Vec<PackageRecord>>,
) -> Result<(), Error> {
    let mut whole = problem.clone();
    let unreached: Vec<String> = there
        .keys()
        .filter(|name| !reached.contains(*name))
        .cloned()
        .collect();
    whole.records = there.into_values().flatten().collect();
    let (file, channels) = (Universe::of(problem)?, Universe::of(&whole)?);
    let best = |u: &Universe<'_>, name: &str| -> BTreeSet<String> {
        let ranks = u.ranks(name).into_iter();
        ranks
            .filter(|(_, ranks)| *ranks == (0, 0))
            .map(|(id, _)| u.candidates[id].key())
            .collect()
    };
    match unreached
        .iter()
        .find(|name| best(&file, name) != best(&channels, name))
    {
        None => Ok(()),
        Some(name) => Err(Error::Broken(format!(
            "the file does not have the best records of {name}, which tell what is in a layer"
        ))),
    }
}
