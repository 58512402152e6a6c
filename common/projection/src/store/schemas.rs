//! What schema ids mean, as far as they were seen: on disk, so that a restart does not need the registry, and in memory,
//! resolved, so that a record does not need the disk. An id never changes its meaning here.
//!
//! A schema that records name by its GUID is kept under a number of ours, above the ids that registries give: whatever
//! else knows schemas by id needs no other way of naming them.

mod known;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::Context;
use fjall::Keyspace;
pub use known::KnownSchemas;
use orderlog_avro::{MAX_SCHEMA_BYTES, SchemaText};
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::frame::MAX_ID;
use orderlog_contract::lineage;
use orderlog_runtime::crash_point::{self, Point};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Store;
use super::error::UNREADABLE;

/// What the numbers of GUIDs have and ids of registries have not.
const OURS: u32 = !MAX_ID;
/// Key of our own schema's id.
const OWN: &str = "own-schema";
/// Most schemas that are kept in memory; a topic has a few. The largest that there can be takes 3 MB.
const MOST_RESOLVED: usize = 256;

/// The table of schemas, and those that were resolved.
#[derive(Clone)]
pub(super) struct Schemas {
    table: Keyspace,
    resolved: Arc<RwLock<HashMap<u32, Arc<WriterSchema>>>>,
    /// The numbers of GUIDs.
    guids: Arc<RwLock<HashMap<Uuid, u32>>>,
    /// Held by whoever compares an id's meaning and then writes it.
    learning: Arc<Mutex<()>>,
}

/// What is remembered of a schema id. JSON on disk.
#[derive(Serialize, Deserialize)]
struct SchemaRow {
    /// Without its texts when they are too long to be read.
    schema: SchemaText,
    /// How long the texts are.
    bytes: usize,
    /// SHA-256 of all texts, hex.
    sha256: String,
    /// The GUID that records name it by, if it is kept under a number of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guid: Option<Uuid>,
}

/// Under which id our newest schema is registered.
#[derive(Serialize, Deserialize)]
struct OwnRow {
    subject: String,
    id: u32,
    sha256: String,
}

/// Why a schema is not learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The id meant another schema before.
    #[error(
        "the schema registry gives schema id {0} another meaning than before: it was wiped, or it is another registry. Consumption and writes are halted, because records and stores name schemas by id; they go on by themselves as soon as the registry that this topic was written with answers again. Where this one is to be the truth from now on, start with --rebuild on a topic that was written with it"
    )]
    AnotherMeaning(u32),
    /// The disk failed.
    #[error("{0:#}")]
    Disk(#[from] anyhow::Error),
}

impl Schemas {
    pub fn new(table: Keyspace) -> Self {
        Self {
            table,
            resolved: Arc::default(),
            guids: Arc::default(),
            learning: Arc::default(),
        }
    }

    pub fn clear(&self) -> anyhow::Result<()> {
        self.resolved.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.guids.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(self.table.clear()?)
    }

    fn row(&self, id: u32) -> anyhow::Result<Option<SchemaRow>> {
        let value = self.table.get(id.to_be_bytes()).context(UNREADABLE)?;
        value
            .map(|value| serde_json::from_slice(&value).context("a schema's row"))
            .transpose()
    }

    /// The number of that GUID, and whether it is taken: the first one that no other GUID has.
    fn number(&self, guid: Uuid) -> anyhow::Result<(u32, bool)> {
        let [a, b, c, d, ..] = *guid.as_bytes();
        let mut number = u32::from_be_bytes([a, b, c, d]) | OURS;
        loop {
            match self.row(number)? {
                None => return Ok((number, false)),
                Some(row) if row.guid == Some(guid) => return Ok((number, true)),
                Some(_) => number = number.wrapping_add(1) | OURS,
            }
        }
    }

    fn keep(&self, id: u32, writer: Arc<WriterSchema>) {
        let mut resolved = self.resolved.write().unwrap_or_else(PoisonError::into_inner);
        if resolved.len() >= MOST_RESOLVED {
            resolved.clear();
        }
        resolved.insert(id, writer);
    }
}

impl Store {
    /// How records of that schema id are read; `None` when the id was never seen.
    ///
    /// # Errors
    /// When the disk fails or the value has another format.
    pub fn writer_schema(&self, id: u32) -> anyhow::Result<Option<Arc<WriterSchema>>> {
        let resolved = self.schemas.resolved.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = resolved.get(&id) {
            return Ok(Some(writer.clone()));
        }
        drop(resolved);
        let Some(row) = self.schemas.row(id)? else {
            return Ok(None);
        };
        let writer = if row.bytes > MAX_SCHEMA_BYTES {
            WriterSchema::too_long(row.bytes)
        } else {
            WriterSchema::of(&row.schema)
        };
        let writer = Arc::new(writer);
        self.schemas.keep(id, writer.clone());
        Ok(Some(writer))
    }

    /// Remembers what a schema id means.
    ///
    /// # Errors
    /// [`LearnError::AnotherMeaning`] when it meant another schema before, and [`LearnError::Disk`].
    pub fn learn_schema(&self, id: u32, schema: &SchemaText, writer: Arc<WriterSchema>) -> Result<(), LearnError> {
        let _learning = self.schemas.learning.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.means(id, schema)?.unwrap_or(true) {
            return Err(LearnError::AnotherMeaning(id));
        }
        Ok(self.put_schema(id, None, schema, writer)?)
    }

    /// The number under which the schema of that GUID is kept; `None` when it was never seen.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn guid_number(&self, guid: Uuid) -> anyhow::Result<Option<u32>> {
        let guids = self.schemas.guids.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = guids.get(&guid) {
            return Ok(Some(*number));
        }
        drop(guids);
        let (number, taken) = self.schemas.number(guid)?;
        if !taken {
            return Ok(None);
        }
        let mut guids = self.schemas.guids.write().unwrap_or_else(PoisonError::into_inner);
        if guids.len() >= MOST_RESOLVED {
            guids.clear();
        }
        guids.insert(guid, number);
        Ok(Some(number))
    }

    /// Remembers the schema of a GUID. A GUID is a hash of the schema, so it cannot come to mean another.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn learn_guid(&self, guid: Uuid, schema: &SchemaText, writer: Arc<WriterSchema>) -> anyhow::Result<()> {
        let _learning = self.schemas.learning.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, _) = self.schemas.number(guid)?;
        self.put_schema(number, Some(guid), schema, writer)
    }

    fn put_schema(
        &self,
        id: u32,
        guid: Option<Uuid>,
        schema: &SchemaText,
        writer: Arc<WriterSchema>,
    ) -> anyhow::Result<()> {
        let bytes = schema.bytes();
        let row = SchemaRow {
            schema: if bytes > MAX_SCHEMA_BYTES {
                SchemaText {
                    text: String::new(),
                    references: Vec::new(),
                    ..schema.clone()
                }
            } else {
                schema.clone()
            },
            bytes,
            sha256: sha256(schema),
            guid,
        };
        let value = serde_json::to_vec(&row).context("a schema's row")?;
        self.check_room()?;
        self.schemas
            .table
            .insert(id.to_be_bytes(), value)
            .context("writing a schema")?;
        crash_point::reached(Point::SchemaLearned);
        self.schemas.keep(id, writer);
        Ok(())
    }

    /// Whether that id means that schema; `None` when the id was never seen. Texts that differ only in what does not
    /// change the bytes (docs, white space) mean the same. What is no Avro that we can read means the same as other such:
    /// a registry may show it differently, and its records cannot be used either way. What a schema refers to may have
    /// changed where its own text has not: it refers to the latest version of something.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn means(&self, id: u32, schema: &SchemaText) -> anyhow::Result<Option<bool>> {
        let Some(row) = self.schemas.row(id)? else {
            return Ok(None);
        };
        let refers = !row.schema.references.is_empty() && !schema.references.is_empty();
        if row.sha256 == sha256(schema) || refers && row.schema.text == schema.text {
            return Ok(Some(true));
        }
        let was_avro = row.bytes <= MAX_SCHEMA_BYTES && row.schema.is_avro();
        Ok(Some(if was_avro {
            row.schema.writes_the_same_as(schema)
        } else {
            !schema.is_avro()
        }))
    }

    /// The id under which our newest schema was registered for that subject, when it was and the schema is the same still.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn own_schema_id(&self, subject: &str) -> anyhow::Result<Option<u32>> {
        let Some(value) = self.meta.get(OWN)? else {
            return Ok(None);
        };
        let row: OwnRow = serde_json::from_slice(&value).context("the own schema's row")?;
        Ok((row.subject == subject && row.sha256 == sha256(&lineage::newest_text())).then_some(row.id))
    }

    /// Remembers under which id our newest schema is registered for that subject, and what that id means.
    ///
    /// # Errors
    /// As [`Self::learn_schema`].
    pub fn learn_own_schema(&self, subject: &str, id: u32) -> Result<(), LearnError> {
        let newest = lineage::newest_text();
        self.learn_schema(id, &newest, Arc::new(WriterSchema::of(&newest)))?;
        let row = OwnRow {
            subject: subject.to_owned(),
            id,
            sha256: sha256(&newest),
        };
        let value = serde_json::to_vec(&row).context("the own schema's row")?;
        self.check_room().map_err(LearnError::Disk)?;
        Ok(self.meta.insert(OWN, value).context("writing the own schema's id")?)
    }
}

fn sha256(schema: &SchemaText) -> String {
    let mut hasher = Sha256::new();
    for text in std::iter::once(&schema.text).chain(&schema.references) {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text);
    }
    format!("{:x}", hasher.finalize())
}

#[cfg(test)]
#[path = "schemas_tests.rs"]
mod tests;
