//! The embedded store: one fjall database in a directory, one keyspace per kind of row. Everything here blocks; what
//! requests read goes through [`blocking`](super::blocking).
//!
//! - `open`, `open_error`, `files`: opening, which does not trust what is on the disk;
//! - `origin`: whose store it is;
//! - `read`, `commit`, `sync`: reading, the one atomic write, and fsync;
//! - `keys`, `table`, `keyspaces`: idempotency keys, and tables of bytes;
//! - `key_limit`: keys that the database does not take, and so those of no row;
//! - `order_row`: the format of an order.

mod commit;
#[cfg(test)]
mod damage_tests;
mod disk_space;
mod files;
mod key_limit;
#[cfg(test)]
mod key_limit_tests;
mod keys;
mod keyspaces;
mod open;
mod open_error;
mod order_row;
mod origin;
mod read;
mod sync;
mod table;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use fjall::compaction::Leveled;
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use super::Schemas;
use disk_space::{Disk, MIB};
use files::Files;
use keys::Keys;
use keyspaces::Keyspaces;

pub use open_error::OpenError;

/// A store in a directory.
pub struct Embedded {
    db: Database,
    keyspaces: Keyspaces,
    orders: Keyspace,
    partitions: Keyspace,
    meta: Keyspace,
    schemas: Schemas,
    keys: Keys,
    disk: Disk,
    files: Files,
    /// How often it was synced.
    syncs: Mutex<u64>,
}

impl Embedded {
    /// What schema ids mean.
    pub fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// How many idempotency keys are kept.
    pub fn key_count(&self) -> u64 {
        self.keys.count()
    }
}

fn keyspace_options() -> KeyspaceCreateOptions {
    // Small files, so that a merge rewrites little and fits into the disk space that is kept free: with the default of
    // 64 MiB it rewrites some 300 MiB at once, and a database does not recover from a full disk in the middle of that.
    let merges = Leveled::default().with_table_target_size(4 * MIB);
    KeyspaceCreateOptions::default()
        .max_memtable_size(8 * MIB)
        .compaction_strategy(Arc::new(merges))
}

/// Context of an error while reading from an open store.
const UNREADABLE: &str = "the store cannot be read: check its disk, and start once with --rebuild";
