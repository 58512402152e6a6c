//! Under which id our own newest schema is registered.

use std::sync::Arc;

use anyhow::Context;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::lineage;
use serde::{Deserialize, Serialize};

use super::row::sha256;
use super::{Schemas, UNREADABLE};
use crate::store::{LearnError, StoreError};

/// Key of our own schema's id.
pub(super) const OWN: &str = "own-schema";

/// JSON on disk.
#[derive(Serialize, Deserialize)]
struct OwnRow {
    subject: String,
    id: u32,
    sha256: String,
}

impl Schemas {
    /// The id under which our newest schema was registered for that subject, if it was and has not changed since.
    ///
    /// # Errors
    /// The disk fails.
    pub fn own_id(&self, subject: &str) -> Result<Option<u32>, StoreError> {
        let row = self.own_row()?;
        let row = row.filter(|row| row.subject == subject && row.sha256 == sha256(&lineage::newest_text()));
        Ok(row.map(|row| row.id))
    }

    /// Stores under which id our newest schema is registered for that subject, and what that id means.
    ///
    /// # Errors
    /// As [`Self::learn`].
    pub fn learn_own(&self, subject: &str, id: u32) -> Result<(), LearnError> {
        let newest = lineage::newest_text();
        self.learn(id, &newest, Arc::new(WriterSchema::new(&newest)))?;
        Ok(self.put_own(&OwnRow {
            subject: subject.to_owned(),
            id,
            sha256: sha256(&newest),
        })?)
    }

    fn put_own(&self, row: &OwnRow) -> Result<(), StoreError> {
        let value = serde_json::to_vec(row).context("encoding our schema's row")?;
        self.disk.check_space()?;
        self.meta.insert(OWN, value).context("writing our schema's id")?;
        Ok(())
    }

    fn own_row(&self) -> anyhow::Result<Option<OwnRow>> {
        let value = self.meta.get(OWN).context(UNREADABLE)?;
        value
            .map(|value| serde_json::from_slice(&value).context("decoding our schema's row"))
            .transpose()
    }

    /// The id under which our newest schema was last registered, whatever the subject.
    pub(super) fn last_own_id(&self) -> anyhow::Result<Option<u32>> {
        Ok(self.own_row()?.map(|row| row.id))
    }
}
