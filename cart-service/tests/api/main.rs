//! cart-service as its clients meet it: over HTTP, on a broker and a registry that it does not know to be the sandbox's.

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
