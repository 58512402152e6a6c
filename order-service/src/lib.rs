//! order-service: reads the order events, keeps every order's state, and serves it over HTTP.
//!
//! The path of a record: the topic → `common/projection` (decode → fold → store) → [`routes`]. A rejected record goes to the
//! [`dead_letter`] topic before the projection moves past it. No order is ever changed here. `console` is the page that shows it.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod admin;
pub mod app;
pub mod cli;
pub mod config;
mod console;
pub mod dead_letter;
mod dead_letters_of_order;
pub mod extension;
mod health;
mod hidden;
pub mod history;
pub mod inspect;
mod recent;
mod record_handler;
pub mod replay;
pub mod routes;
mod schema_versions;
pub mod state;

pub use app::Application;
pub use config::{Cli, Config};

/// Name of the service in metrics, logs and health reports, and of its consumer group in Kafka.
pub const SERVICE: &str = "order-service";
