//! What one call asks: specs, constraints, pins, the target's virtual packages and the policy.
//!
//! A `Request` is plain data. Parsing of its strings happens here, so that everything behind it works on
//! parsed specs and a bad string is reported with the text the caller gave.

use conda::match_spec::{MatchSpec, MatchSpecError};
use conda::record::PackageRecord;
use conda::version::Version;

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
            .ok_or_else(|| unusable("the package name must be exact; patterns in names are for searching"))?
            .to_string();
        for (given, what) in [
            (spec.when().is_some(), "when"),
            (!spec.extras().is_empty(), "extras"),
            (!spec.flags().is_empty(), "flags"),
        ] {
            if given {
                return Err(unusable(&format!(
                    "'{what}' (repodata v3) is not supported by the solver yet"
                )));
            }
        }
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

/// One request for a set of packages.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What must be installed, in the caller's order.
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
    /// Records newer than this (milliseconds since 1970) are not considered.
    pub exclude_newer: Option<u64>,
}

impl Request {
    /// The names asked for, each once, in the order of their first spec; virtual packages are not among them.
    pub fn requested_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for spec in self.specs.iter().filter(|s| !s.is_virtual()) {
            if !names.contains(&spec.name.as_str()) {
                names.push(&spec.name);
            }
        }
        names
    }
}
