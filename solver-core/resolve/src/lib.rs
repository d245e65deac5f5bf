//! From an index and a request to a checked solution or a minimal conflict.
//!
//! Data walks in one direction: a [`Request`] meets an index, the `universe` lists what is asked for and ranks it,
//! `encode` writes clauses as the search asks for them, `optimize` asks the SAT solver level by level, `check` tests the
//! answer against the raw records, `transaction` orders it. When there is no answer, `explain` says why.

mod change;
mod check;
mod encode;
mod explain;
mod export;
#[cfg(test)]
mod fault;
mod named;
mod needs;
mod optimize;
mod policy;
mod reasons;
mod reproduce;
pub mod request;
mod search;
pub mod session;
pub mod solution;
mod solve;
pub mod transaction;
mod universe;
mod why;

pub use check::check;
pub use explain::{Change, Conflict, Edge, Fact, FactKind, Fix, Fixes, Hint, HintKind};
pub use export::{export_cnf, export_wcnf};
pub use optimize::Budget;
pub use reasons::{ChangeKind, PackageChange};
pub use reproduce::reachable;
pub use request::{
    ChannelPriority, Cutoffs, Deps, Environment, Licenses, Mode, Request, RequestError,
    RequestSpec, Strategy, VirtualPackage,
};
pub use session::Session;
pub use solution::{Optimality, Solution, Transaction};
pub use solve::{solve, solve_eagerly, SolveError};
pub use why::{why, why_not, Difference, WhyNot};
