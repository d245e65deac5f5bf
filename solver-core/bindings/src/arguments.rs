//! What the Python layer passes for a solve, as plain mappings, and the request's parts made of it.

use conda::MatchSpec;
use pyo3::prelude::*;
use resolve::{
    Cutoffs, Deps, Environment, Licenses, Mode, Request, RequestSpec, Strategy, VirtualPackage,
};

use crate::errors::{self, ResolventError};
use crate::index::{parse_priority, Index};
use crate::record::PackageRecord;

/// Parses what a removal takes away.
fn parse_removals(texts: &[String]) -> PyResult<Vec<RequestSpec>> {
    texts
        .iter()
        .map(|t| RequestSpec::parse_removal(t).map_err(errors::request))
        .collect()
}

/// Parses the specs of a request.
fn parse_specs(texts: &[String]) -> PyResult<Vec<RequestSpec>> {
    texts
        .iter()
        .map(|t| RequestSpec::parse(t).map_err(errors::request))
        .collect()
}

/// A whole request, as every entry takes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct RequestArguments<'py> {
    specs: Vec<String>,
    constraints: Vec<String>,
    pins: Vec<String>,
    virtual_packages: Vec<String>,
    strategy: String,
    channel_priority: Option<String>,
    policy: PolicyArguments,
    environment: Option<EnvironmentArguments<'py>>,
}

impl RequestArguments<'_> {
    /// Makes the request over an index, whose channel priority holds where the request has none.
    pub(crate) fn into_request(self, index: &Index) -> PyResult<Request> {
        let removes = self
            .environment
            .as_ref()
            .is_some_and(EnvironmentArguments::removes);
        Ok(Request {
            specs: match removes {
                true => parse_removals(&self.specs)?,
                false => parse_specs(&self.specs)?,
            },
            constraints: parse_specs(&self.constraints)?,
            pins: parse_specs(&self.pins)?,
            virtual_packages: parse_virtual(&self.virtual_packages)?,
            channel_priority: self
                .channel_priority
                .map_or(Ok(index.priority), |word| parse_priority(&word))?,
            strategy: parse_strategy(&self.strategy)?,
            cutoffs: self.policy.cutoffs(),
            deny: self.policy.deny()?,
            deny_reasons: self.policy.deny_reasons(),
            licenses: self.policy.licenses(),
            environment: self
                .environment
                .map(|environment| environment.into_environment(&index.inner))
                .transpose()?,
        })
    }
}

/// Which records may be chosen; times are milliseconds since 1970.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct PolicyArguments {
    exclude_newer: Option<u64>,
    exclude_newer_channels: Vec<(String, Option<u64>)>,
    exclude_newer_packages: Vec<(String, Option<u64>)>,
    deny: Vec<String>,
    deny_reasons: Vec<Option<String>>,
    licenses_allow: Option<Vec<String>>,
    licenses_deny: Vec<String>,
}

impl PolicyArguments {
    fn cutoffs(&self) -> Cutoffs {
        Cutoffs {
            general: self.exclude_newer,
            channels: self.exclude_newer_channels.clone(),
            packages: self.exclude_newer_packages.clone(),
        }
    }

    fn deny_reasons(&self) -> Vec<Option<String>> {
        self.deny_reasons.clone()
    }

    fn deny(&self) -> PyResult<Vec<MatchSpec>> {
        self.deny
            .iter()
            .map(|text| MatchSpec::parse(text).map_err(errors::match_spec))
            .collect()
    }

    fn licenses(&self) -> Licenses {
        Licenses {
            allow: self.licenses_allow.clone(),
            deny: self.licenses_deny.clone(),
        }
    }
}

/// An existing environment and how it may change.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct EnvironmentArguments<'py> {
    installed: Vec<PyRef<'py, PackageRecord>>,
    history: Vec<String>,
    mode: String,
    freeze_installed: bool,
    update_deps: bool,
    deps: String,
    prune: bool,
    satisfied_skip: bool,
    force_reinstall: bool,
    force_remove: bool,
    aggressive_updates: Vec<String>,
    #[pyo3(default)]
    keep_requested: bool,
    #[pyo3(default)]
    hold_history: bool,
}

/// Brings the channel of an installed record to its canonical name, as an index has it, and fills in channel and subdir
/// where the caller gave none: from the record of the index that is otherwise the same package.
fn settle_origin(record: &mut conda::PackageRecord, index: &conda::index::Index) {
    let known = |name: &str| index.channels().iter().any(|c| c.name == name);
    let written = if record.channel.is_empty() {
        &record.url
    } else {
        &record.channel
    };
    if !written.is_empty() && !known(written) {
        if let Ok(channel) = conda::Channel::parse(written) {
            if record.subdir.is_empty() {
                record.subdir = channel.subdir().unwrap_or_default().to_string();
            }
            record.channel = channel.canonical_name().to_string();
        }
    }
    if !record.channel.is_empty() && !record.subdir.is_empty() {
        return;
    }
    for member in index.segments() {
        let channel = &index.channels()[member.channel].name;
        let segment = &member.segment;
        let elsewhere = (!record.channel.is_empty() && record.channel != *channel)
            || (!record.subdir.is_empty() && record.subdir != segment.subdir());
        let Some(package) = segment.find_package(&record.name).filter(|_| !elsewhere) else {
            continue;
        };
        let mut places = segment.records(package).map(conda::index::RecordId);
        if places.any(|at| {
            segment.version(at) == record.version
                && segment.build(at) == record.build
                && segment.build_number(at) == record.build_number
        }) {
            record.channel.clone_from(channel);
            record.subdir = segment.subdir().to_string();
            return;
        }
    }
}

impl EnvironmentArguments<'_> {
    /// Whether packages are to leave.
    fn removes(&self) -> bool {
        self.mode == "remove"
    }

    fn into_environment(self, index: &conda::index::Index) -> PyResult<Environment> {
        let mode = match self.mode.as_str() {
            "install" => Mode::Install,
            "update" => Mode::Update,
            "update-all" => Mode::UpdateAll,
            "remove" => Mode::Remove,
            other => {
                return Err(ResolventError::new_err(format!(
                    "mode is '{other}'; it can be install, update, update-all, remove"
                )));
            }
        };
        let deps = match self.deps.as_str() {
            "all" => Deps::All,
            "none" => Deps::None,
            "only" => Deps::Only,
            other => {
                return Err(ResolventError::new_err(format!(
                    "deps is '{other}'; it can be all, none, only"
                )));
            }
        };
        let mut installed: Vec<conda::PackageRecord> = Vec::with_capacity(self.installed.len());
        for record in self
            .installed
            .iter()
            .filter(|r| !r.inner().name.starts_with("__"))
        {
            let mut record = (**record.inner()).clone();
            settle_origin(&mut record, index);
            installed.push(record);
        }
        let mut environment = Environment {
            history: parse_specs(&self.history)?,
            mode,
            freeze_installed: self.freeze_installed,
            update_deps: self.update_deps,
            deps,
            prune: self.prune,
            satisfied_skip: self.satisfied_skip,
            force_reinstall: self.force_reinstall,
            force_remove: self.force_remove,
            aggressive_updates: self.aggressive_updates,
            keep_requested: self.keep_requested,
            hold_history: self.hold_history,
            ..Environment::default()
        };
        environment.set_installed(installed);
        Ok(environment)
    }
}

/// Virtual packages of texts.
fn parse_virtual(texts: &[String]) -> PyResult<Vec<VirtualPackage>> {
    texts
        .iter()
        .map(|t| VirtualPackage::parse(t).map_err(errors::request))
        .collect()
}

/// The strategy of a word.
fn parse_strategy(word: &str) -> PyResult<Strategy> {
    match word {
        "highest" => Ok(Strategy::Highest),
        "lowest" => Ok(Strategy::Lowest),
        "lowest-direct" => Ok(Strategy::LowestDirect),
        "ordered" => Ok(Strategy::Ordered),
        other => Err(ResolventError::new_err(format!(
            "strategy is '{other}'; it can be highest, lowest, lowest-direct, ordered"
        ))),
    }
}
