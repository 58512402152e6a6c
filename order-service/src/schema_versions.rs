//! The versions of our subject as the registry has them, asked for at most every few seconds, however many clients want
//! to know.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use orderlog_avro::SchemaText;
use orderlog_contract::lineage;
use orderlog_projection::store::{Store, StoreError};
use orderlog_registry::{RegisteredVersion, Registry};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many versions are listed: the newest.
const MAX_VERSIONS: usize = 100;
/// How long an answer of the registry is shown.
const FRESH: Duration = Duration::from_secs(2);
/// How long the registry may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What the registry says about our subject.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Its newest versions, the oldest first, as of the registry's last answer.
    pub versions: Vec<RegisteredVersion>,
    /// The compatibility level in force; `None` where the registry does not tell.
    pub compatibility: Option<String>,
    /// Why the registry does not tell now.
    pub error: Option<String>,
}

/// What the registry said last, and when.
type LastAnswer = Option<(Instant, Arc<Subject>)>;

/// The versions of our subject. Clones share the last answer.
#[derive(Clone)]
pub struct SchemaVersions {
    registry: Arc<Registry>,
    name: Arc<str>,
    last: Arc<Mutex<LastAnswer>>,
    /// One request asks the registry; others wait for its answer.
    asking: Arc<Semaphore>,
}

impl SchemaVersions {
    /// The versions of that subject; asks for nothing yet.
    pub fn new(registry: Arc<Registry>, name: &str) -> Self {
        Self {
            registry,
            name: name.into(),
            last: Arc::default(),
            asking: Arc::new(Semaphore::new(1)),
        }
    }

    /// The subject's name.
    pub fn subject(&self) -> &str {
        &self.name
    }

    /// What the registry says now, or has said within [`FRESH`].
    pub async fn get(&self) -> Arc<Subject> {
        if let Some(fresh) = self.fresh() {
            return fresh;
        }
        let _asking = self.asking.acquire().await;
        // Somebody else may have asked meanwhile.
        if let Some(fresh) = self.fresh() {
            return fresh;
        }
        let subject = Arc::new(self.ask().await);
        *self.last() = Some((Instant::now(), subject.clone()));
        subject
    }

    async fn ask(&self) -> Subject {
        let versions = async {
            let versions = self.registry.versions(&self.name, MAX_VERSIONS).await?;
            Ok((versions, self.registry.compatibility_level(&self.name).await))
        };
        let asked = match timeout(TIMEOUT, versions).await {
            Ok(asked) => asked.map_err(|error: orderlog_registry::RegistryError| error.to_string()),
            Err(_) => Err(format!(
                "the schema registry at {} did not answer within {} seconds",
                self.registry.urls(),
                TIMEOUT.as_secs()
            )),
        };
        match asked {
            Ok((versions, compatibility)) => Subject {
                versions,
                compatibility,
                error: None,
            },
            Err(error) => {
                let known = self.last().as_ref().map(|(_, subject)| subject.clone());
                let known = known.as_deref().cloned().unwrap_or_default();
                Subject {
                    error: Some(error),
                    ..known
                }
            }
        }
    }

    fn fresh(&self) -> Option<Arc<Subject>> {
        let last = self.last();
        let (at, subject) = last.as_ref()?;
        (at.elapsed() < FRESH).then(|| subject.clone())
    }

    fn last(&self) -> MutexGuard<'_, Option<(Instant, Arc<Subject>)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version numbers of those schema ids, without asking the registry: as it said last, otherwise as our own lineage
    /// has them. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    pub fn numbers(&self, store: &Store, ids: impl Iterator<Item = u32>) -> Result<BTreeMap<u32, u32>, StoreError> {
        let known = self
            .last()
            .as_ref()
            .map(|(_, subject)| subject.clone())
            .unwrap_or_default();
        let mut numbers = BTreeMap::new();
        for id in ids {
            if numbers.contains_key(&id) {
                continue;
            }
            let said = known.versions.iter().find(|version| version.id == id);
            let number = match said {
                Some(version) => Some(version.version),
                None => own_version(store, id)?,
            };
            numbers.extend(number.map(|number| (id, number)));
        }
        Ok(numbers)
    }
}

/// Which version of our lineage that id stands for, as far as the store knows.
fn own_version(store: &Store, id: u32) -> Result<Option<u32>, StoreError> {
    for (number, schema) in lineage::numbered() {
        if store.schemas().is_meaning(id, &schema)? == Some(true) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Whether that schema writes the same bytes as one of our lineage.
pub fn is_ours(schema: &SchemaText) -> bool {
    lineage::numbered().any(|(_, ours)| ours.writes_the_same_as(schema))
}
