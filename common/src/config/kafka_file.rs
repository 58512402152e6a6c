//! The file of `KAFKA_CONFIG`: librdkafka settings as a properties file. Which settings make sense is librdkafka's matter;
//! those on which our promises rest are refused, and those that would do nothing, or not work, as the library is built here.

mod security;

use std::path::Path;

use anyhow::{Context, bail};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::Secret;

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
mod tests {
    use super::*;
    use std::io::Write;

    fn read_text(text: &str) -> anyhow::Result<Vec<(String, Secret)>> {
        let mut file = tempfile::Builder::new()
            .suffix(".properties")
            .tempfile()
            .expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        read(file.path())
    }

    #[test]
    fn settings_are_read_and_comments_skipped() {
        let settings =
            read_text("# TLS\n\n security.protocol = SSL \r\n! old style\nsasl.password=a=b#c\nclient.rack=\n");
        let expected = [
            ("security.protocol", "SSL"),
            ("sasl.password", "a=b#c"),
            ("client.rack", ""),
        ];
        assert_eq!(
            settings.expect("settings"),
            expected.map(|(key, value)| (key.to_owned(), value.into()))
        );
    }

    #[test]
    fn a_fault_is_named_with_file_and_line_and_without_the_text() {
        for (text, line) in [
            ("client.rack=1\nhunter2\n", "line 2"),
            ("=hunter2", "line 1"),
            ("client.rack=1\n\nclient.rack=hunter2", "line 3"),
            ("client.rack=1\nsasl.pasword=hunter2", "line 2"),
        ] {
            let error = format!("{:#}", read_text(text).expect_err(text));
            assert!(error.contains(line) && error.contains(".properties"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_setting_that_would_break_a_promise_is_refused_with_file_line_and_reason() {
        for (text, why) in [
            ("enable.idempotence=false", "once and in order"),
            ("acks=1", "every replica"),
            ("request.required.acks=1", "every replica"),
            ("partitioner=random", "KAFKA_PARTITIONER"),
            ("delivery.report.only.error=true", "was written"),
            ("plugin.library.paths=evil", "plugin"),
            ("message.timeout.ms=60000", "WRITE_DEADLINE_MS"),
            ("transactional.id=x", "transactions"),
            ("isolation.level=read_uncommitted", "aborted"),
            ("auto.offset.reset=latest", "skipped in silence"),
            ("enable.auto.commit=true", "in the store"),
            ("enable.partition.eof=false", "where a topic ends"),
            ("statistics.interval.ms=0", "whether the broker is heard"),
            ("metadata.broker.list=elsewhere:9092", "KAFKA_BOOTSTRAP_SERVERS"),
            ("fetch.wait.max.ms=1001", "counts as away"),
        ] {
            let error = read_text(&format!("client.rack=1\n{text}\n"))
                .expect_err(text)
                .to_string();
            let (key, value) = text.split_once('=').expect("a setting");
            for part in ["KAFKA_CONFIG", ".properties", "line 2", key, why] {
                assert!(error.contains(part), "{part} in {error}");
            }
            assert!(!error.contains(&format!("={value}")), "{error}");
        }
    }

    #[test]
    fn security_that_would_do_nothing_or_not_work_is_refused_with_what_works() {
        for (text, parts) in [
            (
                "security.protocol=SASL_SSL\nsasl.mechanisms=OAUTHBEARER\nsasl.oauthbearer.method=oidc\n",
                ["line 2", "OAUTHBEARER", "SCRAM-SHA-512"],
            ),
            ("sasl.oauthbearer.method=oidc\n", ["line 1", "OIDC", "PLAIN"]),
            ("sasl.oauthbearer.client.secret=hunter2\n", ["line 1", "OIDC", "PLAIN"]),
            (
                "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=GSSAPI\n",
                ["line 2", "Kerberos", "SCRAM-SHA-256"],
            ),
            (
                "sasl.kerberos.keytab=/etc/krb5.keytab\n",
                ["line 1", "Kerberos", "PLAIN"],
            ),
            ("security.protocol=sasl_ssl\n", ["sasl.mechanisms", "GSSAPI", "PLAIN"]),
            (
                "sasl.mechanisms=PLAIN\nsasl.username=me\nsasl.password=hunter2\n",
                ["security.protocol", "sasl.mechanisms", "SASL_SSL"],
            ),
            (
                "ssl.ca.location=/etc/ca.pem\n",
                ["security.protocol", "ssl.ca.location", "SSL"],
            ),
            ("sasl.mechanisms=hunter2\n", ["line 1", "PLAIN", "SCRAM-SHA-256"]),
        ] {
            let error = format!("{:#}", read_text(text).expect_err(text));
            for part in parts {
                assert!(error.contains(part), "{part} in {error}");
            }
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn security_that_works_is_taken() {
        for text in [
            "security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\nsasl.username=me\nsasl.password=a\n",
            "security.protocol=sasl_plaintext\nsasl.mechanism=SCRAM-SHA-512\nsasl.username=me\nsasl.password=a\n",
            "security.protocol=SSL\nssl.ca.location=ca.pem\nssl.certificate.location=me.pem\nssl.key.location=me.key\n",
            // On purpose, to try without.
            "security.protocol=PLAINTEXT\nsasl.mechanisms=PLAIN\nsasl.username=me\n",
        ] {
            read_text(text).expect(text);
        }
    }

    #[test]
    fn every_codec_is_built_in() {
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            read_text(&format!("compression.type={codec}\n")).expect(codec);
        }
    }

    #[test]
    fn every_name_that_may_not_be_set_is_one_that_librdkafka_knows() {
        for name in OURS.iter().flat_map(|(names, _)| *names) {
            let known = ClientConfig::new()
                .set(*name, "")
                .create_native_config()
                .err()
                .is_none_or(|error| !error.to_string().contains("No such configuration property"));
            assert!(known, "{name}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = format!("{:#}", read(Path::new("no/such.properties")).expect_err("no file"));
        assert!(
            error.contains("KAFKA_CONFIG") && error.contains("no/such.properties"),
            "{error}"
        );
    }
}
