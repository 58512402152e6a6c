//! The pipeline end to end: the real binaries as processes, a real Apache Kafka broker and a real schema registry.
//! `scripts/test.sh` starts the servers and builds the binaries. Each test has its own topic.

mod changes;
mod crash;
mod crash_points;
mod dead_letter_format;
mod dead_letter_readers;
mod dead_letters;
mod documented_reasons;
mod fold;
mod hostile_http;
mod idempotency;
mod java;
mod kcat;
mod load;
mod lost_records;
mod open_transaction;
mod orders;
mod other_registries;
mod others;
mod pages;
mod partitioners;
mod python;
mod registry_faults;
mod registry_outage;
mod replay;
mod replay_topic;
mod replicas;
mod restart;
mod schemas;
mod slow_http;
mod topics;
