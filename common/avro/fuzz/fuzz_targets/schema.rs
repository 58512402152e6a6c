//! A schema, as a registry may hold it, and a datum.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orderlog_avro_fuzz::targets::resolve_and_read;

fuzz_target!(|input: &[u8]| resolve_and_read(input));
