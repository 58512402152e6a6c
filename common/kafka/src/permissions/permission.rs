//! One permission, in the words of its ACL.

use std::fmt;

use rdkafka::error::RDKafkaErrorCode;

/// Something that an account may be allowed to do. Displays as the sentence for an account that is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Describe a topic.
    Describe(String),
    /// Read a topic.
    Read(String),
    /// Write a topic.
    Write(String),
    /// Write as an idempotent producer.
    WriteIdempotently,
    /// Write in transactions of that transactional id.
    WriteTransactionally(String),
    /// Write the event topic and the dead-letter topic, one of which was denied.
    WriteInTransaction,
    /// Create a topic.
    Create(String),
    /// Describe a topic's configuration.
    DescribeConfigs(String),
    /// Describe the brokers' configuration.
    DescribeBrokers,
    /// Commit offsets as a group.
    Commit(String),
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Describe(topic) => write!(f, "not allowed to see topic {topic} (ACL Describe on topic {topic})"),
            Self::Read(topic) => write!(f, "not allowed to read topic {topic} (ACL Read on topic {topic})"),
            Self::Write(topic) => write!(f, "not allowed to write topic {topic} (ACL Write on topic {topic})"),
            Self::WriteIdempotently => f.write_str(
                "not allowed to write as an idempotent producer (ACL IdempotentWrite on the cluster; from Kafka 2.8 on Write on the topic is enough)",
            ),
            Self::WriteTransactionally(id) => write!(
                f,
                "not allowed to write in transactions (ACL Describe and Write on transactional id {id})"
            ),
            Self::WriteInTransaction => f.write_str(
                "not allowed to write both topics of the replay (ACL Write on the event topic and on the dead-letter topic)",
            ),
            Self::Create(topic) => write!(f, "not allowed to create topic {topic} (ACL Create on topic {topic})"),
            Self::DescribeConfigs(topic) => write!(
                f,
                "not allowed to see the settings of topic {topic} (ACL DescribeConfigs on topic {topic})"
            ),
            Self::DescribeBrokers => {
                f.write_str("not allowed to see the brokers' settings (ACL DescribeConfigs on the cluster)")
            }
            Self::Commit(group) => write!(
                f,
                "not allowed to commit offsets as group {group}, so tools that monitor lag see no progress (ACL Read on group {group})"
            ),
        }
    }
}

impl Permission {
    /// Explains an error code: that this is not allowed, or what the code says.
    pub(crate) fn explain(&self, code: RDKafkaErrorCode) -> String {
        if is_denial(code) {
            self.to_string()
        } else {
            code.to_string()
        }
    }
}

/// Whether the authorizer denied the request.
pub(crate) fn is_denial(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_permission_only_when_the_authorizer_caused_it() {
        let write = Permission::Write("orders".to_owned());
        let refused = write.explain(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(refused.contains("ACL Write on topic orders"), "{refused}");
        let late = write.explain(RDKafkaErrorCode::MessageTimedOut);
        assert!(!late.contains("ACL"), "{late}");
    }
}
