//! The high watermarks of a topic: where its partitions end, whatever transactions are open. Whoever has read to them has read
//! everything that was committed before they were asked for, which is not so for the last stable offsets: a transaction that
//! was committed may lie above one that is still open.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::closing::CloseInBackground;
use crate::cluster::Cluster;
use crate::connection::ConnectionState;
use crate::consumer::ReaderContext;

/// The high watermark of each partition, asked with a client of its own: for now and then. Blocks, for up to `timeout` per
/// request, of which there is one per partition and one before them.
///
/// # Errors
/// No broker answers, or there is no such topic.
pub fn high_watermarks(cluster: &Cluster, topic: &str, timeout: Duration) -> anyhow::Result<BTreeMap<i32, i64>> {
    let context = ReaderContext::new(cluster, ConnectionState::default(), topic)?;
    let client: BaseConsumer<ReaderContext> = cluster
        .high_watermarks()
        .create_with_context(context)
        .context("creating the Kafka client for high watermarks")?;
    let client = CloseInBackground::new(client);
    let asking = || format!("asking where topic {topic} ends");
    let metadata = client.fetch_metadata(Some(topic), timeout).with_context(asking)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    let ends = partitions.map(|partition| {
        let bounds = client.fetch_watermarks(topic, partition.id(), timeout);
        let (_, end) = bounds.with_context(asking)?;
        Ok((partition.id(), end))
    });
    let ends = ends.collect::<anyhow::Result<BTreeMap<i32, i64>>>()?;
    anyhow::ensure!(!ends.is_empty(), "topic {topic} is missing");
    Ok(ends)
}
