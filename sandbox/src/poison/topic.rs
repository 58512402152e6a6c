//! Looks for the topic. Nothing is created: all topics are asked for, since asking for one by its name may create it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;

/// How many topics an error names.
const MAX_NAMED: usize = 10;
/// How many reports of the client an error quotes.
const MAX_REPORTS: usize = 5;
/// How long the client is asked for its reports, which it queues until then.
const MAX_WAIT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);

/// What the client reports of the brokers that it tries: the error of a call says no more than that it failed.
#[derive(Default)]
struct Reports(Mutex<Vec<String>>);

impl Reports {
    fn note(&self, report: &str) {
        // The same report has the same text each time, but for how long it took.
        let report = report.split(" (after ").next().unwrap_or(report);
        let mut reports = self.lock();
        if reports.len() < MAX_REPORTS && !reports.iter().any(|known| known == report) {
            reports.push(report.to_owned());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        // A panic cannot leave the list half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        // That all brokers are down says nothing new.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.note(reason);
        }
    }

    // A closed connection is only logged.
    fn log(&self, _: RDKafkaLogLevel, fac: &str, message: &str) {
        if fac == "FAIL" {
            // Before it stands the name of a thread.
            self.note(message.split_once("]: ").map_or(message, |(_, report)| report));
        }
    }
}

impl ConsumerContext for Reports {}

/// How many partitions the topic has. Blocks.
///
/// # Errors
/// If the broker does not answer in time or does not have the topic.
pub(super) fn partitions(config: &ClientConfig, servers: &str, topic: &str, timeout: Duration) -> anyhow::Result<i32> {
    let mut config = config.clone();
    config.set_log_level(RDKafkaLogLevel::Info);
    let consumer: BaseConsumer<Reports> = config.create_with_context(Reports::default())?;
    match consumer.fetch_metadata(None, timeout) {
        Ok(metadata) => partitions_in(&metadata, servers, topic),
        Err(error) => anyhow::bail!(
            "no answer from Kafka at {servers}: {}; start the sandbox, or set --kafka-bootstrap-servers / KAFKA_BOOTSTRAP_SERVERS (poison connects without TLS and SASL)",
            why(&consumer, &error)
        ),
    }
}

/// What the client has reported; if nothing, the error.
fn why(consumer: &BaseConsumer<Reports>, error: &KafkaError) -> String {
    // Reports come while the client is polled. As long as it tries to connect, there are more.
    let until = Instant::now() + MAX_WAIT;
    while Instant::now() < until && consumer.poll(POLL).is_some() {}
    let reports = consumer.context().lock();
    if reports.is_empty() {
        error.to_string()
    } else {
        reports.join("; ")
    }
}

fn partitions_in(metadata: &Metadata, servers: &str, topic: &str) -> anyhow::Result<i32> {
    let topics = metadata.topics();
    if let Some(found) = topics.iter().find(|other| other.name() == topic) {
        return Ok(i32::try_from(found.partitions().len())?);
    }
    let mut names: Vec<&str> = topics.iter().map(|topic| topic.name()).collect();
    names.retain(|name| !name.starts_with("__"));
    anyhow::ensure!(
        !names.is_empty(),
        "no such topic: {topic}; the broker at {servers} has no topics yet; start a service, which creates its own"
    );
    let more = if names.len() > MAX_NAMED { ", …" } else { "" };
    names.truncate(MAX_NAMED);
    anyhow::bail!(
        "no such topic: {topic}; the broker at {servers} has {}{more}; set --kafka-topic / KAFKA_TOPIC",
        names.join(", ")
    )
}
