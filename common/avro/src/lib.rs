#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! - `schema`: a text becomes types.
//! - `matching`: which of a reader's types and fields correspond to a writer's. One set of rules for the next two.
//! - [`compatibility`]: why a reader's schema cannot read all data of a writer's.
//! - `plan`: how data of a writer's schema are read as data of a reader's, worked out once ([`Resolution`]).
//! - `input`, `read`: the bytes of a datum, read by a plan straight into a serde type.
//!
//! Each uses those above it only. Never in here: I/O, a registry, Kafka, or what the data mean.

pub mod compatibility;
mod input;
mod matching;
mod path;
mod plan;
mod read;
mod resolution;
mod schema;

pub use input::{MAX_DEPTH, MAX_ENTRIES, ReadErrorKind};
pub use plan::ResolveError;
pub use read::{MAX_JSON_BYTES, ReadError, to_json};
pub use resolution::Resolution;
pub use schema::{MAX_NAME_BYTES, MAX_SCHEMA_BYTES, Schema, SchemaError, SchemaText, plain_json};
