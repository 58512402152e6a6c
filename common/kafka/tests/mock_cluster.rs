//! The producer, the tailer and the finding of topics, against librdkafka's mock cluster.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use orderlog_kafka::cluster::{Cluster, ProducerOptions};
use orderlog_kafka::high_watermarks::high_watermarks;
use orderlog_kafka::producer::{Delivered, Producer, Record, WriteError};
use orderlog_kafka::record_reader::{OwnedRecord, ReadError, RecordReader};
use orderlog_kafka::settings::KafkaConfig;
use orderlog_kafka::tailer::TopicTailer;
use orderlog_kafka::topics::{TopicPolicy, TopicSpec};
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tokio::runtime::Runtime;

const TOPIC: &str = "topic";
/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

struct Fixture {
    runtime: Runtime,
    broker: MockCluster<'static, DefaultProducerContext>,
    cluster: Cluster,
}

impl Fixture {
    fn new() -> Self {
        let broker = MockCluster::new(1).expect("a mock cluster");
        let config = KafkaConfig {
            bootstrap_servers: broker.bootstrap_servers(),
            has_admin_api: false,
            ..KafkaConfig::default()
        };
        Self {
            runtime: Runtime::new().expect("a runtime"),
            cluster: Cluster::new("test", &config).expect("a cluster"),
            broker,
        }
    }

    fn producer(&self) -> TestProducer {
        let _within = self.runtime.enter();
        let options = ProducerOptions::within(Duration::from_secs(10));
        let producer = Producer::new(self.cluster.clone(), TOPIC, options, Supervisor::default());
        TestProducer(producer.expect("a producer"))
    }

    fn tailer(&self) -> TopicTailer {
        let spec = TopicSpec {
            setting: "KAFKA_TOPIC",
            name: TOPIC.to_owned(),
            partitions: 1,
            max_message_bytes: None,
        };
        let policy = TopicPolicy {
            create: false,
            check: false,
        };
        TopicTailer::new(self.cluster.clone(), spec, policy).expect("a tailer")
    }
}

struct TestProducer(std::sync::Arc<Producer>);

impl TestProducer {
    /// Writes a record to that partition, and waits for its report.
    fn write(&self, value: &str, partition: i32) -> Result<Delivered, WriteError> {
        let (report, reports) = mpsc::channel();
        let record = Record {
            value: Some(value.as_bytes()),
            partition: Some(partition),
            ..Record::default()
        };
        self.0
            .send(record, move |result| report.send(result).expect("it is awaited"))?;
        reports.recv_timeout(LONG).expect("a report")
    }
}

/// Tails to the end and returns the values read on the way.
fn read_to_end(tailer: &mut TopicTailer) -> Vec<String> {
    let until = Instant::now() + LONG;
    let mut values = Vec::new();
    while !tailer.is_at_end() {
        assert!(Instant::now() < until, "the end is not reached");
        let batch = tailer.next_batch(100, Duration::from_millis(100));
        assert_eq!(batch.interrupted, None);
        let value = |payload: &[u8]| String::from_utf8_lossy(payload).into_owned();
        values.extend(batch.records.iter().filter_map(|record| record.payload()).map(value));
    }
    values.sort();
    values
}

#[test]
fn what_is_written_is_reported_and_followed_from_the_offsets_that_the_caller_keeps() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 2, 1).expect("a topic");
    let producer = fixture.producer();
    for (value, partition, offset) in [("a", 0, 0), ("b", 1, 0), ("c", 1, 1)] {
        let delivered = Delivered {
            partition,
            offset: Some(offset),
        };
        assert_eq!(producer.write(value, partition), Ok(delivered));
    }
    let mut tailer = fixture.tailer();
    let mut follow_from = |next: &BTreeMap<i32, i64>| {
        let found = tailer.find(fixture.runtime.handle(), async { Ok(()) });
        let found = found.expect("the topic");
        assert!(found.continues(next));
        tailer.start(&found, next).expect("an assignment");
        assert_eq!(tailer.partitions(), 2);
        read_to_end(&mut tailer)
    };
    assert_eq!(follow_from(&BTreeMap::new()), ["a", "b", "c"]);
    assert_eq!(follow_from(&BTreeMap::from([(1, 1)])), ["a", "c"]);
    let found = tailer
        .find(fixture.runtime.handle(), async { Ok(()) })
        .expect("the topic");
    assert!(
        !found.continues(&BTreeMap::from([(0, 2)])),
        "it ends before that offset"
    );
}

#[test]
fn the_high_watermark_of_each_partition_is_told_or_that_no_broker_answers() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 2, 1).expect("a topic");
    assert_eq!(fixture.producer().write("a", 1).map(|at| at.offset), Ok(Some(0)));
    let ends = high_watermarks(&fixture.cluster, TOPIC, LONG).expect("the ends");
    assert_eq!(ends, BTreeMap::from([(0, 0), (1, 1)]));
    let unreachable = KafkaConfig {
        bootstrap_servers: "127.0.0.1:1".to_owned(),
        has_admin_api: false,
        ..KafkaConfig::default()
    };
    let unreachable = Cluster::new("test", &unreachable).expect("a cluster");
    let error = high_watermarks(&unreachable, TOPIC, Duration::from_millis(100)).expect_err("no broker");
    assert_eq!(error.to_string(), "asking where topic topic ends");
}

/// Tails until everything was returned, as far as the broker has told.
fn read_until_current(tailer: &mut TopicTailer) {
    let until = Instant::now() + LONG;
    while !tailer.is_current() {
        assert!(Instant::now() < until, "not current");
        assert_eq!(tailer.next_batch(100, Duration::from_millis(100)).interrupted, None);
    }
}

#[test]
fn a_tailer_is_current_only_while_it_has_returned_all_that_has_arrived() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 1, 1).expect("a topic");
    let producer = fixture.producer();
    let mut tailer = fixture.tailer();
    let found = tailer.find(fixture.runtime.handle(), async { Ok(()) });
    tailer
        .start(&found.expect("the topic"), &BTreeMap::new())
        .expect("an assignment");
    read_until_current(&mut tailer);
    for value in ["a", "b", "c"] {
        producer.write(value, 0).expect("written");
    }
    for left in [2, 1] {
        assert_eq!(tailer.next_batch(1, LONG).records.len(), 1);
        assert!(!tailer.is_current(), "{left} were not returned");
        assert!(tailer.is_at_end(), "the end was reached before");
    }
    read_until_current(&mut tailer);
}

#[test]
fn a_tailer_is_current_again_after_an_outage_in_which_nothing_was_written() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 1, 1).expect("a topic");
    fixture.producer().write("a", 0).expect("written");
    let mut tailer = fixture.tailer();
    let found = tailer.find(fixture.runtime.handle(), async { Ok(()) });
    tailer
        .start(&found.expect("the topic"), &BTreeMap::new())
        .expect("an assignment");
    read_until_current(&mut tailer);
    fixture.broker.broker_down(1).expect("goes down");
    let until = Instant::now() + LONG;
    while tailer.is_current() {
        assert!(Instant::now() < until, "current without a broker");
        assert!(tailer.next_batch(100, Duration::from_millis(100)).records.is_empty());
    }
    fixture.broker.broker_up(1).expect("comes up");
    let until = Instant::now() + LONG;
    while !tailer.is_current() {
        assert!(Instant::now() < until, "not current");
        let batch = tailer.next_batch(100, Duration::from_millis(100));
        assert!(batch.records.is_empty(), "it was returned before");
    }
}

#[test]
fn a_topic_that_does_not_exist_is_not_followed_until_it_does() {
    let fixture = Fixture::new();
    let mut tailer = fixture.tailer();
    let missing = tailer.find(fixture.runtime.handle(), async { Ok(()) });
    let missing = missing.expect_err("there is no topic").to_string();
    assert!(
        missing.contains("topic topic does not exist: check KAFKA_TOPIC"),
        "{missing}"
    );
    assert!(!tailer.is_tailing());
    fixture.broker.create_topic(TOPIC, 1, 1).expect("a topic");
    let until = Instant::now() + LONG;
    while tailer.find(fixture.runtime.handle(), async { Ok(()) }).is_err() {
        assert!(Instant::now() < until, "the topic is not found");
    }
}

/// A broker that lost what it knew of a producer answers with this error; then the client fails permanently.
#[test]
fn a_client_with_a_fatal_error_is_replaced_before_the_next_record() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 1, 1).expect("a topic");
    let producer = fixture.producer();
    producer.write("a", 0).expect("written");
    let lost = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    fixture.broker.request_errors(RDKafkaApiKey::Produce, &[lost]);
    producer.write("b", 0).expect_err("the client is broken");
    producer.write("c", 0).expect("written by a new client");
}

#[test]
fn a_denied_write_names_the_permission() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 1, 1).expect("a topic");
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    fixture.broker.request_errors(RDKafkaApiKey::Produce, &[denied]);
    let error = fixture.producer().write("a", 0).expect_err("denied");
    assert!(matches!(error, WriteError::Denied(_)), "{error:?}");
    let reason = fixture.cluster.permissions.denial(TOPIC).expect("a reason");
    assert!(reason.contains("ACL Write on topic topic"), "{reason}");
}

impl Fixture {
    fn record_reader(&self) -> RecordReader {
        RecordReader::new(self.cluster.clone(), TOPIC, &Supervisor::default()).expect("a reader")
    }

    /// The values of the records at those positions.
    fn values(&self, reader: &RecordReader, positions: &[(i32, i64)]) -> Vec<Option<String>> {
        let read = self.runtime.block_on(reader.read(positions, Instant::now() + LONG));
        let value = |record: OwnedRecord| String::from_utf8(record.value.expect("a value")).expect("text");
        let records = read.expect("the records").into_iter();
        records.map(|record| record.map(value)).collect()
    }
}

#[test]
fn single_records_are_read_by_their_positions_in_the_order_asked_for() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 2, 1).expect("a topic");
    let producer = fixture.producer();
    for n in 0..1_500 {
        let record = Record {
            value: Some(b"between"),
            partition: Some(1),
            ..Record::default()
        };
        match n {
            0 | 1 | 1_499 => drop(producer.write(&format!("1-{n}"), 1).expect("written")),
            _ => producer.0.send(record, |_| {}).expect("queued"),
        }
    }
    producer.write("0-0", 0).expect("written");
    let reader = fixture.record_reader();
    let some = |value: &str| Some(value.to_owned());
    // The last one is sought, the repeated one returned twice.
    let positions = [(1, 1_499), (0, 0), (1, 1), (1, 0), (1, 1)];
    let expected = [some("1-1499"), some("0-0"), some("1-1"), some("1-0"), some("1-1")];
    assert_eq!(fixture.values(&reader, &positions), expected);
    assert_eq!(fixture.values(&reader, &[]), [] as [Option<String>; 0]);
    // What is written later is read as well.
    producer.write("0-1", 0).expect("written");
    assert_eq!(fixture.values(&reader, &[(0, 1)]), [some("0-1")]);
}

#[test]
fn a_position_without_a_record_is_none_and_keeps_nobody_waiting() {
    let fixture = Fixture::new();
    fixture.broker.create_topic(TOPIC, 2, 1).expect("a topic");
    fixture.producer().write("a", 0).expect("written");
    let reader = fixture.record_reader();
    let positions = [(0, 1), (1, 0), (2, 0), (-1, 0), (0, -1), (0, i64::MAX), (0, 0)];
    let values = fixture.values(&reader, &positions);
    let (last, others) = values.split_last().expect("seven");
    assert_eq!(last.as_deref(), Some("a"));
    assert!(others.iter().all(Option::is_none), "{others:?}");
}

#[test]
fn a_record_that_cannot_be_read_says_why_by_the_deadline() {
    let fixture = Fixture::new();
    let reader = fixture.record_reader();
    let read = |wait| {
        let read = reader.read(&[(0, 0)], Instant::now() + wait);
        fixture.runtime.block_on(read).expect_err("no record")
    };
    assert_eq!(read(LONG), ReadError::TopicMissing(TOPIC.to_owned()));
    fixture.broker.broker_down(1).expect("goes down");
    let error = read(Duration::from_secs(2));
    assert!(matches!(error, ReadError::Unavailable { .. }), "{error}");
}
