//! A schema on disk, and what it means. Pure.

use anyhow::Context;
use orderlog_avro::{MAX_SCHEMA_BYTES, SchemaText};
use orderlog_contract::decode::WriterSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What is kept for a schema id. JSON on disk.
#[derive(Serialize, Deserialize)]
pub(super) struct SchemaRow {
    /// Without its texts if they exceed the size limit.
    schema: SchemaText,
    /// Length of the texts.
    bytes: usize,
    /// SHA-256 of all texts, hex.
    sha256: String,
    /// The GUID that records name it by, if it is kept under a number of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<Uuid>,
}

impl SchemaRow {
    pub fn of(schema: &SchemaText, guid: Option<Uuid>) -> Self {
        let bytes = schema.size();
        let kept = if bytes > MAX_SCHEMA_BYTES {
            SchemaText {
                text: String::new(),
                references: Vec::new(),
                ..schema.clone()
            }
        } else {
            schema.clone()
        };
        Self {
            schema: kept,
            bytes,
            sha256: sha256(schema),
            guid,
        }
    }

    pub fn encode(&self) -> anyhow::Result<Vec<u8>> {
        serde_json::to_vec(self).context("encoding a schema's row")
    }

    pub fn decode(value: &[u8]) -> anyhow::Result<Self> {
        serde_json::from_slice(value).context("decoding a schema's row")
    }

    /// How its records are read.
    pub fn resolve(&self) -> WriterSchema {
        if self.bytes > MAX_SCHEMA_BYTES {
            WriterSchema::oversized(self.bytes)
        } else {
            WriterSchema::new(&self.schema)
        }
    }

    /// The schema, if it was kept.
    pub fn into_text(self) -> Option<SchemaText> {
        Some(self.schema).filter(|schema| !schema.text.is_empty())
    }

    /// Whether it means that schema. Texts that differ only in what does not change the bytes (docs, white space) mean
    /// the same. Schemas that we cannot read as Avro all mean the same: a registry may reformat them, and their records
    /// are rejected either way. A schema may differ in its references alone: they may point to the latest version of
    /// something.
    pub fn means(&self, schema: &SchemaText) -> bool {
        let refers = !self.schema.references.is_empty() && !schema.references.is_empty();
        if self.sha256 == sha256(schema) || refers && self.schema.text == schema.text {
            return true;
        }
        let was_avro = self.bytes <= MAX_SCHEMA_BYTES && self.schema.is_avro();
        if was_avro {
            self.schema.writes_the_same_as(schema)
        } else {
            !schema.is_avro()
        }
    }
}

pub(super) fn sha256(schema: &SchemaText) -> String {
    let mut hasher = Sha256::new();
    for text in std::iter::once(&schema.text).chain(&schema.references) {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text);
    }
    format!("{:x}", hasher.finalize())
}
