//! What a request keeps: the roots of its environment, what they lead to, and what joins the requested.

use rustc_hash::FxHashSet;

use super::reachability::Ask;
use crate::request::{Environment, Mode, Request};

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
