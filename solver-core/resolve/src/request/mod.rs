//! What one call asks: specs, constraints, pins, the target's virtual packages and the policy.
//!
//! A `Request` is plain data. Parsing of its strings happens here, so that everything behind it works on
//! parsed specs and a bad string is reported with the text the caller gave. Which installed packages a request leads to
//! is a walk over records: see [`crate::graph`].

mod environment;
mod error;
mod policy;
mod spec;
mod target;

use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use rustc_hash::FxHashSet;

pub use environment::{Deps, Environment, Mode};
pub use error::RequestError;
pub use policy::{ChannelPriority, Cutoffs, Licenses, Strategy};
pub use spec::RequestSpec;
pub(crate) use target::is_virtual_name;
pub use target::VirtualPackage;

/// One request for a set of packages.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What must be installed, in the caller's order; with [`Mode::Remove`] what must go.
    pub specs: Vec<RequestSpec>,
    /// What must hold for packages of these names if they are installed.
    pub constraints: Vec<RequestSpec>,
    /// The same, from the user's pins; kept apart so that conflicts can name them.
    pub pins: Vec<RequestSpec>,
    /// The target machine.
    pub virtual_packages: Vec<VirtualPackage>,
    /// How channels relate.
    pub channel_priority: ChannelPriority,
    /// Which versions are better.
    pub strategy: Strategy,
    /// Records newer than this are not considered.
    pub cutoffs: Cutoffs,
    /// Records that match one of these specs (whose names may be patterns) are not considered.
    pub deny: Vec<MatchSpec>,
    /// Why, for each of them: what people read. It may be shorter.
    pub deny_reasons: Vec<Option<String>>,
    /// Which licences are usable.
    pub licenses: Licenses,
    /// The environment to change; `None`: a fresh one is made.
    pub environment: Option<Environment>,
}

impl Request {
    /// The specs, and those of the history; a new spec of a name takes the place of its earlier ones.
    pub(crate) fn asked_specs(&self) -> impl Iterator<Item = &RequestSpec> {
        let removes = self.environment.as_ref().map(|e| e.mode) == Some(Mode::Remove);
        let new = self.specs.iter().filter(move |_| !removes);
        let history = self.environment.iter().flat_map(|e| &e.history);
        let superseded =
            move |name: &str| !removes && self.specs.iter().any(|spec| spec.name == name);
        new.chain(history.filter(move |spec| !superseded(&spec.name)))
    }

    /// Why records that match one of the denied specs are denied: the first reason given.
    pub fn deny_reason(&self, record: &PackageRecord) -> Option<&str> {
        self.deny
            .iter()
            .zip(&self.deny_reasons)
            .filter(|(spec, _)| spec.matches(record))
            .find_map(|(_, reason)| reason.as_deref())
    }

    /// The names asked for, each once, in the order of their first spec; virtual packages are not among them.
    pub fn requested_names(&self) -> Vec<&str> {
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let names = self.specs.iter().filter(|s| !s.is_virtual());
        names
            .map(|s| s.name.as_str())
            .filter(|name| seen.insert(name))
            .collect()
    }
}
