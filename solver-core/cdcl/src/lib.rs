//! A CDCL SAT solver.
//!
//! Conflict-driven clause learning over two watched literals, made for formulas
//! that are mostly binary clauses and for many similar calls: variables and
//! clauses are added at any time, each call takes assumptions, and a call that fails
//! names the assumptions to blame. The decision order can be the caller's. It
//! knows nothing of packages.
//!
//! ```
//! use cdcl::{Limits, Outcome, Solver};
//!
//! let mut solver = Solver::new();
//! let a = solver.new_var().positive();
//! let b = solver.new_var().positive();
//! solver.add_clause(&[a, b]);
//! assert_eq!(solver.solve(&[!a], &Limits::default()), Outcome::Satisfiable);
//! assert_eq!(solver.value(b), Some(true));
//! assert_eq!(solver.solve(&[!b, !a], &Limits::default()), Outcome::Unsatisfiable);
//! assert_eq!(solver.core(), [!b, !a]);
//! ```
//!
//! One file per duty: [`solver`](Solver) holds the formula and the search loop;
//! propagation, conflict analysis, minimisation, reduction, restarts, decisions,
//! assumptions and proofs have theirs. [`dimacs`] reads and writes the common
//! text format.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod add;
mod analyze;
mod assume;
mod check;
mod clause;
mod config;
mod decide;
pub mod dimacs;
mod limits;
mod lit;
mod minimize;
mod proof;
mod propagate;
mod reduce;
mod restart;
mod solver;
mod trail;
mod vsids;
mod watch;

pub use config::{Config, Stats};
pub use decide::{Decide, Decision, View, Vsids};
pub use limits::Limits;
pub use lit::{Lit, Var, MAX_VARS};
pub use proof::{DratFormat, DratWriter, NoProof, ProofSink};
pub use restart::Restarts;
pub use solver::{Outcome, Solver};
