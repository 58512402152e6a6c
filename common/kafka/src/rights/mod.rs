//! What the brokers' authorizer denies this service, by ACL: as its clients find out, and as the brokers say when asked
//! ([`watch`]). What follows from it is decided elsewhere.

mod ask;
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::statistics::Statistics;
pub use watch::{Need, watch};

/// How long a denied write counts as denied without being confirmed: then the next one may try. Longer than the interval
/// at which the brokers are asked.
const BELIEVED: Duration = Duration::from_secs(10);

/// Something that an account may be allowed to do. Displays as the sentence for an account that is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Describe a topic.
    See(String),
    /// Read a topic.
    Read(String),
    /// Write a topic.
    Write(String),
    /// Write as an idempotent producer.
    WriteIdempotently,
    /// Create a topic.
    Create(String),
    /// Describe a topic's configuration.
    SeeSettings(String),
    /// Describe the brokers' configuration.
    SeeBrokers,
    /// Commit offsets as a group.
    Commit(String),
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::See(topic) => write!(f, "not allowed to see topic {topic} (ACL Describe on topic {topic})"),
            Self::Read(topic) => write!(f, "not allowed to read topic {topic} (ACL Read on topic {topic})"),
            Self::Write(topic) => write!(f, "not allowed to write topic {topic} (ACL Write on topic {topic})"),
            Self::WriteIdempotently => f.write_str(
                "not allowed to write as an idempotent producer (ACL IdempotentWrite on the cluster; from Kafka 2.8 on Write on the topic is enough)",
            ),
            Self::Create(topic) => write!(f, "not allowed to create topic {topic} (ACL Create on topic {topic})"),
            Self::SeeSettings(topic) => write!(
                f,
                "not allowed to see the settings of topic {topic} (ACL DescribeConfigs on topic {topic})"
            ),
            Self::SeeBrokers => {
                f.write_str("not allowed to see the brokers' settings (ACL DescribeConfigs on the cluster)")
            }
            Self::Commit(group) => write!(
                f,
                "not allowed to commit offsets as group {group}, so lag tools see no progress (ACL Read on group {group})"
            ),
        }
    }
}

impl Right {
    /// Explains an error code: that this is not allowed, or what the code says.
    pub fn explain(&self, code: RDKafkaErrorCode) -> String {
        if is_refusal(code) {
            self.to_string()
        } else {
            code.to_string()
        }
    }
}

/// Whether the authorizer denied the request.
pub fn is_refusal(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
    )
}

/// The permissions that this service needs and lacks. Shared by clones.
#[derive(Clone, Default)]
pub struct Rights(Arc<Mutex<BTreeMap<Right, Believed>>>);

/// Until when a denial holds without being confirmed; `None`: until the permission is granted.
type Believed = Option<Instant>;

impl Rights {
    /// Notes that a permission is missing, until it is [granted](Self::grant).
    pub fn lack(&self, right: &Right) {
        self.note(right, None);
    }

    /// Notes that a broker denied a write, for a limited time: nothing is written meanwhile, so no write could show that
    /// it is allowed again.
    pub fn lack_write(&self, topic: &str) {
        self.note(&Right::Write(topic.to_owned()), Some(Instant::now() + BELIEVED));
    }

    /// Notes that a permission is granted.
    pub fn grant(&self, right: &Right) {
        if self.lock().remove(right).is_some() {
            tracing::info!(right = ?right, "kafka permission granted");
        }
    }

    /// Takes note of a producer's fatal error. Returns whether it means that writing is denied.
    pub fn hear_fatal(&self, code: RDKafkaErrorCode) -> bool {
        let refused = code == RDKafkaErrorCode::ClusterAuthorizationFailed;
        if refused {
            self.lack(&Right::WriteIdempotently);
        }
        refused
    }

    /// Takes note of a producer's statistics.
    pub fn hear_producer(&self, statistics: &Statistics) {
        // It has a producer id (librdkafka, STATISTICS.md), which brokers give only to those that may write.
        if statistics.eos.as_ref().is_some_and(|eos| eos.idemp_state == "Assigned") {
            self.grant(&Right::WriteIdempotently);
        }
    }

    /// Whether that permission is missing.
    pub fn lacks(&self, right: &Right) -> bool {
        !self.find(|lacking| lacking == right).is_empty()
    }

    /// One sentence for each missing permission.
    pub fn reasons(&self) -> Vec<String> {
        self.find(|_| true)
    }

    /// Why that topic cannot be described, read or written as needed; `None` when it can.
    pub fn refusal(&self, topic: &str) -> Option<String> {
        let stands_in_the_way = |right: &Right| match right {
            Right::See(of) | Right::Read(of) | Right::Write(of) => of == topic,
            Right::WriteIdempotently => true,
            Right::Create(_) | Right::SeeSettings(_) | Right::SeeBrokers | Right::Commit(_) => false,
        };
        self.find(stands_in_the_way).into_iter().next()
    }

    fn find(&self, wanted: impl Fn(&Right) -> bool) -> Vec<String> {
        let now = Instant::now();
        let lacking = self.lock();
        let believed = lacking
            .iter()
            .filter(|(right, until)| wanted(right) && until.is_none_or(|until| now < until));
        believed.map(|(right, _)| right.to_string()).collect()
    }

    fn note(&self, right: &Right, until: Believed) {
        if self.lock().insert(right.clone(), until).is_none() {
            tracing::warn!(reason = %right, "kafka permission denied");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Right, Believed>> {
        // A panic cannot leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.reasons()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_missing_until_it_is_granted_and_names_the_acl() {
        let rights = Rights::default();
        let read = Right::Read("orders".to_owned());
        rights.lack(&read);
        rights.lack(&Right::Commit("cart-service".to_owned()));
        let refusal = rights.refusal("orders").expect("a reason");
        assert_eq!(refusal, "not allowed to read topic orders (ACL Read on topic orders)");
        assert_eq!(rights.refusal("others"), None);
        assert_eq!(rights.reasons().len(), 2);
        rights.grant(&read);
        assert_eq!(
            rights.refusal("orders"),
            None,
            "reading and writing need no commits"
        );
        assert!(rights.reasons()[0].contains("ACL Read on group cart-service"));
    }

    #[test]
    fn a_producer_that_was_given_an_id_may_write() {
        let rights = Rights::default();
        assert!(rights.hear_fatal(RDKafkaErrorCode::ClusterAuthorizationFailed));
        assert!(
            rights
                .refusal("orders")
                .expect("no")
                .contains("IdempotentWrite on the cluster")
        );
        let statistics = |state: &str| Statistics {
            eos: Some(rdkafka::statistics::ExactlyOnceSemantics {
                idemp_state: state.to_owned(),
                ..Default::default()
            }),
            ..Statistics::default()
        };
        rights.hear_producer(&statistics("FatalError"));
        assert!(rights.refusal("orders").is_some());
        rights.hear_producer(&statistics("Assigned"));
        assert_eq!(rights.refusal("orders"), None);
        assert!(
            !rights.hear_fatal(RDKafkaErrorCode::OutOfOrderSequenceNumber),
            "that is no denial"
        );
    }

    #[test]
    fn an_error_names_the_permission_only_when_the_authorizer_caused_it() {
        let write = Right::Write("orders".to_owned());
        let refused = write.explain(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(refused.contains("ACL Write on topic orders"), "{refused}");
        let late = write.explain(RDKafkaErrorCode::MessageTimedOut);
        assert!(!late.contains("ACL"), "{late}");
    }
}
