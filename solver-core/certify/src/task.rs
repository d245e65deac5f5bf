//! One problem, made ready: what a checker and a writer do in the same way.

use std::collections::{BTreeSet, HashMap};

use conda::PackageRecord;

use crate::encode::{Engine, Formula};
use crate::error::Error;
use crate::levels::{Levels, Proved};
use crate::matching::{Chosen, Matching};
use crate::problem::{Mode, Problem};
use crate::rules::{broken_before, left_behind, needed, unfounded, Judge};
use crate::universe::{Id, Universe};

/// A problem with its candidates.
pub struct Task<'p> {
    /// The candidates.
    pub universe: Universe<'p>,
}

impl<'p> Task<'p> {
    /// Lists the candidates.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn of(problem: &'p Problem) -> Result<Self, Error> {
        Ok(Task {
            universe: Universe::of(problem)?,
        })
    }

    /// The candidates with these keys, by name.
    ///
    /// # Errors
    /// [`Error::Broken`] where there is none, or two have one name.
    pub fn find(&self, keys: &[String]) -> Result<Chosen, Error> {
        let mut chosen = Chosen::new();
        let mut by_key: HashMap<String, Id> = HashMap::new();
        for (id, candidate) in self.universe.candidates.iter().enumerate() {
            by_key.entry(candidate.key()).or_insert(id);
        }
        for key in keys {
            let at = by_key.get(key).copied();
            let id = at.ok_or_else(|| Error::Broken(format!("there is no record {key}")))?;
            self.choose(&mut chosen, id)?;
        }
        Ok(chosen)
    }

    /// The candidates that are these packages, by name: those of the same file first, then those that are installed.
    ///
    /// # Errors
    /// As [`Task::find`].
    pub fn find_records(&self, records: &[PackageRecord]) -> Result<Chosen, Error> {
        let mut chosen = Chosen::new();
        for record in records {
            let same = |id: &Id| {
                let r = &self.universe.candidates[*id].record;
                (&r.channel, &r.subdir, &r.name, &r.version, &r.build)
                    == (
                        &record.channel,
                        &record.subdir,
                        &record.name,
                        &record.version,
                        &record.build,
                    )
            };
            let of_name = self.universe.names.get(&record.name);
            let mut of_name = of_name.cloned().unwrap_or_default();
            of_name.sort_unstable();
            let found = of_name.into_iter().filter(same).max_by_key(|&id| {
                let candidate = &self.universe.candidates[id];
                (
                    candidate.record.file_name == record.file_name,
                    candidate.installed,
                )
            });
            let id = found.ok_or_else(|| {
                Error::Broken(format!(
                    "there is no record {} {} {} of channel {}",
                    record.name, record.version, record.build, record.channel
                ))
            })?;
            self.choose(&mut chosen, id)?;
        }
        Ok(chosen)
    }

    fn choose(&self, chosen: &mut Chosen, id: Id) -> Result<(), Error> {
        let name = self.universe.candidates[id].record.name.clone();
        match chosen.insert(name.clone(), id) {
            None => Ok(()),
            Some(_) => Err(Error::Broken(format!("two records have the name {name}"))),
        }
    }

    /// The keys of chosen records, sorted by name.
    pub fn keys(&self, chosen: &Chosen) -> Vec<String> {
        let key = |&id: &Id| self.universe.candidates[id].key();
        chosen.values().map(key).collect()
    }

    /// What of a model is an answer.
    pub fn answer(&self, model: &Chosen) -> Chosen {
        needed(&mut Matching::new(&self.universe), model)
    }

    /// Whether packages are removed.
    pub fn removes(&self) -> bool {
        let environment = self.universe.problem.environment.as_ref();
        environment.is_some_and(|e| e.mode == Mode::Remove)
    }

    /// What a removal leaves of its environment.
    ///
    /// # Errors
    /// [`Error::Broken`] where a spec matches nothing that is installed, [`Error::Malformed`] where nothing is removed.
    pub fn left_behind(&self) -> Result<Chosen, Error> {
        match &self.universe.problem.environment {
            Some(environment) if environment.mode == Mode::Remove => {
                left_behind(&mut Matching::new(&self.universe), environment)
            }
            _ => Err(Error::Malformed("the request removes nothing".into())),
        }
    }

    /// Writes the clauses of the hard rules alone.
    pub fn encode<E: Engine>(&self, engine: &mut E) {
        Formula::of(&mut Matching::new(&self.universe), engine);
    }

    /// Shows that there is no answer.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn refute<E: Engine>(&self, engine: &mut E) -> Result<(), Error> {
        self.encode(engine);
        engine.claim("no answer", None)
    }

    /// Names that a model keeps though nothing needs them, with what may lead to them: a loop that an answer does not
    /// have.
    pub fn unfounded(&self, model: &Chosen) -> Option<BTreeSet<String>> {
        unfounded(&mut Matching::new(&self.universe), model)
    }

    /// Shows that an answer is best; `loops` are sets of names of which nothing is there unless something outside
    /// leads to them.
    ///
    /// # Errors
    /// [`Error::Broken`] where it breaks a rule, [`Error::Refused`] where a level is not shown.
    pub fn prove<E: Engine>(
        &self,
        model: &Chosen,
        loops: &[BTreeSet<String>],
        engine: &mut E,
    ) -> Result<Vec<Proved>, Error> {
        let mut matching = Matching::new(&self.universe);
        let before = broken_before(&mut matching);
        let mut judge = Judge {
            matching: &mut matching,
            chosen: model,
        };
        if let Some(broken) = judge.broken(&before) {
            return Err(Error::Broken(broken));
        }
        let mut formula = Formula::of(&mut matching, engine);
        let mut levels = Levels::new(&mut formula, model, loops);
        levels.run()?;
        Ok(levels.proved)
    }
}
