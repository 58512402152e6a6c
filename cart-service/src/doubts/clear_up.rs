//! Resolving orders: the registry is queried again, and records whose schema it knows by now are re-read. An order is given
//! up for its age only when the registry has just confirmed that it knows none of the schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use orderlog_contract::decode::WriterSchema;
use orderlog_projection::schema_id_audit::SchemaIdAudit;
use orderlog_projection::store::LearnError;
use orderlog_projection::{SkippedRecord, View};
use orderlog_registry::RegistryError;
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;

use super::Doubts;

/// Interval between two checks.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Most schema ids queried in one check.
const MOST_IDS: usize = 500;
/// Most orders given up or re-read in one check.
const MOST_DOUBTS: usize = 10_000;

/// Name of the task.
pub(crate) const CLEARING_UP: &str = "resolving orders";

/// The registry's answers.
#[derive(Default)]
struct Asked {
    known: BTreeSet<u32>,
    unknown: BTreeSet<u32>,
    /// Whether it did not answer, which ended the check.
    outage: bool,
}

impl Doubts {
    /// Resolves orders for as long as the service runs.
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
                tracing::error!(error = format!("{error:#}"), "checking unresolved orders failed");
                false
            });
        }
    }

    /// Returns whether the registry did not answer.
    async fn look(&self, registry: &SchemaIdAudit, view: &View, life: &Supervisor) -> anyhow::Result<bool> {
        let doubts = self.clone();
        let ids = life.blocking(CLEARING_UP, move || doubts.ids()).await??;
        let asked = ask(registry, view, life, ids).await?;
        let outage = asked.outage;
        let doubts = self.clone();
        let partitions = life.blocking(CLEARING_UP, move || doubts.sort_out(&asked)).await??;
        for (partition, records) in partitions {
            // What cannot be re-read now is retried at the next check: the orders stay unresolved until the rewind has begun.
            view.rewind(partition, records).await;
        }
        Ok(outage)
    }

    /// The unknown schema ids, or a part of them when there are many: those of expired orders first, then others at random.
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

    /// Gives up what is expired and still unknown. Returns the records that can be read by now, by partition.
    fn sort_out(&self, asked: &Asked) -> anyhow::Result<BTreeMap<i32, Vec<SkippedRecord>>> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut partitions: BTreeMap<i32, Vec<SkippedRecord>> = BTreeMap::new();
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
                records.push(SkippedRecord {
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

/// Queries ids until the registry does not answer. What it knows is stored, so that the projection need not ask.
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
