//! Records that are invalid and can be repaired: in the wrong partition, where a replay suffices, and in a schema that is
//! registered only later.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use orderlog_contract::lineage;
use sandbox::poison::{Kind, TopicInfo, records};

use super::Operator;
use crate::cluster::TOPIC;
use crate::management::LateSchema;
use testbed::client::Client;
use testbed::log;
use testbed::registry::Registry;
use testbed::wait::{LONG, until};
use testbed::writer::NewRecord;

/// How many schemas are registered late in a run.
pub const MAX_LATE: usize = 6;
/// How many records are written in each.
const RECORDS: usize = 3;

/// Records whose schema is not registered.
pub struct Pending {
    id: u32,
    schema: String,
    keys: Vec<String>,
}

impl Operator<'_> {
    /// Writes valid events to the wrong partition.
    ///
    /// # Errors
    /// If they cannot be recorded.
    pub(super) async fn misplace(&self, step: u32) -> anyhow::Result<()> {
        for n in 0..RECORDS {
            let key = format!("MISPLACED-{step}-{n}");
            for record in records(Kind::WrongPartition, &key, self.injector.facts())? {
                let record = NewRecord {
                    partition: Some(record.partition),
                    key: Some(record.key),
                    value: Some(record.value),
                    headers: vec![("stranger".to_owned(), None)],
                };
                self.injector.send("misplaced", true, record).await?;
            }
        }
        Ok(())
    }

    /// Writes events in a schema that is not registered; `None` if the registry or the broker does not answer.
    ///
    /// # Errors
    /// If they cannot be recorded.
    pub(super) async fn write_late(&self, step: u32) -> anyhow::Result<Option<Pending>> {
        // No registry tells which id is next; the next one is known from the last one.
        let probe = format!(r#"{{"type":"record","name":"Probe{step}","fields":[]}}"#);
        let registry = Registry::new(&self.registry)?;
        let Ok(last) = registry.register(&format!("probe-{step}-value"), &probe).await else {
            return Ok(None);
        };
        let facts = TopicInfo {
            next_schema_id: last + 1,
            ..self.injector.facts()
        };
        let mut pending = Pending {
            id: last + 1,
            schema: String::new(),
            keys: Vec::new(),
        };
        for n in 0..RECORDS {
            let key = format!("LATE-{step}-{n}");
            let record = records(Kind::UnregisteredSchema, &key, facts)?
                .pop()
                .context("no record")?;
            let headers: Vec<_> = record
                .headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), Some(value)))
                .collect();
            if let Some((_, Some(schema))) = headers.first() {
                pending.schema = String::from_utf8(schema.clone())?;
            }
            let record = NewRecord {
                partition: Some(record.partition),
                key: Some(record.key),
                value: Some(record.value),
                headers,
            };
            let place = self.injector.send("late", true, record).await?;
            pending.keys.extend(place.map(|_| key));
        }
        Ok(Some(pending))
    }

    /// Registers the schema of such records once all of them were rejected, and nothing is under way that could be judged
    /// before or after. Returns whether that was so.
    ///
    /// # Errors
    /// If the registry does not take it, or it cannot be recorded.
    pub(super) async fn register(&self, client: &Client, pending: &Pending) -> anyhow::Result<bool> {
        if self.look(client).await != Some(0) || !self.is_read(client).await {
            return Ok(false);
        }
        for key in &pending.keys {
            let listed = client.get(&format!("/dlq/messages?orderId={key}&state=any")).await;
            let listed = listed.map(|answer| answer.value()).unwrap_or_default();
            if listed["messages"].as_array().is_none_or(Vec::is_empty) {
                return Ok(false);
            }
        }
        let registry = Registry::new(&self.registry)?;
        let registered = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let subject = lineage::subject(TOPIC);
        let id = until("the registry takes a schema", LONG, async || {
            registry.register(&subject, &pending.schema).await
        })
        .await?;
        anyhow::ensure!(
            id == pending.id,
            "the registry gave the id {id} instead of {}",
            pending.id
        );
        self.late.push(LateSchema { id, registered })?;
        Ok(true)
    }

    /// Whether order-service has read everything that is on the topic.
    pub(super) async fn is_read(&self, client: &Client) -> bool {
        let (Ok(ends), Ok(stats)) = (log::ends(&self.kafka, TOPIC).await, client.stats().await) else {
            return false;
        };
        (0..).zip(&ends).all(|(n, end)| {
            let seen = stats.partitions.iter().find(|seen| seen.partition == n);
            seen.is_some_and(|seen| seen.position >= *end)
        })
    }
}
