//! Clearing doubts up: the registry is asked again, and what it knows by now is read again. A doubt is dropped for its age
//! only when the registry has just said once more that it knows none of its schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use orderlog_contract::decode::WriterSchema;
use orderlog_projection::schema_id_audit::SchemaIdAudit;
use orderlog_projection::store::LearnError;
use orderlog_projection::{PassedOver, View};
use orderlog_registry::RegistryError;
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;

use super::Doubts;

/// Between two times that the registry is asked.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Most schema ids that are asked for each time.
const MOST_IDS: usize = 500;
/// Most doubts that are dropped, or whose records are read again, each time.
const MOST_DOUBTS: usize = 10_000;

/// What is told of a panic.
pub(crate) const CLEARING_UP: &str = "clearing up orders in doubt";

/// What the registry said.
#[derive(Default)]
struct Asked {
    known: BTreeSet<u32>,
    unknown: BTreeSet<u32>,
    /// Whether it gave no answer, so that it was asked no further.
    outage: bool,
}

impl Doubts {
    /// Clears doubts up for as long as the service lives.
    pub(crate) async fn clear_up(self, registry: SchemaIdAudit, view: View, life: Supervisor) {
        let mut outage = false;
        loop {
            if outage {
                registry.registry().back_off(ASK_EVERY).await;
            } else {
                tokio::time::sleep(ASK_EVERY).await;
            }
            crash_point::reached(Point::DoubtsTurn);
            outage = self.look(&registry, &view, &life).await.unwrap_or_else(|error| {
                tracing::error!(
                    error = format!("{error:#}"),
                    "orders in doubt could not be looked through"
                );
                false
            });
        }
    }

    /// Returns whether the registry gave no answer.
    async fn look(&self, registry: &SchemaIdAudit, view: &View, life: &Supervisor) -> anyhow::Result<bool> {
        let doubts = self.clone();
        let ids = life.blocking(CLEARING_UP, move || doubts.ids()).await??;
        let asked = ask(registry, view, life, ids).await?;
        let outage = asked.outage;
        let doubts = self.clone();
        let partitions = life.blocking(CLEARING_UP, move || doubts.sort_out(&asked)).await??;
        for (partition, records) in partitions {
            // What cannot be read again now is tried at the next look: its doubts stay until the reading has begun.
            view.reread(partition, records).await;
        }
        Ok(outage)
    }

    /// The schema ids of all doubts, or some when they are many: those of old doubts first, others each time.
    fn ids(&self) -> anyhow::Result<Vec<u32>> {
        let (mut old, mut young) = (BTreeSet::new(), BTreeSet::new());
        let mut count = 0;
        for entry in self.all() {
            let (_, doubt) = entry?;
            count += 1;
            if self.is_old(&doubt) { &mut old } else { &mut young }.extend(doubt.schema_ids);
        }
        self.counted(count);
        let mut ids = Vec::with_capacity(old.len() + young.len());
        for some in [old, young] {
            let begin = ids.len();
            ids.extend(some);
            fastrand::shuffle(&mut ids[begin..]);
        }
        ids.truncate(MOST_IDS);
        Ok(ids)
    }

    /// Drops what is old and still unknown. Returns the records that can be read by now, by partition.
    fn sort_out(&self, asked: &Asked) -> anyhow::Result<BTreeMap<i32, Vec<PassedOver>>> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut partitions: BTreeMap<i32, Vec<PassedOver>> = BTreeMap::new();
        let mut transaction = self.store.begin();
        let mut left = MOST_DOUBTS;
        for entry in self.all() {
            let (order_id, doubt) = entry?;
            if left == 0 {
                break;
            }
            if doubt.schema_ids.iter().any(|id| asked.known.contains(id)) {
                left -= 1;
                let records = partitions.entry(doubt.partition).or_default();
                records.push(PassedOver {
                    order_id,
                    offset: doubt.offset,
                });
            } else if self.is_old(&doubt) && doubt.schema_ids.iter().all(|id| asked.unknown.contains(id)) {
                left -= 1;
                self.drop_one(&mut transaction, &order_id);
            }
        }
        transaction.commit()?;
        Ok(partitions)
    }
}

/// Asks for ids until the registry gives no answer. What it knows is remembered, so that the projection need not ask.
async fn ask(registry: &SchemaIdAudit, view: &View, life: &Supervisor, ids: Vec<u32>) -> anyhow::Result<Asked> {
    let mut asked = Asked::default();
    for id in ids {
        match registry.schema(id).await {
            Ok(schema) => {
                let store = view.store().clone();
                let learn = move || {
                    let writer = Arc::new(WriterSchema::of(&schema));
                    store.learn_schema(id, &schema, writer)
                };
                match life.blocking(CLEARING_UP, learn).await? {
                    Ok(()) => asked.known.insert(id),
                    Err(LearnError::AnotherMeaning(id)) => {
                        registry.contradicted(id);
                        asked.outage = true;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                };
            }
            Err(RegistryError::Unknown(_)) => {
                asked.unknown.insert(id);
            }
            Err(RegistryError::Outage(_)) => {
                asked.outage = true;
                break;
            }
        }
    }
    Ok(asked)
}
