//! `cargo +nightly fuzz run --features libfuzzer repodata`

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| resolvent_fuzz::repodata(data));
