//! Everything that speaks to Kafka: options, reading, writing, topics, permissions. Nothing here knows what a record means,
//! what an order is, or which schema it has; nothing here keeps offsets or answers requests.
//!
//! - [`settings`], [`cluster`]: the command-line settings, and every non-default client option with its reason;
//! - [`log_reader`]: reads a topic, in order per partition, from offsets that the caller keeps;
//! - [`record_reader`]: reads single records by their positions;
//! - [`tailer`]: tails a topic that may be deleted, recreated or truncated;
//! - [`producer`]: the one producer;
//! - [`topics`]: finds, creates and checks topics;
//! - [`end_offsets`]: where a partition ends now;
//! - [`connection`]: whether brokers and leaders are connected, and which transactions block readers;
//! - [`permissions`], [`permission_watch`]: what the brokers' authorizer denies;
//! - [`partition`], [`headers`], [`topic_name`]: the small rules of the protocol.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use orderlog_kafka::{cluster::Cluster, connection::ConnectionState, log_reader::LogReader, settings::KafkaConfig};
//! # fn example() -> anyhow::Result<()> {
//! let cluster = Cluster::new("my-service", &KafkaConfig::default())?;
//! let reader = LogReader::new(&cluster, "order-events", ConnectionState::default())?;
//! let partitions = reader.partition_count(Duration::from_secs(3))?.unwrap_or(0);
//! reader.assign((0..partitions).map(|partition| (partition, 0)))?;
//! println!("{} records", reader.next_batch(100, Duration::from_secs(1)).len());
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod bootstrap;
mod closing;
pub mod cluster;
mod config_file;
pub mod connection;
mod consumer;
pub mod end_offsets;
mod ffi;
pub mod headers;
pub mod high_watermarks;
pub mod log_reader;
mod logging;
pub mod partition;
pub mod permission_watch;
pub mod permissions;
pub mod producer;
pub mod record_reader;
mod server_list;
pub mod settings;
pub mod tailer;
#[cfg(test)]
mod testing;
pub mod topic_name;
pub mod topics;
mod upkeep;
