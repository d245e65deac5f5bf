//! A checker of clausal proofs.
//!
//! It answers one question: does this list of steps really show that this formula has no model (or
//! none under given assumptions)? It is the part that must be right when a solver may be wrong, so
//! it shares no code with any solver, is small, and trusts nothing that it reads.
//!
//! A proof is a sequence of added and deleted clauses in the DRAT format, textual or binary. An added
//! clause is accepted if it follows by *reverse unit propagation* (RUP): with all its literals false,
//! unit propagation over the clauses present so far ends in a conflict. RUP steps keep every model,
//! so what is derived holds in all of them. The weaker RAT steps of full DRAT, which only keep
//! *some* model, are refused: the solver that this checker belongs to makes none, and under
//! assumptions or with clauses added later they would prove nothing.
//!
//! ```
//! use proof_check::{check, Cnf, Proof};
//!
//! let cnf = Cnf::parse(b"p cnf 2 4\n1 2 0\n1 -2 0\n-1 2 0\n-1 -2 0\n")?;
//! let proof = Proof::parse(b"1 0\n0\n")?;
//! assert!(check(&cnf, &proof).is_ok());
//! assert!(check(&cnf, &Proof::default()).is_err());
//! # Ok::<(), proof_check::Error>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod check;
mod clauses;
mod cnf;
mod error;
mod proof;

pub use check::{check, check_core, Incremental};
pub use cnf::Cnf;
pub use error::Error;
pub use proof::{Proof, Step};
