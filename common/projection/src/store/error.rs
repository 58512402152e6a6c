//! Why an open store cannot be read or written.

/// Why an open store cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its disk is too full. Nothing has changed, and the error goes away when there is space again.
    #[error(transparent)]
    DiskFull(#[from] DiskFull),
    /// The disk fails, a value has a format that this release does not read, or the store belongs to another service or topic.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The store has too little space to be written to: how little, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DiskFull(pub(super) String);

/// Why nothing can be written to an open store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// Its disk is full; it becomes writable again when there is space.
    ForNow(String),
    /// A write has failed midway; it accepts no others until it is reopened.
    UntilReopened {
        /// What happened.
        reason: String,
        /// Whether there is enough disk space to reopen it.
        has_disk_space: bool,
    },
}

/// Why a schema is not learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The id named another schema before.
    #[error(
        "the schema registry returns a different schema for schema id {0} than before: it was wiped, or it is a different registry. Consumption and writes are suspended, because records and stores refer to schemas by id; they resume when the registry that this topic was written with is back. To continue with this registry, start with --rebuild on a topic that was written with it"
    )]
    SchemaIdReassigned(u32),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
