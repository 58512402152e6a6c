//! A topic, a projection that reads it, and what its service is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderEvent;
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
pub const SCHEMA_ID: u32 = 7;
const TIMEOUT: Duration = Duration::from_secs(30);
/// When the records were written.
pub const WRITTEN: i64 = 1_700_000_000_123;
pub const GARBAGE: Option<&[u8]> = Some(b"garbage");

/// What the handler was told.
#[derive(Default)]
pub struct Told {
    /// Each record with its header `n`.
    pub extended: Vec<(String, FoldedRecord)>,
    pub committed: Vec<FoldedRecord>,
    /// Rejected records of this partition are not handled.
    pub unhandled: Option<i32>,
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
pub struct World {
    _cluster: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
    pub projection: Projection,
    told: Arc<Mutex<Told>>,
    table: Table,
    pub dir: TempDir,
    written: std::cell::Cell<usize>,
}

pub fn partition_of(key: &str) -> i32 {
    Partitioner::default().of_key(key.as_bytes(), PARTITIONS)
}

impl World {
    pub async fn new() -> Self {
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
    pub fn write(&self, key: &str, value: Option<&[u8]>) {
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

    pub fn write_event(&self, event: &OrderEvent) {
        let value = record_value(SCHEMA_ID, event).expect("encodes");
        self.write(&event.order.order_id, Some(&value));
    }

    /// Waits until that is true of the key's partition.
    pub async fn until(&self, key: &str, is_true: impl Fn(&PartitionProgress) -> bool) {
        let mut progress = self.projection.view().watch();
        let there = progress.wait_for(|progress| progress.partition(partition_of(key)).is_some_and(&is_true));
        let there = tokio::time::timeout(TIMEOUT, there).await;
        there.expect("in time").expect("it runs");
    }

    pub fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().expect("no panic")
    }

    pub fn rows(&self) -> BTreeMap<String, String> {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let rows = self.table.range(std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        rows.map(|row| row.expect("reads"))
            .map(|(key, value)| (text(key), text(value)))
            .collect()
    }
}
