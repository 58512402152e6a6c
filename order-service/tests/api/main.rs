//! order-service from the outside: over HTTP on its own port, with the sandbox's broker and registry.

mod cli;
mod dead_letter_pages;
mod dead_letters;
mod details;
mod event_stream;
mod evolution;
mod headers;
mod helpers;
mod ids;
mod instances;
mod orders;
mod outages;
mod pages;
mod registries;
mod replays;
mod restarts;
mod schema_names;
mod sizes;
mod stats;
mod unknown_lag;
