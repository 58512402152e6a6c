//! A Kafka broker in this process: librdkafka's mock cluster, with one broker unless a test wants more. Only its start,
//! its topics and its faults are here; clients reach it over TCP like any broker.
//!
//! It supports idempotent and transactional producers, consumers (assigned or in a group), watermarks and committed
//! offsets. Its limits:
//!
//! - It keeps about 5 MiB per partition and drops the oldest records above that.
//! - It listens on a random port of 127.0.0.1, to which its metadata sends every client; [`relay`](crate::relay) gives the
//!   sandbox's broker a bootstrap port that is known in advance.
//! - It has no Admin API: topics are created with [`Broker::create_topic`]. A client that asks for an unknown topic with
//!   `allow.auto.create.topics` gets one with the mock's own number of partitions, so create them first.
//! - New records do not wake a waiting fetch: consumers need a small `fetch.wait.max.ms`, or each round trip takes as
//!   long as that wait (500 ms by default).
//! - No TLS, no authentication, no compaction, no retention by time.

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, DefaultProducerContext, Producer};

/// Stands for every broker of the cluster in calls of the mock.
const ALL_BROKERS: i32 = -1;

/// A running broker, empty at first; dropping it stops it and deletes its contents.
pub struct Broker {
    /// The client that owns the mock cluster; it produces nothing. An owned `MockCluster` would do, but cannot be moved
    /// or shared between threads.
    host: BaseProducer,
    /// The replication factor of topics.
    replicas: i32,
}

impl Broker {
    /// Starts a broker on a random port of 127.0.0.1.
    ///
    /// # Errors
    /// If librdkafka cannot start the mock cluster, for example because no port can be opened.
    pub fn start() -> anyhow::Result<Broker> {
        Self::start_with(1)
    }

    /// Starts that many brokers, each on a random port of 127.0.0.1; every one of them has a replica of every topic.
    ///
    /// # Errors
    /// As for [`Broker::start`].
    pub fn start_with(brokers: i32) -> anyhow::Result<Broker> {
        let host: BaseProducer = ClientConfig::new()
            .set("test.mock.num.brokers", brokers.to_string()) // starts the mock cluster, which lives as long as the client
            .create()
            .context("cannot start the mock broker")?;
        let broker = Broker {
            host,
            replicas: brokers,
        };
        broker.cluster().context("librdkafka started no mock cluster")?;
        Ok(broker)
    }

    /// What clients set as `bootstrap.servers`, for example `127.0.0.1:39041`.
    pub fn bootstrap_servers(&self) -> String {
        self.cluster()
            .map(|cluster| cluster.bootstrap_servers())
            .unwrap_or_default()
    }

    /// Creates a topic with that many partitions, replicated to every broker.
    ///
    /// # Errors
    /// If the topic exists already, or the name or number of partitions is invalid.
    pub fn create_topic(&self, name: &str, partitions: i32) -> anyhow::Result<()> {
        self.cluster()
            .and_then(|cluster| Ok(cluster.create_topic(name, partitions, self.replicas)?))
            .with_context(|| format!("cannot create topic {name} with {partitions} partitions in the mock broker"))
    }

    /// Breaks every connection and refuses new ones until [`Broker::up`], like an outage. Its contents are kept.
    ///
    /// # Errors
    /// If librdkafka refuses.
    pub fn down(&self) -> anyhow::Result<()> {
        Ok(self.cluster()?.broker_down(ALL_BROKERS)?)
    }

    /// Ends an outage that [`Broker::down`] began.
    ///
    /// # Errors
    /// If librdkafka refuses.
    pub fn up(&self) -> anyhow::Result<()> {
        Ok(self.cluster()?.broker_up(ALL_BROKERS)?)
    }

    /// The mock itself, to inject other faults.
    ///
    /// # Errors
    /// Never once the broker has started.
    pub fn cluster(&self) -> anyhow::Result<MockCluster<'_, DefaultProducerContext>> {
        self.host
            .client()
            .mock_cluster()
            .context("the client has no mock cluster")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::producer::BaseRecord;
    use rdkafka::{Message, Offset, TopicPartitionList};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn consumer(broker: &Broker, topic: &str, partition: i32) -> BaseConsumer {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", broker.bootstrap_servers())
            .set("group.id", "test")
            .set("fetch.wait.max.ms", "3") // see the limits above
            .create()
            .expect("a consumer");
        let mut partitions = TopicPartitionList::new();
        partitions
            .add_partition_offset(topic, partition, Offset::Beginning)
            .expect("an offset");
        consumer.assign(&partitions).expect("an assignment");
        consumer
    }

    fn producer(broker: &Broker) -> BaseProducer {
        ClientConfig::new()
            .set("bootstrap.servers", broker.bootstrap_servers())
            .set("enable.idempotence", "true")
            .create()
            .expect("a producer")
    }

    fn produce(producer: &BaseProducer, topic: &str, partition: i32, payload: &str) {
        producer
            .send(BaseRecord::<(), str>::to(topic).partition(partition).payload(payload))
            .expect("queued");
        producer.flush(TIMEOUT).expect("acknowledged");
    }

    fn next(consumer: &BaseConsumer) -> Vec<u8> {
        let until = Instant::now() + TIMEOUT;
        while Instant::now() < until {
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                return message.payload().unwrap_or_default().to_vec();
            }
        }
        panic!("no record in time");
    }

    #[test]
    fn a_broker_can_be_shared_between_threads() {
        fn shareable<T: Send + Sync>() {}
        shareable::<Broker>();
    }

    #[test]
    fn a_topic_has_the_requested_partitions_and_returns_what_was_written() {
        let broker = Broker::start().expect("a broker");
        broker.create_topic("orders", 6).expect("a topic");
        assert!(broker.create_topic("orders", 6).is_err(), "it exists");
        let consumer = consumer(&broker, "orders", 5);
        let metadata = consumer.fetch_metadata(Some("orders"), TIMEOUT).expect("metadata");
        assert_eq!(metadata.topics()[0].partitions().len(), 6);
        produce(&producer(&broker), "orders", 5, "hello");
        assert_eq!(next(&consumer), b"hello");
        assert_eq!(
            consumer.fetch_watermarks("orders", 5, TIMEOUT).expect("watermarks"),
            (0, 1)
        );
    }

    #[test]
    fn two_brokers_are_independent() {
        let (one, two) = (
            Broker::start().expect("a broker"),
            Broker::start().expect("another broker"),
        );
        assert_ne!(one.bootstrap_servers(), two.bootstrap_servers());
        one.create_topic("orders", 1).expect("a topic");
        two.create_topic("orders", 1).expect("a topic of the same name");
        produce(&producer(&one), "orders", 0, "hello");
        let watermarks = consumer(&two, "orders", 0).fetch_watermarks("orders", 0, TIMEOUT);
        assert_eq!(watermarks.expect("watermarks"), (0, 0));
    }

    #[test]
    fn an_outage_loses_nothing() {
        let broker = Broker::start().expect("a broker");
        broker.create_topic("orders", 1).expect("a topic");
        let producer = producer(&broker);
        produce(&producer, "orders", 0, "before");
        broker.down().expect("an outage");
        let record = BaseRecord::<(), str>::to("orders").partition(0).payload("during");
        producer.send(record).expect("queued");
        assert!(
            producer.flush(Duration::from_millis(300)).is_err(),
            "nobody acknowledges it"
        );
        broker.up().expect("the end of the outage");
        producer.flush(TIMEOUT).expect("acknowledged");
        let consumer = consumer(&broker, "orders", 0);
        assert_eq!(
            (next(&consumer), next(&consumer)),
            (b"before".to_vec(), b"during".to_vec())
        );
    }
}
