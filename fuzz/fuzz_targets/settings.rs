#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kosmos_fuzz::readers::settings(bytes));
