//! A CDCL SAT solver: literals, clauses, assumptions, cores, proofs.
//!
//! It knows no package and no version.
