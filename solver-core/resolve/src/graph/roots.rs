//! What a request keeps: the roots of its environment, what they lead to, and what joins the requested.

use conda::record::PackageRecord;
use rustc_hash::{FxHashMap, FxHashSet};

use super::reachability::{asks_of_record, Ask, Reach};
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
