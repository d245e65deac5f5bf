//! The bodies of the fuzz targets, as plain functions of bytes that panic when something is wrong.
//!
//! `cargo +nightly fuzz run --features libfuzzer TARGET` drives them with coverage; `cargo test` in this folder drives
//! them on any compiler with mutations of a small corpus.

mod conda_words;
mod sat;

pub use conda_words::{match_spec, repodata, version, version_spec};
pub use sat::{cdcl_api, dimacs, proof};
