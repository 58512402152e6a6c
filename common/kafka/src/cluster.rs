//! Every non-default Kafka client option, with its reason. User settings (KAFKA_CONFIG) override the tunable options and
//! are overridden by those that correctness depends on.

use std::time::Duration;

use orderlog_runtime::secret::Secret;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::BaseProducer;

use crate::closing::CloseInBackground;
use crate::config_file;
use crate::partition::Partitioner;
use crate::permissions::Permissions;
use crate::settings::KafkaConfig;

/// How often a client reports statistics, which show whether it knows any broker (see `bootstrap`).
const STATISTICS_MS: &str = "1000";

/// How to connect to a cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    /// `client.id` for the broker's logs and quotas, and the group that progress is committed as.
    pub client_id: String,
    /// How keys map to partitions.
    pub partitioner: Partitioner,
    /// What the brokers deny this service, as its clients find out. Shared by clones.
    pub permissions: Permissions,
    /// The user's librdkafka settings.
    pub extra: Vec<(String, Secret)>,
}

/// What differs between producers.
#[derive(Clone, Debug)]
pub struct ProducerOptions {
    /// How long a delivery is retried. If a request waits for it, it must be below the request's deadline.
    pub delivery_timeout: Duration,
    /// The codec, as librdkafka calls it; `None`: no compression unless the user sets one.
    pub compression: Option<&'static str>,
    /// The largest request, in bytes; `None`: librdkafka's default of 1,000,000.
    pub max_message_bytes: Option<u32>,
    /// Whether each record is sent in a request of its own: five times slower, but "too large" then refers to that record
    /// and not to others in the same request.
    pub one_per_request: bool,
}

impl ProducerOptions {
    /// Retries deliveries for that long, and is like librdkafka's default otherwise.
    pub fn within(delivery_timeout: Duration) -> Self {
        Self {
            delivery_timeout,
            compression: None,
            max_message_bytes: None,
            one_per_request: false,
        }
    }
}

impl Cluster {
    /// The cluster of those settings, as a service of that name sees it.
    ///
    /// # Errors
    /// The KAFKA_CONFIG file cannot be read, or librdkafka rejects its settings.
    pub fn new(client_id: &str, config: &KafkaConfig) -> anyhow::Result<Self> {
        let cluster = Self {
            bootstrap_servers: config.bootstrap_servers.clone(),
            client_id: client_id.to_owned(),
            partitioner: config.partitioner,
            permissions: Permissions::default(),
            extra: config.extra()?,
        };
        cluster.check()?;
        Ok(cluster)
    }

    /// Checks early that clients can be created with the user's settings: some are valid alone and invalid in combination.
    ///
    /// # Errors
    /// Why librdkafka rejects the combination.
    fn check(&self) -> anyhow::Result<()> {
        if self.extra.is_empty() {
            return Ok(());
        }
        let reader: BaseConsumer = self.reader().create().map_err(config_file::explain)?;
        drop(CloseInBackground::new(reader));
        let producer: BaseProducer = self
            .producer(&ProducerOptions::within(Duration::from_secs(1)))
            .create()
            .map_err(config_file::explain)?;
        drop(CloseInBackground::new(producer));
        Ok(())
    }

    /// Whether the user's settings name the authority that signs the brokers' certificates.
    pub(crate) fn names_authority(&self) -> bool {
        let names = |(key, value): &(String, Secret)| {
            matches!(key.as_str(), "ssl.ca.location" | "ssl.ca.pem") && !matches!(value.expose(), "" | "probe")
        };
        self.extra.iter().any(names)
    }

    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", &self.client_id)
            // Reconnect within a second or so of a broker's return; the default backs off to 10 s.
            .set("reconnect.backoff.max.ms", "1000")
            // Notice soon when a topic is created or deleted; the default is 5 minutes.
            .set("topic.metadata.refresh.interval.ms", "2000")
            // How long a recently created topic counts as existing although the broker does not know it; during the
            // default of 30 s every write to a deleted topic would end as 504.
            .set("topic.metadata.propagation.max.ms", "1000")
            // Topics are created explicitly (`topics`), never as a side effect of a metadata request.
            .set("allow.auto.create.topics", "false")
            // A broker that expects TLS or SASL just closes the connection; `connection` says so. Idle connections that are
            // closed are not reported either way.
            .set("log.connection.close", "true");
        config
    }

    fn with_extra(&self, mut config: ClientConfig) -> ClientConfig {
        for (key, value) in &self.extra {
            config.set(key, value.expose());
        }
        config
    }

    /// A consumer that is assigned its partitions explicitly and whose offsets the caller stores.
    pub(crate) fn reader(&self) -> ClientConfig {
        let mut config = self.base();
        config
            // How long an empty fetch waits: also the interval at which an idle connection proves to be alive.
            .set("fetch.wait.max.ms", "500")
            // Retry a failed fetch soon; the default of 500 ms would be visible as latency.
            .set("fetch.error.backoff.ms", "100")
            // Prefetch limit in KiB: enough for full batches, well below the default of 64 MiB.
            .set("queued.max.messages.kbytes", "16384");
        let mut config = self.with_extra(config);
        let chosen = config.get("debug").filter(|chosen| !chosen.is_empty());
        let chosen = chosen.map(|chosen| format!("{chosen},"));
        let debug = chosen.unwrap_or_default() + "metadata";
        config
            // Statistics show whether brokers are connected, and where partitions end.
            .set("statistics.interval.ms", "500")
            // Progress is committed as this group for lag tools; the group has no members.
            .set("group.id", &self.client_id)
            // Offsets are stored together with the data they belong to.
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // An offset out of range must be an error: a reset would skip records silently.
            .set("auto.offset.reset", "error")
            // Reports when a partition has been read to its end.
            .set("enable.partition.eof", "true")
            // Records of aborted transactions must not be seen.
            .set("isolation.level", "read_committed")
            // Only the debug log reports that a topic was recreated (see `consumer`). A user's own choice is kept as well.
            .set("debug", debug)
            .set_log_level(RDKafkaLogLevel::Debug);
        config
    }

    /// A reader of single records.
    pub(crate) fn record_reader(&self) -> ClientConfig {
        let mut config = self.reader();
        config
            // The next request must not wait behind a fetch at the end of the log.
            .set("fetch.wait.max.ms", "10")
            // Little more than what is wanted is fetched with it. A larger record is returned all the same (KIP-74).
            .set("max.partition.fetch.bytes", "262144")
            .set("queued.min.messages", "1000");
        config
    }

    /// A client that only fetches end offsets.
    pub(crate) fn end_offsets(&self) -> ClientConfig {
        let mut config = self.with_extra(self.base());
        config
            .set("group.id", &self.client_id)
            // The end of what any reader can have seen: no reader has seen a record behind an open transaction yet, so
            // no client has been told that it won.
            .set("isolation.level", "read_committed")
            .set("statistics.interval.ms", STATISTICS_MS);
        config
    }

    /// A client that only fetches high watermarks.
    pub(crate) fn high_watermarks(&self) -> ClientConfig {
        let mut config = self.with_extra(self.base());
        config
            .set("group.id", &self.client_id)
            // A committed transaction may lie above an open one.
            .set("isolation.level", "read_uncommitted");
        config
    }

    /// A producer. Somebody waits for each record, so nothing lingers.
    pub(crate) fn producer(&self, options: &ProducerOptions) -> ClientConfig {
        let mut config = self.base();
        // A single record is sent at once; records that queue up behind it still form batches.
        config.set("linger.ms", "0");
        if let Some(compression) = options.compression {
            config.set("compression.type", compression);
        }
        if let Some(bytes) = options.max_message_bytes {
            config.set("message.max.bytes", bytes.to_string());
        }
        let mut config = self.with_extra(config);
        if options.one_per_request {
            config.set("batch.num.messages", "1");
        }
        config
            // Retries neither duplicate nor reorder records.
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // All producers of a topic must agree on a key's partition.
            .set("partitioner", self.partitioner.librdkafka_name())
            .set("delivery.timeout.ms", options.delivery_timeout.as_millis().to_string())
            // Bounds memory while the broker is down; beyond it a request fails at once. In KiB.
            .set("queue.buffering.max.kbytes", "32768")
            .set("statistics.interval.ms", STATISTICS_MS);
        config
    }

    /// A producer that writes in transactions of that id, each of which a broker ends if the producer does not.
    pub(crate) fn transactional_producer(
        &self,
        id: &str,
        timeout: Duration,
        options: &ProducerOptions,
    ) -> ClientConfig {
        let mut config = self.producer(options);
        config
            // Shared by all instances: the one that came last fences the others.
            .set("transactional.id", id)
            // What a killed process leaves open stalls every read_committed reader of its topics for that long; the default
            // is a minute.
            .set("transaction.timeout.ms", timeout.as_millis().to_string());
        config
    }

    /// A client for creating and checking topics.
    pub(crate) fn admin(&self) -> ClientConfig {
        self.with_extra(self.base())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::an_absent_cluster;

    #[test]
    fn the_users_settings_are_set_and_their_values_not_shown() {
        let cluster = Cluster {
            extra: vec![("sasl.password".to_owned(), "hunter2".into())],
            ..an_absent_cluster()
        };
        assert_eq!(cluster.reader().get("sasl.password"), Some("hunter2"));
        assert!(!format!("{cluster:?} {cluster:#?}").contains("hunter2"));
    }

    #[test]
    fn a_file_or_a_text_of_certificates_names_the_authority() {
        for (key, value, names) in [
            ("ssl.ca.location", "ca.pem", true),
            ("ssl.ca.pem", "-----BEGIN", true),
            ("ssl.ca.location", "probe", false),
            ("security.protocol", "SSL", false),
        ] {
            let cluster = Cluster {
                extra: vec![(key.to_owned(), value.into())],
                ..an_absent_cluster()
            };
            assert_eq!(cluster.names_authority(), names, "{key}={value}");
        }
    }

    #[test]
    fn settings_that_are_valid_alone_and_conflict_with_others_are_refused_early() {
        let with = |value: &str| Cluster {
            extra: vec![("fetch.max.bytes".to_owned(), value.into())],
            ..an_absent_cluster()
        };
        with("2000000").check().expect("a larger fetch");
        let refused = with("1000").check().expect_err("less than a message");
        let text = format!("{refused:#}");
        assert!(
            text.contains("KAFKA_CONFIG") && text.contains("message.max.bytes"),
            "{text}"
        );
    }
}
