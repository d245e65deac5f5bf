//! Writes certificates: the proofs that `certify` checks.
//!
//! The answer is known, so nothing is searched for but proofs. The same walk through the levels that the checker
//! makes is made here, with the SAT solver in the checker's place: each claim is assumed to be false, and the clauses
//! that the solver derives until it fails are the claim's proof. Learnt clauses stay, so later claims are cheaper.
//! For a lower bound of one package's cost the highest value that cannot be undercut is sought from the answer's own
//! downwards.
//!
//! An answer that is not best is noticed here: a claim then has a model that pays less. For a fresh environment that is
//! an error. In an existing one the answer leaves open which packages that nothing needs any more the search had kept,
//! so the walk begins again with the better model, and in the end what of it is needed must be the answer.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;

use certify::{Certificate, Chosen, Claim, Document, Error, Task};
use conda::PackageRecord;

use writer::Writer;

/// Loops before giving up.
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
    /// A limit was reached; the step, and which limit.
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
    if task.removes() {
        let left = task.left_behind()?;
        let answer = answer
            .map(|records| task.find_records(records))
            .transpose()?;
        if answer.is_none_or(|answer| answer != left) {
            return Err(ProveError::NotBest("removal".to_string()));
        }
        let answer = task.keys(&left);
        let nothing = Writer::new(&task, &left, limits);
        return Ok(nothing.certificate(Claim::Removed { answer }, document.digest));
    }
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
    let mut loops: Vec<BTreeSet<String>> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let mut writer = Writer::new(&task, &answer, limits);
        match (
            task.prove(&answer, &loops, &mut writer),
            writer.better.take(),
        ) {
            (Ok(_), _) => {
                let answer = task.keys(&answer);
                return Ok(writer.certificate(Claim::Best { answer, loops }, document.digest));
            }
            (Err(Error::Refused { step, .. }), Some(better)) => match task.unfounded(&better) {
                Some(set) if document.problem.environment.is_some() => loops.push(set),
                _ => return Err(ProveError::NotBest(step)),
            },
            (Err(error), _) => return Err(writer.why(error)),
        }
    }
    Err(ProveError::Limit {
        step: "loops of packages that nothing needs".to_string(),
        which: "in the rounds",
    })
}
