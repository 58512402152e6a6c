//! Schema ids to schemas: memory, then the store, then the registry, which is asked once per id however many records wait.
//!
//! An outage is never an answer: the question is put again, with backoff and jitter, until the registry answers. Only a
//! definite "no such id", repeated over a grace, makes an id unknown; the grace is paid once per partition and minute.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::runtime::Handle;

use crate::codec::WriterSchema;
use crate::registry::{Registry, RegistryError};
use crate::schemas::SchemaText;
use crate::store::Store;

/// How long "unknown" is believed, and how often one partition pays the grace.
const MINUTE: Duration = Duration::from_secs(60);
/// How often an unknown id is asked for within its grace.
const TRIES: u32 = 3;
/// Most unknown ids that are remembered; a flood of them must not fill the memory.
const MOST_UNKNOWN: usize = 10_000;

/// What is known of a schema id.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Its schema.
    Writer(Arc<WriterSchema>),
    /// The registry has no such id.
    Unknown,
}

/// What a question to the registry brought.
enum Answer {
    Schema(u32, SchemaText),
    Unknown(u32),
    /// Not an answer; it is asked again.
    Outage(u32, String),
}

pub(super) struct Lookup {
    registry: Arc<Registry>,
    store: Store,
    runtime: Handle,
    grace: Duration,
    known: HashMap<u32, Arc<WriterSchema>>,
    unknown: HashMap<u32, Instant>,
    grace_paid: HashMap<i32, Instant>,
    /// Ids that are being asked for, and the partition that pays the grace for it, if one does.
    asking: HashMap<u32, Option<i32>>,
    outages: HashMap<u32, String>,
    sender: mpsc::Sender<Answer>,
    answers: mpsc::Receiver<Answer>,
}

impl Lookup {
    pub fn new(registry: Arc<Registry>, store: Store, runtime: Handle, grace: Duration) -> Self {
        let (sender, answers) = mpsc::channel();
        Self {
            registry,
            store,
            runtime,
            grace,
            known: HashMap::new(),
            unknown: HashMap::new(),
            grace_paid: HashMap::new(),
            asking: HashMap::new(),
            outages: HashMap::new(),
            sender,
            answers,
        }
    }

    /// What is known of that id. `None`: the registry is being asked, for a record of that partition.
    pub fn get(&mut self, id: u32, partition: i32) -> Option<Known> {
        // Registries keep ids in 31 bits, and may answer a larger one with anything but "unknown".
        if i32::try_from(id).is_err() {
            return Some(Known::Unknown);
        }
        if let Some(writer) = self.known.get(&id) {
            return Some(Known::Writer(writer.clone()));
        }
        match self.store.schema(id) {
            Ok(Some((schema_type, text))) => return Some(Known::Writer(self.learn(id, &schema_type, &text))),
            Ok(None) => {}
            // The registry still has it.
            Err(error) => tracing::error!(%error, schema.id = id, "a stored schema could not be read"),
        }
        if self.unknown.get(&id).is_some_and(|since| since.elapsed() < MINUTE) {
            return Some(Known::Unknown);
        }
        if !self.asking.contains_key(&id) {
            let paid = self
                .grace_paid
                .get(&partition)
                .is_some_and(|paid| paid.elapsed() < MINUTE);
            self.asking.insert(id, (!paid).then_some(partition));
            let grace = if paid { Duration::ZERO } else { self.grace };
            self.runtime
                .spawn(ask(self.registry.clone(), id, grace, self.sender.clone()));
        }
        None
    }

    /// Takes in the answers that have come.
    pub fn take_answers(&mut self) {
        while let Ok(answer) = self.answers.try_recv() {
            match answer {
                Answer::Schema(id, schema) => {
                    self.asked(id);
                    self.unknown.remove(&id);
                    if let Err(error) = self.store.remember_schema(id, &schema.schema_type, &schema.text) {
                        tracing::error!(%error, schema.id = id, "a schema could not be stored");
                    }
                    self.learn(id, &schema.schema_type, &schema.text);
                }
                Answer::Unknown(id) => {
                    if let Some(partition) = self.asked(id) {
                        self.grace_paid.insert(partition, Instant::now());
                    }
                    if self.unknown.len() >= MOST_UNKNOWN {
                        self.unknown.clear();
                    }
                    self.unknown.insert(id, Instant::now());
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
            }
        }
    }

    /// Whether the registry is being asked for that id.
    pub fn is_asking(&self, id: u32) -> bool {
        self.asking.contains_key(&id)
    }

    /// Why there is no answer for that id, when the registry was asked and gave none.
    pub fn outage(&self, id: u32) -> Option<String> {
        let reason = self.outages.get(&id)?;
        Some(format!(
            "the schema registry does not answer for schema id {id}: {reason}"
        ))
    }

    /// Notes an answer. Returns the partition that paid the grace.
    fn asked(&mut self, id: u32) -> Option<i32> {
        if self.outages.remove(&id).is_some() {
            tracing::info!(schema.id = id, "the schema registry answers again");
        }
        self.asking.remove(&id).flatten()
    }

    fn learn(&mut self, id: u32, schema_type: &str, text: &str) -> Arc<WriterSchema> {
        let writer = Arc::new(WriterSchema::of(schema_type, text));
        self.known.insert(id, writer.clone());
        writer
    }
}

async fn ask(registry: Arc<Registry>, id: u32, grace: Duration, answers: mpsc::Sender<Answer>) {
    let mut backoff = backoff();
    let mut tries_left = if grace.is_zero() { 1 } else { TRIES };
    loop {
        let wait = match registry.schema(id).await {
            Ok(schema) => {
                let _ = answers.send(Answer::Schema(id, schema));
                return;
            }
            Err(RegistryError::Unknown(_)) if tries_left <= 1 => {
                let _ = answers.send(Answer::Unknown(id));
                return;
            }
            Err(RegistryError::Unknown(_)) => {
                tries_left -= 1;
                grace / (TRIES - 1)
            }
            Err(RegistryError::Outage(reason)) => {
                if answers.send(Answer::Outage(id, reason)).is_err() {
                    // The projection has stopped.
                    return;
                }
                backoff.next().unwrap_or(Duration::from_secs(10))
            }
        };
        tokio::time::sleep(wait).await;
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
mod tests {
    use super::*;

    fn lookup(store: Store) -> Lookup {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Port 9 (discard) of this machine: nobody listens.
        let registry = Arc::new(Registry::at("http://127.0.0.1:9").expect("a client"));
        Lookup::new(registry, store, Handle::current(), Duration::ZERO)
    }

    #[tokio::test]
    async fn an_id_that_no_registry_can_have_is_unknown_without_asking() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut lookup = lookup(Store::open(dir.path()).expect("a store"));
        assert!(matches!(lookup.get(u32::MAX, 0), Some(Known::Unknown)));
        assert!(!lookup.is_asking(u32::MAX));
    }

    #[tokio::test]
    async fn a_stored_schema_is_known_while_the_registry_is_away() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        store
            .remember_schema(7, "AVRO", crate::schemas::LINEAGE[0])
            .expect("stored");
        let mut lookup = lookup(store);
        assert!(matches!(lookup.get(7, 0), Some(Known::Writer(writer)) if *writer == WriterSchema::Ours));
        assert!(
            lookup.get(8, 0).is_none() && lookup.is_asking(8),
            "an outage is no answer"
        );
    }
}
