//! The versions of a subject.

use schema_registry_converter::schema_registry_common::RawRegisteredSchema;

use super::Subject;
use crate::outage::Outage;
use crate::request::Request;
use crate::response::{Response, codes, parse_schema, parse_versions};

impl Subject<'_> {
    /// The numbers of its versions; empty when there is no such subject.
    pub async fn versions(self) -> Result<Vec<u32>, Outage> {
        let request = Request::get(self.versions_path(), &[codes::SUBJECT_NOT_FOUND]).lookup();
        Ok(match self.transport.send(&request, parse_versions).await? {
            Response::Success(versions) => versions,
            Response::Refused(_) => Vec::new(),
        })
    }

    /// One version; `None` when it was deleted since it was listed.
    pub async fn version(self, number: u32) -> Result<Option<RawRegisteredSchema>, Outage> {
        self.fetch(format!("{}/{number}", self.versions_path())).await
    }

    /// One version, even a deleted one; `None` where there is none.
    pub async fn version_or_deleted(self, number: u32) -> Result<Option<RawRegisteredSchema>, Outage> {
        self.fetch(format!("{}/{number}?deleted=true", self.versions_path()))
            .await
    }

    /// The latest version; a deleted one only where there is no other.
    pub async fn latest_or_deleted(self) -> Result<Option<RawRegisteredSchema>, Outage> {
        // Not -1, which means the same but is not understood everywhere.
        let latest = format!("{}/latest", self.versions_path());
        match self.fetch(latest.clone()).await? {
            Some(stored) => Ok(Some(stored)),
            None => self.fetch(format!("{latest}?deleted=true")).await,
        }
    }

    async fn fetch(self, path: String) -> Result<Option<RawRegisteredSchema>, Outage> {
        let request = Request::get(path, &[codes::SUBJECT_NOT_FOUND, codes::VERSION_NOT_FOUND]).lookup();
        Ok(match self.transport.send(&request, parse_schema).await? {
            Response::Success(stored) => Some(stored),
            Response::Refused(_) => None,
        })
    }
}
