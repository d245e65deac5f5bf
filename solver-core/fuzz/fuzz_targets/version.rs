//! `cargo +nightly fuzz run --features libfuzzer version`

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| resolvent_fuzz::version(data));
