//! Everything that speaks to Kafka, and nothing that knows what an order is.
//!
//! - [`config`]: every non-default client option, with its why, in one place;
//! - [`partition`]: which partition a key belongs to;
//! - [`topics`]: making and checking topics;
//! - [`log_reader`]: reading a topic in order, per partition;
//! - [`rights`]: what the broker's authorizer does not let us do;
//! - [`headers`]: reading a record's headers;
//! - [`end_offsets`]: asking the broker where a partition ends;
//! - [`brokers`]: what a client does that knows no broker any more;
//! - [`closing`]: ending a client without waiting for it;
//! - [`context`]: what a client says of itself;
//! - [`link`]: whether the broker is heard;
//! - [`standstill`]: partitions that another producer's transaction blocks.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod brokers;
pub mod closing;
pub mod config;
mod config_file;
pub mod context;
pub mod end_offsets;
pub mod headers;
pub mod link;
pub mod log_reader;
pub mod partition;
pub mod rights;
pub mod settings;
pub mod standstill;
#[cfg(test)]
mod testing;
pub mod topic_name;
pub mod topics;
