//! HTTP as both services speak it: one way to refuse, one way to answer, one set of limits. No route of a service and
//! no business rule ever lives here.
//!
//! A service gives [`server::serve`] a listener and one function that registers its routes. Each path is then served
//! plainly and, under `/api`, in the envelope; the handlers know nothing of that.
//!
//! In reading order: a request comes in through [`server`] (whose `patience` with clients ends) and [`routes`], its input
//! through [`json`] and [`query`] (amounts: [`amount`]); it leaves as a [`Reply`] ([`envelope`]; an order in it:
//! [`order_json`], a point in time: [`timestamp`]) or a [`Problem`] ([`problem`], made of other people's errors by
//! [`invalid`] and [`errors`]). [`health`], [`docs`] and [`metrics`] are the pages about the service itself. What comes when
//! the service ends is refused ([`ending`]).

pub mod amount;
pub mod docs;
pub mod ending;
pub mod envelope;
pub mod errors;
pub mod health;
pub mod invalid;
pub mod json;
pub mod kind;
pub mod metrics;
pub mod order_json;
mod patience;
pub mod problem;
pub mod query;
pub mod routes;
pub mod server;
pub mod timestamp;

pub use envelope::Reply;
pub use json::Json;
pub use kind::Kind;
pub use problem::Problem;
pub use query::Query;
