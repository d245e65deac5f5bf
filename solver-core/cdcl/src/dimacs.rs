//! DIMACS.
