#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! `schema` parses a text into types. `matching` has the rules by which a writer's types and fields are paired with a
//! reader's; both who need them use these: `resolution`, which works out once for a pair of schemas how their data are
//! read, and [`compatibility`], which explains why not all of them can be. `read` follows a resolution through the bytes
//! of a datum, straight into a serde type.
//!
//! Never in here: I/O, a registry, Kafka, or what the data mean.

pub mod compatibility;
mod matching;
mod path;
mod read;
mod resolution;
mod schema;

pub use read::{MAX_DEPTH, MAX_ENTRIES, ReadError, ReadErrorKind};
pub use resolution::{Resolution, ResolveError};
pub use schema::{MAX_NAME_BYTES, MAX_SCHEMA_BYTES, Schema, SchemaError, SchemaText, plain_json};
