//! Looking a schema up by its text.

use orderlog_avro::SchemaText;
use schema_registry_converter::schema_registry_common::RawRegisteredSchema;
use serde_json::json;

use super::references::{self, Incomplete};
use super::{Subject, incompatibilities};
use crate::outage::Outage;
use crate::request::{Request, segment};
use crate::response::{Response, codes, one_line, parse_registration, parse_schema};

/// The error codes for a schema that the registry does not have, or does not consider one.
const MISSING: &[u32] = &[codes::SUBJECT_NOT_FOUND, codes::SCHEMA_NOT_FOUND, codes::INVALID_SCHEMA];

/// The result of a look-up.
pub(crate) enum LookupResult {
    Found {
        id: u32,
        /// `None` where the registry does not tell.
        version: Option<u32>,
    },
    /// Not found, with the registry's reason.
    Missing(String),
}

impl Subject<'_> {
    /// Looks a schema up (Confluent API reference, `POST /subjects/(string: subject)`).
    pub async fn find(self, text: &str) -> Result<LookupResult, Outage> {
        let path = format!("/subjects/{}", segment(self.name));
        let request = Request::post(path, json!({"schema": text}), MISSING).lookup();
        let ours = SchemaText::avro(text);
        let reason = match self.transport.send(&request, parse_registration).await? {
            Response::Success(found) => {
                let (id, version) = (found.id.unwrap_or_default(), found.version);
                let theirs = self.complete(self.with_text(found).await?).await?;
                if theirs.is_some_and(|theirs| theirs.writes_the_same_as(&ours)) {
                    return Ok(LookupResult::Found { id, version });
                }
                "the registry returned a different schema".to_owned()
            }
            Response::Refused(error) => one_line(&error.message),
        };
        let split_up = self.find_with_references(&ours).await?;
        Ok(split_up.unwrap_or(LookupResult::Missing(reason)))
    }

    /// The schema with its text, which some registries omit from the response to a look-up.
    async fn with_text(self, found: RawRegisteredSchema) -> Result<RawRegisteredSchema, Outage> {
        let (None, Some(id)) = (&found.schema, found.id) else {
            return Ok(found);
        };
        let request = Request::get(format!("/schemas/ids/{id}"), &[codes::SCHEMA_NOT_FOUND]).lookup();
        Ok(match self.transport.send(&request, parse_schema).await? {
            Response::Success(stored) => stored,
            Response::Refused(_) => found,
        })
    }

    /// A version of the subject that is the same schema, split up by references: not every registry finds it by its full
    /// text.
    async fn find_with_references(self, ours: &SchemaText) -> Result<Option<LookupResult>, Outage> {
        for number in self.versions().await? {
            let Some(stored) = self.version(number).await? else {
                continue;
            };
            let has_references = stored.references.as_ref().is_some_and(|it| !it.is_empty());
            let (Some(id), true) = (stored.id, has_references) else {
                continue;
            };
            let Some(theirs) = self.complete(stored).await? else {
                continue;
            };
            let reasons = incompatibilities::compare("ours", &ours.text, "theirs", &theirs);
            if theirs.writes_the_same_as(ours) && reasons.is_empty() {
                let version = Some(number);
                return Ok(Some(LookupResult::Found { id, version }));
            }
        }
        Ok(None)
    }

    /// The schema with all its references; `None` when the registry does not have them all.
    async fn complete(self, stored: RawRegisteredSchema) -> Result<Option<SchemaText>, Outage> {
        match references::complete(self.transport, stored).await {
            Ok(schema) => Ok(Some(schema)),
            Err(Incomplete::Unknown(_)) => Ok(None),
            Err(Incomplete::Outage(outage)) => Err(outage),
        }
    }
}
