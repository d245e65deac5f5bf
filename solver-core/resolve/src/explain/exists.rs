//! What there is instead of what a spec asks for, where no record matches it.

use conda::index::{Index, RecordId, RecordRef};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;

use crate::explain::conflict::{Fact, FactKind};
use crate::explain::versions::list;

/// Most builds written out.
const MOST_BUILDS: usize = 4;

/// "versions run from 1.0 to 2.0", "builds of 1.2.13 are h1_0 and h2_1", "elsewhere is not among your channels (here)".
pub(crate) fn instead(index: &Index, fact: &Fact) -> String {
    let spec = MatchSpec::parse(&fact.spec).ok();
    if let Some(channel) = spec.as_ref().and_then(|spec| foreign_channel(index, spec)) {
        return format!("{channel} is not among your channels ({})", searched(index));
    }
    let records = records_of(index, &fact.name);
    if let Some(matcher) = spec.as_ref().and_then(MatchSpec::channel) {
        let is_it = |(channel, _): &(usize, PackageRecord)| {
            let channel = &index.channels()[*channel];
            matcher.matches(&channel.name, &channel.base_url)
        };
        if !records.iter().any(is_it) {
            let mut having: Vec<&str> = Vec::new();
            for (channel, _) in &records {
                let name = index.channels()[*channel].name.as_str();
                if !having.contains(&name) {
                    having.push(name);
                }
            }
            return format!("it is in {}", list(&having));
        }
    }
    if let Some(text) = spec.as_ref().and_then(|spec| other_builds(spec, &records)) {
        return text;
    }
    if fact.kind == FactKind::MissingName {
        return String::new();
    }
    match &fact.versions[..] {
        [only] => format!("the only version is {only}"),
        [new, .., old] => format!("versions run from {old} to {new}"),
        [] => String::new(),
    }
}

/// The channel that a spec names, where it is none of the index's.
pub(crate) fn foreign_channel(index: &Index, spec: &MatchSpec) -> Option<String> {
    let matcher = spec.channel()?;
    let mut channels = index.channels().iter();
    let known = channels.any(|c| matcher.matches(&c.name, &c.base_url));
    (!known).then(|| matcher.to_string())
}

/// The channels of an index, as a reader knows them.
pub(crate) fn searched(index: &Index) -> String {
    let channels = index.channels().iter();
    let names: Vec<&str> = channels
        .map(|c| c.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    match names.len() {
        0 => "none".to_string(),
        1..=6 => names.join(", "),
        _ => format!("{}, …", names[..5].join(", ")),
    }
}

/// The builds of the versions that a spec asks for, where it fails at the build.
fn other_builds(spec: &MatchSpec, records: &[(usize, PackageRecord)]) -> Option<String> {
    if spec.build().is_none() && spec.build_number().is_none() {
        return None;
    }
    let fits = |r: &&PackageRecord| {
        let version = conda::version::Version::parse(&r.version);
        version.is_ok_and(|v| spec.version().is_none_or(|s| s.matches(&v)))
    };
    let there: Vec<&PackageRecord> = records.iter().map(|(_, r)| r).filter(fits).collect();
    let version = &there.first()?.version;
    if there.iter().any(|r| r.version != *version) {
        let exist = "other builds of these versions exist";
        return Some(exist.to_string());
    }
    let mut builds: Vec<&str> = there.iter().map(|r| r.build.as_str()).collect();
    builds.sort_unstable();
    builds.dedup();
    Some(match &builds[..] {
        [only] => format!("the only build of {version} is {only}"),
        some if some.len() <= MOST_BUILDS + 1 => format!("builds of {version} are {}", list(some)),
        some => {
            let more = some.len() - MOST_BUILDS;
            let some = some[..MOST_BUILDS].join(", ");
            format!("builds of {version} are {some} and {more} more")
        }
    })
}

/// All records of a package, with the position of their channel.
pub(crate) fn records_of(index: &Index, name: &str) -> Vec<(usize, PackageRecord)> {
    let mut out = Vec::new();
    for (position, member) in index.segments().iter().enumerate() {
        let Some(package) = member.segment.find_package(name) else {
            continue;
        };
        for record in member.segment.records(package).map(RecordId) {
            let segment = position as u32;
            out.push((member.channel, index.record(RecordRef { segment, record })));
        }
    }
    out
}
