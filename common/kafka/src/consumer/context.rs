//! The context of a consumer: receives librdkafka's statistics, errors and log lines, which come while it is polled.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::log_lines::{end_offset, is_commit_denied, new_topic_id, without_thread};
use crate::bootstrap::Bootstrap;
use crate::cluster::Cluster;
use crate::connection::ConnectionState;
use crate::logging::forward;
use crate::permissions::{CommitPermission, Permission, Permissions};

/// Below every offset.
const UNKNOWN: i64 = -1;

/// The context of a consumer of one topic. It feeds a [`ConnectionState`] and the cluster's [`Permissions`].
pub(crate) struct ReaderContext {
    connection: ConnectionState,
    topic: String,
    bootstrap: Bootstrap,
    permissions: Permissions,
    read: Permission,
    commit: CommitPermission,
    callbacks: AtomicU64,
    end_offset: AtomicI64,
}

impl ReaderContext {
    /// Feeds `connection` with the state of a client that reads `topic`.
    ///
    /// # Errors
    /// The cluster's servers contain a zero byte.
    pub fn new(cluster: &Cluster, connection: ConnectionState, topic: &str) -> anyhow::Result<Self> {
        connection.set_servers(&cluster.bootstrap_servers, cluster.names_authority());
        Ok(Self {
            connection,
            topic: topic.to_owned(),
            bootstrap: Bootstrap::new(cluster)?,
            permissions: cluster.permissions.clone(),
            read: Permission::Read(topic.to_owned()),
            commit: CommitPermission::new(cluster.permissions.clone(), &cluster.client_id),
            callbacks: AtomicU64::new(0),
            end_offset: AtomicI64::new(UNKNOWN),
        })
    }

    /// The end offset of the partition whose end was reported last; negative if it is unknown.
    pub fn end_offset(&self) -> i64 {
        self.end_offset.load(Ordering::Relaxed)
    }

    /// How many callbacks were served.
    pub fn callbacks(&self) -> u64 {
        self.callbacks.load(Ordering::Relaxed)
    }

    /// Bootstraps the client again if it has known no broker for some time.
    pub fn bootstrap(&self, client: &Client<Self>) {
        self.bootstrap.retry(client);
    }

    fn count(&self) {
        self.callbacks.fetch_add(1, Ordering::Relaxed);
    }
}

impl ClientContext for ReaderContext {
    fn stats(&self, statistics: Statistics) {
        self.count();
        self.connection.observe(&self.topic, &statistics);
        self.bootstrap.observe(&statistics);
        self.commit.observe(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.count();
        match error.rdkafka_error_code() {
            // The end of a partition is reported this way too, and is no error.
            Some(RDKafkaErrorCode::PartitionEOF) => {
                return self
                    .end_offset
                    .store(end_offset(reason).unwrap_or(UNKNOWN), Ordering::Relaxed);
            }
            // Known from the statistics; the log says why.
            Some(RDKafkaErrorCode::AllBrokersDown) => {}
            // These are reported once, and retried silently.
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => self.permissions.deny(&self.read),
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => self.commit.deny(),
            _ => self.connection.note_failure(reason),
        }
        tracing::debug!(%error, reason, "kafka client error");
    }

    fn log(&self, level: RDKafkaLogLevel, fac: &str, log_message: &str) {
        self.count();
        if let Some(id) = new_topic_id(log_message, &self.topic) {
            self.connection.set_topic_id(id);
        }
        if fac == "FAIL" {
            self.connection.note_failure(without_thread(log_message));
        }
        if is_commit_denied(fac, log_message) {
            self.commit.deny();
        }
        forward(level, fac, log_message);
    }
}

impl ConsumerContext for ReaderContext {
    fn commit_callback(&self, _: KafkaResult<()>, _: &TopicPartitionList) {
        self.count();
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
