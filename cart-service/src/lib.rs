//! cart-service: takes orders and their updates over HTTP and answers only what the log has decided.
//!
//! The way of one command: [`routes`] (JSON → command, shape checked) → [`writer`] (one at a time per order and per key; a
//! request that was carried out before gets its answer again) → [`decide`] (state and command → write, already so, or
//! refuse; pure) → [`publisher`] (Avro → Kafka) → the projection reads the event back, and its outcome is the answer. Before
//! it refuses, [`catch_up`] makes the state as new as the request, by the partition's [`quorum`] where there is one.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod app;
pub mod catch_up;
pub mod config;
pub mod decide;
pub mod done;
pub mod doubts;
mod event_id;
pub mod generate;
mod health;
pub mod publisher;
pub mod quorum;
pub mod routes;
pub mod skip;
mod turns;
pub mod writer;

pub use app::Application;
pub use config::{Cli, Config};

/// The service's name, in metrics, logs and health.
pub const SERVICE: &str = "cart-service";
