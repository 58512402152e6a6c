//! The bodies of the fuzz targets, which the tests of `orderlog-avro` run too.

#[path = "../../tests/hostile/avro.rs"]
pub mod avro;
#[path = "../../tests/hostile/events.rs"]
pub mod events;
#[path = "../../tests/hostile/order_event.rs"]
pub mod order_event;
#[path = "../../tests/hostile/targets.rs"]
pub mod targets;
#[path = "../../tests/hostile/writers.rs"]
pub mod writers;
