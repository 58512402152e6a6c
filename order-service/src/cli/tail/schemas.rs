//! The schemas that records name, from the registry; each is asked for once.

use std::collections::HashMap;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use orderlog_avro::{Schema, SchemaText};
use orderlog_contract::frame::SchemaRef;
use orderlog_contract::rejection::Code;
use orderlog_registry::{Registry, RegistryError};
use tokio::time::{sleep, timeout};

/// How many schemas are kept. A topic has a few; a foreign producer may name any number.
const MAX_KEPT: usize = 1_000;
/// How long that the registry has no such schema is believed.
const MISSING_FOR: Duration = Duration::from_secs(5);
/// How long a registry that does not respond is waited for, before its records are shown without their events.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// How long it is asked, and then not asked, for further records, until it responds.
const ONE_TRY: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// What is known of a schema.
#[derive(Debug)]
pub enum Known {
    /// Data can be read with it.
    Readable {
        /// The schema.
        schema: Box<Schema>,
        /// Its version in the topic's subject, if it has one.
        version: Option<u32>,
    },
    /// No data can be read with it, and why.
    Unusable(Code, String),
    /// The registry does not respond, and why.
    Unreachable(String),
}

/// The schemas, and where to ask for them.
pub struct Schemas {
    registry: Registry,
    /// Subjects of which a version is meant, the most likely first.
    subjects: Vec<String>,
    known: HashMap<SchemaRef, (Known, Option<Instant>)>,
    was_silent: bool,
}

impl Schemas {
    /// The schemas of that registry.
    pub fn new(registry: Registry, subjects: Vec<String>) -> Self {
        Self {
            registry,
            subjects,
            known: HashMap::new(),
            was_silent: false,
        }
    }

    /// The schema. Where the registry does not respond, it is waited for once; `note` is told what for.
    pub async fn get(&mut self, named: SchemaRef, note: &mut impl FnMut(&str)) -> &Known {
        let is_kept = |until: &Option<Instant>| until.is_none_or(|until| Instant::now() < until);
        if !self.known.get(&named).is_some_and(|(_, until)| is_kept(until)) {
            let found = self.look_up(named, note).await;
            let until = match found {
                Known::Readable { .. } => None,
                Known::Unusable(Code::UnknownSchemaId, _) => Some(Instant::now() + MISSING_FOR),
                Known::Unusable(..) => None,
                Known::Unreachable(_) => Some(Instant::now() + ONE_TRY),
            };
            if self.known.len() >= MAX_KEPT {
                self.known.clear();
            }
            self.known.insert(named, (found, until));
        }
        &self.known[&named].0
    }

    async fn look_up(&mut self, named: SchemaRef, note: &mut impl FnMut(&str)) -> Known {
        let wait = if self.was_silent { ONE_TRY } else { FIRST_WAIT };
        let begun = Instant::now();
        let mut noted = self.was_silent;
        let mut why = "no response in time".to_owned();
        while begun.elapsed() < wait {
            match timeout(wait.saturating_sub(begun.elapsed()), self.ask(named)).await {
                Ok(Ok(known)) => {
                    self.was_silent = false;
                    return known;
                }
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => break,
            }
            if !noted {
                note(&format!("waiting for the schema registry (SCHEMA_REGISTRY_URL): {why}"));
                noted = true;
            }
            sleep(PAUSE).await;
        }
        self.was_silent = true;
        Known::Unreachable(format!("the schema registry does not respond for {named}: {why}"))
    }

    async fn ask(&self, named: SchemaRef) -> Result<Known, RegistryError> {
        let found = match named {
            SchemaRef::Id(id) => self.registry.schema(id).await.map(Some),
            SchemaRef::Guid(guid) => self.registry.schema_of_guid(guid).await,
        };
        let text = match found {
            Ok(Some(text)) => text,
            Ok(None) => {
                let reason = format!("the registry cannot look up {named}: it does not support GUIDs");
                return Ok(Known::Unusable(Code::UnknownSchemaId, reason));
            }
            Err(RegistryError::Unknown(reason)) => return Ok(Known::Unusable(Code::UnknownSchemaId, reason)),
            Err(outage) => return Err(outage),
        };
        Ok(match parse(&text) {
            Ok(schema) => Known::Readable {
                schema: Box::new(schema),
                version: match named.id() {
                    Some(id) => self.version(id).await?,
                    None => None,
                },
            },
            Err(reason) => Known::Unusable(Code::WrongSchema, format!("{named} cannot be read: {reason}")),
        })
    }

    /// The version of an id: in the subject that is meant, or else in the only one that there is.
    async fn version(&self, id: u32) -> Result<Option<u32>, RegistryError> {
        let versions = self.registry.versions_of_id(id).await?;
        let of = |subject: &String| versions.iter().find(|it| it.subject == *subject);
        let meant = self.subjects.iter().find_map(of);
        let only = (versions.len() == 1).then(|| versions.first()).flatten();
        Ok(meant.or(only).map(|it| it.version))
    }
}

fn parse(text: &SchemaText) -> Result<Schema, String> {
    // Nothing in it is known to panic, but foreign text must not be able to end this.
    match catch_unwind(|| Schema::parse_lenient(text)) {
        Ok(parsed) => parsed.map_err(|error| error.to_string()),
        Err(_) => Err("the parser panicked".to_owned()),
    }
}
