//! The context of a producer's client: receives delivery reports, statistics, errors and log lines, on the client's thread.

use orderlog_runtime::metrics::DELIVERIES_FAILED;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::statistics::Statistics;

use super::WriteError;
use crate::bootstrap::Bootstrap;
use crate::cluster::Cluster;
use crate::logging::forward;
use crate::permissions::{Permission, Permissions};

/// Where an acknowledged record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its partition.
    pub partition: i32,
    /// Its offset; `None` for a retry that the broker recognized too late to know it.
    pub offset: Option<i64>,
}

/// What to call with the result of a delivery.
pub(super) struct Report(pub Box<dyn FnOnce(Result<Delivered, WriteError>) + Send + Sync>);

/// Passes on the result of each delivery.
pub(super) struct ReportContext {
    supervisor: Supervisor,
    pub bootstrap: Bootstrap,
    permissions: Permissions,
    service: String,
    topic: String,
}

impl ReportContext {
    pub fn new(cluster: &Cluster, topic: &str, supervisor: Supervisor) -> anyhow::Result<Self> {
        // Shown from the start: an alert on a rate misses the first failure of a series that begins with it.
        drop(failures(&cluster.client_id, RDKafkaErrorCode::MessageTimedOut));
        Ok(Self {
            supervisor,
            bootstrap: Bootstrap::new(cluster)?,
            permissions: cluster.permissions.clone(),
            service: cluster.client_id.clone(),
            topic: topic.to_owned(),
        })
    }

    /// Takes note of a failed delivery.
    fn observe(&self, error: &KafkaError, topic: &str) -> WriteError {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        failures(&self.service, code).increment(1);
        match code {
            RDKafkaErrorCode::TopicAuthorizationFailed => {
                self.permissions.deny_write(topic);
                WriteError::Denied(Permission::Write(topic.to_owned()))
            }
            RDKafkaErrorCode::ClusterAuthorizationFailed => WriteError::Denied(Permission::WriteIdempotently),
            _ => WriteError::from(error.clone()),
        }
    }
}

/// The counter of deliveries that failed with that error.
fn failures(service: &str, code: RDKafkaErrorCode) -> metrics::Counter {
    metrics::counter!(DELIVERIES_FAILED, "service" => service.to_owned(), "error" => format!("{code:?}"))
}

impl ClientContext for ReportContext {
    fn stats(&self, statistics: Statistics) {
        self.bootstrap.observe(&statistics);
        self.permissions.observe_producer(&statistics);
    }

    fn log(&self, level: RDKafkaLogLevel, fac: &str, log_message: &str) {
        forward(level, fac, log_message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(kafka.topic = self.topic, %error, reason, "kafka producer error");
    }
}

impl ProducerContext for ReportContext {
    type DeliveryOpaque = Box<Report>;

    fn delivery(&self, result: &DeliveryResult<'_>, report: Self::DeliveryOpaque) {
        let _guard = self.supervisor.panic_guard("a kafka producer's delivery report");
        let result = match result {
            Ok(record) => Ok(Delivered {
                partition: record.partition(),
                offset: Some(record.offset()).filter(|offset| *offset >= 0),
            }),
            Err((error, record)) => Err(self.observe(error, record.topic())),
        };
        let Report(on_delivery) = *report;
        on_delivery(result);
    }
}
