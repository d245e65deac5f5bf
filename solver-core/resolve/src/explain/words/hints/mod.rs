//! What a reader of a conflict would look up next: other spellings, other channels, later dates, older pythons.
//!
//! A hint is asked of the index, not of the facts: these are what is left when pins, constraints, policies and other
//! packages have taken their part, and what holds of them need not hold of the package. A hint that says what the headline
//! says is data only.

mod names;
mod python;
mod slips;
mod target;
mod versions;

use conda::index::RecordRef;
use conda::version::Version;

use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::explain::dates::date;
use crate::explain::exists::records_of;
use crate::explain::spec_union::plain;
use crate::explain::versions::{list, ranges};
use crate::explain::words::subject::{subject, verb};

/// What a hint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HintKind {
    /// Names that are spelt nearly so, or what is meant by a name of Python's.
    NearestName,
    /// A channel that is not among those that were searched.
    MissingChannel,
    /// Further requested names and versions that are not there.
    AlsoMissing,
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
    /// A python for which no build exists yet, or any more.
    NoBuildFor,
}

impl HintKind {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            HintKind::NearestName => "nearest_name",
            HintKind::MissingChannel => "missing_channel",
            HintKind::AlsoMissing => "also_missing",
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
    /// The headline says it, so that a text need not say it again.
    pub said: bool,
}

impl Hint {
    fn new(kind: HintKind, name: &str, offers: Vec<String>, text: String) -> Self {
        let name = name.to_string();
        Hint {
            kind,
            name,
            offers,
            text,
            said: false,
        }
    }

    /// The same, said by the headline.
    fn if_said(self, said: bool) -> Self {
        Hint { said, ..self }
    }
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
        let mut out: Vec<Hint> = Vec::new();
        let mut add = |hint: Hint| {
            if out.iter().all(|known| known.text != hint.text) {
                out.push(hint);
            }
        };
        for fact in &self.facts {
            match fact.kind {
                FactKind::MissingName if !fact.name.is_empty() => {
                    let hints = self.about_missing_names(fact, elsewhere);
                    hints.into_iter().for_each(&mut add);
                }
                FactKind::MissingVersion => {
                    let hints = self.about_missing_version(fact, elsewhere);
                    hints.into_iter().for_each(&mut add);
                }
                FactKind::ChannelPriority => {
                    self.hidden_channels(fact).into_iter().for_each(&mut add);
                }
                FactKind::Policy => self.after_cutoff(fact).into_iter().for_each(&mut add),
                FactKind::VirtualPackage => {
                    self.virtual_package(fact).into_iter().for_each(&mut add);
                }
                _ => {}
            }
        }
        self.also_missing().into_iter().for_each(&mut add);
        self.no_build_for().into_iter().for_each(&mut add);
        self.none_between().into_iter().for_each(&mut add);
        out
    }

    fn about_missing_version(&self, fact: &Fact, elsewhere: bool) -> Vec<Hint> {
        let mut out = Vec::new();
        out.extend(self.foreign_channel(fact));
        if out.is_empty() {
            out.extend(slips::slip(fact));
            if !out.is_empty() {
                return out;
            }
            out.extend(versions::existing(fact));
            if elsewhere {
                out.extend(self.other_platform(fact));
            }
        }
        out
    }

    /// What else is requested and not there, in one line each.
    fn also_missing(&self) -> Vec<Hint> {
        let said = |word: &str| self.headline.contains(word);
        let mut out = Vec::new();
        let names: Vec<&String> = self.missing.iter().filter(|n| !said(n)).collect();
        if let Some(first) = names.first() {
            let word = if names.len() == 1 {
                "a package"
            } else {
                "packages"
            };
            let text = format!("also, no channel has {word} named {}", list(&names));
            let offers = Vec::new();
            out.push(Hint::new(HintKind::AlsoMissing, first, offers, text));
        }
        let specs: Vec<String> = self.unmatched.iter().map(|s| plain(s)).collect();
        let specs: Vec<&String> = specs.iter().filter(|s| !said(s)).collect();
        if !specs.is_empty() {
            let word = if specs.len() == 1 {
                "record matches"
            } else {
                "records match"
            };
            let text = format!("also, no {word} {}", list(&specs));
            out.push(Hint::new(HintKind::AlsoMissing, "", Vec::new(), text));
        }
        out
    }

    fn hidden_channels(&self, fact: &Fact) -> Vec<Hint> {
        let channel = |at: &RecordRef| self.index.member(at.segment).channel;
        let mut channels: Vec<usize> = fact.records.iter().map(channel).collect();
        channels.sort_unstable();
        channels.dedup();
        let records = records_of(&self.index, &fact.name);
        let mut all: Vec<Version> = Vec::new();
        all.extend(records.iter().flat_map(|(_, r)| Version::parse(&r.version)));
        all.sort();
        all.dedup();
        all.reverse();
        let texts: Vec<&str> = all.iter().map(Version::as_str).collect();
        let hint = |at: usize| {
            let mine = fact.records.iter().filter(|r| channel(r) == at);
            let mine: Vec<Version> = mine
                .flat_map(|r| Version::parse(&self.index.record(*r).version))
                .collect();
            let some = ranges(&texts, |i| mine.contains(&all[i]));
            let (name, channel) = (&fact.name, &self.index.channels()[at].name);
            let ways =
                format!("ask for {channel}::{name}, list {channel} first, or use another priority");
            let text =
                format!("channel {channel} has {name} {some}, hidden by strict priority; {ways}");
            Hint::new(HintKind::HiddenChannel, name, vec![channel.clone()], text)
        };
        channels.into_iter().map(hint).collect()
    }

    fn after_cutoff(&self, fact: &Fact) -> Option<Hint> {
        let cutoff = fact.rule.as_ref()?;
        if fact.reason.as_deref() != Some("exclude_newer") || cutoff.contains(',') {
            return None;
        }
        let first = fact.records.iter().map(|at| self.time(*at)).min()?;
        let first = date(first);
        let (subject, name) = (subject(fact, fact.quantifier, &fact.ranges), &fact.name);
        let came = verb(fact.quantifier, &fact.ranges, "came", "came");
        let text = format!("{subject} {came} after the cut-off of {cutoff}, the first on {first}");
        Some(Hint::new(HintKind::AfterCutoff, name, vec![first], text))
    }

    /// When a record came to be, as the cut-off sees it, in milliseconds since 1970.
    pub(crate) fn time(&self, at: RecordRef) -> u64 {
        let member = self.index.member(at.segment);
        let indexed = member.segment.indexed_timestamp(at.record);
        indexed.unwrap_or_else(|| member.segment.timestamp(at.record))
    }
}
