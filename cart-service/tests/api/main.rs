//! cart-service as its clients see it: over HTTP, with the sandbox's broker and registry in place of real ones.

mod cli;
mod create;
mod helpers;
mod idempotency;
mod others;
mod outages;
mod pages;
mod quorum;
mod registries;
mod replicas;
mod unresolved_orders;
mod update;
mod waiters;
