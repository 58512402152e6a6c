//! A record's value, written with one of several schemas.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orderlog_fuzz::targets::decode_value;

fuzz_target!(|input: &[u8]| decode_value(input));
