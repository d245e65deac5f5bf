//! The conflict as data.

use std::sync::{Arc, OnceLock};

use conda::index::{Index, RecordRef};

use crate::request::Request;

/// What kind of fact takes part in a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactKind {
    /// A requested spec.
    Request,
    /// A constraint of the request.
    Constraint,
    /// A pin.
    Pin,
    /// An installed record that must stay as it is.
    Frozen,
    /// What was asked for earlier and must stay.
    Earlier,
    /// Records of a package require a spec.
    Dependency,
    /// Records of a package forbid what does not match a spec.
    Constrains,
    /// Records of a lower channel, hidden by strict priority.
    ChannelPriority,
    /// Records that a policy leaves out; the reason names it.
    Policy,
    /// Records whose version or specs cannot be read.
    Unparsable,
    /// The target does not have what is asked of a virtual package.
    VirtualPackage,
    /// No channel has the package.
    MissingName,
    /// The package exists, but no record of it matches the spec.
    MissingVersion,
}

impl FactKind {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            FactKind::Request => "request",
            FactKind::Constraint => "constraint",
            FactKind::Pin => "pin",
            FactKind::Frozen => "frozen",
            FactKind::Earlier => "earlier",
            FactKind::Dependency => "dependency",
            FactKind::Constrains => "constrains",
            FactKind::ChannelPriority => "channel_priority",
            FactKind::Policy => "policy",
            FactKind::Unparsable => "unparsable",
            FactKind::VirtualPackage => "virtual_package",
            FactKind::MissingName => "missing_name",
            FactKind::MissingVersion => "missing_version",
        }
    }
}

/// Of which records with the versions that a fact names it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quantifier {
    /// Of every one that the index has.
    #[default]
    All,
    /// Of every one that matches the requested specs of the package, which ask for more than versions.
    Requested,
    /// Of the one that is installed and frozen.
    Installed,
    /// Of at least one for each version; another build says otherwise.
    Some,
}

impl Quantifier {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Quantifier::All => "all",
            Quantifier::Requested => "requested",
            Quantifier::Installed => "installed",
            Quantifier::Some => "some",
        }
    }

    /// What stands before the package in a sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Quantifier::All => "",
            Quantifier::Requested => "the requested builds of ",
            Quantifier::Installed => "the installed ",
            Quantifier::Some => "some builds of ",
        }
    }

    /// Whether the sentence is about builds, in the plural.
    pub(crate) fn is_plural(self) -> bool {
        matches!(self, Quantifier::Requested | Quantifier::Some)
    }
}

/// One fact of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its kind.
    pub kind: FactKind,
    /// The package it speaks for: the requested, pinned, frozen, missing or virtual one, or that of the records.
    pub name: String,
    /// The spec asked for, or that nothing matches; of a virtual package what the target has; else empty.
    pub spec: String,
    /// The package that `spec` speaks about; empty when there is none.
    pub target: String,
    /// Distinct versions of the records it speaks for, newest first; of a missing version those that exist.
    pub versions: Vec<String>,
    /// The same as a person would write them.
    pub ranges: String,
    /// Of which records with these versions it holds.
    pub quantifier: Quantifier,
    /// The records it speaks for, best first.
    pub records: Vec<RecordRef>,
    /// Of a fact of the request: its position among the specs, constraints or pins.
    pub position: Option<usize>,
    /// Of a dependency that belongs to an optional group of the records: the name of the group.
    pub extra: Option<String>,
    /// Of a policy: which (`exclude_newer`, `deny`, `license`). SpecList a hidden channel: which hides which.
    pub reason: Option<String>,
    /// Of a policy: its rule that these records break: the day of the cut-off, the specs of the deny list, the
    /// licences that are not allowed.
    pub rule: Option<String>,
    /// Of a version that is missing: what there is instead.
    pub(crate) exists: String,
    /// How many requirements lie between the request and what it speaks for.
    pub distance: u32,
    /// One sentence.
    pub text: String,
}

impl Fact {
    /// A fact that speaks for a package, and nothing else yet.
    pub(crate) fn new(kind: FactKind, name: &str) -> Fact {
        Fact {
            kind,
            name: name.to_string(),
            spec: String::new(),
            target: String::new(),
            versions: Vec::new(),
            ranges: String::new(),
            quantifier: Quantifier::All,
            records: Vec::new(),
            position: None,
            extra: None,
            reason: None,
            rule: None,
            exists: String::new(),
            distance: 0,
            text: String::new(),
        }
    }
}

/// Facts about the records of one package that ask the same package for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Positions of the facts.
    pub facts: Vec<usize>,
    /// Distinct versions that the facts speak for, newest first.
    pub versions: Vec<String>,
    /// The same as a person would write them.
    pub ranges: String,
    /// Of which records with these versions one of the facts holds.
    pub quantifier: Quantifier,
    /// Others ask for builds of the same package.
    pub(crate) builds_matter: bool,
}

/// One fact leads to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Position of the fact that asks for something.
    pub from: usize,
    /// Position of a fact about what it asks for.
    pub to: usize,
}

/// Facts that cannot all hold; without any one of them the others can.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The facts: the request's first, then in the order in which one follows from another.
    pub facts: Vec<Fact>,
    /// Which fact leads to which, as positions in `facts`.
    pub edges: Vec<Edge>,
    /// Facts about one package that ask the same one for something, as the text tells them: in one sentence.
    pub groups: Vec<Group>,
    /// The culprit in one sentence.
    pub headline: String,
    /// Requested names that no channel has; only those that are asked for whatever else is chosen.
    pub missing: Vec<String>,
    /// Requested specs that no record matches although their package exists.
    pub unmatched: Vec<String>,
    /// What was asked.
    pub request: Request,
    /// Of what.
    pub index: Arc<Index>,
    /// The channels for other platforms, once somebody asked.
    pub(crate) elsewhere: Arc<OnceLock<Vec<Arc<Index>>>>,
}
