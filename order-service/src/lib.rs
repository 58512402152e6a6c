//! order-service: reads the order events, keeps every order's state, and answers what it knows.
//!
//! The way of one record: the topic → `common/projection` (decode → fold → store) → [`routes`]. A record that cannot
//! be used goes to the [`dead_letter`] topic before the projection moves past it. No order is ever changed here.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod app;
pub mod config;
pub mod dead_letter;
mod health;
pub mod routes;

pub use app::Application;
pub use config::{Cli, Config};

/// The service's name: in metrics, logs and health, and the group under which its progress is shown in Kafka.
pub const SERVICE: &str = "order-service";
