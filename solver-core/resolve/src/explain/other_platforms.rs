//! What other platforms have, if their data lies beside the target's.
//!
//! Looked at when hints or fixes are asked for and something is missing, never while a conflict is found; nothing is
//! fetched. The target of such a fix has what every machine of that platform may be taken to have.

use std::sync::Arc;

use conda::channel::platform_baseline;
use conda::index::{Index, RecordRef};
use conda::match_spec::MatchSpec;

use crate::explain::conflict::{Conflict, Fact, FactKind};
use crate::request::VirtualPackage;

/// Facts of machines of a platform that are not this one.
pub(crate) fn baseline(platform: &str) -> Vec<VirtualPackage> {
    let facts = platform_baseline(platform).into_iter();
    let given = facts.map(|(name, version, build)| format!("{name} {version} {build}"));
    given
        .filter_map(|text| VirtualPackage::parse(&text).ok())
        .collect()
}

/// The word for a virtual package that stands for a whole operating system.
pub(crate) fn system_of(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "__win" => Some(("win", "Windows")),
        "__osx" => Some(("osx", "macOS")),
        "__linux" => Some(("linux", "Linux")),
        _ => None,
    }
}

/// Whether a machine of a platform can have a virtual package at all: no Linux has `__osx`.
pub(crate) fn may_have(platform: &str, name: &str) -> bool {
    let of = |system: &str| platform.starts_with(system);
    let is_known = of("linux") || of("osx") || of("win");
    match name {
        _ if !is_known => true,
        "__win" => of("win"),
        "__osx" => of("osx"),
        "__linux" | "__glibc" | "__musl" => of("linux"),
        "__unix" => !of("win"),
        "__cuda" => !of("osx"),
        _ => true,
    }
}

impl Conflict {
    /// The same channels for other platforms, where their data is at hand.
    pub(crate) fn elsewhere(&self) -> &[Arc<Index>] {
        self.elsewhere.get_or_init(|| {
            let platforms = self.index.sibling_platforms();
            std::thread::scope(|scope| {
                let read = |platform| scope.spawn(move || self.index.sibling(platform));
                let readers: Vec<_> = platforms.into_iter().map(read).collect();
                let siblings = readers.into_iter().filter_map(|r| r.join().ok().flatten());
                siblings.map(Arc::new).collect()
            })
        })
    }

    /// Platforms that have what a fact says is missing, each with the best version there.
    pub(crate) fn platforms_with(&self, fact: &Fact) -> Vec<(&Arc<Index>, String)> {
        let Ok(spec) = MatchSpec::parse(&fact.spec) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for index in self.elsewhere() {
            let mut best: Option<(Vec<u8>, String)> = None;
            for (position, member) in index.segments().iter().enumerate() {
                let segment = &member.segment;
                // What is in noarch is here too.
                if segment.subdir() == "noarch" {
                    continue;
                }
                let Some(package) = segment.find_package(&fact.name) else {
                    continue;
                };
                for record in segment.records(package).map(conda::index::RecordId) {
                    let segment_id = position as u32;
                    let at = RecordRef {
                        segment: segment_id,
                        record,
                    };
                    if spec.matches(&index.record(at)) {
                        let key = segment.version_key(record).to_vec();
                        if best.as_ref().is_none_or(|(old, _)| *old < key) {
                            best = Some((key, segment.version(record).to_string()));
                        }
                    }
                }
            }
            out.extend(best.map(|(_, version)| (index, version)));
        }
        out
    }

    /// Other platforms on which everything exists that this conflict says is missing.
    pub(crate) fn other_targets(&self) -> Vec<&Arc<Index>> {
        let missing: Vec<&Fact> = self
            .facts
            .iter()
            .filter(|f| matches!(f.kind, FactKind::MissingName | FactKind::MissingVersion))
            .collect();
        let systems: Vec<&str> = self
            .facts
            .iter()
            .filter(|f| f.kind == FactKind::VirtualPackage && f.spec.is_empty())
            .filter_map(|f| system_of(&f.name).map(|(system, _)| system))
            .collect();
        if missing.is_empty() && systems.is_empty() {
            return Vec::new();
        }
        let has_all = |index: &&Arc<Index>| {
            let fits = |fact: &&Fact| {
                let found = self.platforms_with(fact);
                found.iter().any(|(other, _)| Arc::ptr_eq(other, index))
            };
            missing.iter().all(fits)
                && systems
                    .iter()
                    .all(|system| index.platform().starts_with(system))
        };
        self.elsewhere().iter().filter(has_all).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{baseline, may_have};

    #[test]
    fn impossible_targets() {
        for (platform, name) in [
            ("linux-64", "__osx"),
            ("linux-aarch64", "__win"),
            ("osx-arm64", "__glibc"),
            ("osx-64", "__cuda"),
            ("win-64", "__unix"),
        ] {
            assert!(!may_have(platform, name), "{platform} {name}");
        }
        assert!(may_have("linux-64", "__cuda") && may_have("osx-arm64", "__unix"));
        assert!(may_have("emscripten-wasm32", "__unix") && may_have("win-64", "__archspec"));
    }

    #[test]
    fn baselines() {
        let of = |platform: &str| -> Vec<String> {
            let facts = baseline(platform).into_iter();
            facts
                .map(|f| format!("{} {} {}", f.name, f.version.as_str(), f.build))
                .collect()
        };
        assert_eq!(
            of("osx-arm64"),
            ["__osx 13.0 0", "__unix 0 0", "__archspec 1 m1"]
        );
        assert_eq!(of("win-64"), ["__win 10.0 0", "__archspec 1 x86_64"]);
        assert_eq!(of("linux-aarch64").len(), 4);
    }
}
