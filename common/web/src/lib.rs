//! HTTP as both services speak it: one way to refuse, one way to answer, one set of limits. No route of a service and
//! no business rule ever lives here.
//!
//! A service gives [`server::serve`] a listener and one function that registers its routes. Each path is then served
//! plainly and, under `/api`, in the envelope; the handlers know nothing of that.
//!
//! In reading order: a request comes in through [`server`] (which keeps its `connections`), [`edge`] (`hosts`, [`origins`])
//! and [`routes`], its input through [`json`] ([`media_type`]), [`query`] and [`preconditions`] (numbers: [`whole`],
//! [`amount`]); it leaves as a [`Reply`] ([`envelope`]; an order in it: [`order_json`], a point in time: `orderlog_contract::timestamp`) or a
//! [`Problem`] ([`problem`], made of other people's errors by [`invalid`], in `plain_words`, and [`errors`]). [`health`],
//! [`docs`] (with [`openapi`]), [`metrics`] and [`index`] are the pages about the service itself. What comes when the
//! service ends is refused ([`ending`]).

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod amount;
pub mod config;
mod connections;
pub mod docs;
pub mod edge;
pub mod ending;
pub mod envelope;
pub mod errors;
pub mod health;
mod hosts;
pub mod index;
pub mod invalid;
pub mod json;
pub mod kind;
pub mod media_type;
pub mod metrics;
pub mod openapi;
pub mod order_json;
pub mod origins;
mod plain_words;
pub mod preconditions;
pub mod problem;
pub mod query;
pub mod routes;
pub mod server;
pub mod service;
pub mod whole;

pub use envelope::Reply;
pub use json::Json;
pub use kind::Kind;
pub use problem::Problem;
pub use query::Query;
