//! Stand-ins for the outside world: a broker and a schema registry in this process, both in memory, both used by
//! ordinary clients over TCP.
//!
//! - [`broker`]: librdkafka's mock cluster, for topics;
//! - [`registry`]: a schema registry with Confluent's REST API;
//! - [`poison`]: invalid records, one of each kind;
//! - [`third_party`]: records as others write them, under schemas that are not ours;
//! - [`testing`]: what tests of the services run on.
//!
//! Tests of the services use them, and so does the sandbox program, which is [`cli`], [`pipeline`] (everything in one
//! process) and [`demo`]. The services must not know whether broker and registry are real, so no product code may
//! depend on this crate.

pub mod broker;
pub mod cli;
pub mod demo;
pub mod pipeline;
pub mod poison;
pub mod registry;
pub mod testing;
pub mod third_party;
pub mod welcome;
