//! What is read at the end: the topic, the dead-letter topic, and everything that order-service returns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::cluster::TOPIC;
use crate::injector::Injector;
use crate::management::LateSchema;
use testbed::api_types::{DeadLetter, DeadLetters, DlqInfo, Order, Stats};
use testbed::client::Client;
use testbed::log::{self, Record};
use testbed::topics::Topics;
use testbed::wait::until;

/// Maximum time that the dead-letter index may lag behind its topic once nothing more is written.
const INDEX_TIMEOUT: Duration = Duration::from_secs(30);
const PAGE_SIZE: usize = 500;

/// What is read at the end.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Every record of the topic, by partition and offset.
    pub records: Vec<Record>,
    /// Every record of the dead-letter topic.
    pub dead_letters: Vec<Record>,
    /// The id of the schema that the services write.
    pub schema_id: u32,
    /// The ids of all other schemas in the registry.
    pub other_schema_ids: Vec<u32>,
    /// The schemas that were registered late.
    pub late_schemas: Vec<LateSchema>,
    /// How many partitions the topic has.
    pub partitions: i32,
    /// How many brokers there are, each with a replica.
    pub brokers: usize,
    /// The ids that order-service lists.
    pub ids: Vec<String>,
    /// What it returns for each of them.
    pub details: BTreeMap<String, Order>,
    /// Its counters.
    pub stats: Stats,
    /// Its summary of the dead letters.
    pub dlq: DlqInfo,
    /// The dead letters that it lists, in whatever state.
    pub listed: Vec<DeadLetter>,
    /// Records of other topics that are nobody's business.
    pub elsewhere: Vec<Record>,
}

impl Evidence {
    /// Reads all of it.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn read_all(
        kafka: &[String],
        order_service: &str,
        injector: &Injector,
        late_schemas: Vec<LateSchema>,
    ) -> anyhow::Result<Self> {
        let (client, brokers) = (Client::new(order_service)?, kafka.len());
        let kafka = &kafka.join(",");
        let dead_letter_topic = format!("{TOPIC}-dlq");
        let dead_letters = log::read(kafka, &dead_letter_topic).await?;
        // The index reports no lag. If it does not catch up, a check will report what is missing.
        let is_letter = |record: &&Record| record.value.is_some();
        let positions = dead_letters
            .iter()
            .filter(is_letter)
            .map(|record| record.header("orderlog.at"));
        let wanted = positions.collect::<BTreeSet<_>>().len() as u64;
        let _ = until("the dead letters are indexed", INDEX_TIMEOUT, async || {
            let info = client.dlq().await?;
            anyhow::ensure!(info.by_state.values().sum::<u64>() == wanted, "{info:?}");
            Ok(())
        })
        .await;
        let ids = client.order_ids(TOPIC, PAGE_SIZE).await?.concat();
        let details = async |id: String| {
            let details: Order = client.details(&id).await?.read(200)?;
            anyhow::Ok((id, details))
        };
        let details = stream::iter(ids.clone()).map(details).buffered(4).try_collect().await?;
        Ok(Self {
            records: log::read(kafka, TOPIC).await?,
            dead_letters,
            schema_id: injector.facts().schema_id,
            other_schema_ids: vec![injector.facts().other_schema_id],
            late_schemas,
            partitions: injector.facts().partitions,
            brokers,
            ids,
            details,
            stats: client.stats().await.context("reading /stats")?,
            dlq: client.dlq().await?,
            listed: listed(&client).await?,
            elsewhere: elsewhere(kafka, &dead_letter_topic).await?,
        })
    }

    /// Saves both topics, for anyone who wants to inspect them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn keep(&self, dir: &Path) -> anyhow::Result<()> {
        for (name, records) in [
            ("topic.jsonl", &self.records),
            ("dead-letters.jsonl", &self.dead_letters),
        ] {
            let lines: String = records.iter().map(|record| line(record).to_string() + "\n").collect();
            let file = dir.join(name);
            std::fs::write(&file, lines).with_context(|| format!("writing {}", file.display()))?;
        }
        let shown = format!(
            "{:#?}\n{:#?}\n{:#?}\n{:#?}",
            self.stats, self.dlq, self.listed, self.details
        );
        std::fs::write(dir.join("read-model.txt"), shown).context("writing the read model")
    }
}

/// The dead letters in all states.
async fn listed(client: &Client) -> anyhow::Result<Vec<DeadLetter>> {
    let (mut listed, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/dlq/messages?state=any&limit={PAGE_SIZE}{after}");
        let page: DeadLetters = client.get(&path).await?.read(200)?;
        listed.extend(page.messages);
        let Some(next) = page.next else { return Ok(listed) };
        after = format!("&after={next}");
    }
}

/// Replayed records on any other topic.
async fn elsewhere(kafka: &str, dead_letter_topic: &str) -> anyhow::Result<Vec<Record>> {
    let mut found = Vec::new();
    for topic in Topics::new(kafka)?.names()? {
        if topic == TOPIC || topic == dead_letter_topic || topic.starts_with("__") {
            continue;
        }
        let records = log::read(kafka, &topic).await?;
        found.extend(
            records
                .into_iter()
                .filter(|record| !record.header("orderlog.replay-of").is_empty()),
        );
    }
    Ok(found)
}

fn line(record: &Record) -> Value {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| json!([name, value.as_deref().map(text)]));
    json!({
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": record.key.as_deref().map(text),
        "value": record.value.as_deref().map(hex),
        "headers": headers.collect::<Vec<_>>(),
    })
}
