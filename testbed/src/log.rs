//! A topic as it is in the broker, read with a plain consumer, bypassing the services.

use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::wait::LONG;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A header: its name and its value, which may be null.
pub type Header = (String, Option<Vec<u8>>);

/// A record in a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp: milliseconds since 1970-01-01 UTC.
    pub timestamp: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<Header>,
}

impl Record {
    /// Its partition and offset.
    pub fn place(&self) -> (i32, i64) {
        (self.partition, self.offset)
    }

    /// The last header with that name, as text; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        header(&self.headers, name)
    }
}

/// The last header with that name, as text; empty if there is none.
pub fn header(headers: &[Header], name: &str) -> String {
    let last = headers.iter().rev().find(|(other, _)| other == name);
    let value = last.and_then(|(_, value)| value.as_deref());
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

/// All records of a topic, by partition and offset, up to the current ends of its partitions. Aborted transactions are
/// left out.
///
/// # Errors
/// If the broker does not deliver everything in time.
pub async fn read(kafka: &str, topic: &str) -> anyhow::Result<Vec<Record>> {
    let (kafka, topic) = (kafka.to_owned(), topic.to_owned());
    tokio::task::spawn_blocking(move || read_blocking(&kafka, &topic).with_context(|| format!("reading topic {topic}")))
        .await?
}

/// The end of each partition of a topic: the offset of the next record.
///
/// # Errors
/// If the broker does not answer, or there is no such topic.
pub async fn ends(kafka: &str, topic: &str) -> anyhow::Result<Vec<i64>> {
    let (kafka, topic) = (kafka.to_owned(), topic.to_owned());
    tokio::task::spawn_blocking(move || {
        let consumer = consumer(&kafka)?;
        let end = |partition| Ok(consumer.fetch_watermarks(&topic, partition, TIMEOUT)?.1);
        (0..partitions(&consumer, &topic)?).map(end).collect()
    })
    .await?
}

/// The record at that partition and offset.
///
/// # Errors
/// If the broker does not deliver it in that time.
pub async fn read_at(kafka: &str, topic: &str, place: (i32, i64), limit: Duration) -> anyhow::Result<Record> {
    let (kafka, topic) = (kafka.to_owned(), topic.to_owned());
    tokio::task::spawn_blocking(move || {
        let consumer = consumer(&kafka)?;
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(&topic, place.0, Offset::Offset(place.1))?;
        consumer.assign(&from)?;
        let begun = Instant::now();
        while begun.elapsed() < limit {
            // An error may pass; the timeout bounds it.
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                return Ok(record(&message));
            }
        }
        anyhow::bail!("nothing at {place:?} of topic {topic} in time")
    })
    .await?
}

fn read_blocking(kafka: &str, topic: &str) -> anyhow::Result<Vec<Record>> {
    let consumer = consumer(kafka)?;
    let count = partitions(&consumer, topic)?;
    let mut from = TopicPartitionList::new();
    for partition in 0..count {
        from.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&from)?;
    let (mut records, mut ended, begun) = (Vec::new(), 0, Instant::now());
    while ended < count {
        anyhow::ensure!(
            begun.elapsed() < LONG,
            "{ended} of {count} partitions read to the end, {} records",
            records.len()
        );
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => records.push(record(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
    records.sort_by_key(Record::place);
    Ok(records)
}

fn consumer(kafka: &str) -> anyhow::Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", kafka)
        // A client needs a group; nothing is ever committed to it.
        .set("group.id", "orderlog-testbed")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed");
    config.create().context("a Kafka consumer")
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> anyhow::Result<i32> {
    let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT)?;
    let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    anyhow::ensure!(count > 0, "there is no topic {topic}");
    Ok(i32::try_from(count)?)
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Record {
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect(),
    }
}
