//! Many requests over one index.
//!
//! A session keeps the instances of earlier requests: universe, clauses, learnt clauses and phases serve the next
//! request whose policy lists the same records in the same order; specs, constraints, pins, cut-offs, denied records
//! and licences are assumptions. The answer is the one a fresh solve gives, because the levels of the contract leave
//! exactly one.
//!
//! What the target has decides specs on virtual packages once and for all in an instance. Another target can use it
//! where it decides all that have been met the same way (a newer driver is as good as an older one until somebody
//! asks for it); otherwise it gets an instance of its own.
//!
//! Any number of threads may solve on one session: an instance is taken out while it is used, and a thread that
//! finds none makes its own. What is kept is bounded in number and in size.

use std::sync::{Arc, Mutex, PoisonError};

use cdcl::Config;
use conda::index::Index;

use crate::encode::{techniques, Instance};
use crate::optimize::Budget;
use crate::policy::Policy;
use crate::request::Request;
use crate::solution::Solution;
use crate::solve::{solve_on, SolveError};

/// Most instances kept.
const KEPT: usize = 8;
/// An instance with more variables than this is not kept (each costs about 100 bytes with its clauses).
const MOST_VARIABLES: usize = 2_000_000;

/// Many requests over one index; work is reused between them, answers never depend on it.
pub struct Session {
    index: Arc<Index>,
    /// Idle instances, the last used last.
    idle: Mutex<Vec<Instance>>,
    /// What the SAT solver does.
    config: Config,
}

impl Session {
    /// A session without any work done.
    pub fn new(index: Arc<Index>) -> Self {
        Session {
            index,
            idle: Mutex::new(Vec::new()),
            config: techniques(),
        }
    }

    /// The same without one technique of the SAT solver (see [`Config::without`]), for benches; `None` if there is none
    /// of that name. Answers do not depend on it.
    pub fn without(mut self, technique: &str) -> Option<Self> {
        self.config = self.config.without(technique)?;
        Some(self)
    }

    /// The index that is solved over.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// Solves a request; the answer is that of [`crate::solve`].
    ///
    /// # Errors
    /// As [`crate::solve`].
    pub fn solve(&self, request: &Request, budget: Budget<'_>) -> Result<Solution, SolveError> {
        let (index, policy) = Policy::ground(request, &self.index)?;
        let mut instance = self
            .take(&policy)
            .unwrap_or_else(|| Instance::with_config(index, policy, self.config));
        let result = solve_on(&mut instance, request, budget);
        if conda::watch::is_over() {
            // Matches failed that should not have: nothing of it may be seen again.
            return Err(SolveError::Interrupted);
        }
        if instance.solver.num_vars() <= MOST_VARIABLES {
            self.put(instance);
        }
        result
    }

    fn take(&self, policy: &Policy) -> Option<Instance> {
        // A panic elsewhere leaves the list itself whole.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let same = idle.iter().rposition(|i| i.u.policy == *policy);
        let at = same.or_else(|| (0..idle.len()).rev().find(|&at| idle[at].move_to(policy)))?;
        Some(idle.remove(at))
    }

    /// Keeps an instance; of too many the one used longest ago goes.
    fn put(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= KEPT {
            idle.remove(0);
        }
        idle.push(instance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PreferLowest;
    use crate::request::{RequestSpec, Strategy};

    /// Names of packages without dependencies, one more than instances are kept.
    fn names() -> Vec<String> {
        (0..=KEPT).map(|i| format!("p{i}")).collect()
    }

    fn session() -> Session {
        let record = |name: &String| {
            format!(
                r#""{name}-1-0.conda": {{"name": "{name}", "version": "1", "build": "0", "build_number": 0,
                "depends": [], "subdir": "linux-64"}}"#
            )
        };
        let records: Vec<String> = names().iter().map(record).collect();
        let text = format!(
            r#"{{"packages": {{}}, "packages.conda": {{{}}}}}"#,
            records.join(",")
        );
        let files = [("channel", "linux-64", text.as_bytes())];
        Session::new(Arc::new(
            Index::from_json(&files, "linux-64").expect("valid repodata"),
        ))
    }

    /// Solves with an order of records that only requests for this name have.
    fn ask(session: &Session, name: &str) {
        let request = Request {
            specs: vec![RequestSpec::parse(name).expect("valid spec")],
            strategy: Strategy::LowestDirect,
            ..Request::default()
        };
        let solution = session
            .solve(&request, Budget::default())
            .expect("an answer");
        assert_eq!(solution.places.len(), 1);
    }

    /// The names whose instances are kept, the last used last.
    fn kept(session: &Session) -> Vec<String> {
        let idle = session.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |instance: &Instance| match &instance.u.policy.low {
            PreferLowest::These(names) => names.join(" "),
            other => panic!("{other:?}"),
        };
        idle.iter().map(name).collect()
    }

    #[test]
    fn the_instances_used_last_are_kept() {
        let (session, names) = (session(), names());
        for (count, name) in names.iter().take(KEPT).enumerate() {
            ask(&session, name);
            assert_eq!(kept(&session), names[..=count]);
        }
        assert_eq!(KEPT, 8);
        // Using one again makes it the last used, and no second one.
        ask(&session, &names[0]);
        let mut expected: Vec<String> = names[1..KEPT].to_vec();
        expected.push(names[0].clone());
        assert_eq!(kept(&session), expected);
        // One more takes the place of the one used longest ago.
        ask(&session, &names[KEPT]);
        expected.remove(0);
        expected.push(names[KEPT].clone());
        assert_eq!(kept(&session), expected);
    }
}
