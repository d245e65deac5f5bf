//! What a reader of a conflict would look up next: other spellings, other channels, later dates, older pythons.

use std::collections::BTreeMap;

use conda::index::{RecordId, RecordRef};
use conda::match_spec::MatchSpec;
use conda::version::Version;
use rustc_hash::FxHashSet;

use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::dates::date;
use crate::explain::other_platforms::system_of;
use crate::explain::spec_union::{overlap, plain};
use crate::explain::words::spelling::nearest;

/// What a hint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HintKind {
    /// Names that are spelt nearly so.
    NearestName,
    /// Versions that exist.
    ExistingVersions,
    /// A package of a lower channel that strict priority hides.
    HiddenChannel,
    /// A package that appeared after the cut-off.
    AfterCutoff,
    /// A virtual package that the target lacks or has too old.
    VirtualPackage,
    /// A package that is there on other platforms only.
    OtherPlatform,
    /// A python (or other base package) for which no build exists yet, or any more.
    NoBuildFor,
}

impl HintKind {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            HintKind::NearestName => "nearest_name",
            HintKind::ExistingVersions => "existing_versions",
            HintKind::HiddenChannel => "hidden_channel",
            HintKind::AfterCutoff => "after_cutoff",
            HintKind::VirtualPackage => "virtual_package",
            HintKind::OtherPlatform => "other_platform",
            HintKind::NoBuildFor => "no_build_for",
        }
    }
}

/// One hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it is about.
    pub kind: HintKind,
    /// The package it speaks of.
    pub name: String,
    /// What it offers, best first: names, versions, a channel, a date.
    pub offers: Vec<String>,
    /// One sentence.
    pub text: String,
}

impl Conflict {
    /// The hints of a conflict, in the order of its facts.
    ///
    /// Where something is missing, data of other platforms is looked at if it lies beside the target's.
    pub fn hints(&self) -> Vec<Hint> {
        self.hints_with(true)
    }

    /// The hints that the index alone can give.
    pub(crate) fn hints_here(&self) -> Vec<Hint> {
        self.hints_with(false)
    }

    fn hints_with(&self, elsewhere: bool) -> Vec<Hint> {
        let mut out = Vec::new();
        for fact in &self.facts {
            match fact.kind {
                FactKind::MissingName => {
                    out.extend(self.nearest_names(fact));
                    if elsewhere {
                        out.extend(self.other_platform(fact));
                    }
                }
                FactKind::MissingVersion => {
                    out.extend(existing_versions(fact));
                    if elsewhere {
                        out.extend(self.other_platform(fact));
                    }
                }
                FactKind::ChannelPriority => out.extend(self.hidden_channel(fact)),
                FactKind::Policy => out.extend(self.after_cutoff(fact)),
                FactKind::VirtualPackage => out.push(self.virtual_package(fact)),
                _ => {}
            }
        }
        out.extend(self.no_build_for());
        out.extend(self.none_between());
        out
    }

    /// "of numpy <1.20 there is 1.18.5 at most here, while scipy takes 1.21.2 at least": demands that overlap as they are
    /// written, with no version in the overlap.
    fn none_between(&self) -> Option<Hint> {
        let is_limit = |f: &&Fact| {
            use FactKind::{Constraint, Pin, Request};
            matches!(f.kind, Request | Pin | Constraint) && f.spec != f.name
        };
        for limit in self.facts.iter().filter(is_limit) {
            let asks = |f: &&Fact| f.kind == FactKind::Dependency && f.target == limit.name;
            let asking: Vec<&Fact> = self.facts.iter().filter(asks).collect();
            let name = &limit.name;
            if !asking.iter().any(|f| overlap(name, &limit.spec, &f.spec)) {
                continue;
            }
            let mine = self.versions_of(name, &[&limit.spec]);
            let specs: Vec<&str> = asking.iter().map(|f| f.spec.as_str()).collect();
            let theirs = self.versions_of(name, &specs);
            let (Some(first), Some(last)) = (mine.first(), mine.last()) else {
                continue;
            };
            let (Some(low), Some(high)) = (theirs.first(), theirs.last()) else {
                continue;
            };
            let who = &asking[0].name;
            let spec = plain(&limit.spec);
            let (text, offer) = if last.key() < low.key() {
                (
                    format!(
                        "of {spec} there is {last} at most here, while {who} takes {low} at least"
                    ),
                    low,
                )
            } else if high.key() < first.key() {
                (
                    format!("of {spec} there is {first} at least here, while {who} takes {high} at most"),
                    high,
                )
            } else {
                continue;
            };
            return Some(Hint {
                kind: HintKind::ExistingVersions,
                name: name.clone(),
                offers: vec![offer.to_string()],
                text,
            });
        }
        None
    }

    /// The versions of a package that one of these specs matches, oldest first.
    fn versions_of(&self, name: &str, specs: &[&str]) -> Vec<Version> {
        let specs: Vec<MatchSpec> = specs
            .iter()
            .filter_map(|s| MatchSpec::parse(s).ok())
            .collect();
        let mut out = Vec::new();
        for (position, member) in self.index.segments().iter().enumerate() {
            let Some(package) = member.segment.find_package(name) else {
                continue;
            };
            for record in member.segment.records(package).map(RecordId) {
                let segment = position as u32;
                let record = self.index.record(RecordRef { segment, record });
                if specs.iter().any(|spec| spec.matches(&record)) {
                    out.extend(Version::parse(&record.version));
                }
            }
        }
        out.sort();
        out.dedup();
        out
    }

    fn other_platform(&self, fact: &Fact) -> Option<Hint> {
        let found = self.platforms_with(fact);
        if found.is_empty() {
            return None;
        }
        let words: Vec<String> = found
            .iter()
            .map(|(index, version)| format!("{} ({version})", index.platform()))
            .collect();
        Some(Hint {
            kind: HintKind::OtherPlatform,
            name: fact.name.clone(),
            offers: found
                .iter()
                .map(|(index, _)| index.platform().to_string())
                .collect(),
            text: format!(
                "{} exists on {}, not on {}",
                plain(&fact.spec),
                words.join(", "),
                self.index.platform()
            ),
        })
    }

    /// The names of the index that are nearest to one that does not exist.
    pub(crate) fn names_like(&self, wrong: &str) -> Vec<String> {
        nearest(wrong, self.names())
    }

    fn nearest_names(&self, fact: &Fact) -> Option<Hint> {
        let offers = self.names_like(&fact.name);
        let (last, rest) = offers.split_last()?;
        let names = if rest.is_empty() {
            last.clone()
        } else {
            format!("{} or {last}", rest.join(", "))
        };
        Some(Hint {
            kind: HintKind::NearestName,
            name: fact.name.clone(),
            text: format!("there is no {}; did you mean {names}?", fact.name),
            offers,
        })
    }

    /// All names of the index; one of several channels may come more than once.
    fn names(&self) -> impl Iterator<Item = &str> {
        let segments = self.index.segments().iter();
        segments.flat_map(|m| m.segment.packages().map(|p| m.segment.package_name(p)))
    }

    fn hidden_channel(&self, fact: &Fact) -> Option<Hint> {
        let at = fact.records.first()?;
        let channel = &self.index.channels()[self.index.member(at.segment).channel].name;
        Some(Hint {
            kind: HintKind::HiddenChannel,
            name: fact.name.clone(),
            text: format!(
                "channel {channel} has {} {}, hidden by strict priority; ask for {channel}::{}, or for another priority",
                fact.name, fact.ranges, fact.name
            ),
            offers: vec![channel.clone()],
        })
    }

    fn after_cutoff(&self, fact: &Fact) -> Option<Hint> {
        let first = fact.records.iter().map(|at| self.time(*at)).min()?;
        let cutoff = self.request.cutoffs.general?;
        let (first, cutoff) = (date(first), date(cutoff));
        Some(Hint {
            kind: HintKind::AfterCutoff,
            name: fact.name.clone(),
            text: format!(
                "{} {} came after the cut-off of {cutoff}, the first on {first}",
                fact.name, fact.ranges
            ),
            offers: vec![first],
        })
    }

    /// When a record came to be, as the cut-off sees it, in milliseconds since 1970.
    pub(crate) fn time(&self, at: RecordRef) -> u64 {
        let segment = self.index.segment(at.segment);
        let indexed = segment.indexed_timestamp(at.record);
        indexed.unwrap_or_else(|| segment.timestamp(at.record))
    }

    fn virtual_package(&self, fact: &Fact) -> Hint {
        let asking = || self.facts.iter().filter(|f| f.target == fact.name);
        // Of records that ask in different ways, the newest say what one will need.
        let newest = |f: &&Fact| f.versions.first().and_then(|v| Version::parse(v).ok());
        let newest = asking().max_by(|a, b| newest(a).cmp(&newest(b)));
        let has = match fact.spec.as_str() {
            "" => "the target has none".to_string(),
            _ => format!("the target has {}", fact.ranges),
        };
        let text = match (newest, system_of(&fact.name)) {
            (Some(f), Some((_, system))) if fact.spec.is_empty() && f.versions.len() == 1 => {
                format!("{} {} is for {system} only", f.name, f.ranges)
            }
            (Some(f), Some((_, system))) if fact.spec.is_empty() && !f.versions.is_empty() => {
                format!("{} {} are for {system} only", f.name, f.ranges)
            }
            (Some(f), _) => match f.versions.first() {
                Some(version) => format!("{} {version} needs {}, {has}", f.name, plain(&f.spec)),
                None => format!("{} is asked for, {has}", plain(&f.spec)),
            },
            (None, _) => format!("{} is missing: {has}", fact.name),
        };
        Hint {
            kind: HintKind::VirtualPackage,
            name: fact.name.clone(),
            offers: asking().map(|f| f.spec.clone()).collect(),
            text,
        }
    }

    /// "numba has no build for python 3.14 here; its newest is for 3.13": a python that is asked for, while every build of
    /// another package is for other ones.
    fn no_build_for(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        let asks = |f: &&Fact| {
            use FactKind::{Constraint, Frozen, Pin, Request};
            f.target == "python" && matches!(f.kind, Request | Pin | Constraint | Frozen)
        };
        let Some(wanted) = self
            .facts
            .iter()
            .filter(asks)
            .find_map(|f| first_minor(&f.spec))
        else {
            return out;
        };
        let on_python = |f: &&Fact| f.kind == FactKind::Dependency && f.target == "python";
        let mut built: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        let mut for_any: FxHashSet<&str> = FxHashSet::default();
        for fact in self.facts.iter().filter(on_python) {
            match exact_minor(&fact.spec) {
                Some(minor) => built.entry(&fact.name).or_default().push(minor),
                // One that is not built for a single python speaks of no build.
                None => {
                    for_any.insert(&fact.name);
                }
            }
        }
        built.retain(|name, _| !for_any.contains(name));
        for (name, minors) in built {
            let (Some(&oldest), Some(&newest)) = (minors.iter().min(), minors.iter().max()) else {
                continue;
            };
            let word = if newest < wanted {
                format!("its newest is for 3.{newest}")
            } else if oldest > wanted {
                format!("its oldest is for 3.{oldest}")
            } else {
                continue;
            };
            let offer = if newest < wanted { newest } else { oldest };
            let versions = self.facts.iter().filter(asks_by_name(name));
            let which = versions.map(|f| plain(&f.spec)).next();
            let which = which.unwrap_or_else(|| name.to_string());
            out.push(Hint {
                kind: HintKind::NoBuildFor,
                name: name.to_string(),
                offers: vec![format!("3.{offer}")],
                text: format!("{which} has no build for python 3.{wanted} here, {word}"),
            });
        }
        out
    }
}

/// Facts of the request on a package.
fn asks_by_name(name: &str) -> impl Fn(&&Fact) -> bool + '_ {
    move |f| f.kind == FactKind::Request && f.name == name
}

fn existing_versions(fact: &Fact) -> Option<Hint> {
    let word = fact.spec.strip_prefix(fact.name.as_str())?.trim();
    // The versions next to the first one the spec names.
    let named: String = word
        .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    let named = named.trim_end_matches('.');
    let wanted = Version::parse(named).ok()?;
    let at = fact
        .versions
        .partition_point(|v| Version::parse(v).is_ok_and(|v| v.key() > wanted.key()));
    let mut offers = Vec::new();
    let oldest = fact.versions.last().filter(|_| word.starts_with('<'));
    if let Some(oldest) = oldest {
        return Some(Hint {
            kind: HintKind::ExistingVersions,
            name: fact.name.clone(),
            offers: vec![oldest.clone()],
            text: format!("the oldest version of {} is {oldest}", fact.name),
        });
    }
    if let Some(below) = fact.versions.get(at) {
        offers.push(below.clone());
    }
    if let Some(above) = at.checked_sub(1).and_then(|i| fact.versions.get(i)) {
        offers.push(above.clone());
    }
    let exists = !word.starts_with(['<', '>', '!'])
        && offers
            .first()
            .is_some_and(|v| Version::parse(v).is_ok_and(|v| v.key() == wanted.key()));
    let text = match &offers[..] {
        [found, ..] if exists => {
            format!("{} {found} exists, but no build of it matches", fact.name)
        }
        [below, above] => format!(
            "the versions of {} nearest to {named} are {below} and {above}",
            fact.name
        ),
        [one] if at == 0 || word.starts_with('>') => {
            format!("the newest version of {} is {one}", fact.name)
        }
        [one] => format!("the oldest version of {} is {one}", fact.name),
        _ => return None,
    };
    Some(Hint {
        kind: HintKind::ExistingVersions,
        name: fact.name.clone(),
        offers,
        text,
    })
}

/// `12` for the first `3.12` in a spec's text.
fn first_minor(spec: &str) -> Option<u64> {
    let (_, rest) = spec.split_once("3.")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// `12` for `>=3.12,<3.13.0a0` and `3.12.*`: a spec that leaves one minor version.
fn exact_minor(spec: &str) -> Option<u64> {
    let low = first_minor(spec)?;
    let single = spec.contains(&format!("<3.{}", low + 1)) || spec.contains(&format!("3.{low}.*"));
    single.then_some(low)
}

#[cfg(test)]
mod tests {
    use super::{exact_minor, first_minor};

    #[test]
    fn minors() {
        assert_eq!(exact_minor("python >=3.12,<3.13.0a0"), Some(12));
        assert_eq!(exact_minor("python 3.9.*"), Some(9));
        assert_eq!(first_minor("python 3.13.*"), Some(13));
        assert_eq!(exact_minor("python >=3.13,<3.14.0a0"), Some(13));
        assert_eq!(exact_minor("python >=3.9"), None);
    }
}
