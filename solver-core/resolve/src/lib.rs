//! From an index and a request to a checked solution or a minimal conflict.
//!
//! Data walks in one direction: a [`Request`] meets an index, the ``universe` lists what is asked for and ranks it,
//! `encode` writes clauses as the search asks for them, `optimize` asks the SAT solver level by level, `check` tests
//! the answer against the raw records, `transaction` orders it. When there is no answer, `explain` says why.

mod check;
mod encode;
mod explain;
mod export;
#[cfg(test)]
mod fault;
mod graph;
mod ids;
mod optimize;
mod package_changes;
mod policy;
mod reproduce;
mod request;
mod solution;
mod solve;
mod transaction;
mod universe;
mod why;

pub use check::check;
pub use explain::{
    Conflict, CutoffOwner, Edge, Edit, Fact, FactKind, Fix, Fixes, Group, Hint, HintKind,
    LineChange, Quantifier,
};
pub use export::{export_cnf, export_wcnf};
pub use optimize::Budget;
pub use package_changes::{ChangeKind, PackageChange};
pub use reproduce::reachable;
pub use request::{
    ChannelPriority, Cutoffs, Deps, Environment, Licenses, Mode, Request, RequestError,
    RequestSpec, Strategy, VirtualPackage,
};
pub use solution::{LevelReport, Optimality, Solution, Tradeoff};
pub use solve::session::Session;
pub use solve::{solve, solve_eagerly, SolveError};
pub use transaction::Transaction;
pub use why::{why, why_not, Difference, WhyNot};
