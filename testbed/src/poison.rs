//! Invalid records, written to a topic; the writer remembers what it wrote and where.

use std::collections::HashSet;

use anyhow::Context;
pub use clap::ValueEnum;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::frame;
use orderlog_contract::rejection::Code;
use orderlog_kafka::partition::Partitioner;
pub use sandbox::poison::Kind;
use sandbox::poison::{FAR_SCHEMA_ID, TopicInfo, records};

use crate::log::Header;
use crate::registry::Registry;
use crate::servers::Servers;
use crate::topics::Topics;
use crate::writer::{NewRecord, Writer};
use crate::{events, log};

/// An invalid record in the topic.
#[derive(Clone, Debug)]
pub struct Poisoned {
    /// Partition and offset.
    pub place: (i32, i64),
    /// What was written.
    pub record: NewRecord,
    /// The code that it must be dead-lettered with.
    pub code: Code,
}

/// A writer of invalid records.
pub struct Poisoner {
    writer: Writer,
    facts: TopicInfo,
}

impl Poisoner {
    /// A writer for that topic, which must exist.
    ///
    /// # Errors
    /// If the broker or the registry does not answer.
    pub async fn new(servers: &Servers, topic: &str) -> anyhow::Result<Self> {
        let registry = Registry::new(&servers.registry)?;
        let facts = TopicInfo {
            partitions: Topics::new(&servers.kafka)?.partitions(topic)?,
            partitioner: Partitioner::default(),
            schema_id: registry.ours(topic).await?,
            next_schema_id: FAR_SCHEMA_ID,
            other_schema_id: registry.greeting().await?,
        };
        Ok(Self {
            writer: Writer::new(&servers.kafka, topic)?,
            facts,
        })
    }

    /// The id of our schema.
    pub fn schema_id(&self) -> u32 {
        self.facts.schema_id
    }

    /// Writes a record of that kind with those headers, for an order that nobody else writes. (Some kinds need a good
    /// record first; it is not returned.)
    ///
    /// # Errors
    /// If the broker does not take it.
    pub async fn write(&self, kind: Kind, order_id: &str, headers: &[Header]) -> anyhow::Result<Poisoned> {
        let mut last = None;
        for record in records(kind, order_id, self.facts)? {
            let (partition, key, value) = (Some(record.partition), Some(record.key), Some(record.value));
            let own = record
                .headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), Some(value)));
            let headers = if record.is_good { &[] } else { headers };
            let headers = own.chain(headers.iter().cloned()).collect();
            let record = NewRecord {
                partition,
                key,
                value,
                headers,
            };
            last = Some((self.writer.write(&record).await?, record));
        }
        let (place, record) = last.with_context(|| format!("{kind:?} has no records"))?;
        Ok(Poisoned {
            place,
            record,
            code: kind.code(),
        })
    }

    /// Writes a given record, which must be invalid with that code.
    ///
    /// # Errors
    /// If the broker does not take it.
    pub async fn write_as_is(&self, record: NewRecord, code: Code) -> anyhow::Result<Poisoned> {
        Ok(Poisoned {
            place: self.writer.write(&record).await?,
            record,
            code,
        })
    }

    /// Every proper prefix of an event's record, beginning with the empty one, each with its code. They are not written
    /// yet.
    ///
    /// # Errors
    /// If the event cannot be encoded.
    pub fn prefixes(&self, event: &OrderEvent) -> anyhow::Result<Vec<(NewRecord, Code)>> {
        let whole = events::record(self.facts.schema_id, event)?;
        let value = whole.value.clone().unwrap_or_default();
        let prefix = |length: usize| {
            let code = if length < frame::HEADER_LEN {
                Code::NotFramed
            } else {
                Code::Undecodable
            };
            (
                NewRecord {
                    value: Some(value[..length].to_vec()),
                    ..whole.clone()
                },
                code,
            )
        };
        Ok((0..value.len()).map(prefix).collect())
    }
}

/// The places of those records.
pub fn places(poisoned: &[Poisoned]) -> HashSet<(i32, i64)> {
    poisoned.iter().map(|poisoned| poisoned.place).collect()
}

/// The place of the original record, from the headers that Spring's tools read.
///
/// # Errors
/// If they are missing.
pub fn origin(dead_letter: &log::Record) -> anyhow::Result<(i32, i64)> {
    let bytes = |name: &str| {
        let header = dead_letter.headers.iter().rev().find(|(other, _)| other == name);
        header
            .and_then(|(_, value)| value.as_deref())
            .with_context(|| format!("the dead letter at {:?} has no {name}", dead_letter.place()))
    };
    let partition = i32::from_be_bytes(bytes("kafka_dlt-original-partition")?.try_into()?);
    Ok((
        partition,
        i64::from_be_bytes(bytes("kafka_dlt-original-offset")?.try_into()?),
    ))
}
