//! Tables: rows of bytes under keys of bytes. The meanings of schema ids are kept in two of them, and a service adds its
//! own. All of it blocks: call it on a thread of your own, such as the projection's, or through [`blocking`](super::blocking).

use std::ops::Bound;
use std::sync::Arc;

use super::StoreError;

/// The name of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableName(pub &'static str);

/// Key and value of a row.
pub type Row = (Vec<u8>, Vec<u8>);

/// Rows as they are read, in the order of their keys.
pub(super) type RowIterator = Box<dyn DoubleEndedIterator<Item = Result<Row, StoreError>>>;

/// What a store implements for each of its tables; [`Table`] documents each function. All of them may block.
pub(super) trait Rows: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError>;
    fn range(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> RowIterator;
    fn clear(&self) -> Result<(), StoreError>;
    fn commit(&self, changes: &[RowChange]) -> Result<(), StoreError>;
}

/// A table of a store. Clones are handles to the same one.
#[derive(Clone)]
pub struct Table {
    name: TableName,
    rows: Arc<dyn Rows>,
}

/// The change of a row, to be committed on its own ([`Table::commit`]) or with a batch
/// ([`BatchChanges::rows`](super::BatchChanges::rows)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    pub(super) table: TableName,
    pub(super) key: Vec<u8>,
    /// `None` removes the row.
    pub(super) value: Option<Vec<u8>>,
}

impl Table {
    pub(super) fn new(name: TableName, rows: impl Rows + 'static) -> Self {
        Self {
            name,
            rows: Arc::new(rows),
        }
    }

    /// The value of that key.
    ///
    /// # Errors
    /// The disk fails.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.get(key)
    }

    /// All keys, ascending.
    ///
    /// # Errors
    /// The disk fails.
    pub fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.rows.keys()
    }

    /// Rows between two keys in the order of their keys, from either end, read lazily.
    pub fn range(
        &self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> + use<> {
        self.rows.range(from, to)
    }

    /// The change that sets a value.
    pub fn put(&self, key: &[u8], value: Vec<u8>) -> RowChange {
        self.change(key, Some(value))
    }

    /// The change that removes a row.
    pub fn remove(&self, key: &[u8]) -> RowChange {
        self.change(key, None)
    }

    /// Applies changes, of this and of other tables of the store, atomically; they survive a crash of the process.
    ///
    /// # Errors
    /// As [`Store::commit`](super::Store::commit).
    pub fn commit(&self, changes: &[RowChange]) -> Result<(), StoreError> {
        self.rows.commit(changes)
    }

    /// Removes everything at once, without a commit.
    ///
    /// # Errors
    /// The disk fails.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.rows.clear()
    }

    fn change(&self, key: &[u8], value: Option<Vec<u8>>) -> RowChange {
        RowChange {
            table: self.name,
            key: key.to_vec(),
            value,
        }
    }
}
