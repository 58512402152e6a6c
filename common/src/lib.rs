//! What both services are made of: the contract (event, rules, fold, codec) and the plumbing (Kafka, registry,
//! projection, HTTP). Never a decision of one service.
//!
//! The way of one record, in reading order:
//!
//! 1. [`event`]: its shape, as in `schemas/order-event/*.avsc` ([`schemas`]);
//! 2. [`kafka`]: read from the topic, in order per partition;
//! 3. [`codec`]: frame → schema id → [`registry`] → strict Avro → event;
//! 4. [`order`]: the rules, and the fold: (state, event) → outcome;
//! 5. [`projection`]: a batch's changed orders, offsets and counters become one atomic write to the [`store`]; those who
//!    wait are told. What cannot be used ([`unusable`]) goes to whom the service says.
//!
//! Around it: [`compatibility`] (what a new version of the schema must keep), [`registration`], [`schema_id_audit`] (is it
//! the right registry?), [`check_schemas`], [`idempotency`] (requests that are sent twice), [`barrier`] (what a refusal may
//! write), [`money`], [`http`], [`config`], [`telemetry`], [`life`] and [`shutdown`], [`descriptors`], [`clock`], and
//! [`crash_point`] for tests.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod barrier;
pub mod check_schemas;
pub mod clock;
pub mod codec;
pub mod compatibility;
pub mod config;
pub mod crash_point;
pub mod descriptors;
pub mod event;
pub mod http;
pub mod idempotency;
pub mod kafka;
pub mod life;
pub mod money;
pub mod order;
pub mod projection;
pub mod registration;
pub mod registry;
pub mod schema_id_audit;
pub mod schemas;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod unusable;

#[cfg(test)]
mod testing;
