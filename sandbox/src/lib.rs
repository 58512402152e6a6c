//! What stands in for the outside world when there is none: a broker and a schema registry in this process, both in
//! memory, both spoken to by ordinary clients over TCP.
//!
//! - [`broker`]: librdkafka's mock cluster, for topics;
//! - [`registry`]: a schema registry with Confluent's REST API.
//!
//! Tests of the services start them, and so does the sandbox. Nothing in the services knows that they are not real, so
//! no product code may depend on this crate.

pub mod broker;
pub mod registry;
