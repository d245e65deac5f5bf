//! What a request keeps: the roots of its environment, what they lead to, and what joins the requested.

use rustc_hash::FxHashSet;

use super::reachability::Ask;
use crate::request::{Environment, Mode, Request, RequestSpec};

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
}

impl Request {
    /// What those of the [`Request::asked_specs`] ask for that ask for extras.
    pub(crate) fn asked_extras(&self) -> impl Iterator<Item = Ask<'_>> {
        self.asked_specs()
            .filter(|spec| !spec.spec.extras().is_empty())
            .map(Ask::of_spec)
    }

    /// What must stay of what was asked for earlier, where the environment says so: the names, or the versions of the
    /// earlier specs too. A name that is requested now, or joins the requested, has no earlier version to hold.
    pub(crate) fn kept_specs(&self) -> Vec<RequestSpec> {
        let environment = self.environment.as_ref();
        let Some(environment) = environment.filter(|e| e.keep_requested || e.hold_history) else {
            return Vec::new();
        };
        let removes = environment.mode == Mode::Remove;
        let requested: FxHashSet<&str> = match removes {
            true => FxHashSet::default(),
            false => self.requested_names().into_iter().collect(),
        };
        let joined: FxHashSet<&str> = self.joined_names().into_iter().collect();
        let mut kept = Vec::new();
        for name in environment.roots() {
            if requested.contains(name) || (removes && self.specs.iter().any(|s| s.is_about(name)))
            {
                continue;
            }
            let earlier = environment.history.iter().filter(|s| s.name == name);
            let held = environment.hold_history && !removes && !joined.contains(name);
            let versions = earlier
                .filter(|_| held)
                .filter_map(RequestSpec::version_alone);
            let before = kept.len();
            kept.extend(versions);
            if kept.len() == before {
                kept.extend(RequestSpec::parse(name).ok());
            }
        }
        kept
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
