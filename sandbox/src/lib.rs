//! Stand-ins for the outside world: a broker and a schema registry in this process, both in memory, both used by
//! ordinary clients over TCP.
//!
//! - [`broker`]: librdkafka's mock cluster, for topics;
//! - [`relay`]: a port for it that is known in advance;
//! - [`registry`]: a schema registry with Confluent's REST API;
//! - [`poison`]: invalid records, one of each kind;
//! - [`third_party`]: records as others write them, under schemas that are not ours;
//! - [`testing`]: what tests of the services run on.
//!
//! Tests of the services use them, and so does the sandbox program, which is [`cli`], [`ports`], [`pipeline`] (everything in
//! one process), `poison_route` (what it adds to order-service), [`welcome`] and [`demo`]. The services must not know whether broker and registry are real, so no product code may
//! depend on this crate.

pub mod broker;
pub mod cli;
pub mod demo;
pub mod pipeline;
pub mod poison;
mod poison_route;
pub mod ports;
pub mod registry;
pub mod relay;
pub mod testing;
pub mod third_party;
pub mod welcome;
