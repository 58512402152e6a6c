//! A topic that was given more partitions after it was written to: an order's events lie in two of them then. A store
//! remembers how many there were; a new one has only the records themselves, so it looks at the oldest before it reads any.
//! The same records show that writers divide the topic by another rule than this service was told.

mod evidence;

use std::time::{Duration, Instant};

use evidence::{Beginning, FEWEST, FirstRecord, Grown, grown, other_rule};
use orderlog_contract::frame;
use orderlog_kafka::headers;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use orderlog_kafka::partition::{Partitioner, Partitioning};
use rdkafka::Message;

use super::prepare::{COPY_IT, NotReady};

/// How long reading the oldest records may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many records of each partition are weighed. More partitions come later, so if any are from before, these are.
const MOST: usize = 500;
/// How many of each are looked at to find those: others, such as barriers, say nothing of how the topic is divided.
const MOST_LOOKED_AT: usize = 20_000;
/// How much is read for it, in bytes of keys and values.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How many records are taken in one go.
const BATCH: usize = 2_000;

/// Looks at the topic's oldest records.
///
/// # Errors
/// They lie as in a topic of fewer partitions, or as another rule lays them, which is for an operator to mend; or they cannot
/// be read yet.
pub(super) fn check(reader: &LogReader, partitioner: Partitioner, partitions: i32) -> Result<(), NotReady> {
    let yet =
        |error: anyhow::Error| NotReady::Yet(format!("the oldest records of topic {}: {error:#}", reader.topic()));
    let bounds = (0..partitions)
        .map(|partition| reader.bounds(partition, PATIENCE))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| yet(error.into()))?;
    let records: i64 = bounds.iter().map(|(first, end)| end - first).sum();
    if partitions == 1 || records < FEWEST {
        return Ok(());
    }
    let from = (0..).zip(&bounds).filter(|(_, (first, end))| first < end);
    reader
        .assign(from.map(|(partition, (first, _))| (partition, *first)))
        .map_err(yet)?;
    let beginnings = beginnings(reader, &bounds);
    reader.assign([]).map_err(yet)?;
    let partitioning = Partitioning {
        partitioner,
        partitions,
    };
    let beginnings = beginnings?;
    // First: it explains more of the records where both could.
    if let Some(other) = other_rule(partitioning, &beginnings) {
        return Err(NotReady::Halt(other_rule_sentence(reader.topic(), partitioner, other)));
    }
    match grown(partitioning, &beginnings) {
        None => Ok(()),
        Some(grown) => Err(NotReady::Halt(sentence(reader.topic(), partitions, &grown))),
    }
}

/// The beginnings of the partitions, as far as the limits let them be read.
fn beginnings(reader: &LogReader, bounds: &[(i64, i64)]) -> Result<Vec<Beginning>, NotReady> {
    let empty = |(first, end): &(i64, i64)| Beginning {
        records: Vec::new(),
        whole: first >= end,
    };
    let mut beginnings: Vec<Beginning> = bounds.iter().map(empty).collect();
    let mut looked_at = vec![0; beginnings.len()];
    let until = Instant::now() + PATIENCE;
    let mut bytes = 0;
    let is_open = |beginning: &Beginning, looked_at: usize| {
        !beginning.whole && beginning.records.len() < MOST && looked_at < MOST_LOOKED_AT
    };
    let any_open = |beginnings: &[Beginning], looked_at: &[usize]| {
        beginnings
            .iter()
            .zip(looked_at)
            .any(|(beginning, looked_at)| is_open(beginning, *looked_at))
    };
    while any_open(&beginnings, &looked_at) && bytes < MOST_BYTES && Instant::now() < until {
        for seen in reader.next_batch(BATCH, Duration::from_millis(50)) {
            let (partition, record) = match seen {
                LogEvent::Record(record) => (record.partition(), Some(record)),
                LogEvent::End { partition, .. } => (partition, None),
                LogEvent::OutOfRange | LogEvent::TopicMissing | LogEvent::TopicRecreated => {
                    let reason = format!("topic {} is not what it was a moment ago", reader.topic());
                    return Err(NotReady::Yet(reason));
                }
            };
            let at = usize::try_from(partition).unwrap_or(usize::MAX);
            let (Some(beginning), Some((_, end)), Some(looked_at)) =
                (beginnings.get_mut(at), bounds.get(at), looked_at.get_mut(at))
            else {
                continue;
            };
            let open = is_open(beginning, *looked_at);
            let Some(record) = record.filter(|_| open) else {
                beginning.whole |= open;
                continue;
            };
            *looked_at += 1;
            bytes += record.payload_len() + record.key_len();
            // Others, such as a null for a key, say nothing of who wrote them, and may be by hand.
            let own = record.headers();
            let header = |name: &str| headers::last(own?, name);
            let is_framed = record.payload().is_some_and(|value| frame::read(value, header).is_ok());
            if let Some(key) = record.key().filter(|_| is_framed) {
                beginning.records.push(FirstRecord {
                    timestamp: record.timestamp().to_millis().unwrap_or(i64::MIN),
                    offset: record.offset(),
                    key: key.to_vec(),
                });
            }
            beginning.whole |= record.offset() + 1 >= *end;
        }
        // Told by the client on the way.
        if let Some(reason) = reader.denied() {
            return Err(NotReady::Yet(reason));
        }
    }
    let unread = beginnings
        .iter()
        .zip(looked_at)
        .position(|(beginning, looked_at)| looked_at == 0 && !beginning.whole);
    match unread {
        Some(partition) if bytes < MOST_BYTES => Err(NotReady::Yet(format!(
            "the oldest records of topic {}, partition {partition} did not come within {} s",
            reader.topic(),
            PATIENCE.as_secs()
        ))),
        _ => Ok(beginnings),
    }
}

fn other_rule_sentence(topic: &str, ours: Partitioner, other: Partitioner) -> String {
    format!(
        "the records of topic {topic} lie in the partitions where {other} lays their keys, and this service was started with {ours}: what it reads and writes would be in other partitions than what others do. Start it with KAFKA_PARTITIONER={other} (--kafka-partitioner); where the topic's writers are wrong, correct them and copy the events to a new topic, each under its key"
    )
}

fn sentence(topic: &str, partitions: i32, grown: &Grown) -> String {
    let Grown {
        before,
        partition,
        offset,
        home,
    } = grown;
    format!(
        "topic {topic} has {partitions} partitions, but its oldest records lie as in a topic of {before} (the key at offset {offset} of partition {partition} belongs to partition {home} now): it was given more partitions after it was written to, so an order's events may lie in two. {COPY_IT}"
    )
}
