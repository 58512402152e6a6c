//! order-service from the outside: over HTTP on its own port, with the sandbox's broker and registry.

mod breaker;
mod cli;
mod dead_letter_details;
mod dead_letter_pages;
mod dead_letter_states;
mod dead_letters;
mod details;
mod dlq_commands;
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
mod tail;
mod unknown_lag;
