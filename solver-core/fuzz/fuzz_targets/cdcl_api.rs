//! `cargo +nightly fuzz run --features libfuzzer cdcl_api`

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| resolvent_fuzz::cdcl_api(data));
