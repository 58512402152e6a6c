//! What any of our processes is made of: supervised tasks, signals, logs, metrics, secrets, file descriptors, crash points,
//! and the main of a service. Nothing here knows of Kafka, Avro, HTTP or orders, except that the names of all metrics are
//! here, and it depends on no other crate of ours.
//!
//! ```no_run
//! # use orderlog_runtime::{service, telemetry::LogFormat};
//! #[tokio::main]
//! async fn main() -> std::process::ExitCode {
//!     service::run("example", LogFormat::Text, async |_metrics, supervisor, stop| {
//!         supervisor.spawn("the work", async { println!("working") });
//!         tokio::select! {
//!             _ = stop => Ok(()),
//!             reason = supervisor.failed() => anyhow::bail!(reason),
//!         }
//!     })
//!     .await
//! }
//! ```

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod clock;
pub mod command_line;
pub mod crash_point;
pub mod descriptors;
pub mod flag;
pub mod metrics;
pub mod number;
pub mod secret;
pub mod service;
pub mod shutdown;
pub mod supervisor;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
