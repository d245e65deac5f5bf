//! The Python extension module `resolvent._core`: conversions only, no logic.
//!
//! Classes hold Rust data; records become Python objects when somebody looks at them. Solving releases the GIL and
//! honours Ctrl-C. Every Rust error becomes one of the exceptions of [`errors`]; no panic is meant to cross.

mod answers;
mod arguments;
mod conda_types;
mod conflict;
mod errors;
mod exports;
mod failure;
mod fixes;
mod index;
mod interrupt;
mod proofs;
mod record;
mod record_dict;
mod session;
mod solution;
mod why;

use pyo3::prelude::*;

/// Registers the module's names.
#[pymodule]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::register(m)?;
    m.add_class::<conda_types::Version>()?;
    m.add_class::<conda_types::VersionSpec>()?;
    m.add_class::<conda_types::MatchSpec>()?;
    m.add_class::<conda_types::Channel>()?;
    m.add_function(wrap_pyfunction!(conda_types::platform_baseline, m)?)?;
    m.add_class::<record::PackageRecord>()?;
    m.add_class::<index::Index>()?;
    m.add_function(wrap_pyfunction!(index::load_index, m)?)?;
    m.add_function(wrap_pyfunction!(index::cache_list, m)?)?;
    m.add_function(wrap_pyfunction!(index::cache_verify, m)?)?;
    m.add_function(wrap_pyfunction!(index::cache_compare, m)?)?;
    m.add_function(wrap_pyfunction!(index::cache_clear, m)?)?;
    m.add_function(wrap_pyfunction!(interrupt::panic_in_solve, m)?)?;
    m.add_class::<session::Session>()?;
    m.add_class::<solution::Solution>()?;
    m.add_class::<solution::Transaction>()?;
    m.add_class::<conflict::Conflict>()?;
    m.add_class::<conflict::Fact>()?;
    m.add_class::<conflict::Hint>()?;
    m.add_class::<fixes::Fix>()?;
    m.add_class::<fixes::Fixes>()?;
    m.add_function(wrap_pyfunction!(why::why, m)?)?;
    m.add_function(wrap_pyfunction!(why::why_not, m)?)?;
    m.add_function(wrap_pyfunction!(exports::reachable, m)?)?;
    m.add_function(wrap_pyfunction!(exports::reached_warnings, m)?)?;
    m.add_function(wrap_pyfunction!(proofs::prove, m)?)?;
    m.add_function(wrap_pyfunction!(proofs::check_proof, m)?)?;
    m.add_function(wrap_pyfunction!(exports::check, m)?)?;
    m.add_function(wrap_pyfunction!(exports::export_cnf, m)?)?;
    m.add_function(wrap_pyfunction!(exports::export_wcnf, m)?)?;
    Ok(())
}
