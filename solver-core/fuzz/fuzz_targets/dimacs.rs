//! `cargo +nightly fuzz run --features libfuzzer dimacs`

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| resolvent_fuzz::dimacs(data));
