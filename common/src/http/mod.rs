//! HTTP as both services speak it: one shape for answers, one for errors, one set of limits. No route of a service and no
//! business rule ever lives here.
//!
//! A service gives [`server::serve`] a listener and one function that registers its routes. Each path is then served plain
//! and, under `/api`, in an envelope; handlers need not know which.
//!
//! In reading order: a request comes in through [`server`] (which tracks its `connections`), [`edge`] (`hosts`, [`origins`])
//! and [`routes`]; its input through [`json`] ([`media_type`]), [`query`] and [`preconditions`] (numbers: [`whole`],
//! [`amount`]). It leaves as a [`Reply`] ([`envelope`], [`order_json`], [`timestamp`]) or a [`Problem`] ([`problem`]; other
//! libraries' errors are converted by [`invalid`], `plain_words` and [`errors`]). [`health`], [`docs`] (with [`openapi`]),
//! [`metrics`] and [`index`] are the pages about the service itself. While a service shuts down, [`ending`] refuses new work.

pub mod amount;
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
pub mod timestamp;
pub mod whole;

pub use envelope::Reply;
pub use json::Json;
pub use kind::Kind;
pub use problem::Problem;
pub use query::Query;
