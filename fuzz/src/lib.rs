//! The bodies of the fuzz targets, which the tests of `common` run too.

#[path = "../../common/tests/hostile/avro.rs"]
pub mod avro;
#[path = "../../common/tests/hostile/events.rs"]
pub mod events;
#[path = "../../common/tests/hostile/targets.rs"]
pub mod targets;
#[path = "../../common/tests/hostile/writers.rs"]
pub mod writers;
