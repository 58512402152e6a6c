//! The bodies of the fuzz targets, which the tests of `orderlog-contract` run too.

#[path = "../../../contract/tests/hostile/avro.rs"]
pub mod avro;
#[path = "../../../contract/tests/hostile/events.rs"]
pub mod events;
#[path = "../../../contract/tests/hostile/targets.rs"]
pub mod targets;
#[path = "../../../contract/tests/hostile/writers.rs"]
pub mod writers;
