//! The file of `KAFKA_CONFIG`: librdkafka settings as a properties file. Which settings make sense is librdkafka's matter;
//! those on which our promises rest are refused, and those that would do nothing, or not work, as the library is built here.

mod security;

use std::path::Path;

use anyhow::{Context, bail};
use orderlog_runtime::secret::Secret;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// Settings that no file may have, under all names that librdkafka takes them under, and why.
const OURS: [(&[&str], &str); 15] = [
    (
        &["bootstrap.servers", "metadata.broker.list"],
        "KAFKA_BOOTSTRAP_SERVERS says where the brokers are",
    ),
    (
        &[
            "enable.idempotence",
            "acks",
            "request.required.acks",
            "queuing.strategy",
            "enable.gapless.guarantee",
        ],
        "a write is answered with success only when every replica has it, once and in order",
    ),
    (
        &["partitioner"],
        "every client must agree on an order's partition; KAFKA_PARTITIONER says how it is chosen",
    ),
    (
        &["delivery.timeout.ms", "message.timeout.ms"],
        "an event is given up before its request is; WRITE_DEADLINE_MS says when that is",
    ),
    (
        &["queue.buffering.max.kbytes"],
        "it bounds the memory that is taken while the broker is away",
    ),
    (
        &["transactional.id"],
        "events are written outside of transactions, which such a producer refuses to do",
    ),
    (&["isolation.level"], "what an aborted transaction wrote did not happen"),
    (
        &["auto.offset.reset"],
        "an offset that the topic has not got must stop the reading, or records would be skipped in silence",
    ),
    (
        &[
            "enable.auto.commit",
            "auto.commit.enable",
            "enable.auto.offset.store",
            "group.id",
            "group.instance.id",
            "group.protocol",
        ],
        "offsets are kept in the store, with the data that they stand for, and partitions are not shared out by a group",
    ),
    (
        &[
            "enable.partition.eof",
            "statistics.interval.ms",
            "enabled_events",
            "log.queue",
        ],
        "the service knows from it where a topic ends and whether the broker is heard",
    ),
    (
        &["allow.auto.create.topics", "topic.blacklist"],
        "KAFKA_TOPIC and KAFKA_CREATE_TOPICS say which topic is read, and whether it is made",
    ),
    (
        &[
            "topic.metadata.refresh.interval.ms",
            "topic.metadata.propagation.max.ms",
        ],
        "a topic that is deleted or made anew must be noticed soon",
    ),
    (
        &["delivery.report.only.error"],
        "the service waits to hear that a record was written",
    ),
    (
        &["plugin.library.paths"],
        "a plugin may change whatever is read and written",
    ),
    (
        &["test.mock.num.brokers"],
        "it puts a mock in the place of the brokers, which forgets everything",
    ),
];

/// How long a broker may hold a fetch back, and at the most: it is heard once in that time.
const FETCH_WAIT: &str = "fetch.wait.max.ms";
const MOST_FETCH_WAIT_MS: u64 = 1_000;

/// The file's settings, in its order.
///
/// # Errors
/// The file cannot be read, or a line is no setting of librdkafka. The error names file and line, and never the line's
/// text: it may be a password.
pub fn read(path: &Path) -> anyhow::Result<Vec<(String, Secret)>> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the file of KAFKA_CONFIG, {name}"))?;
    let mut settings: Vec<(String, Secret)> = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        // The first `=` ends the key: passwords have some too.
        let (key, value) = match line.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => (key.trim(), value.trim()),
            _ => bail!("KAFKA_CONFIG: line {number} of {name} is no setting; write key=value, or # before a comment"),
        };
        if settings.iter().any(|(earlier, _)| earlier == key) {
            bail!("KAFKA_CONFIG: line {number} of {name} sets {key} a second time; keep one");
        }
        if let Some((_, why)) = OURS.iter().find(|(names, _)| names.contains(&key)) {
            bail!(
                "KAFKA_CONFIG: line {number} of {name} sets {key}, which is not a user's choice here: {why}; remove the line"
            );
        }
        if let Some(reason) = security::not_built(key, value) {
            bail!("KAFKA_CONFIG: line {number} of {name} sets {key}: {reason}");
        }
        if key == FETCH_WAIT && value.parse::<u64>().is_ok_and(|ms| ms > MOST_FETCH_WAIT_MS) {
            bail!(
                "KAFKA_CONFIG: line {number} of {name} sets {key} above {MOST_FETCH_WAIT_MS}: a broker that says nothing for 2 s counts as away; use less"
            );
        }
        if let Some(reason) = refusal(key, value) {
            bail!("KAFKA_CONFIG: line {number} of {name}: {reason}");
        }
        settings.push((key.to_owned(), value.into()));
    }
    if let Some(reason) = security::without_effect(&settings) {
        bail!("KAFKA_CONFIG: {name}: {reason}");
    }
    Ok(settings)
}

/// Why librdkafka does not take a setting, without its value. The error of a client that is made with it shows the value:
/// a misspelt `sasl.password` would be in the log.
fn refusal(key: &str, value: &str) -> Option<String> {
    match ClientConfig::new().set(key, value).create_native_config() {
        Err(KafkaError::ClientConfig(_, reason, ..)) => Some(reason),
        // A setting that makes sense only beside others is not judged alone.
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
