//! Where to begin reading: what `--from` says, as an offset of each partition.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::ensure;
use orderlog_contract::timestamp;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use rdkafka::Message;

/// How long the broker may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that the topic still has.
    Beginning,
    /// Behind the newest record.
    End,
    /// At that offset of every partition.
    Offset(i64),
    /// At those offsets of those partitions; no others are read.
    Offsets(BTreeMap<i32, i64>),
    /// At the first record with that timestamp or a later one, in milliseconds since 1970-01-01 UTC; not negative, which brokers
    /// do not take.
    Time(i64),
}

/// The text is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be beginning, end, an offset (17), offsets by partition, each once (0:17,3:40: only those are read), or a time (2026-01-02T03:04:05Z)"
)]
pub struct InvalidStart;

impl FromStr for Start {
    type Err = InvalidStart;

    fn from_str(text: &str) -> Result<Self, InvalidStart> {
        let offset = |text: &str| text.parse::<i64>().ok().filter(|offset| *offset >= 0);
        let by_partition = |text: &str| {
            let mut offsets = BTreeMap::new();
            for pair in text.split(',') {
                let (partition, from) = pair.trim().split_once(':')?;
                let partition = partition.parse::<i32>().ok().filter(|partition| *partition >= 0)?;
                if offsets.insert(partition, offset(from)?).is_some() {
                    return None;
                }
            }
            Some(offsets)
        };
        match text {
            "beginning" => Ok(Self::Beginning),
            "end" => Ok(Self::End),
            _ => (offset(text).map(Self::Offset))
                .or_else(|| timestamp::parse(text).map(|at| Self::Time(at.max(0))))
                .or_else(|| by_partition(text).map(Self::Offsets))
                .ok_or(InvalidStart),
        }
    }
}

/// What is to be read of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the next record.
    pub next: i64,
    /// Where it ended when reading began.
    pub end: i64,
    /// Records before this time are passed over until one is not.
    pub not_before: Option<i64>,
}

/// The spans of those partitions of a topic. `another` makes another reader of it, for a look at its newest records: librdkafka
/// may abort if a reader is assigned other offsets as soon as it has begun to read.
///
/// # Errors
/// A partition does not exist, or the broker does not answer.
pub fn spans(
    reader: &LogReader,
    start: &Start,
    partitions: &[i32],
    count: i32,
    another: impl FnOnce() -> anyhow::Result<LogReader>,
) -> anyhow::Result<BTreeMap<i32, Span>> {
    if let Start::Offsets(offsets) = start
        && let Some((&last, _)) = offsets.last_key_value()
    {
        ensure!(
            last < count,
            "--from names partition {last}, but topic {} has the partitions 0 to {}",
            reader.topic(),
            count - 1
        );
    }
    let mut spans = BTreeMap::new();
    // The starts of the partitions in which the broker finds no record of that time.
    let mut without = BTreeMap::new();
    for &partition in partitions {
        let bounds = reader.bounds(partition, TIMEOUT)?;
        let from = match start {
            Start::Beginning => bounds.0,
            Start::End => bounds.1,
            Start::Offset(offset) => *offset,
            Start::Offsets(offsets) => match offsets.get(&partition) {
                Some(offset) => *offset,
                None => continue,
            },
            Start::Time(millis) => match reader.offset_at(partition, *millis, TIMEOUT)? {
                Some(offset) => offset,
                None => {
                    without.insert(partition, bounds.0);
                    bounds.1
                }
            },
        };
        let span = Span {
            next: from.clamp(bounds.0, bounds.1),
            end: bounds.1,
            not_before: None,
        };
        spans.insert(partition, span);
    }
    without.retain(|partition, start| spans[partition].end > *start);
    if let Start::Time(millis) = start
        && !without.is_empty()
    {
        // A broker that cannot look for times (librdkafka's mock) says that there is none, too: then the newest record shows it.
        let newest = without.keys().map(|partition| (*partition, spans[partition].end - 1));
        for partition in newest_since(&another()?, newest.collect(), *millis)? {
            if let (Some(span), Some(start)) = (spans.get_mut(&partition), without.get(&partition)) {
                span.next = *start;
                span.not_before = Some(*millis);
            }
        }
    }
    Ok(spans)
}

/// The partitions whose newest record, at that offset, has that timestamp or a later one. Where a marker of a transaction is at
/// that offset, there is none.
fn newest_since(reader: &LogReader, mut newest: BTreeMap<i32, i64>, millis: i64) -> anyhow::Result<Vec<i32>> {
    reader.assign(newest.clone())?;
    let until = Instant::now() + TIMEOUT;
    let mut found = Vec::new();
    while !newest.is_empty() && Instant::now() < until {
        for event in reader.next_batch(newest.len(), Duration::from_millis(500)) {
            match event {
                LogEvent::Record(record) => {
                    let is_since = record.timestamp().to_millis().is_some_and(|at| at >= millis);
                    if newest.remove(&record.partition()).is_some() && is_since {
                        found.push(record.partition());
                    }
                }
                LogEvent::End { partition, .. } => drop(newest.remove(&partition)),
                LogEvent::OutOfRange | LogEvent::TopicMissing | LogEvent::TopicRecreated => return Ok(found),
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_say_where_to_begin_is_read() {
        let offsets = |pairs: &[(i32, i64)]| Ok(Start::Offsets(pairs.iter().copied().collect()));
        for (text, start) in [
            ("beginning", Ok(Start::Beginning)),
            ("end", Ok(Start::End)),
            ("0", Ok(Start::Offset(0))),
            ("17", Ok(Start::Offset(17))),
            ("0:17", offsets(&[(0, 17)])),
            ("3:40, 0:17", offsets(&[(0, 17), (3, 40)])),
            ("1970-01-01T00:00:01Z", Ok(Start::Time(1_000))),
            ("1970-01-01T01:00:01+01:00", Ok(Start::Time(1_000))),
            ("0001-01-01T00:00:00Z", Ok(Start::Time(0))),
            ("0:5,0:7", Err(InvalidStart)),
            ("", Err(InvalidStart)),
            ("-1", Err(InvalidStart)),
            ("0:", Err(InvalidStart)),
            ("0:-1", Err(InvalidStart)),
            ("-1:0", Err(InvalidStart)),
            ("today", Err(InvalidStart)),
            ("2026-01-02", Err(InvalidStart)),
        ] {
            assert_eq!(text.parse(), start, "{text}");
        }
    }
}
