//! What the schema ids seen so far mean: in the store, so that a restart does not need the registry, and in memory,
//! resolved, so that a record does not need the store. An id never changes its meaning here. Like the tables
//! ([`Table`]), it blocks.
//!
//! A schema that records name by its GUID is kept under a number of ours, above the ids that registries assign, so that
//! everything else refers to schemas by one kind of id.
//!
//! - `row`: a schema in the store;
//! - `own`: the id of our own schema;
//! - `known`: which ids are known, and forgetting those that nothing depends on.

mod known;
mod own;
mod row;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use orderlog_avro::SchemaText;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::frame::MAX_ID;
use orderlog_runtime::crash_point::{self, Point};
use uuid::Uuid;

use super::{LearnError, StoreError, Table, TableName};
pub use known::KnownSchemas;
use row::SchemaRow;

/// Bits that are set in the numbers of GUIDs, and never in ids of registries.
const GUID_NUMBER: u32 = !MAX_ID;
/// Maximum number of schemas in memory; a topic has a few. The largest possible one takes 3 MB.
const MAX_CACHED: usize = 256;

/// What schema ids mean.
pub struct Schemas {
    /// Id → its schema.
    table: Table,
    /// Which id is our own, and which ids are accepted as lost.
    meta: Table,
    resolved: Cache<u32, Arc<WriterSchema>>,
    guid_numbers: Cache<Uuid, u32>,
    /// Held while an id's meaning is compared and then written.
    learning: Mutex<()>,
}

impl Schemas {
    /// The table of schemas.
    pub(super) const TABLE: TableName = TableName("schemas");
    /// The table of other facts about schemas, which a store may also use for itself.
    pub(super) const META: TableName = TableName("meta");

    /// The schemas in those tables.
    pub(super) fn new(table: Table, meta: Table) -> Self {
        Self {
            table,
            meta,
            resolved: Cache::default(),
            guid_numbers: Cache::default(),
            learning: Mutex::default(),
        }
    }

    /// Forgets everything except `meta`, which the store clears itself.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        self.resolved.retain(|_| false);
        self.guid_numbers.retain(|_| false);
        self.table.clear()
    }

    /// How records of that schema id are read; `None` if the id was never seen.
    ///
    /// # Errors
    /// The disk fails, or the value has another format.
    pub fn writer_schema(&self, id: u32) -> Result<Option<Arc<WriterSchema>>, StoreError> {
        if let Some(writer) = self.resolved.get(&id) {
            return Ok(Some(writer));
        }
        let Some(row) = self.row(id)? else {
            return Ok(None);
        };
        let writer = Arc::new(row.resolve());
        self.resolved.insert(id, writer.clone());
        Ok(Some(writer))
    }

    /// The schema with that id, as the registry had it; `None` if the id was never seen, or the schema was too long to be kept.
    ///
    /// # Errors
    /// The disk fails, or the value has another format.
    pub fn text(&self, id: u32) -> Result<Option<SchemaText>, StoreError> {
        Ok(self.row(id)?.and_then(SchemaRow::into_text))
    }

    /// Stores what a schema id means.
    ///
    /// # Errors
    /// [`LearnError::SchemaIdReassigned`] if it named another schema before, or the store fails.
    pub fn learn(&self, id: u32, schema: &SchemaText, writer: Arc<WriterSchema>) -> Result<(), LearnError> {
        let _learning = self.learning.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_meaning(id, schema)? == Some(false) {
            return Err(LearnError::SchemaIdReassigned(id));
        }
        Ok(self.put(id, SchemaRow::of(schema, None), writer)?)
    }

    /// The number under which the schema with that GUID is kept; `None` if it was never seen.
    ///
    /// # Errors
    /// The disk fails.
    pub fn guid_number(&self, guid: Uuid) -> Result<Option<u32>, StoreError> {
        if let Some(number) = self.guid_numbers.get(&guid) {
            return Ok(Some(number));
        }
        let (number, is_taken) = self.number_for(guid)?;
        if !is_taken {
            return Ok(None);
        }
        self.guid_numbers.insert(guid, number);
        Ok(Some(number))
    }

    /// Stores the schema of a GUID. A GUID is a hash of the schema, so it cannot change its meaning.
    ///
    /// # Errors
    /// The disk fails.
    pub fn learn_guid(&self, guid: Uuid, schema: &SchemaText, writer: Arc<WriterSchema>) -> Result<(), StoreError> {
        let _learning = self.learning.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, _) = self.number_for(guid)?;
        self.put(number, SchemaRow::of(schema, Some(guid)), writer)
    }

    /// Whether that id means that schema; `None` if the id was never seen.
    ///
    /// # Errors
    /// The disk fails.
    pub fn is_meaning(&self, id: u32, schema: &SchemaText) -> Result<Option<bool>, StoreError> {
        Ok(self.row(id)?.map(|row| row.means(schema)))
    }

    fn row(&self, id: u32) -> Result<Option<SchemaRow>, StoreError> {
        let value = self.table.get(&id.to_be_bytes())?;
        Ok(value.map(|value| SchemaRow::decode(&value)).transpose()?)
    }

    fn put(&self, id: u32, row: SchemaRow, writer: Arc<WriterSchema>) -> Result<(), StoreError> {
        self.table.commit(&[self.table.put(&id.to_be_bytes(), row.encode()?)])?;
        crash_point::reached(Point::SchemaLearned);
        self.resolved.insert(id, writer);
        Ok(())
    }

    /// The number for that GUID (the first one that no other GUID has), and whether it has been assigned to it.
    fn number_for(&self, guid: Uuid) -> Result<(u32, bool), StoreError> {
        let [a, b, c, d, ..] = *guid.as_bytes();
        let mut number = u32::from_be_bytes([a, b, c, d]) | GUID_NUMBER;
        loop {
            match self.row(number)? {
                None => return Ok((number, false)),
                Some(row) if row.guid == Some(guid) => return Ok((number, true)),
                Some(_) => number = number.wrapping_add(1) | GUID_NUMBER,
            }
        }
    }
}

/// Up to [`MAX_CACHED`] entries; a full cache is emptied, which no real topic ever causes.
struct Cache<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn insert(&self, key: K, value: V) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_CACHED {
            entries.clear();
        }
        entries.insert(key, value);
    }

    fn retain(&self, keep: impl Fn(&K) -> bool) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|key, _| keep(key));
    }
}
