//! Versions that there are.

use conda::match_spec::MatchSpec;
use conda::version::Version;

use super::{Hint, HintKind};
use crate::explain::conflict::{Conflict, Fact, FactKind, Quantifier};
use crate::explain::exists::records_of;
use crate::explain::spec_union::{overlap, plain};
use crate::explain::words::subject::{subject, verb};

/// Versions next to the one that a spec names, of which no record matches it.
pub(crate) fn existing(fact: &Fact) -> Option<Hint> {
    let spec = MatchSpec::parse(&fact.spec).ok()?;
    let name = &fact.name;
    let is_about_builds = fact.exists.contains("build");
    if is_about_builds {
        let version = spec.version()?;
        let mut there = fact.versions.iter().filter(|v| {
            let version_of = Version::parse(v);
            version_of.is_ok_and(|v| version.matches(&v))
        });
        let version = there.next()?;
        let text = format!("{name} {version} exists, but no build of it matches");
        let offers = vec![version.clone()];
        return Some(Hint::new(HintKind::ExistingVersions, name, offers, text).if_said(true));
    }
    // Channels are shown with the fact.
    if !fact.exists.contains("version") {
        return None;
    }
    let named = literals(spec.version()?.as_str());
    let (wanted, last) = (named.iter().min()?, named.iter().max()?);
    let versions: Vec<Version> = fact
        .versions
        .iter()
        .flat_map(|v| Version::parse(v))
        .collect();
    let (newest, oldest) = (versions.first()?, versions.last()?);
    if versions.len() == 1 {
        let text = format!("the only version of {name} is {newest}");
        let offers = vec![newest.to_string()];
        return Some(Hint::new(HintKind::ExistingVersions, name, offers, text).if_said(true));
    }
    let (text, offers) = if newest < wanted {
        (
            format!("the newest version of {name} is {newest}"),
            vec![newest],
        )
    } else if oldest > last || (oldest >= last && spec.version()?.as_str().starts_with('<')) {
        (
            format!("the oldest version of {name} is {oldest}"),
            vec![oldest],
        )
    } else if newest <= last && spec.version()?.as_str().starts_with('>') && named.len() == 1 {
        (
            format!("the newest version of {name} is {newest}"),
            vec![newest],
        )
    } else {
        let below = versions.iter().find(|v| *v <= wanted);
        let above = versions.iter().rev().find(|v| *v > wanted);
        match (below, above) {
            (Some(below), Some(above)) => (
                format!("the versions of {name} nearest to {wanted} are {below} and {above}"),
                vec![below, above],
            ),
            _ => return None,
        }
    };
    let offers = offers.into_iter().map(|v| v.to_string()).collect();
    Some(Hint::new(HintKind::ExistingVersions, name, offers, text))
}

/// The versions that a version part names.
fn literals(text: &str) -> Vec<Version> {
    let terms = text.split([',', '|', '(', ')', ' ']);
    let bare = terms.map(|term| {
        let term = term.trim_start_matches(['<', '>', '=', '!', '~']);
        term.trim_end_matches('*').trim_end_matches('.')
    });
    let versions = bare.filter(|term| !term.is_empty());
    versions.flat_map(Version::parse).collect()
}

impl Conflict {
    /// "the newest numpy <1.20 is 1.18.5, but scipy 1.15 needs at least 1.21.2": demands that overlap as they are written,
    /// with no version in the overlap.
    pub(crate) fn none_between(&self) -> Option<Hint> {
        let is_limit = |f: &&Fact| {
            use FactKind::{Constraint, Pin, Request};
            matches!(f.kind, Request | Pin | Constraint) && f.spec != f.name
        };
        for limit in self.facts.iter().filter(is_limit) {
            let name = &limit.name;
            let mine = self.versions_of(name, &[&limit.spec]);
            let (Some(first), Some(last)) = (mine.first(), mine.last()) else {
                continue;
            };
            for group in &self.groups {
                let asking = group.first(&self.facts);
                let specs = group.specs(&self.facts);
                let is_whole = group.quantifier != Quantifier::Some;
                if asking.kind != FactKind::Dependency
                    || asking.target != *name
                    || !is_whole
                    || !specs.iter().any(|spec| overlap(name, &limit.spec, spec))
                {
                    continue;
                }
                let theirs = self.versions_of(name, &specs);
                let (Some(low), Some(high)) = (theirs.first(), theirs.last()) else {
                    continue;
                };
                let who = subject(asking, group.quantifier, &group.ranges);
                let needs = verb(group.quantifier, &group.ranges, "needs", "need");
                let spec = plain(&limit.spec);
                let (text, offer) = if last < low {
                    let text =
                        format!("the newest {spec} is {last}, but {who} {needs} at least {low}");
                    (text, low)
                } else if high < first {
                    let text =
                        format!("the oldest {spec} is {first}, but {who} {needs} at most {high}");
                    (text, high)
                } else {
                    continue;
                };
                let offers = vec![offer.to_string()];
                return Some(Hint::new(HintKind::ExistingVersions, name, offers, text));
            }
        }
        None
    }

    /// The versions of a package that one of these specs matches, oldest first.
    pub(crate) fn versions_of(&self, name: &str, specs: &[&str]) -> Vec<Version> {
        let specs: Vec<MatchSpec> = specs.iter().flat_map(|s| MatchSpec::parse(s)).collect();
        let matches = |r: &conda::record::PackageRecord| specs.iter().any(|spec| spec.matches(r));
        let records = records_of(&self.index, name);
        let found = records.iter().filter(|(_, r)| matches(r));
        let mut out: Vec<Version> = found
            .flat_map(|(_, r)| Version::parse(&r.version))
            .collect();
        out.sort();
        out.dedup();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{existing, literals};
    use crate::explain::conflict::{Fact, FactKind};

    fn hint(spec: &str, versions: &str) -> Option<String> {
        let fact = Fact {
            spec: spec.to_string(),
            versions: versions.split(' ').map(str::to_string).collect(),
            exists: "versions run from … to …".to_string(),
            ..Fact::new(FactKind::MissingVersion, "x")
        };
        existing(&fact).map(|hint| hint.text)
    }

    #[test]
    fn versions_in_a_spec() {
        let of = |text| -> Vec<String> { literals(text).iter().map(ToString::to_string).collect() };
        assert_eq!(of(">=1.2,<2.0a0|3.*"), ["1.2", "2.0a0", "3"]);
        assert_eq!(of("*"), Vec::<String>::new());
    }

    #[test]
    fn ends_are_those_of_all_versions() {
        let newest = Some("the newest version of x is 12.9".to_string());
        let oldest = Some("the oldest version of x is 12.4".to_string());
        let nearest = |to: &str| {
            Some(format!(
                "the versions of x nearest to {to} are 12.4 and 12.9"
            ))
        };
        for (spec, expected) in [
            ("x >=12.1,<12.2", oldest.clone()),
            ("x 12.1.*", oldest.clone()),
            ("x <12.4", oldest.clone()),
            ("x ==11|12", oldest.clone()),
            ("x ~=12.1.0", oldest),
            ("x >12.9", newest.clone()),
            ("x >=13", newest.clone()),
            ("x 13.*|14.*", newest),
            ("x 12.5.*", nearest("12.5")),
            ("x >12.4,<12.9", nearest("12.4")),
        ] {
            assert_eq!(hint(spec, "12.9 12.4"), expected, "{spec}");
        }
        let only = Some("the only version of x is 1".to_string());
        assert_eq!(hint("x >1", "1"), only);
    }
}
