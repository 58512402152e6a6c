//! Resolving orders: the registry is queried again, and records whose schema it knows by then are re-read. An order is
//! given up because of its age only if the registry has just confirmed that it knows none of the schemas.

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

use super::{MAX_NAMED, UnresolvedOrders};

/// Interval between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum number of schema ids queried in one check.
const MAX_SCHEMA_IDS: usize = 500;
/// Maximum number of orders given up or re-read in one check.
const MAX_ORDERS: usize = 10_000;

/// Name of the task.
pub(crate) const RESOLVING: &str = "resolving orders";

/// The registry's answers.
#[derive(Default)]
struct Answers {
    known: BTreeSet<u32>,
    unknown: BTreeSet<u32>,
    /// Whether the registry did not answer, which ended the check.
    outage: bool,
}

impl UnresolvedOrders {
    /// Resolves orders for as long as the service runs.
    pub(crate) async fn resolve(self, audit: SchemaIdAudit, view: View, supervisor: Supervisor) {
        let mut outage = false;
        loop {
            if outage {
                audit.registry().back_off(CHECK_INTERVAL).await;
            } else {
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
            crash_point::reached(Point::UnresolvedOrdersTurn);
            outage = self.check(&audit, &view, &supervisor).await.unwrap_or_else(|error| {
                tracing::error!(error = format!("{error:#}"), "checking unresolved orders failed");
                false
            });
        }
    }

    /// Returns whether the registry did not answer.
    async fn check(&self, audit: &SchemaIdAudit, view: &View, supervisor: &Supervisor) -> anyhow::Result<bool> {
        let orders = self.clone();
        let ids = supervisor
            .spawn_blocking(RESOLVING, move || orders.unknown_schema_ids())
            .await??;
        let answers = query(audit, view, supervisor, ids).await?;
        let outage = answers.outage;
        let orders = self.clone();
        let partitions = supervisor
            .spawn_blocking(RESOLVING, move || orders.sort_out(&answers))
            .await??;
        for (partition, records) in partitions {
            // Records that cannot be re-read now are retried at the next check: their orders stay unresolved until the
            // rewind has begun.
            view.rewind(partition, records).await;
        }
        Ok(outage)
    }

    /// The unknown schema ids, or a part of them when there are many: those of expired orders first, then others at random.
    fn unknown_schema_ids(&self) -> anyhow::Result<Vec<u32>> {
        let (mut expired, mut others) = (BTreeSet::new(), BTreeSet::new());
        let mut count = 0;
        let mut named = BTreeMap::new();
        for entry in self.all() {
            let (order_id, order) = entry?;
            count += 1;
            if named.len() < MAX_NAMED {
                named.insert(order_id, order.clone());
            }
            if self.is_expired(&order) {
                &mut expired
            } else {
                &mut others
            }
            .extend(order.schema_ids);
        }
        self.set_count(count);
        self.name(named);
        let mut ids = Vec::with_capacity(expired.len() + others.len());
        for some in [expired, others] {
            let begin = ids.len();
            ids.extend(some);
            fastrand::shuffle(&mut ids[begin..]);
        }
        ids.truncate(MAX_SCHEMA_IDS);
        Ok(ids)
    }

    /// Gives up orders that are expired and whose schemas are still unknown. Returns the records that can be read now,
    /// by partition.
    fn sort_out(&self, answers: &Answers) -> anyhow::Result<BTreeMap<i32, Vec<SkippedRecord>>> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut partitions: BTreeMap<i32, Vec<SkippedRecord>> = BTreeMap::new();
        let mut removed = Vec::new();
        let mut left = MAX_ORDERS;
        for entry in self.all() {
            let (order_id, order) = entry?;
            if left == 0 {
                break;
            }
            if order.schema_ids.iter().any(|id| answers.known.contains(id)) {
                left -= 1;
                let records = partitions.entry(order.partition).or_default();
                records.push(SkippedRecord {
                    order_id,
                    offset: order.offset,
                });
            } else if self.is_expired(&order) && order.schema_ids.iter().all(|id| answers.unknown.contains(id)) {
                left -= 1;
                removed.push(self.remove(&order_id));
            }
        }
        self.table.commit(&removed)?;
        Ok(partitions)
    }
}

/// Queries ids until the registry does not answer. Known schemas are stored, so that the projection need not ask.
async fn query(audit: &SchemaIdAudit, view: &View, supervisor: &Supervisor, ids: Vec<u32>) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    for id in ids {
        match audit.schema(id).await {
            Ok(schema) => {
                let store = view.store().clone();
                let learn = move || {
                    let writer = Arc::new(WriterSchema::new(&schema));
                    store.schemas().learn(id, &schema, writer)
                };
                match supervisor.spawn_blocking(RESOLVING, learn).await? {
                    Ok(()) => answers.known.insert(id),
                    Err(LearnError::SchemaIdReassigned(id)) => {
                        audit.report_conflict(id);
                        answers.outage = true;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                };
            }
            Err(RegistryError::Unknown(_)) => {
                answers.unknown.insert(id);
            }
            Err(RegistryError::Outage(_)) => {
                answers.outage = true;
                break;
            }
        }
    }
    Ok(answers)
}
