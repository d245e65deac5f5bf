//! The checksums and URLs of archives, which records have in a file only where a spec speaks of them.
//!
//! Whether a record matches `x[md5=…]` hangs on a key that most files do not need. A file without the key would make
//! a claim about records that have no checksum, so it is refused: where a spec speaks of a key, every record has it,
//! `null` if the channel tells none.

use conda::match_spec::Condition;
use conda::{MatchSpec, PackageRecord};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::problem::Problem;

/// Which of the keys some spec speaks of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    md5: bool,
    sha256: bool,
    url: bool,
}

impl Identity {
    /// Of all specs of a problem: those of the request, of the environment and of the records.
    pub(crate) fn of(problem: &Problem) -> Self {
        let mut all = Identity::default();
        let environment = problem.environment.iter();
        let given = (problem.specs.iter())
            .chain(&problem.constraints)
            .chain(&problem.pins)
            .chain(environment.clone().flat_map(|e| &e.history));
        given.for_each(|spec| all.see(&spec.spec));
        problem.policy.deny.iter().for_each(|spec| all.see(spec));
        let records = problem.records.iter();
        for record in records.chain(environment.flat_map(|e| &e.installed)) {
            for text in texts(record) {
                // What asks for a checksum or a URL has brackets or is a URL or path: few texts.
                if text.contains(['[', '/', '\\', '#'])
                    || text.contains(".conda")
                    || text.contains(".tar.bz2")
                {
                    if let Ok(spec) = MatchSpec::parse(text) {
                        all.see(&spec);
                    }
                }
            }
        }
        all
    }

    fn see(&mut self, spec: &MatchSpec) {
        self.md5 |= spec.md5().is_some();
        self.sha256 |= spec.sha256().is_some();
        self.url |= spec.url().is_some();
        if let Some(condition) = spec.when() {
            self.see_condition(condition);
        }
    }

    fn see_condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Leaf(spec) => self.see(spec),
            Condition::And(members) | Condition::Or(members) => {
                members.iter().for_each(|member| self.see_condition(member));
            }
        }
    }

    fn keys(self) -> impl Iterator<Item = &'static str> {
        let keys = [
            (self.md5, "md5"),
            (self.sha256, "sha256"),
            (self.url, "url"),
        ];
        keys.into_iter()
            .filter(|(asked, _)| *asked)
            .map(|(_, key)| key)
    }

    /// What specs can see of a record, among the keys they speak of.
    pub(crate) fn seen(self, record: &PackageRecord) -> impl PartialEq + '_ {
        let lower = |hash: &Option<String>| hash.as_ref().map(|hash| hash.to_ascii_lowercase());
        (
            self.md5.then(|| lower(&record.md5)),
            self.sha256.then(|| lower(&record.sha256)),
            self.url.then_some(&record.url),
        )
    }
}

fn texts(record: &PackageRecord) -> impl Iterator<Item = &String> {
    let groups = record.extra_depends.iter().flat_map(|(_, specs)| specs);
    record
        .depends
        .iter()
        .chain(&record.constrains)
        .chain(groups)
}

/// Every record of a file has the keys that its specs speak of.
///
/// # Errors
/// [`Error::Malformed`] with the first record and key.
pub(crate) fn told(problem: &Problem, whole: &Map<String, Value>) -> Result<(), Error> {
    let identity = Identity::of(problem);
    let list = |value: Option<&'_ Value>| value.and_then(Value::as_array).cloned();
    for key in identity.keys() {
        let installed = whole.get("request").and_then(|r| r.get("environment"));
        let installed = installed.and_then(|e| e.get("installed"));
        for entries in [list(whole.get("records")), list(installed)] {
            let entries = entries.unwrap_or_default();
            if let Some(at) = entries.iter().position(|entry| entry.get(key).is_none()) {
                return Err(Error::Malformed(format!(
                    "record {}: the file does not say its '{key}', which a spec asks for",
                    at + 1
                )));
            }
        }
    }
    Ok(())
}
