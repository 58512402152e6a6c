//! What decoding says of a record now: how far it gets, where it fails, and what its schema is. It changes nothing, least of
//! all what the store knows of schema ids: that is learned from the log alone.
//!
//! - `schemas`: the schema that a record names, from the store or the registry;
//! - `candidates`: which versions would read a datum whose schema is not known;
//! - `advice`: what to do about a dead letter (pure);
//! - `register_command`: the command that registers a missing schema (pure).

pub(crate) mod advice;
mod candidates;
pub(crate) mod register_command;
mod schemas;

use std::sync::Arc;
use std::time::Instant;

pub use candidates::Candidate;
use orderlog_avro::SchemaText;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::explain::{Explanation, Fault, Known, Step, explain};
use orderlog_contract::frame::{self, SchemaRef};
use orderlog_contract::rejection::Rejection;
use orderlog_kafka::headers::OwnedHeader;
use orderlog_projection::store::Store;
use orderlog_registry::Registry;
use schemas::{Lookup, SchemaSource};

use crate::dead_letter::headers::last;
use crate::schema_versions::{SchemaVersions, Subject};

/// Inspects records. Clones share what it knows of schemas.
#[derive(Clone)]
pub struct Inspector {
    schemas: Arc<SchemaSource>,
    registry: Arc<Registry>,
    versions: SchemaVersions,
}

/// What decoding says of a record.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// How far it gets.
    pub steps: [Step; 5],
    /// The event, the id of its schema in the store (0 where the store has none for a schema GUID), and whether the schema has
    /// fields of the order that this release does not know. It is here as soon as it can be decoded: look at
    /// [`rejection`](Self::rejection) first.
    pub event: Option<(OrderEvent, u32, bool)>,
    /// Why the record would be rejected; `None` if it would not, or if that cannot be told.
    pub rejection: Option<Rejection>,
    /// Where the fault is.
    pub fault: Option<Fault>,
    /// Why it cannot be told now: the registry did not answer.
    pub outage: Option<String>,
    /// The schema that it names.
    pub schema: Option<SchemaRef>,
    /// The schema's id, where it is known.
    pub schema_id: Option<u32>,
}

impl Inspector {
    /// An inspector of the records of the topic with those schema versions.
    pub fn new(store: Store, registry: Arc<Registry>, versions: SchemaVersions) -> Self {
        Self {
            schemas: Arc::new(SchemaSource::new(store, registry.clone())),
            registry,
            versions,
        }
    }

    /// Inspects a record with that key and value. `headers` may be all of a dead letter's: those that were added do not name
    /// schemas. It may ask the registry once, and waits for it for a few seconds; that there is no such schema is never an
    /// answer from before `since`.
    pub async fn inspect(
        &self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[OwnedHeader],
        since: Instant,
    ) -> Inspection {
        let Some(value) = value else {
            return Inspection::of(Explanation::unknown("the record has no value"), None, None);
        };
        let framed = frame::read(value, |name| last(headers, name));
        let schema = framed.as_ref().ok().map(|(schema, _)| *schema);
        let lookup = match schema {
            Some(schema) => self.schemas.look_up(schema, since).await,
            // It is not used.
            None => Lookup::Missing(String::new()),
        };
        let known = match &lookup {
            Lookup::Found(found) => Known::Writer(&found.writer),
            Lookup::Missing(reason) => Known::Missing(reason.clone()),
            Lookup::Outage(reason) => Known::Outage(reason.clone()),
        };
        let mut inspection = Inspection::of(explain(key, value, framed, &known), schema, Some(&lookup));
        if let (Lookup::Outage(reason), Some(_)) = (lookup, schema) {
            inspection.outage = Some(reason);
        }
        inspection
    }

    /// The text of the schema that a record names, if it is known.
    pub async fn schema_text(&self, schema: SchemaRef) -> Option<SchemaText> {
        self.schemas.text(schema).await
    }

    /// The versions of the topic's subject.
    pub async fn versions(&self) -> Arc<Subject> {
        self.versions.get().await
    }

    /// The versions, of those and of this release's own, that read a whole datum, to its last byte.
    pub async fn candidates(&self, datum: &[u8], subject: Arc<Subject>) -> Vec<Candidate> {
        candidates::of(datum.to_vec(), subject).await
    }

    /// The topic's subject in the registry.
    pub fn subject(&self) -> &str {
        self.versions.subject()
    }

    /// The registry's first address, without credentials.
    pub fn registry_url(&self) -> String {
        let urls = self.registry.urls();
        urls.split(',').next().unwrap_or_default().trim().to_owned()
    }
}

impl Inspection {
    fn of(explanation: Explanation, schema: Option<SchemaRef>, lookup: Option<&Lookup>) -> Self {
        let found = match lookup {
            Some(Lookup::Found(found)) => Some(found),
            _ => None,
        };
        let (id, partial) = found.map_or((0, false), |found| {
            (found.id, found.writer.unknown_order_fields().next().is_some())
        });
        Self {
            steps: explanation.steps,
            event: explanation.event.map(|event| (event, id, partial)),
            rejection: explanation.rejection,
            fault: explanation.fault,
            outage: None,
            schema,
            schema_id: schema
                .and_then(SchemaRef::id)
                .or(found.map(|found| found.id))
                .filter(|id| *id > 0),
        }
    }
}
