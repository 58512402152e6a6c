//! Bytes ⇄ events: the 5-byte frame around an Avro datum, strictly. Pure: schemas come in as arguments, nothing is
//! looked up here.

mod decode;
mod encode;
pub mod frame;

pub use decode::{WriterSchema, decode};
pub use encode::{datum, from_datum, record_value};

/// Caps what one length prefix may make apache-avro allocate. Call it first thing in `main`: it can be set only once,
/// and its default is 512 MiB.
pub fn limit_allocations() {
    apache_avro::util::max_allocation_bytes(16 * 1024 * 1024);
}
