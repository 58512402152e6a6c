//! What the HTTP handlers of order-service share.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use orderlog_kafka::record_reader::RecordReader;
use orderlog_projection::View;
use orderlog_projection::registration::Registration;
use orderlog_registry::Registry;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_web::metrics::Gauges;
use tokio::sync::Semaphore;

use crate::admin::AdminAccess;
use crate::dead_letter::{DlqStatus, Index};
use crate::history::History;
use crate::inspect::Inspector;
use crate::recent::Recent;
use crate::replay::Replays;
use crate::routes::EventStreams;
use crate::schema_versions::SchemaVersions;

/// What the handlers share.
pub struct State {
    pub(crate) admin: AdminAccess,
    pub(crate) topic: String,
    pub(crate) view: View,
    pub(crate) dead_letters: Index,
    pub(crate) dlq_status: DlqStatus,
    pub(crate) dead_letter_reader: RecordReader,
    pub(crate) inspector: Inspector,
    pub(crate) replays: Replays,
    pub(crate) registry: Arc<Registry>,
    pub(crate) registration: Registration,
    pub(crate) supervisor: Supervisor,
    pub(crate) metrics: PrometheusHandle,
    /// One permit for each request that may wait for an order.
    pub(crate) wait_slots: Semaphore,
    pub(crate) history: History,
    pub(crate) recent: Recent,
    pub(crate) schema_versions: SchemaVersions,
    /// The clients of `/events`.
    pub(crate) event_streams: EventStreams,
    /// The brokers' addresses as configured.
    pub(crate) bootstrap_servers: String,
}

impl Gauges for State {
    async fn set_gauges(&self) {
        self.view.set_gauges().await;
    }
}
