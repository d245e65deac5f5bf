//! `cargo +nightly fuzz run --features libfuzzer proof`

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| resolvent_fuzz::proof(data));
