//! A client of the schema registry, over Confluent's REST API. It tells a definite answer ("there is no such id") from an
//! outage, and never takes an outage for an answer: records would be rejected for good because a registry was restarting.
//! Nothing is cached here, and nothing is known here of Kafka, orders or HTTP servers.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use orderlog_registry::{Registry, RegistryError};
//!
//! let registry = Registry::at("http://localhost:8081")?.for_subject("order-events-value".to_owned());
//! match registry.schema(42).await {
//!     Ok(schema) => println!("{}", schema.text),
//!     Err(RegistryError::Unknown(reason)) => println!("no such schema: {reason}"),
//!     Err(RegistryError::Outage(outage)) => println!("retry later: {outage}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! From the outside in:
//!
//! - `client`: the client, and waiting until the registry responds again (`recovery`); `reachability`: whether it responds;
//! - `lookup`: the schema of an id or GUID, with the schemas that it refers to; `versions`: those of a subject;
//! - `versions_of_id`: the subjects and versions of an id;
//! - `register`, `verify`, `registration_status`: the lineage of a subject, registered, looked up, or only checked;
//! - `subject`: what these ask about a subject: its versions, references, compatibility, level and mode;
//! - `request`, `response`, `outage`: a request as data, what a response means, and why there may be none (pure);
//! - `transport`: one request, sent to the registry's addresses in turn, within limits; `auth`: credentials;
//! - [`config`]: the settings.
//!
//! Responses are read into the types of `schema_registry_converter`. Its calls are not used: they hide the status, read
//! responses of any length, and cannot change the token.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod auth;
mod client;
pub mod config;
mod error;
mod lookup;
mod outage;
mod reachability;
mod recovery;
mod register;
mod registration_status;
mod request;
mod response;
mod subject;
mod transport;
mod urls;
mod verify;
mod versions;
mod versions_of_id;

pub use client::Registry;
pub use error::{RegisterError, RegistryError};
pub use outage::Outage;
pub use reachability::Reachability;
pub use recovery::backoff;
pub use registration_status::RegistrationStatus;
pub use subject::FULL_TRANSITIVE;
pub use transport::proxy_for;
pub use versions::RegisteredVersion;
pub use versions_of_id::VersionOfId;
