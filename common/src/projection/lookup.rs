//! Schema ids to schemas: memory, then the store, then the registry, which is asked once per id however many records wait.
//!
//! An outage is never an answer: the question is put again, with backoff and jitter, until the registry answers. Only a
//! definite "no such id", repeated over a grace, makes an id unknown; the grace is paid once per partition and minute.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::codec::WriterSchema;
use crate::life::Life;
use crate::registry::{Registry, RegistryError};
use crate::schema_id_audit::SchemaIdAudit;
use crate::schemas::SchemaText;
use crate::store::{LearnError, Store};

/// How long "unknown" is believed, and how often one partition pays the grace.
const MINUTE: Duration = Duration::from_secs(60);
/// How often an unknown id is asked for within its grace.
const TRIES: u32 = 3;
/// Most unknown ids that are remembered; a flood of them must not fill the memory.
const MOST_UNKNOWN: usize = 10_000;

/// Most ids that are asked for at the same time. Others wait for their turn: a flood of them is no storm of requests.
const AT_ONCE: usize = 16;
/// Most ids that are asked for ahead of their records.
const MOST_AHEAD: usize = 2_000;

/// What is known of a schema id.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Its schema.
    Writer(Arc<WriterSchema>),
    /// The registry has no such schema, and what it has not got.
    Unknown(String),
}

/// What a question to the registry brought.
enum Answer {
    Schema(u32, SchemaText, Arc<WriterSchema>),
    Unknown(u32, String),
    /// Not an answer; it is asked again.
    Outage(u32, String),
    /// Not an answer, to a question that nobody waits for yet: it is not asked again.
    Dropped(u32),
}

/// A question that was put to the registry.
struct Question {
    partition: i32,
    /// Whether the partition pays the grace for it.
    pays: bool,
    /// Whether it is asked for ahead of its record.
    ahead: bool,
}

pub(super) struct Lookup {
    registry: SchemaIdAudit,
    store: Store,
    runtime: Handle,
    life: Life,
    grace: Duration,
    unknown: HashMap<u32, (Instant, String)>,
    grace_paid: HashMap<i32, Instant>,
    asking: HashMap<u32, Question>,
    outages: HashMap<u32, String>,
    turns: Arc<Semaphore>,
    sender: mpsc::Sender<Answer>,
    answers: mpsc::Receiver<Answer>,
}

impl Lookup {
    pub fn new(registry: SchemaIdAudit, store: Store, runtime: Handle, life: Life, grace: Duration) -> Self {
        let (sender, answers) = mpsc::channel();
        Self {
            registry,
            store,
            runtime,
            life,
            grace,
            unknown: HashMap::new(),
            grace_paid: HashMap::new(),
            asking: HashMap::new(),
            outages: HashMap::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            sender,
            answers,
        }
    }

    /// What is known of that id. `None`: the registry is being asked, for a record of that partition.
    pub fn get(&mut self, id: u32, partition: i32) -> Option<Known> {
        let known = self.recall(id);
        if known.is_none() && !self.asking.contains_key(&id) {
            self.ask(id, partition, false, Duration::ZERO);
        }
        known
    }

    /// Asks for an id ahead of its record, if it is not known. Not while the registry does not answer this partition: then
    /// no more is asked than what somebody waits for.
    pub fn prefetch(&mut self, id: u32, partition: i32) {
        let silent = |id: &u32| {
            self.asking
                .get(id)
                .is_some_and(|question| question.partition == partition)
        };
        let room = !self.outages.keys().any(silent) && self.asking.len() < MOST_AHEAD;
        if room && self.recall(id).is_none() && !self.asking.contains_key(&id) {
            self.ask(id, partition, true, Duration::ZERO);
        }
    }

    /// What is known without asking.
    fn recall(&self, id: u32) -> Option<Known> {
        // Registries keep ids in 31 bits, and may answer a larger one with anything but "unknown".
        if i32::try_from(id).is_err() {
            return Some(Known::Unknown(format!("no registry has a schema with id {id}")));
        }
        match self.store.writer_schema(id) {
            Ok(Some(writer)) => return Some(Known::Writer(writer)),
            Ok(None) => {}
            // The registry still has it.
            Err(error) => tracing::error!(%error, schema.id = id, "a stored schema could not be read"),
        }
        let (since, reason) = self.unknown.get(&id)?;
        (since.elapsed() < MINUTE).then(|| Known::Unknown(reason.clone()))
    }

    fn ask(&mut self, id: u32, partition: i32, ahead: bool, delay: Duration) {
        let paid = self.grace_paid.get(&partition);
        let pays = paid.is_none_or(|paid| paid.elapsed() >= MINUTE);
        let question = Question { partition, pays, ahead };
        let grace = if pays { self.grace } else { Duration::ZERO };
        self.asking.insert(id, question);
        let (registry, turns, sender) = (self.registry.clone(), self.turns.clone(), self.sender.clone());
        let _inside = self.runtime.enter();
        self.life.task("asking the schema registry", async move {
            tokio::time::sleep(delay).await;
            ask(&registry, &turns, id, grace, ahead, &sender).await;
        });
    }

    /// Takes in the answers that have come.
    ///
    /// # Errors
    /// An id means another schema than before.
    pub fn take_answers(&mut self) -> Result<(), LearnError> {
        while let Ok(answer) = self.answers.try_recv() {
            match answer {
                Answer::Schema(id, schema, writer) => {
                    let question = self.answered(id);
                    self.unknown.remove(&id);
                    match self.store.learn_schema(id, &schema, writer) {
                        Ok(()) => {}
                        Err(another @ LearnError::AnotherMeaning(_)) => {
                            self.registry.contradicted(id);
                            return Err(another);
                        }
                        Err(LearnError::Disk(error)) => {
                            let reason = format!("it could not be stored: {error:#}");
                            tracing::error!(reason, schema.id = id, "a schema could not be stored");
                            self.outages.insert(id, reason);
                            let partition = question.map_or(0, |question| question.partition);
                            self.ask(id, partition, false, Duration::from_secs(1));
                        }
                    }
                }
                Answer::Unknown(id, reason) => {
                    if let Some(question) = self.answered(id).filter(|question| question.pays) {
                        self.grace_paid.insert(question.partition, Instant::now());
                    }
                    if self.unknown.len() >= MOST_UNKNOWN {
                        self.unknown.clear();
                    }
                    self.unknown.insert(id, (Instant::now(), reason));
                }
                Answer::Outage(id, reason) => {
                    if self.outages.insert(id, reason.clone()).is_none() {
                        tracing::warn!(
                            schema.id = id,
                            reason,
                            "the schema registry does not answer; its partitions wait"
                        );
                    }
                }
                Answer::Dropped(id) => {
                    self.asking.remove(&id);
                }
            }
        }
        Ok(())
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        self.registry.registry()
    }

    /// Whether the registry is being asked for that id.
    pub fn is_asking(&self, id: u32) -> bool {
        self.asking.contains_key(&id)
    }

    /// Whether the registry is being asked for ids ahead of that partition's records.
    pub fn is_asking_ahead(&self, partition: i32) -> bool {
        let ahead = |question: &Question| question.ahead && question.partition == partition;
        self.asking.values().any(ahead)
    }

    /// Why there is no answer for that id, when the registry was asked and gave none.
    pub fn outage(&self, id: u32) -> Option<String> {
        let reason = self.outages.get(&id)?;
        Some(format!(
            "the schema registry does not answer for schema id {id}: {reason}"
        ))
    }

    /// Notes an answer. Returns the question.
    fn answered(&mut self, id: u32) -> Option<Question> {
        if self.outages.remove(&id).is_some() {
            tracing::info!(schema.id = id, "the schema registry answers again");
        }
        self.asking.remove(&id)
    }
}

/// Asks until there is an answer. `ahead`: an outage ends the asking.
async fn ask(
    registry: &SchemaIdAudit,
    turns: &Semaphore,
    id: u32,
    grace: Duration,
    ahead: bool,
    answers: &mpsc::Sender<Answer>,
) {
    let mut backoff = backoff();
    let mut tries_left = if grace.is_zero() { 1 } else { TRIES };
    loop {
        let turn = turns.acquire().await;
        let asked = registry.schema(id).await;
        drop(turn);
        let (answer, wait) = match asked {
            Ok(schema) => (judged(id, schema).await, None),
            Err(RegistryError::Unknown(reason)) if tries_left <= 1 => (Answer::Unknown(id, reason), None),
            Err(RegistryError::Unknown(_)) => {
                tries_left -= 1;
                tokio::time::sleep(grace / (TRIES - 1)).await;
                continue;
            }
            Err(RegistryError::Outage(_)) if ahead => (Answer::Dropped(id), None),
            Err(RegistryError::Outage(reason)) => (Answer::Outage(id, reason), backoff.next()),
        };
        // An error means that the projection has stopped.
        let heard = answers.send(answer).is_ok();
        match wait.filter(|_| heard) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return,
        }
    }
}

/// A long schema takes its time to resolve, and other partitions are not to wait for it.
async fn judged(id: u32, schema: SchemaText) -> Answer {
    #[expect(clippy::disallowed_methods, reason = "resolving a schema catches its own panics")]
    let resolved = tokio::task::spawn_blocking(move || (Arc::new(WriterSchema::of(&schema)), schema)).await;
    match resolved {
        Ok((writer, schema)) => Answer::Schema(id, schema, writer),
        // It does not panic; this is the runtime's end.
        Err(_) => Answer::Dropped(id),
    }
}

fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times()
        .build()
}

#[cfg(test)]
#[path = "lookup_tests.rs"]
mod tests;
