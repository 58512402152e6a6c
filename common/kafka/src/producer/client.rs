//! One client of a producer: used until it meets a fatal error.

use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer as _, ThreadedProducer};

use super::WriteError;
use super::context::ReportContext;
use crate::closing::CloseInBackground;
use crate::cluster::{Cluster, ProducerOptions};
use crate::permissions::{Permission, is_denial};

/// How old a client must be to be replaced because it was denied writing: a new one asks the broker again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

pub(super) struct Client {
    /// Closing it waits for its reports and its threads, and neither a request nor shutdown may.
    pub producer: CloseInBackground<ThreadedProducer<ReportContext>>,
    pub options: ProducerOptions,
    created: Instant,
}

impl Client {
    pub fn new(
        cluster: &Cluster,
        topic: &str,
        options: ProducerOptions,
        supervisor: Supervisor,
    ) -> anyhow::Result<Self> {
        let producer = cluster
            .producer(&options)
            .create_with_context(ReportContext::new(cluster, topic, supervisor)?)
            .context("creating the Kafka producer: check KAFKA_BOOTSTRAP_SERVERS and KAFKA_CONFIG")?;
        Ok(Self {
            producer: CloseInBackground::new(producer),
            options,
            created: Instant::now(),
        })
    }

    /// The error that broke it, with its reason.
    pub fn fatal_error(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.producer.client().fatal_error()
    }

    pub fn is_young(&self) -> bool {
        self.created.elapsed() <= ASK_AGAIN_AFTER
    }

    pub fn bootstrap(&self) {
        let client = self.producer.client();
        client.context().bootstrap.retry(client);
    }

    /// That error; or, if it says only that the client is broken, why that is.
    pub fn explain(&self, error: WriteError) -> WriteError {
        match (error, self.fatal_error()) {
            (WriteError::Failed(_) | WriteError::Denied(_), Some((code, _))) if is_denial(code) => {
                WriteError::Denied(Permission::WriteIdempotently)
            }
            (WriteError::Failed(_), Some((code, _))) => WriteError::Fatal(code),
            (error, _) => error,
        }
    }
}
