//! Invalid records, one of each kind that occurs in practice. For the demo, for tests, and to try out dead letters.
//!
//! - [`Kind`]: what is wrong with a record, and the code that it is dead-lettered with;
//! - `records`: the records of each kind; pure;
//! - `topic`: looks for the topic;
//! - `writer`: looks for the schemas, and writes;
//! - `next_id`: the id that the registry gives to the next schema;
//! - `outcome`: what order-service did with what was written;
//! - [`command`]: the subcommand `poison`.

pub mod command;
mod kind;
mod next_id;
mod outcome;
mod records;
mod topic;
mod writer;

pub use kind::Kind;
pub use outcome::{OrderService, Outcome};
pub use records::{FAR_SCHEMA_ID, Record, TopicInfo, records};
pub use writer::{Poisoner, Written};
