//! Bytes ⇄ events: the 5-byte frame around an Avro datum, strictly. Pure: schemas come in as arguments, nothing is
//! looked up here.
//!
//! - [`frame`]: which schema a record names, and its datum; `unframed`: what a value looks like that names none;
//! - `encode`: an event to a datum of the newest schema, by apache-avro;
//! - `schema`: a schema's text to types, for the decoder and for [`crate::compatibility`];
//! - `decode`: a datum of any schema to an event. A writer's schema is parsed and resolved against ours once
//!   (`resolution`, `resolve`, with `places`, `shape`, `default`: a `plan`), and then every datum is read after that
//!   plan (`read`, `input`, `fault`), our own schema's like any other's: one way in, and it trusts no length.

mod decode;
mod default;
mod encode;
mod fault;
pub mod frame;
mod input;
mod places;
mod plan;
mod read;
mod resolution;
mod resolve;
pub(crate) mod schema;
mod shape;
mod unframed;

pub use decode::{WriterSchema, decode};
pub use encode::record_value;
pub use resolution::Resolution;
pub use schema::{MAX_SCHEMA_BYTES, plain_json, same_data};
