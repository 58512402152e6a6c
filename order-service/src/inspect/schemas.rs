//! The schemas that records name: from the store, and from the registry for those that no record of the log has brought there
//! yet. Answers of the registry are kept for a moment, so that many dead letters of one schema ask once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use orderlog_avro::SchemaText;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::frame::SchemaRef;
use orderlog_projection::store::{Store, StoreError, blocking};
use orderlog_registry::{Registry, RegistryError};

/// How long the registry may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a schema is kept: the registry may be another one by then.
const KEEP_FOUND: Duration = Duration::from_secs(60);
/// How long it is kept that there is none, or no answer, for a caller that asks more than once.
const KEEP_OTHERS: Duration = Duration::from_millis(500);
/// Maximum number of answers that are kept.
const MAX_KEPT: usize = 256;

/// What is known of a schema.
#[derive(Clone)]
pub(super) enum Lookup {
    Found(Arc<Found>),
    /// There is none, and why.
    Missing(String),
    /// It cannot be told now, and why.
    Outage(String),
}

pub(super) struct Found {
    /// The id; for a GUID, its number in the store; 0 where there is none.
    pub id: u32,
    pub writer: Arc<WriterSchema>,
    /// Only of those that come from the registry.
    text: Option<SchemaText>,
}

pub(super) struct SchemaSource {
    store: Store,
    registry: Arc<Registry>,
    /// Each answer, and when it was asked for.
    kept: Mutex<HashMap<SchemaRef, (Instant, Lookup)>>,
}

impl SchemaSource {
    pub fn new(store: Store, registry: Arc<Registry>) -> Self {
        Self {
            store,
            registry,
            kept: Mutex::default(),
        }
    }

    /// The schema. That there is none, or no answer, is asked anew if it was asked for before `since`: someone may have registered
    /// it.
    pub async fn look_up(&self, schema: SchemaRef, since: Instant) -> Lookup {
        match self.stored(schema).await {
            Ok(Some(found)) => return Lookup::Found(Arc::new(found)),
            Ok(None) => {}
            // The registry still has it.
            Err(error) => tracing::error!(error = format!("{error:#}"), %schema, "reading a stored schema failed"),
        }
        if let Some((at, kept)) = self.kept(schema)
            && (at >= since || matches!(kept, Lookup::Found(_)))
        {
            return kept;
        }
        let asked_at = Instant::now();
        let lookup = match tokio::time::timeout(TIMEOUT, self.ask(schema)).await {
            Ok(lookup) => lookup,
            Err(_) => Lookup::Outage(format!(
                "the schema registry at {} did not answer within {} seconds",
                self.registry.urls(),
                TIMEOUT.as_secs()
            )),
        };
        self.keep(schema, asked_at, lookup.clone());
        lookup
    }

    /// The text of that schema, if it is known.
    pub async fn text(&self, schema: SchemaRef) -> Option<SchemaText> {
        let stored = self.store.with_schemas(move |schemas| {
            let id = match schema {
                SchemaRef::Id(id) => Some(id),
                SchemaRef::Guid(guid) => schemas.guid_number(guid)?,
            };
            id.map_or(Ok(None), |id| schemas.text(id))
        });
        match stored.await {
            Ok(Some(text)) => return Some(text),
            Ok(None) => {}
            Err::<_, StoreError>(error) => {
                tracing::error!(error = format!("{error:#}"), %schema, "reading a stored schema failed");
            }
        }
        match self.kept(schema) {
            Some((_, Lookup::Found(found))) => found.text.clone(),
            _ => None,
        }
    }

    async fn stored(&self, schema: SchemaRef) -> Result<Option<Found>, StoreError> {
        let stored = self.store.with_schemas(move |schemas| {
            let id = match schema {
                SchemaRef::Id(id) => Some(id),
                SchemaRef::Guid(guid) => schemas.guid_number(guid)?,
            };
            let Some(id) = id else { return Ok(None) };
            let found = |writer| Found { id, writer, text: None };
            Ok(schemas.writer_schema(id)?.map(found))
        });
        stored.await
    }

    async fn ask(&self, schema: SchemaRef) -> Lookup {
        let answer = match schema {
            SchemaRef::Id(id) => self.registry.schema(id).await.map(Some),
            SchemaRef::Guid(guid) => self.registry.schema_of_guid(guid).await,
        };
        match answer {
            Ok(Some(text)) => resolved(schema, text).await,
            Ok(None) => Lookup::Missing("this schema registry only supports lookup by id".to_owned()),
            Err(RegistryError::Unknown(reason)) => Lookup::Missing(reason),
            Err(RegistryError::Outage(outage)) => Lookup::Outage(outage.to_string()),
        }
    }

    fn kept(&self, schema: SchemaRef) -> Option<(Instant, Lookup)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, lookup) = kept.get(&schema)?;
        let keep = match lookup {
            Lookup::Found(_) => KEEP_FOUND,
            Lookup::Missing(_) | Lookup::Outage(_) => KEEP_OTHERS,
        };
        (at.elapsed() < keep).then(|| (*at, lookup.clone()))
    }

    fn keep(&self, schema: SchemaRef, asked_at: Instant, lookup: Lookup) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(schema, (asked_at, lookup));
    }
}

/// A long schema takes a while to resolve, which no server thread must wait for.
async fn resolved(schema: SchemaRef, text: SchemaText) -> Lookup {
    let resolved = blocking(move || {
        let writer = Arc::new(WriterSchema::new(&text));
        Ok::<_, StoreError>((text, writer))
    });
    match resolved.await {
        Ok((text, writer)) => Lookup::Found(Arc::new(Found {
            id: schema.id().unwrap_or_default(),
            writer,
            text: Some(text),
        })),
        Err(stopping) => Lookup::Outage(stopping.to_string()),
    }
}
