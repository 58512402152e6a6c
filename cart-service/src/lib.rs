//! cart-service: accepts orders and their updates over HTTP and answers only what the log has decided.
//!
//! The path of a command: [`routes`] (JSON → validated command) → [`command_handler`] (one at a time per order and per key; a request
//! that was carried out earlier gets the same answer again) → [`decide`] (state and command → write, already so, or refuse;
//! pure) → [`publisher`] (Avro → Kafka) → the projection reads the event back, and its outcome is the answer. Before
//! refusing, [`catch_up`] makes the state at least as new as the request, using the partition's [`quorum`] where there is one.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod app;
pub mod catch_up;
pub mod command_handler;
pub mod command_outcome;
pub mod config;
pub mod decide;
mod event_id;
pub mod generate;
mod health;
mod order_locks;
pub mod publisher;
pub mod quorum;
pub mod routes;
pub mod skip;
pub mod state;
pub mod unresolved_orders;
mod write_metrics;

pub use app::Application;
pub use config::{Cli, Config};

/// The service's name, in metrics, logs and health.
pub const SERVICE: &str = "cart-service";
