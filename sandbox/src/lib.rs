//! What stands in for the outside world when there is none: a broker and a schema registry in this process, both in
//! memory, both spoken to by ordinary clients over TCP.
//!
//! - [`broker`]: librdkafka's mock cluster, for topics;
//! - [`registry`]: a schema registry with Confluent's REST API;
//! - [`poison`]: records that cannot be used, one of each kind;
//! - [`foreign`]: records as others write them, under schemas beside ours;
//! - [`sample`]: an event.
//!
//! Tests of the services start them, and so does the sandbox program, which is [`cli`], [`pipeline`] (everything in one
//! process) and [`demo`]. Nothing in the services knows that broker and registry are not real, so no product code may
//! depend on this crate.

pub mod broker;
pub mod cli;
pub mod demo;
pub mod foreign;
pub mod pipeline;
pub mod poison;
pub mod registry;
pub mod sample;
pub mod wait;
pub mod welcome;
