//! Where a record is in its topic. Pure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name of a topic, in bytes: Kafka allows no longer one.
const MAX_TOPIC_BYTES: usize = 249;

/// The position of a record in its topic, and its timestamp there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970-01-01 UTC; `None` when it has none.
    pub timestamp: Option<i64>,
    /// Who set the timestamp.
    pub timestamp_type: TimestampType,
}

/// `topic-partition-offset`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.topic, self.partition, self.offset)
    }
}

/// The position of a record, as `topic-partition-offset`. That is part of the store's keys: what parses has a topic that Kafka
/// would accept, so its length is bounded, and is written in one way only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordPosition {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl fmt::Display for RecordPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.topic, self.partition, self.offset)
    }
}

impl FromStr for RecordPosition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.rsplitn(3, '-');
        let mut next = || parts.next();
        let (offset, partition, topic) = (next(), next(), next());
        let parsed = topic.filter(|topic| is_topic(topic)).and_then(|topic| {
            Some(Self {
                topic: topic.to_owned(),
                partition: i32::try_from(partition.and_then(number)?).ok()?,
                offset: offset.and_then(number)?,
            })
        });
        parsed.ok_or("must be <topic>-<partition>-<offset>, such as order-events-0-17")
    }
}

/// Whether Kafka would accept a topic of that name.
pub(super) fn is_topic(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_TOPIC_BYTES).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// A number in its only form: digits without leading zeros.
fn number(digits: &str) -> Option<i64> {
    let is_canonical = digits == "0" || !digits.starts_with('0');
    let is_number = is_canonical && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// Who set a record's timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimestampType {
    /// There is no timestamp.
    #[default]
    NoTimestampType,
    /// The producer.
    CreateTime,
    /// The broker.
    LogAppendTime,
}

impl TimestampType {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::NoTimestampType, Self::CreateTime, Self::LogAppendTime];

    /// Its name in Kafka's Java client (`TimestampType.name`).
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoTimestampType => "NoTimestampType",
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_back_from_its_text() {
        let longest = format!("{}-0-0", "t".repeat(249));
        for text in [
            "t-0-0",
            "order-events-3-17",
            "a.b_c-1-2-3",
            "--0-9223372036854775807",
            &longest,
        ] {
            assert_eq!(
                text.parse::<RecordPosition>().map(|read| read.to_string()).as_deref(),
                Ok(text)
            );
        }
        let read: RecordPosition = "order-events-3-17".parse().expect("a position");
        assert_eq!(
            (read.topic.as_str(), read.partition, read.offset),
            ("order-events", 3, 17)
        );
    }

    #[test]
    fn what_kafka_would_not_accept_as_a_position_is_refused() {
        let too_long = format!("{}-0-0", "t".repeat(250));
        for text in [
            "",
            "t",
            "t-0",
            "-0-0",
            "t--0",
            "t-0-",
            "t-00-0",
            "t-0-01",
            "t-+1-0",
            "t-2147483648-0",
            "t-0-9223372036854775808",
            "a b-0-0",
            "é-0-0",
            "t\0-0-0",
            &too_long,
            &"0".repeat(70_000),
        ] {
            assert!(text.parse::<RecordPosition>().is_err(), "{text:?}");
        }
    }
}
