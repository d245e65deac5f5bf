//! The problem: what the file says, as plain data.
//!
//! The file is JSON. It holds the request as it was given to the solver, the target, and records with repodata's keys.
//! Nothing is derived here but parsed specs.

use conda::record::NoArch;
use conda::{MatchSpec, PackageRecord};
use serde_json::{Map, Value};

use crate::error::Error;

/// A spec with the text it came from.
#[derive(Debug, Clone)]
pub struct Spec {
    /// As written.
    pub text: String,
    /// The package name.
    pub name: String,
    /// Taken apart.
    pub spec: MatchSpec,
}

/// How channels that have the same name relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Only the first channel that has a name counts.
    Strict,
    /// Higher channels before newer versions.
    Flexible,
    /// Channels only break ties.
    Disabled,
}

/// Which versions are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The newest.
    Highest,
    /// The oldest.
    Lowest,
    /// The oldest of the requested, the newest of the rest.
    LowestDirect,
    /// The newest, in the order of the specs.
    Ordered,
}

/// What is done with an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Specs join it.
    Install,
    /// The requested go to their best versions.
    Update,
    /// All roots do.
    UpdateAll,
    /// What the specs match leaves.
    Remove,
}

/// An environment to change.
#[derive(Debug, Clone)]
pub struct Environment {
    /// What is installed.
    pub installed: Vec<PackageRecord>,
    /// Specs of earlier requests.
    pub history: Vec<Spec>,
    /// What is done.
    pub mode: Mode,
    /// Installed records stay unless a requested spec does not match them.
    pub freeze: bool,
    /// What nothing needs leaves.
    pub prune: bool,
    /// What is removed leaves alone, whatever needs it.
    pub force_remove: bool,
    /// Names that join the requested where they are installed.
    pub aggressive_updates: Vec<String>,
}

/// Cut-offs, deny list and licence rule.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Milliseconds since 1970; for everything.
    pub cutoff: Option<u64>,
    /// By channel; `None` lifts the general one.
    pub channel_cutoffs: Vec<(String, Option<u64>)>,
    /// By package; `None` lifts the others.
    pub package_cutoffs: Vec<(String, Option<u64>)>,
    /// Records that match one of these are out.
    pub deny: Vec<MatchSpec>,
    /// If set, only licences that match one of these patterns.
    pub allow_licenses: Option<Vec<String>>,
    /// No licence that matches one of these.
    pub deny_licenses: Vec<String>,
}

/// A request with all that it can reach.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The target's subdir.
    pub platform: String,
    /// Channels, in order of priority.
    pub channels: Vec<String>,
    /// The target's facts, as records.
    pub virtual_packages: Vec<PackageRecord>,
    /// What is asked for.
    pub specs: Vec<Spec>,
    /// What must hold for packages that are there.
    pub constraints: Vec<Spec>,
    /// The same, from pins.
    pub pins: Vec<Spec>,
    /// How channels relate.
    pub priority: Priority,
    /// Which versions are better.
    pub strategy: Strategy,
    /// What may not be chosen.
    pub policy: Policy,
    /// The environment; `None` for a fresh one.
    pub environment: Option<Environment>,
    /// The records, in the order of the file.
    pub records: Vec<PackageRecord>,
}

fn missing(key: &str) -> Error {
    Error::Malformed(format!("the file has no valid '{key}'"))
}

fn object<'v>(map: &'v Map<String, Value>, key: &str) -> Result<&'v Map<String, Value>, Error> {
    map.get(key)
        .and_then(Value::as_object)
        .ok_or_else(|| missing(key))
}

fn list<'v>(map: &'v Map<String, Value>, key: &str) -> Result<&'v Vec<Value>, Error> {
    map.get(key)
        .and_then(Value::as_array)
        .ok_or_else(|| missing(key))
}

fn word<'v>(map: &'v Map<String, Value>, key: &str) -> Result<&'v str, Error> {
    map.get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| missing(key))
}

fn flag(map: &Map<String, Value>, key: &str) -> Result<bool, Error> {
    map.get(key)
        .and_then(Value::as_bool)
        .ok_or_else(|| missing(key))
}

fn strings(map: &Map<String, Value>, key: &str) -> Result<Vec<String>, Error> {
    list(map, key)?
        .iter()
        .map(|v| v.as_str().map(str::to_string).ok_or_else(|| missing(key)))
        .collect()
}

fn specs(map: &Map<String, Value>, key: &str) -> Result<Vec<Spec>, Error> {
    let specs = any_specs(map, key)?;
    match specs.iter().find(|s| s.spec.name_exact().is_none()) {
        Some(spec) => Err(Error::Malformed(format!(
            "'{}' names no package",
            spec.text
        ))),
        None => Ok(specs),
    }
}

/// Specs whose names may be patterns.
fn any_specs(map: &Map<String, Value>, key: &str) -> Result<Vec<Spec>, Error> {
    strings(map, key)?
        .into_iter()
        .map(|text| {
            let spec = MatchSpec::parse(&text)
                .map_err(|e| Error::Malformed(format!("'{text}' is no spec: {e}")))?;
            let name = match spec.name() {
                Some(name) => name.to_string(),
                None => String::new(),
            };
            Ok(Spec { text, name, spec })
        })
        .collect()
}

/// The problem of a file's object.
pub(crate) fn problem(whole: &Map<String, Value>) -> Result<Problem, Error> {
    let request = object(whole, "request")?;
    let environment = match request.get("environment") {
        None | Some(Value::Null) => None,
        Some(Value::Object(map)) => Some(environment(map)?),
        Some(_) => return Err(missing("environment")),
    };
    Ok(Problem {
        platform: word(whole, "platform")?.to_string(),
        channels: strings(whole, "channels")?,
        virtual_packages: strings(whole, "virtual_packages")?
            .iter()
            .map(|text| virtual_package(text))
            .collect::<Result<_, _>>()?,
        specs: match &environment {
            Some(environment) if environment.mode == Mode::Remove => any_specs(request, "specs")?,
            _ => specs(request, "specs")?,
        },
        constraints: specs(request, "constraints")?,
        pins: specs(request, "pins")?,
        priority: match word(request, "channel_priority")? {
            "strict" => Priority::Strict,
            "flexible" => Priority::Flexible,
            "disabled" => Priority::Disabled,
            _ => return Err(missing("channel_priority")),
        },
        strategy: match word(request, "strategy")? {
            "highest" => Strategy::Highest,
            "lowest" => Strategy::Lowest,
            "lowest-direct" => Strategy::LowestDirect,
            "ordered" => Strategy::Ordered,
            _ => return Err(missing("strategy")),
        },
        policy: policy(object(request, "policy")?)?,
        environment,
        records: records(list(whole, "records")?)?,
    })
}

fn environment(map: &Map<String, Value>) -> Result<Environment, Error> {
    let unsupported = |what: &str| {
        Err(Error::Unsupported(format!(
            "{what} has no certificate: its answer is not the best of a search"
        )))
    };
    let mode = match word(map, "mode")? {
        "install" => Mode::Install,
        "update" => Mode::Update,
        "update-all" => Mode::UpdateAll,
        "remove" => Mode::Remove,
        _ => return Err(missing("mode")),
    };
    // A removal takes no notice of it.
    if word(map, "deps")? != "all" && mode != Mode::Remove {
        return unsupported("a request without dependencies, or for dependencies only,");
    }
    if flag(map, "update_deps")? {
        return unsupported("an update whose requested names follow from a first answer");
    }
    if flag(map, "satisfied_skip")? {
        return unsupported("a request that is skipped where it is satisfied");
    }
    let mut installed = records(list(map, "installed")?)?;
    installed.retain(|r| !r.name.starts_with("__"));
    let mut names = std::collections::BTreeSet::new();
    if !installed.iter().all(|r| names.insert(r.name.clone())) {
        return unsupported("an environment that holds a package twice");
    }
    for key in ["keep_requested", "hold_history"] {
        // Files of earlier versions do not have them.
        if map.contains_key(key) && flag(map, key)? && mode != Mode::Remove {
            return unsupported("an environment whose earlier requests must hold");
        }
    }
    Ok(Environment {
        installed,
        history: specs(map, "history")?,
        mode,
        freeze: flag(map, "freeze_installed")?,
        prune: flag(map, "prune")?,
        force_remove: flag(map, "force_remove")?,
        aggressive_updates: strings(map, "aggressive_updates")?,
    })
}

fn policy(map: &Map<String, Value>) -> Result<Policy, Error> {
    let cutoffs = |key: &str| -> Result<Vec<(String, Option<u64>)>, Error> {
        list(map, key)?
            .iter()
            .map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(name), Value::Null]) => Ok((name.clone(), None)),
                Some([Value::String(name), Value::Number(n)]) if n.is_u64() => {
                    Ok((name.clone(), n.as_u64()))
                }
                _ => Err(missing(key)),
            })
            .collect()
    };
    let deny = strings(map, "deny")?;
    Ok(Policy {
        cutoff: match map.get("exclude_newer") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_u64().ok_or_else(|| missing("exclude_newer"))?),
        },
        channel_cutoffs: cutoffs("exclude_newer_channels")?,
        package_cutoffs: cutoffs("exclude_newer_packages")?,
        deny: deny
            .iter()
            .map(|text| {
                MatchSpec::parse(text)
                    .map_err(|e| Error::Malformed(format!("'{text}' is no spec: {e}")))
            })
            .collect::<Result<_, _>>()?,
        allow_licenses: match map.get("licenses_allow") {
            None | Some(Value::Null) => None,
            Some(_) => Some(strings(map, "licenses_allow")?),
        },
        deny_licenses: strings(map, "licenses_deny")?,
    })
}

/// `name version build`, as a record that specs are matched against.
fn virtual_package(text: &str) -> Result<PackageRecord, Error> {
    let mut parts = text
        .split(|c: char| c == '=' || c.is_ascii_whitespace())
        .filter(|p| !p.is_empty());
    let name = parts.next().filter(|name| name.starts_with("__"));
    let name = name.ok_or_else(|| missing("virtual_packages"))?;
    Ok(PackageRecord {
        name: name.to_ascii_lowercase(),
        version: parts.next().unwrap_or("0").to_string(),
        build: parts.next().unwrap_or("0").to_string(),
        file_name: name.to_ascii_lowercase(),
        channel: "@".to_string(),
        ..PackageRecord::default()
    })
}

fn records(entries: &[Value]) -> Result<Vec<PackageRecord>, Error> {
    entries
        .iter()
        .enumerate()
        .map(|(at, entry)| {
            let wrong = |e: Error| Error::Malformed(format!("record {}: {e}", at + 1));
            let map = entry.as_object().ok_or_else(|| wrong(missing("record")))?;
            record(map).map_err(wrong)
        })
        .collect()
}

fn record(map: &Map<String, Value>) -> Result<PackageRecord, Error> {
    let text = |key: &str| -> Result<Option<String>, Error> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => Ok(Some(
                value.as_str().ok_or_else(|| missing(key))?.to_string(),
            )),
        }
    };
    let number = |key: &str| -> Result<Option<u64>, Error> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => Ok(Some(value.as_u64().ok_or_else(|| missing(key))?)),
        }
    };
    let texts = |key: &str| -> Result<Vec<String>, Error> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(words)) => Ok(words
                .split([',', ' '])
                .filter(|word| !word.is_empty())
                .map(str::to_string)
                .collect()),
            Some(_) => strings(map, key),
        }
    };
    let mut groups = Vec::new();
    if let Some(value) = map.get("extra_depends") {
        let value = value.as_object().ok_or_else(|| missing("extra_depends"))?;
        for group in value.keys() {
            groups.push((group.clone(), strings(value, group)?));
        }
    }
    Ok(PackageRecord {
        name: word(map, "name")?.to_string(),
        version: word(map, "version")?.to_string(),
        build: text("build")?.unwrap_or_default(),
        build_number: number("build_number")?.unwrap_or(0),
        subdir: text("subdir")?.unwrap_or_default(),
        channel: text("channel")?.unwrap_or_default(),
        file_name: text("fn")?.unwrap_or_default(),
        depends: strings(map, "depends")?,
        constrains: strings(map, "constrains")?,
        track_features: texts("track_features")?,
        features: texts("features")?,
        noarch: match text("noarch")?.as_deref() {
            Some("python") => Some(NoArch::Python),
            Some(_) => Some(NoArch::Generic),
            None => None,
        },
        timestamp: number("timestamp")?.unwrap_or(0),
        indexed_timestamp: number("indexed_timestamp")?,
        url: text("url")?.unwrap_or_default(),
        md5: text("md5")?,
        sha256: text("sha256")?,
        license: text("license")?,
        license_family: text("license_family")?,
        flags: texts("flags")?,
        extra_depends: groups,
        ..PackageRecord::default()
    })
}
