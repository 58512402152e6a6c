//! The `KAFKA_CONFIG` file: librdkafka settings as a properties file. librdkafka decides which settings are valid; refused
//! here are those that our guarantees depend on, and those that have no effect or cannot work in this build.

mod choices;
mod files;
mod security;

use std::path::Path;

use anyhow::{Context, bail};
use orderlog_runtime::secret::Secret;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

pub use files::explain;

/// Settings that the file must not contain, under all names that librdkafka knows, and why.
const RESERVED: [(&[&str], &str); 15] = [
    (
        &["bootstrap.servers", "metadata.broker.list"],
        "KAFKA_BOOTSTRAP_SERVERS sets the brokers' addresses",
    ),
    (
        &[
            "enable.idempotence",
            "acks",
            "request.required.acks",
            "queuing.strategy",
            "enable.gapless.guarantee",
        ],
        "a write succeeds only when every in-sync replica has it, once and in order",
    ),
    (
        &["partitioner"],
        "all clients must agree on an order's partition; KAFKA_PARTITIONER sets how it is chosen",
    ),
    (
        &["delivery.timeout.ms", "message.timeout.ms"],
        "an event must time out before its request does; WRITE_DEADLINE_MS sets that",
    ),
    (
        &["queue.buffering.max.kbytes"],
        "it bounds memory use while the broker is down",
    ),
    (
        &["transactional.id"],
        "events are written outside transactions, and a transactional producer does not allow that",
    ),
    (&["isolation.level"], "records of aborted transactions must not be read"),
    (
        &["auto.offset.reset"],
        "an offset out of range must stop consumption, or records would be skipped silently",
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
        "offsets are stored with the data they belong to, and partitions are not assigned by a group",
    ),
    (
        &[
            "enable.partition.eof",
            "statistics.interval.ms",
            "enabled_events",
            "log.queue",
        ],
        "the service needs it to know where a topic ends and whether the broker is connected",
    ),
    (
        &["allow.auto.create.topics", "topic.blacklist"],
        "KAFKA_TOPIC and KAFKA_CREATE_TOPICS set which topic is read, and whether it is created",
    ),
    (
        &[
            "topic.metadata.refresh.interval.ms",
            "topic.metadata.propagation.max.ms",
        ],
        "a topic that is deleted or recreated must be noticed soon",
    ),
    (
        &["delivery.report.only.error"],
        "the service waits for each record's acknowledgment",
    ),
    (
        &["plugin.library.paths"],
        "a plugin can change what is read and written",
    ),
    (
        &["test.mock.num.brokers"],
        "it replaces the brokers with a mock that keeps nothing",
    ),
];

/// How long a broker may delay a fetch response, and its maximum: an idle connection proves to be alive once in that time.
const FETCH_WAIT: &str = "fetch.wait.max.ms";
const MAX_FETCH_WAIT_MS: u64 = 1_000;

/// The file's settings, in its order.
///
/// # Errors
/// The file cannot be read, or a line is not a librdkafka setting. The error names file and line, never the line's text:
/// it may be a password.
pub fn read(path: &Path) -> anyhow::Result<Vec<(String, Secret)>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the KAFKA_CONFIG file {name}"))?;
    let mut settings: Vec<(String, Secret)> = Vec::new();
    let mut unreadable = None;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        // The first `=` ends the key: passwords may contain more.
        let (key, value) = match line.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => (key.trim(), value.trim()),
            _ => {
                bail!("KAFKA_CONFIG: line {number} of {name} is not a setting; write key=value, or # before a comment")
            }
        };
        if settings.iter().any(|(earlier, _)| earlier == key) {
            bail!("KAFKA_CONFIG: line {number} of {name} sets {key} a second time; keep one");
        }
        if let Some((_, why)) = RESERVED.iter().find(|(names, _)| names.contains(&key)) {
            bail!("KAFKA_CONFIG: line {number} of {name} sets {key}, which cannot be set here: {why}; remove the line");
        }
        if let Some(reason) = security::unsupported(key, value) {
            bail!("KAFKA_CONFIG: line {number} of {name} sets {key}: {reason}");
        }
        if key == FETCH_WAIT && value.parse::<u64>().is_ok_and(|ms| ms > MAX_FETCH_WAIT_MS) {
            bail!(
                "KAFKA_CONFIG: line {number} of {name} sets {key} above {MAX_FETCH_WAIT_MS}: a broker that is silent for 2 s counts as disconnected; use a lower value"
            );
        }
        if let Some(reason) = rejection(key, value) {
            bail!("KAFKA_CONFIG: line {number} of {name} sets {key}: {reason}");
        }
        unreadable = unreadable.or_else(|| Some((number, files::unreadable(key, value)?)));
        settings.push((key.to_owned(), value.into()));
    }
    let reason = security::without_effect(&settings).or_else(|| security::incomplete(&settings));
    if let Some(reason) = reason {
        bail!("KAFKA_CONFIG: {name}: {reason}");
    }
    // Last: whether a setting is wanted at all comes before whether its file is there.
    if let Some((number, reason)) = unreadable.filter(|_| security::uses_tls(&settings)) {
        bail!("KAFKA_CONFIG: line {number} of {name}: {reason}");
    }
    Ok(settings)
}

/// Why librdkafka rejects a setting, without its value. The error of creating a client shows the value: a misspelled
/// `sasl.password` would end up in the log.
fn rejection(key: &str, value: &str) -> Option<String> {
    match ClientConfig::new().set(key, value).create_native_config() {
        // Of a setting with two names, librdkafka names only its own.
        Err(KafkaError::ClientConfig(_, reason, ..)) => Some(choices::of(key).unwrap_or_else(|| {
            if reason.contains(&format!("\"{key}\"")) {
                reason
            } else {
                format!("{reason} (another name of {key})")
            }
        })),
        // A setting that is valid only together with others is not checked alone.
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
