//! What the brokers' authorizer does not let this service do, in the words of its ACLs: as its clients are told, and as the
//! brokers say when they are asked ([`watch`]). What follows from it is decided elsewhere.

mod ask;
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::statistics::Statistics;
pub use watch::{Need, watch};

/// How long a refused write is believed in without hearing of it again: then the next one may try. Longer than the brokers
/// are asked apart.
const BELIEVED: Duration = Duration::from_secs(10);

/// Something that an account may be allowed to do. It shows as the sentence for an account that is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// See that a topic is there.
    See(String),
    /// Read a topic.
    Read(String),
    /// Write a topic.
    Write(String),
    /// Write as an idempotent producer.
    WriteIdempotently,
    /// Create a topic.
    Create(String),
    /// See a topic's settings.
    SeeSettings(String),
    /// See the brokers' settings.
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
    /// What to say of an answer with that code: that this is not allowed, or what the code says.
    pub fn explain(&self, code: RDKafkaErrorCode) -> String {
        if is_refusal(code) {
            self.to_string()
        } else {
            code.to_string()
        }
    }
}

/// Whether that is an authorizer's word.
pub fn is_refusal(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
    )
}

/// The rights that this service needs and does not have. Clones share them.
#[derive(Clone, Default)]
pub struct Rights(Arc<Mutex<BTreeMap<Right, Believed>>>);

/// Until when a refusal is believed in; `None`: until the contrary is heard.
type Believed = Option<Instant>;

impl Rights {
    /// Notes that a right is missing, until it is [granted](Self::grant).
    pub fn lack(&self, right: &Right) {
        self.note(right, None);
    }

    /// Notes that a broker refused a write. Nobody may write any more then, so nobody would hear that it is allowed again:
    /// it is believed in for a while.
    pub fn lack_write(&self, topic: &str) {
        self.note(&Right::Write(topic.to_owned()), Some(Instant::now() + BELIEVED));
    }

    /// Notes that a right is there.
    pub fn grant(&self, right: &Right) {
        if self.lock().remove(right).is_some() {
            tracing::info!(right = ?right, "the kafka broker allows it now");
        }
    }

    /// Takes in that a producer has met a fatal error. Returns whether it was not allowed to write.
    pub fn hear_fatal(&self, code: RDKafkaErrorCode) -> bool {
        let refused = code == RDKafkaErrorCode::ClusterAuthorizationFailed;
        if refused {
            self.lack(&Right::WriteIdempotently);
        }
        refused
    }

    /// Takes in a producer's statistics.
    pub fn hear_producer(&self, statistics: &Statistics) {
        // It has a producer id (librdkafka, STATISTICS.md), which the broker gives to those who may write.
        if statistics.eos.as_ref().is_some_and(|eos| eos.idemp_state == "Assigned") {
            self.grant(&Right::WriteIdempotently);
        }
    }

    /// Whether that right is missing.
    pub fn lacks(&self, right: &Right) -> bool {
        !self.find(|lacking| lacking == right).is_empty()
    }

    /// One sentence for each right that is missing.
    pub fn reasons(&self) -> Vec<String> {
        self.find(|_| true)
    }

    /// Why that topic cannot be seen, read, or written by those who must; `None` when it can.
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
            tracing::warn!(reason = %right, "the kafka broker refuses");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Right, Believed>> {
        // Every change of the map is whole when the lock is given back.
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
    fn a_right_is_missing_until_it_is_granted_and_shows_what_to_grant() {
        let rights = Rights::default();
        let read = Right::Read("orders".to_owned());
        rights.lack(&read);
        rights.lack(&Right::Commit("cart-service".to_owned()));
        let refusal = rights.refusal("orders").expect("it cannot be read");
        assert_eq!(refusal, "not allowed to read topic orders (ACL Read on topic orders)");
        assert_eq!(rights.refusal("others"), None);
        assert_eq!(rights.reasons().len(), 2);
        rights.grant(&read);
        assert_eq!(
            rights.refusal("orders"),
            None,
            "nobody needs to commit to read or write"
        );
        assert!(rights.reasons()[0].contains("ACL Read on group cart-service"));
    }

    #[test]
    fn a_producer_that_has_its_id_may_write() {
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
            "that is no refusal"
        );
    }

    #[test]
    fn an_answer_is_explained_by_the_right_only_when_the_authorizer_gave_it() {
        let write = Right::Write("orders".to_owned());
        let refused = write.explain(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(refused.contains("ACL Write on topic orders"), "{refused}");
        let late = write.explain(RDKafkaErrorCode::MessageTimedOut);
        assert!(!late.contains("ACL"), "{late}");
    }
}
