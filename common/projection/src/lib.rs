//! The topic as state: what both services know about the orders, and how they learn it.
//!
//! One thread reads the log, a batch at a time: records → classify → fold → [`store`] → [`Waiters`]. A batch is whatever has
//! queued up; a partition's records end at the first that must wait. Changed orders, offsets and counters become one atomic
//! commit, and only then are waiters notified.
//!
//! The services differ in one way: what happens to a rejected record ([`RejectionHandler`]).
//!
//! What never lives here: HTTP, a decision of one service, or a rule of the events, which are `orderlog-contract`'s.
//!
//! ```no_run
//! # use orderlog_projection::{RejectionHandler, Settings, config::PipelineConfig, pipeline::{self, Pipeline}};
//! # use orderlog_runtime::supervisor::Supervisor;
//! # async fn example(handler: impl RejectionHandler, config: PipelineConfig) -> anyhow::Result<()> {
//! let store = pipeline::open_store("reader", &"embedded:data".parse()?, &config).await?;
//! let settings = Settings::of("reader", &config, std::time::Duration::from_secs(10))?;
//! let pipeline = Pipeline::connect(settings, store, &config, Supervisor::default()).await?.start(handler)?;
//! let order = pipeline.view().store().order(&["ORD-1".to_owned()]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Words
//!
//! What Kafka has no word for:
//!
//! - *fold*: (state of an order, event) → state. Pure, so every reader of the log has the same orders.
//! - *outcome*: what one record did: applied, duplicate, superseded, ignored or rejected.
//! - *rejected*: the record breaks the contract. It is a dead letter for order-service; cart-service skips it.
//! - *pause*: a partition is not read for now, because its next record's schema is unknown, its breaker is open, or after a
//!   failure; the other partitions continue.
//! - *grace period*: how long a schema id that the registry does not know may take to appear.
//! - *breaker*: pauses a partition that has too many dead letters, until an operator resumes it.
//! - *rewind*: going back to a skipped record whose schema has become known.
//! - *unresolved order*: one of its records was skipped because the schema was unknown, so its known state may be out
//!   of date.
//! - *halted*: nothing is read until an operator acts. *Suspended*: nothing is read until the registry is the right one.
//! - *caught up*: every partition has been read to its end since startup.
//! - *barrier*: a record that belongs to no order, written because its offset shows how far the log reaches.
//! - *lineage*: the versions of our schema, each compatible with all others.
//! - *audit*: checking with the registry that known schema ids still stand for the same schemas.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod batch;
mod breaker;
pub mod check_schemas;
mod code_counters;
mod collect;
pub mod config;
mod consumer_loop;
mod control_message;
mod folded_record;
mod freshness;
mod gauges;
mod known_partitions;
mod lag;
mod markers;
mod open_transaction;
mod partition_audit;
mod partition_state;
mod partitions;
mod pause;
mod pauses;
mod phase;
pub mod pipeline;
mod prepare;
mod progress;
mod progress_reporter;
mod projection;
pub mod registration;
mod rejections;
mod resume;
mod rewind;
mod schema_audit_task;
pub mod schema_id_audit;
mod schema_lookup;
mod schema_request;
mod schema_wait;
mod settings;
mod since;
mod start_error;
pub mod store;
mod store_figures;
mod store_sync;
mod topic_conflict;
mod topic_reader;
mod view;
mod waiters;

pub use breaker::{BreakerLimit, BreakerProgress};
pub use code_counters::CodeCounters;
pub use folded_record::{FoldedEvent, FoldedRecord};
pub use freshness::{Arrival, Stale};
pub use lag::Lag;
pub use open_transaction::OpenTransaction;
pub use progress::{CATCHING_UP, PartitionProgress, Progress};
pub use projection::Projection;
pub use rejections::{RejectedRecord, RejectionHandler, SkippedRecord, Unhandled};
pub use resume::ResumeError;
pub use settings::Settings;
pub use since::rfc3339_of;
pub use view::View;
pub use waiters::{EventOutcome, EventWaiter, Waiters};
