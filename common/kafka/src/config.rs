//! Every Kafka client option that is not the default, with its why. A user's own settings (KAFKA_CONFIG) come after the
//! tunable ones and before those on which correctness rests.

use anyhow::Context;
use orderlog_runtime::secret::Secret;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::BaseProducer;

use super::closing::Aside;
use super::partition::Partitioner;
use super::rights::Rights;

/// How often a client's statistics tell whether it knows any broker (see `brokers`).
const STATISTICS_MS: &str = "1000";

/// How to reach a cluster, and as whom.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// `host:port`, comma separated.
    pub bootstrap_servers: String,
    /// Name of this client in the broker's logs and quotas, and the group under which progress is shown.
    pub client_id: String,
    /// The rule by which keys are divided among partitions.
    pub partitioner: Partitioner,
    /// What the brokers do not let this service do, as its clients find it out. Clones share it.
    pub rights: Rights,
    /// The user's own librdkafka settings.
    pub extra: Vec<(String, Secret)>,
}

impl Cluster {
    /// Checks that clients can be made with the user's own settings, before anything is begun that they are needed for: some
    /// are right alone and wrong beside others.
    ///
    /// # Errors
    /// Why the library makes no reader or no producer with them.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.extra.is_empty() {
            return Ok(());
        }
        let refused = "the settings of KAFKA_CONFIG do not go together";
        let reader: BaseConsumer = self.reader().create().context(refused)?;
        drop(Aside::new(reader));
        let producer: BaseProducer = self.event_producer(1_000).create().context(refused)?;
        drop(Aside::new(producer));
        Ok(())
    }

    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", &self.client_id)
            // A broker that is back should be noticed within a second or so; the default backs off to 10 s.
            .set("reconnect.backoff.max.ms", "1000")
            // A topic that is made while we wait for it, or deleted under us, should be noticed soon; the default is
            // 5 minutes.
            .set("topic.metadata.refresh.interval.ms", "2000")
            // A young topic that the broker has not got any more is believed in for that long; the default is 30 s, in
            // which every write would end as 504.
            .set("topic.metadata.propagation.max.ms", "1000")
            // Topics are made on purpose (`topics`) or not at all, and never because a client has asked for one.
            .set("allow.auto.create.topics", "false")
            // librdkafka's own lines go through tracing; a closed idle connection is no news.
            .set("log.connection.close", "false");
        config
    }

    fn with_extra(&self, mut config: ClientConfig) -> ClientConfig {
        for (key, value) in &self.extra {
            config.set(key, value.expose());
        }
        config
    }

    /// A consumer that is told its partitions (`assign`) and keeps its own offsets.
    pub fn reader(&self) -> ClientConfig {
        let mut config = self.base();
        config
            // How long a fetch waits when there is nothing: also the rhythm in which a quiet broker is heard.
            .set("fetch.wait.max.ms", "500")
            // After a failed fetch try again soon; the default of 500 ms would show as latency.
            .set("fetch.error.backoff.ms", "100")
            // What librdkafka may read ahead, in KiB: enough for full batches, small beside its default of 64 MiB.
            .set("queued.max.messages.kbytes", "16384");
        let mut config = self.with_extra(config);
        let chosen = config.get("debug").filter(|chosen| !chosen.is_empty());
        let chosen = chosen.map(|chosen| format!("{chosen},"));
        let debug = chosen.unwrap_or_default() + "metadata";
        config
            // Statistics tell whether the broker is heard, and where partitions end.
            .set("statistics.interval.ms", "500")
            // Progress is also shown in Kafka under this group; the group has no members.
            .set("group.id", &self.client_id)
            // Offsets live in the store, with the data that they stand for.
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // An offset that the topic does not have must be an error: anything else would skip records silently.
            .set("auto.offset.reset", "error")
            // Says when a partition was read to its end.
            .set("enable.partition.eof", "true")
            // Aborted transactions of other producers did not happen.
            .set("isolation.level", "read_committed")
            // Only there it is told that a topic was made anew (see `context`). A user's own choice is kept beside it.
            .set("debug", debug)
            .set_log_level(RDKafkaLogLevel::Debug);
        config
    }

    /// A client that only asks where partitions end.
    pub fn ends(&self) -> ClientConfig {
        let mut config = self.with_extra(self.base());
        config
            .set("group.id", &self.client_id)
            // The end of what any reader can have seen. A record behind another producer's open transaction is seen by
            // nobody yet, so nobody was told that it won.
            .set("isolation.level", "read_committed")
            .set("statistics.interval.ms", STATISTICS_MS);
        config
    }

    /// A producer of events: an answer waits for each record, so nothing lingers.
    /// `delivery_timeout_ms` must be below the request's deadline.
    pub fn event_producer(&self, delivery_timeout_ms: u64) -> ClientConfig {
        let mut config = self.base();
        config
            // One record is sent at once; records that pile up behind it still make batches.
            .set("linger.ms", "0")
            .set("compression.type", "lz4");
        self.safe_producer(config, delivery_timeout_ms)
    }

    /// A producer of dead letters: a batch's letters are sent together and awaited once; or, five times slower, each in a
    /// request of its own, so that "too large" is said of that letter and not of others that happened to go with it.
    pub fn dead_letter_producer(&self, delivery_timeout_ms: u64, one_by_one: bool) -> ClientConfig {
        let mut config = self.base();
        config
            .set("linger.ms", "0")
            // The copy carries headers on top of a record that may already be as large as the source topic takes.
            .set("message.max.bytes", "10485760");
        let mut config = self.safe_producer(config, delivery_timeout_ms);
        if one_by_one {
            config.set("batch.num.messages", "1");
        }
        config
    }

    fn safe_producer(&self, config: ClientConfig, delivery_timeout_ms: u64) -> ClientConfig {
        let mut config = self.with_extra(config);
        config
            // No record twice and none out of order on a retry.
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // Every client of a topic must agree on a key's partition.
            .set("partitioner", self.partitioner.librdkafka_name())
            .set("delivery.timeout.ms", delivery_timeout_ms.to_string())
            // Bounds what is held while the broker is away; beyond it a request is told so at once. In KiB.
            .set("queue.buffering.max.kbytes", "32768")
            .set("statistics.interval.ms", STATISTICS_MS);
        config
    }

    /// A client for making and checking topics.
    pub fn admin(&self) -> ClientConfig {
        self.with_extra(self.base())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::an_absent_cluster;

    #[test]
    fn the_users_own_settings_are_set_and_their_values_not_shown() {
        let cluster = Cluster {
            extra: vec![("sasl.password".to_owned(), "hunter2".into())],
            ..an_absent_cluster()
        };
        assert_eq!(cluster.reader().get("sasl.password"), Some("hunter2"));
        assert!(!format!("{cluster:?} {cluster:#?}").contains("hunter2"));
    }

    #[test]
    fn settings_that_are_right_alone_and_wrong_beside_others_are_refused_before_anything_is_begun() {
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
