//! Finds the schema that a record names: in memory, then in the store, then in the registry, which is queried once per
//! name however many records wait. Only known schemas are remembered; what an unknown one means is up to the waiting
//! partition ([`SchemaWait`](crate::schema_wait::SchemaWait)).
//!
//! An outage is never an answer: the request is repeated, with backoff and jitter, until the registry answers.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use orderlog_avro::SchemaText;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::frame::SchemaRef;
use orderlog_runtime::supervisor::Supervisor;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::schema_id_audit::SchemaIdAudit;
use crate::schema_request::{Answer, Answers, request};
use crate::schema_wait::Answered;
use crate::store::{LearnError, Store};

/// Maximum number of concurrent requests, of those that a record waits for and of the others. Further ones wait for a
/// permit, so a flood of new ids does not become a storm of requests.
const MAX_CONCURRENT_REQUESTS: usize = 16;
/// Maximum number of schemas that are looked up ahead of their records.
const MAX_AHEAD: usize = 2_000;
/// Delay before a schema that could not be stored is requested again.
const STORE_RETRY_DELAY: Duration = Duration::from_secs(1);

/// What is known about a schema.
#[derive(Clone, Debug)]
pub(crate) enum KnownSchema {
    /// How its records are read, and its id in the store.
    Writer(u32, Arc<WriterSchema>),
    /// The registry has no such schema, and why.
    Missing(String),
}

/// A request to the registry that is under way.
struct Pending {
    partition: i32,
    /// Whether no record waits for it yet.
    ahead: bool,
}

/// Looks up schemas.
pub(crate) struct SchemaLookup {
    audit: SchemaIdAudit,
    store: Store,
    runtime: Handle,
    supervisor: Supervisor,
    pending: HashMap<SchemaRef, Pending>,
    outages: HashMap<SchemaRef, String>,
    permits: Arc<Semaphore>,
    permits_ahead: Arc<Semaphore>,
    sender: Answers,
    answers: mpsc::Receiver<(SchemaRef, Instant, Answer)>,
}

impl SchemaLookup {
    pub fn new(audit: SchemaIdAudit, store: Store, runtime: Handle, supervisor: Supervisor) -> Self {
        let (sender, answers) = mpsc::channel();
        Self {
            audit,
            store,
            runtime,
            supervisor,
            pending: HashMap::new(),
            outages: HashMap::new(),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT_REQUESTS)),
            permits_ahead: Arc::new(Semaphore::new(MAX_CONCURRENT_REQUESTS)),
            sender,
            answers,
        }
    }

    /// What is known without asking the registry.
    pub fn cached(&self, schema: SchemaRef) -> Option<KnownSchema> {
        match self.stored(schema) {
            Ok(known) => known,
            // The registry still has it.
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), %schema, "reading a stored schema failed");
                None
            }
        }
    }

    fn stored(&self, schema: SchemaRef) -> anyhow::Result<Option<KnownSchema>> {
        let id = match schema {
            SchemaRef::Id(id) => Some(id),
            SchemaRef::Guid(guid) => self.store.schemas().guid_number(guid)?,
        };
        let Some(id) = id else { return Ok(None) };
        Ok(self
            .store
            .schemas()
            .writer_schema(id)?
            .map(|writer| KnownSchema::Writer(id, writer)))
    }

    /// Asks the registry for a schema that a record of that partition waits for, or, `ahead`, that a later one will
    /// need. Returns whether a request is pending: no schema is requested ahead while the registry does not answer this
    /// partition, or while very many requests are pending.
    pub fn ask(&mut self, schema: SchemaRef, partition: i32, ahead: bool) -> bool {
        // A request that was made ahead may still be waiting for its permit.
        if self.pending.get(&schema).is_some_and(|pending| ahead || !pending.ahead) {
            return true;
        }
        let silent = |schema: &SchemaRef| {
            let pending = self.pending.get(schema);
            pending.is_some_and(|pending| pending.partition == partition)
        };
        if ahead && (self.pending.len() >= MAX_AHEAD || self.outages.keys().any(silent)) {
            return false;
        }
        self.request(schema, partition, ahead, Duration::ZERO);
        true
    }

    fn request(&mut self, schema: SchemaRef, partition: i32, ahead: bool, delay: Duration) {
        self.pending.insert(schema, Pending { partition, ahead });
        let permits = if ahead { &self.permits_ahead } else { &self.permits };
        let (audit, permits, sender) = (self.audit.clone(), permits.clone(), self.sender.clone());
        let _inside = self.runtime.enter();
        self.supervisor.spawn("asking the schema registry", async move {
            tokio::time::sleep(delay).await;
            request(&audit, &permits, schema, ahead, &sender).await;
        });
    }

    /// Processes the answers that have arrived, and returns them for the waiting partitions.
    ///
    /// # Errors
    /// An id means a different schema than before.
    pub fn take_answers(&mut self) -> Result<Vec<Answered>, LearnError> {
        let mut answered = Vec::new();
        while let Ok((schema, asked, answer)) = self.answers.try_recv() {
            let missing = match answer {
                Answer::Schema(text, writer) => {
                    let pending = self.end(schema);
                    match self.learn(schema, &text, writer) {
                        Ok(()) => None,
                        Err(conflict @ LearnError::SchemaIdReassigned(id)) => {
                            self.audit.report_conflict(id);
                            return Err(conflict);
                        }
                        Err(LearnError::Store(error)) => {
                            let reason = format!("it could not be stored: {error:#}");
                            tracing::error!(reason, %schema, "storing a schema failed");
                            self.outages.insert(schema, reason);
                            let partition = pending.map_or(0, |pending| pending.partition);
                            self.request(schema, partition, false, STORE_RETRY_DELAY);
                            continue;
                        }
                    }
                }
                Answer::Missing(missing) => {
                    self.end(schema);
                    Some(missing)
                }
                Answer::Outage(reason) => {
                    if self.outages.insert(schema, reason.clone()).is_none() {
                        tracing::warn!(%schema, reason, "schema registry unavailable; partitions paused");
                    }
                    continue;
                }
                Answer::GivenUp => {
                    // By now a partition may be waiting for it; its own request continues.
                    if self.pending.get(&schema).is_some_and(|pending| !pending.ahead) {
                        continue;
                    }
                    self.pending.remove(&schema);
                    None
                }
            };
            answered.push(Answered { schema, asked, missing });
        }
        Ok(answered)
    }

    fn learn(&self, schema: SchemaRef, text: &SchemaText, writer: Arc<WriterSchema>) -> Result<(), LearnError> {
        match schema {
            SchemaRef::Id(id) => self.store.schemas().learn(id, text, writer),
            SchemaRef::Guid(guid) => Ok(self.store.schemas().learn_guid(guid, text, writer)?),
        }
    }

    /// Why there is no answer for that schema, if a request for it has failed.
    pub fn outage(&self, schema: SchemaRef) -> Option<String> {
        let reason = self.outages.get(&schema)?;
        Some(format!("the schema registry does not answer for {schema}: {reason}"))
    }

    /// Notes that a request was answered. Returns the request.
    fn end(&mut self, schema: SchemaRef) -> Option<Pending> {
        if self.outages.remove(&schema).is_some() {
            tracing::info!(%schema, "schema registry available again");
        }
        self.pending.remove(&schema)
    }
}

#[cfg(test)]
#[path = "schema_lookup_tests.rs"]
mod tests;
