//! Names that no channel has.

use super::{Hint, HintKind};
use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::exists::foreign_channel;
use crate::explain::spec_union::plain;
use crate::explain::versions::list;
use crate::explain::words::known_names::conda_name;
use crate::explain::words::spelling::nearest;
use conda::match_spec::MatchSpec;

/// Channels whose packages are built upon those of another one.
const BUILT_UPON: [(&str, &str); 3] = [
    ("bioconda", "conda-forge"),
    ("robostack", "conda-forge"),
    ("rapidsai", "conda-forge"),
];

impl Conflict {
    /// What may be meant by names that no channel has, or where they may be: by that of a fact, and by all that are
    /// requested with it.
    pub(super) fn about_missing_names(&self, fact: &Fact, elsewhere: bool) -> Vec<Hint> {
        let mut out: Vec<Hint> = Vec::new();
        out.extend(self.about_missing_name(fact, elsewhere));
        if self.is_typed(&fact.name) {
            for name in self.missing.iter().filter(|name| **name != fact.name) {
                let mut asked = self.request.specs.iter().filter(|s| s.name == *name);
                let Some(asked) = asked.next() else {
                    continue;
                };
                let other = Fact {
                    spec: asked.text.clone(),
                    ..Fact::new(FactKind::MissingName, name)
                };
                out.extend(self.about_missing_name(&other, elsewhere));
            }
        }
        if out.is_empty() {
            out.push(self.missing_channel(fact));
        }
        out
    }

    fn about_missing_name(&self, fact: &Fact, elsewhere: bool) -> Option<Hint> {
        if let Some(hint) = self.foreign_channel(fact) {
            return Some(hint);
        }
        if elsewhere {
            // What exists somewhere is no typo.
            if let Some(hint) = self.other_platform(fact) {
                return Some(hint);
            }
        }
        let may_be_elsewhere = !elsewhere && !self.index.sibling_platforms().is_empty();
        let is_typed = self.is_typed(&fact.name) && !may_be_elsewhere;
        is_typed.then(|| self.meant(&fact.name)).flatten()
    }

    /// Whether the request itself asks for a name.
    fn is_typed(&self, name: &str) -> bool {
        let mut facts = self.facts.iter();
        self.missing.iter().any(|missing| missing == name)
            || facts.any(|f| f.kind == FactKind::Request && f.name == name)
    }

    /// The names that may be meant by one that does not exist, best first: what Python calls otherwise, else those that
    /// are spelt nearly so. None for a name that exists on another platform, where its data is at hand.
    pub(crate) fn names_like(&self, wrong: &str) -> Vec<String> {
        if let Some(name) = self.known_as(wrong) {
            return vec![name.to_string()];
        }
        nearest(wrong, self.names())
    }

    /// What a package that Python or PyPI knows by another name is called here.
    fn known_as(&self, wrong: &str) -> Option<&'static str> {
        let name = conda_name(wrong)?;
        let mut segments = self.index.segments().iter();
        let is_there = segments.any(|member| member.segment.find_package(name).is_some());
        is_there.then_some(name)
    }

    fn meant(&self, wrong: &str) -> Option<Hint> {
        let offers = self.names_like(wrong);
        let (last, rest) = offers.split_last()?;
        let text = if self.known_as(wrong).is_some() {
            format!("there is no {wrong}; the package is named {last}")
        } else if rest.is_empty() {
            format!("there is no {wrong}; did you mean {last}?")
        } else {
            format!(
                "there is no {wrong}; did you mean {} or {last}?",
                rest.join(", ")
            )
        };
        Some(Hint::new(HintKind::NearestName, wrong, offers, text))
    }

    /// All names of the index; one of several channels may come more than once.
    fn names(&self) -> impl Iterator<Item = &str> {
        let segments = self.index.segments().iter();
        segments.flat_map(|m| m.segment.packages().map(|p| m.segment.package_name(p)))
    }

    /// "add -c bioconda": a spec names a channel that was not searched.
    pub(crate) fn foreign_channel(&self, fact: &Fact) -> Option<Hint> {
        let spec = MatchSpec::parse(&fact.spec).ok()?;
        let channel = foreign_channel(&self.index, &spec)?;
        let text = format!("to search {channel}, add -c {channel}");
        let offers = vec![channel];
        Some(Hint::new(
            HintKind::MissingChannel,
            &fact.name,
            offers,
            text,
        ))
    }

    /// Nothing that was searched has a name: it may be in a channel that was not.
    fn missing_channel(&self, fact: &Fact) -> Hint {
        let channels = self.index.channels();
        let is_used = |name: &str| channels.iter().any(|c| c.name == name);
        let asking = self.facts.iter().filter(|f| f.target == fact.name);
        let places = asking.flat_map(|f| &f.records);
        let origin = places
            .map(|at| self.index.member(at.segment))
            .map(|member| channels[member.channel].name.as_str());
        let upon = origin.flat_map(|channel| {
            let mut known = BUILT_UPON.iter();
            known.find(|(above, below)| channel.starts_with(above) && !is_used(below))
        });
        let (text, offers) = match upon.into_iter().next() {
            Some((above, below)) => (
                format!("packages of {above} need those of {below}: add -c {below}"),
                vec![(*below).to_string()],
            ),
            None => (
                format!(
                    "a channel that has {} may be missing: add it with -c",
                    fact.name
                ),
                Vec::new(),
            ),
        };
        Hint::new(HintKind::MissingChannel, &fact.name, offers, text)
    }

    pub(crate) fn other_platform(&self, fact: &Fact) -> Option<Hint> {
        let found = self.platforms_with(fact);
        if found.is_empty() {
            return None;
        }
        let words: Vec<String> = found
            .iter()
            .map(|(index, version)| format!("{} ({version})", index.platform()))
            .collect();
        let offers = found.iter().map(|(index, _)| index.platform().to_string());
        let text = format!(
            "{} exists on {}, not on {}",
            plain(&fact.spec),
            list(&words),
            self.index.platform()
        );
        let offers = offers.collect();
        Some(Hint::new(HintKind::OtherPlatform, &fact.name, offers, text))
    }
}
