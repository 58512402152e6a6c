//! Who leads the partitions of a topic, according to one broker. A client library would ask any broker, and a leader
//! that was deposed without knowing it still claims to lead. (The protocol:
//! <https://kafka.apache.org/protocol#protocol_messages>.)

use std::time::Duration;

use anyhow::Context;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{ApiKey, MetadataRequest, MetadataResponse, RequestHeader, ResponseHeader, TopicName};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a broker may take to answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The last version of the request without tagged fields; it reports epochs.
const VERSION: i16 = 8;

/// A partition, according to one broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionLeader {
    /// Its number.
    pub partition: i32,
    /// The id of the broker that leads it; -1 for none.
    pub leader: i32,
    /// The leader epoch: the higher one is the newer one.
    pub epoch: i32,
    /// The ids of the in-sync replicas, sorted.
    pub in_sync: Vec<i32>,
}

/// The partitions of a topic by number, according to the broker at that `host:port`.
///
/// # Errors
/// If it does not answer, or does not know the topic.
pub async fn of(broker: &str, topic: &str) -> anyhow::Result<Vec<PartitionLeader>> {
    tokio::time::timeout(TIMEOUT, ask(broker, topic))
        .await
        .context("no answer in time")
        .flatten()
        .with_context(|| format!("asking {broker} who leads the partitions of {topic}"))
}

async fn ask(broker: &str, topic: &str) -> anyhow::Result<Vec<PartitionLeader>> {
    let name = TopicName(StrBytes::from_string(topic.to_owned()));
    let asked = MetadataRequestTopic::default().with_name(Some(name));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![asked]))
        .with_allow_auto_topic_creation(false);
    let header = RequestHeader::default()
        .with_request_api_key(ApiKey::Metadata as i16)
        .with_request_api_version(VERSION)
        .with_client_id(Some(StrBytes::from_static_str("orderlog-testbed")));
    let mut frame = Vec::new();
    header.encode(&mut frame, ApiKey::Metadata.request_header_version(VERSION))?;
    request.encode(&mut frame, VERSION)?;

    let mut stream = TcpStream::connect(broker).await?;
    stream.write_i32(i32::try_from(frame.len())?).await?;
    stream.write_all(&frame).await?;
    let mut answer = vec![0; usize::try_from(stream.read_i32().await?)?];
    stream.read_exact(&mut answer).await?;
    let mut rest = &answer[..];
    ResponseHeader::decode(&mut rest, ApiKey::Metadata.response_header_version(VERSION))?;
    let told = MetadataResponse::decode(&mut rest, VERSION)?;

    let topic = told.topics.into_iter().next().context("no topic in the answer")?;
    anyhow::ensure!(topic.error_code == 0, "error {}", topic.error_code);
    let mut partitions: Vec<PartitionLeader> = topic
        .partitions
        .into_iter()
        .map(|partition| {
            let mut in_sync: Vec<i32> = partition.isr_nodes.iter().map(|broker| broker.0).collect();
            in_sync.sort_unstable();
            PartitionLeader {
                partition: partition.partition_index,
                leader: partition.leader_id.0,
                epoch: partition.leader_epoch,
                in_sync,
            }
        })
        .collect();
    partitions.sort_by_key(|led| led.partition);
    Ok(partitions)
}
