//! What one call asks: specs, constraints, pins, the target's virtual packages and the policy.
//!
//! A `Request` is plain data. Parsing of its strings happens here, so that everything behind it works on
//! parsed specs and a bad string is reported with the text the caller gave.

use conda::index::ChannelInfo;
use conda::match_spec::{MatchSpec, MatchSpecError};
use conda::pattern::glob_matches;
use conda::record::PackageRecord;
use conda::version::Version;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::needs::{asks_of_record, Ask, Reach};

/// How channels that have the same package name relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelPriority {
    /// A name's records come only from the first channel that has the name.
    #[default]
    Strict,
    /// Higher channels are preferred to newer versions.
    Flexible,
    /// Channels do not matter for the choice of a version.
    Disabled,
}

/// Which end of a package's versions is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Newest versions.
    #[default]
    Highest,
    /// Oldest versions, for every package.
    Lowest,
    /// Oldest versions of the requested packages, newest of the others.
    LowestDirect,
    /// Newest versions, the package named first decides before the next is looked at.
    Ordered,
}

/// A MatchSpec together with the text it came from.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    /// The text as the caller wrote it.
    pub text: String,
    /// The exact package name.
    pub name: String,
    /// The parsed spec.
    pub spec: MatchSpec,
}

/// Why a request could not be formed.
#[derive(Debug, Clone)]
pub enum RequestError {
    /// A string is not a MatchSpec.
    Spec(MatchSpecError),
    /// A MatchSpec is valid but cannot be asked of the solver.
    Unusable {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A virtual package string is not `name [version [build]]`.
    VirtualPackage {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl std::fmt::Display for RequestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RequestError::Spec(e) => e.fmt(f),
            RequestError::Unusable { text, reason } => {
                write!(f, "cannot solve for '{}': {reason}", shorten(text))
            }
            RequestError::VirtualPackage { text, reason } => {
                write!(
                    f,
                    "invalid virtual package '{}': {reason}; expected 'name [version [build]]' such as '__glibc 2.28'",
                    shorten(text)
                )
            }
        }
    }
}

impl std::error::Error for RequestError {}

fn shorten(text: &str) -> String {
    const LIMIT: usize = 120;
    if text.chars().count() <= LIMIT {
        text.to_string()
    } else {
        let head: String = text.chars().take(LIMIT).collect();
        format!("{head}… ({} bytes)", text.len())
    }
}

impl RequestSpec {
    /// Parses one spec of a request; its name must be exact.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let spec = MatchSpec::parse(text).map_err(RequestError::Spec)?;
        let unusable = |reason: &str| RequestError::Unusable {
            text: text.to_string(),
            reason: reason.to_string(),
        };
        let name = spec
            .name_exact()
            .ok_or_else(|| {
                unusable("the package name must be exact; patterns in names are for searching")
            })?
            .to_string();
        Ok(Self {
            text: text.to_string(),
            name,
            spec,
        })
    }

    /// True when the spec speaks of a virtual package.
    pub fn is_virtual(&self) -> bool {
        is_virtual_name(&self.name)
    }
}

/// True for names of virtual packages (CEP 30).
pub fn is_virtual_name(name: &str) -> bool {
    name.starts_with("__")
}

/// One fact about the target machine (CEP 30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualPackage {
    /// The name, such as `__glibc`.
    pub name: String,
    /// The version; `0` when the fact has none.
    pub version: Version,
    /// The build string; `0` when there is none.
    pub build: String,
}

impl VirtualPackage {
    /// Parses `name [version [build]]`; the parts may also be separated by `=`.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let bad = |reason: String| RequestError::VirtualPackage {
            text: text.to_string(),
            reason,
        };
        let mut parts = text
            .split(|c: char| c == '=' || c.is_ascii_whitespace())
            .filter(|p| !p.is_empty());
        let name = parts.next().ok_or_else(|| bad("it is empty".into()))?;
        if !is_virtual_name(name) {
            return Err(bad("the name must start with two underscores".into()));
        }
        let version = parts.next().unwrap_or("0");
        let build = parts.next().unwrap_or("0");
        if parts.next().is_some() {
            return Err(bad("it has more than three parts".into()));
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            version: Version::parse(version).map_err(|e| bad(e.to_string()))?,
            build: build.to_string(),
        })
    }

    /// The record that specs are matched against.
    pub fn record(&self) -> PackageRecord {
        PackageRecord {
            name: self.name.clone(),
            version: self.version.as_str().to_string(),
            build: self.build.clone(),
            file_name: self.name.clone(),
            channel: "@".to_string(),
            ..PackageRecord::default()
        }
    }
}

/// What is done with an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Specs join the environment; as little else as possible changes.
    #[default]
    Install,
    /// The requested packages go to their best versions.
    Update,
    /// Everything that was asked for goes to its best version.
    UpdateAll,
    /// Packages leave, and what needs them.
    Remove,
}

/// What becomes of the dependencies of what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deps {
    /// They are installed.
    #[default]
    All,
    /// They are left alone; the environment may break.
    None,
    /// Only they are installed.
    Only,
}

/// An existing environment and how a request may change it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// What is installed now; virtual packages are not among it.
    pub installed: Vec<PackageRecord>,
    /// Specs of earlier requests.
    pub history: Vec<RequestSpec>,
    /// What is done.
    pub mode: Mode,
    /// No installed record changes, unless a requested spec does not match it.
    pub freeze_installed: bool,
    /// The installed dependencies of the requested packages are updated with them.
    pub update_deps: bool,
    /// What becomes of dependencies.
    pub deps: Deps,
    /// Installed packages that nothing needs leave.
    pub prune: bool,
    /// Nothing is done when each spec matches an installed record and the environment is a valid answer.
    pub satisfied_skip: bool,
    /// Requested records are linked again.
    pub force_reinstall: bool,
    /// Only matching records leave, whatever needs them.
    pub force_remove: bool,
    /// Names that are brought to their best versions with every install or update where they are installed.
    pub aggressive_updates: Vec<String>,
    /// Installed names that joined the requested: the dependencies that `update_deps` found.
    pub joined: Vec<String>,
}

impl Environment {
    /// Installed names that were asked for: those of the history, or all when there is none; and those that joined
    /// the requested.
    pub fn roots(&self) -> Vec<&str> {
        let installed = self.installed.iter().map(|r| r.name.as_str());
        if self.history.is_empty() {
            return installed.collect();
        }
        let mut asked: FxHashSet<&str> = self.history.iter().map(|s| s.name.as_str()).collect();
        asked.extend(self.aggressive_updates.iter().map(String::as_str));
        if !self.prune {
            asked.extend(self.joined.iter().map(String::as_str));
        }
        installed.filter(|name| asked.contains(name)).collect()
    }

    /// Installed names that no root leads to.
    pub fn unneeded(&self) -> Vec<&str> {
        let by_name: FxHashMap<&str, &PackageRecord> = self
            .installed
            .iter()
            .map(|r| (r.name.as_str(), r))
            .collect();
        let roots = self.roots().into_iter().map(Ask::of_name);
        let asks =
            |name: &str, group: Option<&str>| Some(asks_of_record(by_name.get(name)?, group));
        let reach = Reach::from(roots.chain(self.history.iter().map(Ask::of_spec)), asks);
        let mut left: Vec<&str> = by_name
            .keys()
            .copied()
            .filter(|name| !reach.contains(name))
            .collect();
        left.sort_unstable();
        left
    }
}

/// Cut-offs by date, in milliseconds since 1970. The most special one counts: the package's, its channel's, the general.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cutoffs {
    /// For everything.
    pub general: Option<u64>,
    /// By canonical channel name or base URL; `None` lifts the general one.
    pub channels: Vec<(String, Option<u64>)>,
    /// By package name; `None` lifts the others.
    pub packages: Vec<(String, Option<u64>)>,
}

impl Cutoffs {
    /// The cut-off of a package in a channel.
    pub(crate) fn of(&self, name: &str, channel: &ChannelInfo) -> Option<u64> {
        if let Some((_, cutoff)) = self.packages.iter().find(|(n, _)| n == name) {
            return *cutoff;
        }
        let is_it = |c: &str| c == channel.name || c == channel.base_url;
        match self.channels.iter().find(|(c, _)| is_it(c)) {
            Some((_, cutoff)) => *cutoff,
            None => self.general,
        }
    }
}

/// Which licences are usable; patterns ignore case, `*` stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Licenses {
    /// If set, only records whose licence matches one of these.
    pub allow: Option<Vec<String>>,
    /// No record whose licence matches one of these.
    pub deny: Vec<String>,
}

impl Licenses {
    /// Whether there is no rule at all.
    pub(crate) fn is_free(&self) -> bool {
        self.allow.is_none() && self.deny.is_empty()
    }

    /// Whether a record of this licence is usable; one without a licence has the empty one.
    pub(crate) fn allows(&self, license: Option<&str>) -> bool {
        let license = license.unwrap_or("");
        let among = |patterns: &[String]| patterns.iter().any(|p| glob_matches(p, license, true));
        self.allow.as_deref().is_none_or(among) && !among(&self.deny)
    }
}

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
    /// Why, for each of them: what people are told. It may be shorter.
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

    /// What those of them ask for that ask for extras.
    pub(crate) fn asked_extras(&self) -> impl Iterator<Item = Ask<'_>> {
        self.asked_specs()
            .filter(|spec| !spec.spec.extras().is_empty())
            .map(Ask::of_spec)
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

    /// Installed names that the environment adds to the requested, sorted: every root of an update of everything, else
    /// the aggressive updates and what `update_deps` found.
    pub fn joined_names(&self) -> Vec<&str> {
        let Some(environment) = &self.environment else {
            return Vec::new();
        };
        let explicit: FxHashSet<&str> = self.requested_names().into_iter().collect();
        let mut names: Vec<&str> = match environment.mode {
            Mode::UpdateAll => environment.roots(),
            _ => {
                let installed: FxHashSet<&str> = environment
                    .installed
                    .iter()
                    .map(|r| r.name.as_str())
                    .collect();
                let joined = environment
                    .aggressive_updates
                    .iter()
                    .chain(&environment.joined);
                joined
                    .map(String::as_str)
                    .filter(|name| installed.contains(name))
                    .collect()
            }
        };
        names.retain(|name| !explicit.contains(name));
        names.sort_unstable();
        names.dedup();
        names
    }
}
