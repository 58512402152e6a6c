//! Records that are written to the topic behind the services' backs while everything else runs: poisoned ones, copies
//! of existing ones, and ones without a value. They are sent directly to the broker, which may be down at that moment.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use orderlog_kafka::partition::Partitioner;
use sandbox::poison::{FAR_SCHEMA_ID, Kind, TopicInfo, records};

use crate::cluster::TOPIC;
use crate::faults::Fault;
use crate::history::{Class, Clock, InjectedRecord, Op, Recorder};
use testbed::api_types::Written;
use testbed::log;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::writer::{NewRecord, Writer};

/// Maximum time that the broker, which may be down or starting, may take. A record that it has not accepted by then is
/// given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(25);
/// The kind of a copy of an existing record.
pub const COPY: &str = "duplicate";
/// How many of the last acknowledged writes a copy is chosen from.
const RECENT_WRITES: usize = 200;

/// A writer of such records.
pub struct Injector {
    kafka: String,
    writer: Writer,
    facts: TopicInfo,
    count: AtomicUsize,
    copies: AtomicUsize,
    clock: Clock,
    pub written: Recorder<InjectedRecord>,
}

impl Injector {
    /// A writer for the topic, which must exist.
    ///
    /// # Errors
    /// If the broker or the registry does not answer.
    pub async fn new(
        kafka: &str,
        registry: &str,
        written: Recorder<InjectedRecord>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let registry = Registry::new(registry)?;
        let facts = TopicInfo {
            partitions: Topics::new(kafka)?.partitions(TOPIC)?,
            partitioner: Partitioner::default(),
            schema_id: registry.ours(TOPIC).await?,
            next_schema_id: FAR_SCHEMA_ID,
            other_schema_id: registry.greeting().await?,
        };
        let timeout = SEND_TIMEOUT.as_millis().to_string();
        let settings = [
            ("message.timeout.ms", timeout.as_str()),
            ("reconnect.backoff.max.ms", "500"),
            // Written exactly once, even if a retry is needed, because the copies of an event are counted.
            ("enable.idempotence", "true"),
        ];
        let writer = Writer::with(kafka, TOPIC, &settings)?;
        Ok(Self {
            kafka: kafka.to_owned(),
            writer,
            facts,
            count: AtomicUsize::new(0),
            copies: AtomicUsize::new(0),
            clock,
            written,
        })
    }

    /// The facts that decide whether a record is usable.
    pub fn facts(&self) -> TopicInfo {
        self.facts
    }

    /// Writes the record of that fault; does nothing for other faults.
    ///
    /// # Errors
    /// If it cannot be built. A broker that does not take it is not an error.
    pub async fn write(&self, fault: &Fault, history: &Recorder<Op>) -> anyhow::Result<()> {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::Poison(kind) => self.poison(kind, n).await,
            Fault::Tombstone => {
                let key = Some(format!("STRANGER-{n}").into_bytes());
                self.send(
                    "tombstone",
                    false,
                    NewRecord {
                        key,
                        ..NewRecord::default()
                    },
                )
                .await
                .map(drop)
            }
            Fault::Duplicate => self.duplicate(history).await,
            _ => Ok(()),
        }
    }

    async fn poison(&self, name: &str, n: usize) -> anyhow::Result<()> {
        let named = |kind: &&Kind| format!("{kind:?}") == name;
        let kind = *Kind::value_variants()
            .iter()
            .find(named)
            .context("unknown kind of poison")?;
        for record in records(kind, &format!("STRANGER-{n}"), self.facts)? {
            let poisoned = !record.is_good;
            // Also a value that is not text, a null one, and a repeated name.
            let headers = [
                ("stranger", Some(n.to_be_bytes().to_vec())),
                ("x", None),
                ("x", Some(vec![0, 0xff])),
            ];
            let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
            let (partition, key, value) = (Some(record.partition), Some(record.key), Some(record.value));
            let landed = self
                .send(
                    name,
                    poisoned,
                    NewRecord {
                        partition,
                        key,
                        value,
                        headers,
                    },
                )
                .await?;
            // The next one is invalid only if this one exists.
            if landed.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Writes one of the last acknowledged events again.
    async fn duplicate(&self, history: &Recorder<Op>) -> anyhow::Result<()> {
        let n = self.copies.fetch_add(1, Ordering::Relaxed);
        let chosen = history.ask(|ops| to_copy(ops, n));
        let Some(chosen) = chosen else { return Ok(()) };
        let place = (chosen.partition, chosen.offset);
        // If the broker does not answer, nothing can be copied.
        let Ok(original) = log::read_at(&self.kafka, TOPIC, place, SEND_TIMEOUT).await else {
            return Ok(());
        };
        let (key, value, headers) = (original.key, original.value, original.headers);
        self.send(
            COPY,
            false,
            NewRecord {
                partition: Some(place.0),
                key,
                value,
                headers,
            },
        )
        .await
        .map(drop)
    }

    /// Writes as many invalid records to a partition, at once.
    ///
    /// # Errors
    /// If they cannot be recorded.
    pub async fn flood(&self, partition: i32, count: usize) -> anyhow::Result<()> {
        let record = |n| NewRecord {
            partition: Some(partition),
            ..NewRecord::of(&format!("FLOOD-{partition}-{n}"), "this is not Avro")
        };
        let records: Vec<NewRecord> = (0..count).map(record).collect();
        let sent = records.iter().map(|record| self.writer.send(record));
        let sent = sent.collect::<anyhow::Result<Vec<_>>>()?;
        for (record, report) in records.into_iter().zip(sent) {
            let place = report.await.ok().and_then(Result::ok);
            self.note("flood", true, place, record)?;
        }
        Ok(())
    }

    /// Writes and records it; returns where it is if the broker acknowledged it.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub async fn send(&self, kind: &str, poisoned: bool, record: NewRecord) -> anyhow::Result<Option<(i32, i64)>> {
        let place = self.writer.write(&record).await.ok();
        self.note(kind, poisoned, place, record)?;
        Ok(place)
    }

    fn note(&self, kind: &str, poisoned: bool, place: Option<(i32, i64)>, record: NewRecord) -> anyhow::Result<()> {
        let NewRecord {
            key, value, headers, ..
        } = record;
        self.written.push(InjectedRecord {
            kind: kind.to_owned(),
            at: self.clock.now(),
            poisoned,
            place,
            key,
            value,
            headers,
        })
    }
}

/// Which acknowledged event to copy: a different one each time, and mostly one that is followed by a later version of
/// its order, because such a copy comes too late to matter.
fn to_copy(ops: &[Op], n: usize) -> Option<Written> {
    let acknowledged = ops.iter().rev().filter(|op| op.is_write() && op.class == Class::Ok);
    let told: Vec<Written> = acknowledged.filter_map(Op::written).take(RECENT_WRITES).collect();
    let mut newest: HashMap<&str, i32> = HashMap::new();
    for told in &told {
        let version = newest.entry(&told.order_id).or_default();
        *version = told.order.version.max(*version);
    }
    let is_old = |told: &&Written| told.order.version < newest[told.order_id.as_str()];
    let mut chosen: Vec<&Written> = told.iter().filter(is_old).collect();
    if n % 4 == 3 || chosen.is_empty() {
        chosen = told.iter().collect();
    }
    chosen.get(n * 7 % chosen.len().max(1)).map(|told| (*told).clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::good_run;

    #[test]
    fn most_copies_are_of_events_that_a_later_version_follows() {
        let history = good_run::run().history;
        let copied = (0..40).filter_map(|n| to_copy(&history, n));
        let (old, new): (Vec<_>, Vec<_>) = copied.partition(|told| told.order_id == "A" && told.order.version < 4);
        assert!(
            old.len() >= 30 && !new.is_empty(),
            "{} old, {} new",
            old.len(),
            new.len()
        );
        assert_eq!(to_copy(&[], 3), None);
    }
}
