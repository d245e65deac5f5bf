//! `cargo +nightly fuzz run --features libfuzzer match_spec`

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| resolvent_fuzz::match_spec(data));
