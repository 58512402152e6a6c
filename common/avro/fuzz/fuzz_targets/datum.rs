//! A datum, written with one of several schemas.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orderlog_avro_fuzz::targets::read_datum;

fuzz_target!(|input: &[u8]| read_datum(input));
