//! Certificates of answers, and the checker that accepts or refuses them.
//!
//! A certificate is one file: the [problem](problem::Problem) with its raw records, the answer, and clausal proofs.
//! The checker encodes the records itself ([`encode`], [`ladder`], [`levels`]: naive, everything at once, in the
//! words of the contract), and asks a separate checker of proofs whether the steps follow from *these* clauses. So a
//! wrong closure, a window that hides a candidate, a dependency that was not written, a wrong rank or a wrong bound
//! of the solver is noticed, not only a wrong step of its search.
//!
//! What is shown of an answer: it breaks no hard rule; level by level no model of the clauses pays less than it does,
//! given that the earlier levels are as good; and for "there is no answer", that the clauses have no model.
//!
//! What is trusted: this crate; `proof-check`; and of the `conda` crate the meaning of a version, a match spec and a
//! channel name (their parsers and `matches`). Nothing is shared with the crates `resolve` and `cdcl`. That the records
//! of the file are all that a request can reach is not seen from the file; [`closed`] holds it against the channels.
//!
//! The crate `prove` writes certificates.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod certificate;
mod check;
mod closed;
pub mod document;
pub mod encode;
mod error;
mod identity;
pub mod ladder;
mod levels;
mod matching;
pub mod problem;
mod rules;
mod task;
mod totalizer;
mod universe;

pub use certificate::{Certificate, Claim};
pub use check::{check, Accepted};
pub use closed::closed;
pub use document::Document;
pub use encode::Engine;
pub use error::Error;
pub use ladder::Ladder;
pub use levels::Proved;
pub use matching::Chosen;
pub use problem::Problem;
pub use task::Task;
pub use universe::{Candidate, Id, Universe};
