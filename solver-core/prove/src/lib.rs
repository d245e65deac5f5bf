//! Writes certificates: the proofs that `certify` checks.
//!
//! The answer is known, so nothing is searched for but proofs. The same walk through the levels that the checker makes is
//! made here, with the SAT solver in the checker's place: each claim is assumed to be false, and the clauses that the
//! solver derives until it fails are the claim's proof. Learnt clauses stay, so later claims are cheaper. For a lower
//! bound of one package's cost the highest value that cannot be undercut is sought from the answer's own downwards.
//!
//! An answer that is not best is noticed here: a claim then has a model that pays less. For a fresh environment that is
//! an error. In an existing one the answer leaves open which packages that nothing needs any more the search had kept,
//! so the walk begins again with the better model, and in the end what of it is needed must be the answer.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use certify::{Certificate, Chosen, Claim, Document, Error, Task};
use conda::PackageRecord;

use writer::Writer;

/// Rounds with better models before giving up.
const MOST_ROUNDS: usize = 1000;

/// How far to go.
#[derive(Clone, Copy, Default)]
pub struct Limits<'a> {
    /// No proof is sought after this moment.
    pub deadline: Option<Instant>,
    /// Most bytes of proofs.
    pub bytes: Option<usize>,
    /// Asked regularly; `true` ends the work.
    pub stop: Option<&'a dyn Fn() -> bool>,
}

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProveError {
    /// The problem cannot be certified, or the answer breaks a rule.
    Invalid(Error),
    /// The answer is not the best; the step at which another one is better.
    NotBest(String),
    /// There is an answer where there was said to be none.
    Satisfiable,
    /// A limit struck; the step, and which limit.
    Limit {
        /// The step that was being proved.
        step: String,
        /// Which limit, as a sentence's end: "within the time", "within the size".
        which: &'static str,
    },
}

impl fmt::Display for ProveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProveError::Invalid(error) => error.fmt(f),
            ProveError::NotBest(step) => write!(f, "{step}: another answer is better"),
            ProveError::Satisfiable => write!(f, "the request has an answer"),
            ProveError::Limit { step, which } => {
                write!(f, "{step}: the proof was not found {which} allowed")
            }
        }
    }
}

impl std::error::Error for ProveError {}

impl From<Error> for ProveError {
    fn from(error: Error) -> Self {
        ProveError::Invalid(error)
    }
}

/// Writes the certificate of an answer to a problem (the text of its file): the records of the answer, or `None` for
/// "there is none".
///
/// # Errors
/// [`ProveError`].
pub fn prove(
    text: &str,
    answer: Option<&[PackageRecord]>,
    limits: Limits<'_>,
) -> Result<Certificate, ProveError> {
    let document = Document::parse(text)?;
    let task = Task::of(&document.problem)?;
    let Some(answer) = answer else {
        let nothing = Chosen::new();
        let mut writer = Writer::new(&task, &nothing, limits);
        return match task.refute(&mut writer) {
            Ok(()) => Ok(writer.certificate(Claim::Unsatisfiable, document.digest)),
            Err(_) if writer.better.is_some() => Err(ProveError::Satisfiable),
            Err(error) => Err(writer.why(error)),
        };
    };
    let answer = task.find_records(answer)?;
    let mut model = answer.clone();
    if document.problem.environment.is_some() {
        model = complete(&task, &answer, limits)?;
    }
    for _ in 0..MOST_ROUNDS {
        let mut writer = Writer::new(&task, &model, limits);
        let shown = task.prove(&model, &mut writer);
        match (shown, writer.better.take()) {
            (Ok(_), _) => {
                let best = task.answer(&model);
                if !task.same_packages(&best, &answer) {
                    return Err(ProveError::NotBest("the last level".to_string()));
                }
                let claim = Claim::Best {
                    answer: task.keys(&best),
                    model: task.keys(&model),
                };
                return Ok(writer.certificate(claim, document.digest));
            }
            (Err(Error::Refused { step, .. }), Some(better)) => {
                if document.problem.environment.is_none() {
                    return Err(ProveError::NotBest(step));
                }
                model = better;
            }
            (Err(error), _) => return Err(writer.why(error)),
        }
    }
    Err(ProveError::Limit {
        step: "a model that the answer is part of".to_string(),
        which: "in the rounds",
    })
}

/// The answer with installed packages that nothing needs any more, as far as the rules allow them: the search for the
/// best answer may have kept them.
fn complete(task: &Task<'_>, answer: &Chosen, limits: Limits<'_>) -> Result<Chosen, ProveError> {
    let mut writer = Writer::new(task, answer, limits);
    task.encode(&mut writer);
    let mut fixed: BTreeMap<usize, bool> = BTreeMap::new();
    for (id, candidate) in task.universe.candidates.iter().enumerate() {
        let there = answer.get(&candidate.record.name) == Some(&id);
        if there || !candidate.installed {
            fixed.insert(id, there);
        }
    }
    writer.model_with(&fixed).ok_or_else(|| {
        ProveError::Invalid(Error::Broken(
            "the answer does not satisfy the clauses".to_string(),
        ))
    })
}
