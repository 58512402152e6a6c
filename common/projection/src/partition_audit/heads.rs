//! Reading the oldest records of each partition, up to the limits.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use orderlog_contract::frame;
use orderlog_kafka::headers;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use super::evidence::{OldRecord, PartitionHead};
use crate::start_error::StartError;

/// How long reading the oldest records may take, and how long the broker may take for one answer.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for the first record of a batch.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// How many records of each partition are weighed. Partitions are only ever added, so the oldest records are the
/// evidence.
const MAX_RECORDS: usize = 500;
/// How many of each are read to find those: others, such as barriers, say nothing about the partitioning.
const MAX_READ: usize = 20_000;
/// How much is read in total, in bytes of keys and values.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// How many records are taken at once.
const BATCH_RECORDS: usize = 2_000;

/// One partition, while its head is read.
struct Reading {
    head: PartitionHead,
    /// How many of its records were read.
    read: usize,
    /// The partition's end when it began.
    end: i64,
}

/// First offset and end of each partition.
///
/// # Errors
/// When the broker does not answer.
pub(super) fn bounds(reader: &LogReader, partitions: i32) -> Result<Vec<(i64, i64)>, StartError> {
    (0..partitions)
        .map(|partition| reader.bounds(partition, READ_TIMEOUT))
        .collect::<Result<_, _>>()
        .map_err(|error| failed(reader, error))
}

/// The heads of the partitions between those bounds.
///
/// # Errors
/// When they cannot be read yet.
pub(super) fn read(reader: &LogReader, bounds: &[(i64, i64)]) -> Result<Vec<PartitionHead>, StartError> {
    let from = (0..).zip(bounds).filter(|(_, (first, end))| first < end);
    reader
        .assign(from.map(|(partition, (first, _))| (partition, *first)))
        .map_err(|error| failed(reader, error))?;
    let heads = read_assigned(reader, bounds);
    reader.assign([]).map_err(|error| failed(reader, error))?;
    heads
}

fn read_assigned(reader: &LogReader, bounds: &[(i64, i64)]) -> Result<Vec<PartitionHead>, StartError> {
    let mut readings: Vec<Reading> = bounds.iter().map(|bounds| Reading::new(*bounds)).collect();
    let until = Instant::now() + READ_TIMEOUT;
    let mut bytes = 0;
    while readings.iter().any(Reading::is_open) && bytes < MAX_BYTES && Instant::now() < until {
        for event in reader.next_batch(BATCH_RECORDS, POLL_TIMEOUT) {
            let (partition, record) = match &event {
                LogEvent::Record(record) => (record.partition(), Some(record)),
                LogEvent::End { partition, .. } => (*partition, None),
                LogEvent::OutOfRange | LogEvent::TopicMissing | LogEvent::TopicRecreated => {
                    let topic = reader.topic();
                    return Err(StartError::Retry(anyhow!(
                        "topic {topic} changed while its oldest records were being read"
                    )));
                }
            };
            let reading = usize::try_from(partition).ok().and_then(|n| readings.get_mut(n));
            if let Some(reading) = reading.filter(|reading| reading.is_open()) {
                bytes += reading.take(record);
            }
        }
        // The client may have learned of it in the meantime.
        if let Some(reason) = reader.denied() {
            return Err(StartError::Retry(anyhow!("{reason}")));
        }
    }
    let unread = readings
        .iter()
        .position(|reading| reading.read == 0 && !reading.head.is_whole);
    match unread {
        Some(partition) if bytes < MAX_BYTES => Err(StartError::Retry(anyhow!(
            "the oldest records of topic {}, partition {partition} did not arrive within {} s",
            reader.topic(),
            READ_TIMEOUT.as_secs()
        ))),
        _ => Ok(readings.into_iter().map(|reading| reading.head).collect()),
    }
}

fn failed(reader: &LogReader, error: anyhow::Error) -> StartError {
    match StartError::of_broker(error) {
        StartError::Retry(error) => {
            StartError::Retry(error.context(format!("reading the oldest records of topic {}", reader.topic())))
        }
        other => other,
    }
}

impl Reading {
    fn new((first, end): (i64, i64)) -> Self {
        Self {
            head: PartitionHead {
                records: Vec::new(),
                is_whole: first >= end,
            },
            read: 0,
            end,
        }
    }

    fn is_open(&self) -> bool {
        !self.head.is_whole && self.head.records.len() < MAX_RECORDS && self.read < MAX_READ
    }

    /// Processes a record, or `None` for the partition's end. Returns the record's size in bytes.
    fn take(&mut self, record: Option<&BorrowedMessage<'_>>) -> usize {
        let Some(record) = record else {
            self.head.is_whole = true;
            return 0;
        };
        self.read += 1;
        // Others, such as tombstones, say nothing about a producer's partitioner, and may have been written by hand.
        let own = record.headers();
        let header = |name: &str| headers::last(own?, name);
        let is_framed = record.payload().is_some_and(|value| frame::read(value, header).is_ok());
        if let Some(key) = record.key().filter(|_| is_framed) {
            self.head.records.push(OldRecord {
                timestamp: record.timestamp().to_millis().unwrap_or(i64::MIN),
                offset: record.offset(),
                key: key.to_vec(),
            });
        }
        self.head.is_whole |= record.offset() + 1 >= self.end;
        record.payload_len() + record.key_len()
    }
}
