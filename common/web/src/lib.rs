//! HTTP as both services speak it: the server and its limits, one shape for success and one for errors, strict input, and the
//! pages about the service itself. No route of a service and no business rule ever lives here; nothing here knows Kafka, the
//! registry or the store.
//!
//! A service registers its routes; each path is then served plain and, under `/api`, in an envelope:
//!
//! ```
//! use orderlog_web::{Problem, ProblemKind, Reply, routes};
//! async fn order() -> Result<Reply<&'static str>, Problem> {
//!     Err(Problem::new(ProblemKind::OrderNotFound, "order ORD-1 does not exist"))
//! }
//! fn configure(config: &mut actix_web::web::ServiceConfig) {
//!     config.service(routes::get("/order", order));
//! }
//! ```
//!
//! In reading order: a request comes in through [`server`] (`listen`, `connections`, [`shutdown_gate`]), [`access`] (`hosts`,
//! [`origins`]) and [`routes`]; its input through [`json`] ([`media_type`]), [`query`] and [`preconditions`] (numbers:
//! [`whole_number`], [`amount`]). It leaves as a [`Reply`] ([`envelope`], [`order_json`]) or a [`Problem`] ([`problem`],
//! [`problem_kind`]; other libraries' errors are converted by [`validation`], `serde_messages` and [`error_responses`]).
//! [`pages`] are the pages about the service: [`index`], [`problem_pages`], [`health`], [`metrics`], [`docs`] (with [`openapi`]).
//! [`service`] runs all of this from the first request to the last; [`config`] has the settings, and [`http_url`] checks those
//! that are addresses of services.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod access;
pub mod amount;
pub mod config;
mod connections;
pub mod docs;
pub mod envelope;
pub mod error_responses;
pub mod health;
pub mod hosts;
mod html;
pub mod http_url;
pub mod index;
pub mod json;
mod listen;
pub mod media_type;
pub mod metrics;
pub mod openapi;
pub mod order_json;
pub mod origins;
pub mod pages;
pub mod path;
pub mod preconditions;
pub mod problem;
mod problem_examples;
pub mod problem_kind;
pub mod problem_pages;
mod problem_schema;
pub mod query;
pub mod routes;
mod serde_messages;
pub mod server;
pub mod service;
pub mod shutdown_gate;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod validation;
pub mod whole_number;

pub use connections::Streamed;
pub use envelope::Reply;
pub use json::Json;
pub use problem::Problem;
pub use problem_kind::ProblemKind;
pub use query::Query;
