//! Avro, strictly: schema text → types, the resolution of two schemas, a datum read straight into a serde type, and the
//! compatibility rules. It knows no order, no Kafka, no HTTP and no registry.

pub mod compatibility;
mod default;
mod fault;
mod input;
mod places;
mod plan;
mod read;
mod resolution;
mod resolve;
pub mod schema;
mod schema_text;
mod shape;

pub use resolution::Resolution;
pub use schema::{MAX_SCHEMA_BYTES, plain_json, same_data};
pub use schema_text::SchemaText;
