//! The names of schemas to schemas: memory, then the store, then the registry, which is asked once per name however many
//! records wait. Only what it has is remembered here; what it has not is for those to judge who wait
//! ([`SchemaWait`](super::schema_wait::SchemaWait)).
//!
//! An outage is never an answer: the question is put again, with backoff and jitter, until the registry answers.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use orderlog_avro::SchemaText;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::frame::SchemaRef;
use orderlog_registry::{self, Registry, RegistryError};
use orderlog_runtime::supervisor::Supervisor;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::schema_wait::{Answered, Missing};
use crate::schema_id_audit::SchemaIdAudit;
use crate::store::{LearnError, Store};

/// Most questions at the same time, of those that a record waits for and of the others. Further ones wait for their turn:
/// a flood of them is no storm of requests.
const AT_ONCE: usize = 16;
/// Most schemas that are asked for ahead of their records.
const MOST_AHEAD: usize = 2_000;

/// Longest wait before a question that was not answered is put again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is known of a schema.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// How its records are read, and the id under which the store has it.
    Writer(u32, Arc<WriterSchema>),
    /// The registry has no such schema, and what it has not got.
    Missing(String),
}

/// What a question to the registry brought.
enum Answer {
    Schema(SchemaText, Arc<WriterSchema>),
    Missing(Missing),
    /// Not an answer; it is asked again.
    Outage(String),
    /// Not an answer, to a question that nobody waits for yet: it is not asked again.
    Dropped,
}

/// A question that was put to the registry.
struct Question {
    partition: i32,
    /// Whether it is asked for ahead of its record.
    ahead: bool,
}

pub(super) struct Lookup {
    registry: SchemaIdAudit,
    store: Store,
    runtime: Handle,
    life: Supervisor,
    asking: HashMap<SchemaRef, Question>,
    outages: HashMap<SchemaRef, String>,
    turns: Arc<Semaphore>,
    turns_ahead: Arc<Semaphore>,
    sender: mpsc::Sender<(SchemaRef, Instant, Answer)>,
    answers: mpsc::Receiver<(SchemaRef, Instant, Answer)>,
}

impl Lookup {
    pub fn new(registry: SchemaIdAudit, store: Store, runtime: Handle, life: Supervisor) -> Self {
        let (sender, answers) = mpsc::channel();
        Self {
            registry,
            store,
            runtime,
            life,
            asking: HashMap::new(),
            outages: HashMap::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            turns_ahead: Arc::new(Semaphore::new(AT_ONCE)),
            sender,
            answers,
        }
    }

    /// What is known without asking.
    pub fn recall(&self, schema: SchemaRef) -> Option<Known> {
        match self.stored(schema) {
            Ok(known) => known,
            // The registry still has it.
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), %schema, "a stored schema could not be read");
                None
            }
        }
    }

    fn stored(&self, schema: SchemaRef) -> anyhow::Result<Option<Known>> {
        let id = match schema {
            SchemaRef::Id(id) => Some(id),
            SchemaRef::Guid(guid) => self.store.schemas().guid_number(guid)?,
        };
        let Some(id) = id else { return Ok(None) };
        Ok(self
            .store
            .schemas()
            .writer_schema(id)?
            .map(|writer| Known::Writer(id, writer)))
    }

    /// Asks the registry for a schema that a record of that partition waits for, or, `ahead`, one behind it. Returns whether
    /// it is being asked: not ahead, while the registry does not answer this partition or is asked for very much already.
    pub fn ask(&mut self, schema: SchemaRef, partition: i32, ahead: bool) -> bool {
        // What was only asked ahead so far may still wait for its turn.
        if self
            .asking
            .get(&schema)
            .is_some_and(|question| ahead || !question.ahead)
        {
            return true;
        }
        let silent = |schema: &SchemaRef| {
            let question = self.asking.get(schema);
            question.is_some_and(|question| question.partition == partition)
        };
        if ahead && (self.asking.len() >= MOST_AHEAD || self.outages.keys().any(silent)) {
            return false;
        }
        self.put(schema, partition, ahead, Duration::ZERO);
        true
    }

    fn put(&mut self, schema: SchemaRef, partition: i32, ahead: bool, delay: Duration) {
        self.asking.insert(schema, Question { partition, ahead });
        let turns = if ahead { &self.turns_ahead } else { &self.turns };
        let (registry, turns, sender) = (self.registry.clone(), turns.clone(), self.sender.clone());
        let _inside = self.runtime.enter();
        self.life.spawn("asking the schema registry", async move {
            tokio::time::sleep(delay).await;
            ask(&registry, &turns, schema, ahead, &sender).await;
        });
    }

    /// Takes in the answers that have come, and returns them for those who wait.
    ///
    /// # Errors
    /// An id means another schema than before.
    pub fn take_answers(&mut self) -> Result<Vec<Answered>, LearnError> {
        let mut answered = Vec::new();
        while let Ok((schema, asked, answer)) = self.answers.try_recv() {
            let missing = match answer {
                Answer::Schema(text, writer) => {
                    let question = self.answered(schema);
                    match self.learn(schema, &text, writer) {
                        Ok(()) => None,
                        Err(another @ LearnError::AnotherMeaning(id)) => {
                            self.registry.report_conflict(id);
                            return Err(another);
                        }
                        Err(LearnError::Store(error)) => {
                            let reason = format!("it could not be stored: {error:#}");
                            tracing::error!(reason, %schema, "a schema could not be stored");
                            self.outages.insert(schema, reason);
                            let partition = question.map_or(0, |question| question.partition);
                            self.put(schema, partition, false, Duration::from_secs(1));
                            continue;
                        }
                    }
                }
                Answer::Missing(missing) => {
                    self.answered(schema);
                    Some(missing)
                }
                Answer::Outage(reason) => {
                    if self.outages.insert(schema, reason.clone()).is_none() {
                        tracing::warn!(%schema, reason, "the schema registry does not answer; its partitions wait");
                    }
                    continue;
                }
                Answer::Dropped => {
                    // Somebody may wait for it by now, who asks on.
                    if self.asking.get(&schema).is_some_and(|question| !question.ahead) {
                        continue;
                    }
                    self.asking.remove(&schema);
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

    /// The registry.
    pub fn registry(&self) -> &Registry {
        self.registry.registry()
    }

    /// Why there is no answer for that schema, when the registry was asked and gave none.
    pub fn outage(&self, schema: SchemaRef) -> Option<String> {
        let reason = self.outages.get(&schema)?;
        Some(format!("the schema registry does not answer for {schema}: {reason}"))
    }

    /// Notes an answer. Returns the question.
    fn answered(&mut self, schema: SchemaRef) -> Option<Question> {
        if self.outages.remove(&schema).is_some() {
            tracing::info!(%schema, "the schema registry answers again");
        }
        self.asking.remove(&schema)
    }
}

/// Asks until there is an answer. `ahead`: an outage ends the asking.
async fn ask(
    registry: &SchemaIdAudit,
    turns: &Semaphore,
    schema: SchemaRef,
    ahead: bool,
    answers: &mpsc::Sender<(SchemaRef, Instant, Answer)>,
) {
    let mut backoff = orderlog_registry::backoff(LONGEST_PAUSE);
    let mut put_anew = false;
    loop {
        let turn = turns.acquire().await;
        let asked = Instant::now();
        let answer = tokio::select! {
            answer = Box::pin(answer(registry, schema)) => answer,
            // Every other time it is left the time that it takes: a registry may be slow.
            () = registry.registry().recovered(), if !put_anew => {
                put_anew = true;
                continue;
            }
        };
        put_anew = false;
        drop(turn);
        let (answer, wait) = match answer {
            Answer::Outage(_) if ahead => (Answer::Dropped, None),
            Answer::Outage(reason) => (Answer::Outage(reason), backoff.next()),
            definite => (definite, None),
        };
        // An error means that the projection has stopped.
        let heard = answers.send((schema, asked, answer)).is_ok();
        match wait.filter(|_| heard) {
            Some(wait) => registry.registry().back_off(wait).await,
            None => return,
        }
    }
}

async fn answer(registry: &SchemaIdAudit, schema: SchemaRef) -> Answer {
    let asked = match schema {
        SchemaRef::Id(id) => registry.schema(id).await.map(Some),
        SchemaRef::Guid(guid) => registry.schema_of_guid(guid).await,
    };
    let missing = |reason, for_good| Answer::Missing(Missing { reason, for_good });
    match asked {
        Ok(Some(text)) => resolved(text).await,
        Ok(None) => missing(
            format!(
                "the record names its schema by a GUID, as {schema}, and the schema registry can only be asked for ids"
            ),
            true,
        ),
        Err(RegistryError::Unknown(reason)) => missing(reason, false),
        Err(RegistryError::Outage(outage)) => Answer::Outage(outage.to_string()),
    }
}

/// A long schema takes its time to resolve, and other partitions are not to wait for it.
async fn resolved(text: SchemaText) -> Answer {
    #[expect(clippy::disallowed_methods, reason = "resolving a schema catches its own panics")]
    let resolved = tokio::task::spawn_blocking(move || (Arc::new(WriterSchema::of(&text)), text)).await;
    match resolved {
        Ok((writer, text)) => Answer::Schema(text, writer),
        // It does not panic; this is the runtime's end.
        Err(_) => Answer::Dropped,
    }
}

#[cfg(test)]
#[path = "lookup_tests.rs"]
mod tests;
