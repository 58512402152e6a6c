//! What a service is told of each record, and when: with the batch that it is part of, before and after the commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::order::Outcome;
use orderlog_contract::rejection::Code;
use orderlog_contract::testing::{an_event, next_event};
use orderlog_kafka::headers;
use orderlog_kafka::partition::Partitioner;
use orderlog_projection::config::PipelineConfig;
use orderlog_projection::schema_id_audit::SchemaIdAudit;
use orderlog_projection::store::{BatchChanges, Store, Table, TableName};
use orderlog_projection::{
    FoldedRecord, PartitionProgress, Projection, RejectedRecord, RejectionHandler, Settings, Unhandled,
};
use orderlog_registry::Registry;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::ClientConfig;
use rdkafka::message::{BorrowedMessage, Header, Message, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use tempfile::TempDir;

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 6;
const SCHEMA_ID: u32 = 7;
const TIMEOUT: Duration = Duration::from_secs(30);
/// When the records were written.
const WRITTEN: i64 = 1_700_000_000_123;
const GARBAGE: Option<&[u8]> = Some(b"garbage");

/// What the handler was told.
#[derive(Default)]
struct Told {
    /// Each record with its header `n`.
    extended: Vec<(String, FoldedRecord)>,
    committed: Vec<FoldedRecord>,
    /// Rejected records of this partition are not handled.
    unhandled: Option<i32>,
}

/// Notes what it is told, and adds a row for each record.
struct Recorder {
    told: Arc<Mutex<Told>>,
    table: Table,
}

impl RejectionHandler for Recorder {
    fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn handle(&mut self, rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled> {
        let refused = self.told.lock().expect("no panic").unhandled;
        let rejected = rejected.iter().enumerate();
        let unhandled = rejected.filter(|(_, rejected)| Some(rejected.record.partition()) == refused);
        let reason = || anyhow::anyhow!("not now");
        unhandled
            .map(|(index, _)| Unhandled {
                index,
                reason: reason(),
            })
            .collect()
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn extend(&mut self, changes: &mut BatchChanges, records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {
        let mut told = self.told.lock().expect("no panic");
        for (message, record) in records {
            assert_eq!(
                (message.partition(), message.offset()),
                (record.partition, record.offset)
            );
            let n = message.headers().and_then(|own| headers::last(own, "n"));
            let n = String::from_utf8(n.expect("a header").to_vec()).expect("text");
            let key = format!("{}-{}", record.partition, record.offset);
            changes.rows.push(self.table.put(key.as_bytes(), n.clone().into()));
            told.extended.push((n, record.clone()));
        }
    }

    fn committed(&mut self, records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {
        let records = records.iter().map(|(_, record)| record.clone());
        self.told.lock().expect("no panic").committed.extend(records);
    }

    fn tick(&mut self) {}
}

/// A topic, and a projection that reads it.
struct World {
    _cluster: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
    projection: Projection,
    told: Arc<Mutex<Told>>,
    table: Table,
    dir: TempDir,
    written: std::cell::Cell<usize>,
}

fn partition_of(key: &str) -> i32 {
    Partitioner::default().of_key(key.as_bytes(), PARTITIONS)
}

impl World {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cluster = MockCluster::new(1).expect("a broker");
        cluster.create_topic(TOPIC, PARTITIONS, 1).expect("a topic");
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", cluster.bootstrap_servers())
            .create()
            .expect("a producer");
        let mut config = PipelineConfig::default();
        config.kafka.bootstrap_servers = cluster.bootstrap_servers();
        config.kafka.topic = TOPIC.parse().expect("a name");
        config.kafka.has_admin_api = false;
        // New records do not wake a waiting fetch of the mock broker.
        config.kafka.kafka_extra = vec![("fetch.wait.max.ms".into(), "3".into())];
        // In a directory of its own, which can be moved away.
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("embedded:{}", dir.path().join("store").display());
        let store = Store::open(&url.parse().expect("an address"), false)
            .await
            .expect("opens");
        store.schemas().learn_own("orders-value", SCHEMA_ID).expect("learns");
        let table = store.table(TableName("kept")).expect("a table");
        let told = Arc::new(Mutex::new(Told::default()));
        let handler = Recorder {
            told: told.clone(),
            table: table.clone(),
        };
        // Port 9 (discard): nobody listens. Everything that is needed is known.
        let registry = Arc::new(Registry::at("http://127.0.0.1:9").expect("an address"));
        let audit = SchemaIdAudit::new(registry, store.clone(), false);
        let settings = Settings::of("test", &config, Duration::ZERO).expect("settings");
        let projection = Projection::start(settings, store, audit, handler, &Supervisor::default()).expect("starts");
        Self {
            _cluster: cluster,
            producer,
            projection,
            told,
            table,
            dir,
            written: std::cell::Cell::default(),
        }
    }

    /// Writes a record to its key's partition, with its number in the header `n`.
    fn write(&self, key: &str, value: Option<&[u8]>) {
        let n = self.written.replace(self.written.get() + 1).to_string();
        let header = Header {
            key: "n",
            value: Some(n.as_bytes()),
        };
        let mut record = BaseRecord::to(TOPIC)
            .key(key.as_bytes())
            .partition(partition_of(key))
            .timestamp(WRITTEN)
            .headers(OwnedHeaders::new().insert(header));
        record.payload = value;
        let sent = self.producer.send(record);
        sent.map_err(|(error, _)| error).expect("the record is taken");
        self.producer.flush(TIMEOUT).expect("the record is written");
    }

    fn write_event(&self, event: &OrderEvent) {
        let value = record_value(SCHEMA_ID, event).expect("encodes");
        self.write(&event.order.order_id, Some(&value));
    }

    /// Waits until that is true of the key's partition.
    async fn until(&self, key: &str, is_true: impl Fn(&PartitionProgress) -> bool) {
        let mut progress = self.projection.view().watch();
        let there = progress.wait_for(|progress| progress.partition(partition_of(key)).is_some_and(&is_true));
        let there = tokio::time::timeout(TIMEOUT, there).await;
        there.expect("in time").expect("it runs");
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().expect("no panic")
    }

    fn rows(&self) -> BTreeMap<String, String> {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let rows = self.table.range(std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        rows.map(|row| row.expect("reads"))
            .map(|(key, value)| (text(key), text(value)))
            .collect()
    }
}

/// The outcome in words, and the version and the status of the event.
fn summary(record: &FoldedRecord) -> (String, Option<(i32, OrderStatus)>) {
    let outcome = match &record.outcome {
        Outcome::Rejected(rejection) => rejection.code.as_str().to_owned(),
        other => format!("{other:?}"),
    };
    (
        outcome,
        record.event.as_ref().map(|event| (event.version, event.status)),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_of_a_batch_comes_with_its_event_and_its_outcome() {
    let world = World::new().await;
    let first = an_event("A-1", 1);
    let confirmed = next_event(&first, OrderStatus::Delivered);
    let illegal = next_event(&confirmed, OrderStatus::New);
    world.write_event(&first);
    world.write_event(&first);
    world.write_event(&an_event("A-1", 1));
    world.write("A-1", None);
    world.write("A-1", GARBAGE);
    world.write_event(&confirmed);
    world.write_event(&illegal);
    world.until("A-1", |read| read.next == 7).await;
    let told = world.told();
    let summaries: Vec<_> = told.committed.iter().map(summary).collect();
    let said = |outcome: &str, event| (outcome.to_owned(), event);
    let new = Some((1, first.order.status));
    assert_eq!(
        summaries,
        [
            said("Applied { gap: false }", new),
            said("Duplicate", new),
            said("Superseded", new),
            said("Ignored", None),
            said(Code::NotFramed.as_str(), None),
            said("Applied { gap: false }", Some((2, OrderStatus::Delivered))),
            said(Code::IllegalTransition.as_str(), Some((3, OrderStatus::New))),
        ]
    );
    let extended: Vec<_> = told.extended.iter().map(|(_, record)| record.clone()).collect();
    assert_eq!(extended, told.committed);
    for (n, (header, record)) in told.extended.iter().enumerate() {
        assert_eq!((header, record.offset), (&n.to_string(), n as i64));
        assert_eq!(
            (record.partition, record.timestamp),
            (partition_of("A-1"), Some(WRITTEN))
        );
    }
    let schema_ids: Vec<_> = told.committed.iter().map(|record| record.schema_id).collect();
    let ours = Some(SCHEMA_ID);
    assert_eq!(schema_ids, [ours, ours, ours, None, None, ours, ours]);
    let event = told.committed[0].event.clone().expect("an event");
    assert_eq!(
        (event.event_id, event.order_id, event.customer_id),
        (first.event_id, "A-1".to_owned(), first.order.customer_id)
    );
    assert_eq!(
        (event.total_minor, event.currency),
        (first.order.total_minor, first.order.currency)
    );
    assert_eq!(world.rows().len(), 7, "they are in the same commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_of_a_partition_whose_rejected_records_were_not_handled_until_they_are() {
    let world = World::new().await;
    let (here, elsewhere) = ("A-1", "B-1");
    assert_ne!(partition_of(here), partition_of(elsewhere));
    world.told().unhandled = Some(partition_of(here));
    world.write_event(&an_event(here, 1));
    world.write(here, GARBAGE);
    world.until(here, |read| read.paused.is_some()).await;
    world.write_event(&an_event(elsewhere, 1));
    world.until(elsewhere, |read| read.next == 1).await;
    let is_elsewhere = |record: &FoldedRecord| record.partition == partition_of(elsewhere);
    {
        let told = world.told();
        // The event alone may have been read before the record after it was there.
        let of_here = told.extended.iter().filter(|(_, record)| !is_elsewhere(record));
        assert!(of_here.clone().all(|(_, record)| record.offset == 0));
        assert!(told.committed.iter().any(is_elsewhere));
        assert_eq!(told.committed.len(), told.extended.len());
    }
    world.told().unhandled = None;
    world.until(here, |read| read.next == 2).await;
    let told = world.told();
    let offsets: Vec<i64> = told
        .committed
        .iter()
        .filter(|record| !is_elsewhere(record))
        .map(|record| record.offset)
        .collect();
    assert_eq!(offsets, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_is_not_said_to_be() {
    let world = World::new().await;
    world.until("A-1", |read| read.caught_up).await;
    let (store, away) = (world.dir.path().join("store"), world.dir.path().join("away"));
    // How much space its disk has is no longer known, so nothing is written.
    std::fs::rename(&store, &away).expect("moved");
    world.write_event(&an_event("A-1", 1));
    world.until("A-1", |read| read.paused.is_some()).await;
    {
        let told = world.told();
        assert!(!told.extended.is_empty());
        assert_eq!(told.committed, []);
    }
    assert!(world.rows().is_empty());
    std::fs::rename(&away, &store).expect("moved back");
    world.until("A-1", |read| read.next == 1).await;
    assert_eq!(world.told().committed.len(), 1);
    assert_eq!(world.rows().len(), 1);
}
