//! `cargo +nightly fuzz run --features libfuzzer version_spec`

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| resolvent_fuzz::version_spec(data));
