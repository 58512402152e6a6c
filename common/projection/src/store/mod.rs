//! The durable store, embedded (fjall): every order, how far each partition was read, what was counted, the schemas that
//! were seen, the idempotency keys, and whatever tables a service adds. One [`Transaction`] changes all of it or nothing.
//!
//! Nothing here decides anything; what is written says [`crate`].

#[cfg(test)]
mod damage_tests;
mod embedded;
mod error;
mod files;
mod key_changes;
mod key_row;
mod keys;
mod opening;
mod room;
mod rows;
mod schemas;
mod table;
mod transaction;
mod url;

pub use embedded::{Store, Unwritable};
pub use error::StoreError;
pub use key_row::KeyRow;
pub use keys::KeyUse;
pub use room::NoRoom;
pub use rows::{Counters, LastRecord, PartitionRow};
pub use schemas::{KnownSchemas, LearnError};
pub use table::Table;
pub use transaction::Transaction;
pub use url::StoreUrl;
