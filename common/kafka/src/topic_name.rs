//! A topic's name.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// The topic of the order events, unless configured otherwise.
pub(crate) const DEFAULT_TOPIC: &str = "order-events";

/// The name of a topic that Kafka accepts (`org.apache.kafka.common.internals.Topic`): 1 to 249 characters of
/// `a-z A-Z 0-9 . _ -`, and not `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicName(String);

/// A text that is not a topic's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a topic's name has 1 to 249 of the characters a-z A-Z 0-9 . _ - and is not . or ..")]
pub struct InvalidTopicName;

impl TopicName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TopicName {
    fn default() -> Self {
        Self(DEFAULT_TOPIC.to_owned())
    }
}

impl FromStr for TopicName {
    type Err = InvalidTopicName;

    fn from_str(name: &str) -> Result<Self, InvalidTopicName> {
        let fits = (1..=249).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if fits && name != "." && name != ".." {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidTopicName)
        }
    }
}

impl Deref for TopicName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_rule_for_names_holds() {
        for name in ["order-events", "a", "A.b_c-9", "...", &"x".repeat(249)] {
            assert_eq!(name.parse::<TopicName>().as_deref(), Ok(name));
        }
        for name in ["", ".", "..", "a b", "a/b", "é", "a\n", &"x".repeat(250)] {
            assert!(name.parse::<TopicName>().is_err(), "{name}");
        }
        assert_eq!(TopicName::default().as_str(), "order-events");
    }
}
