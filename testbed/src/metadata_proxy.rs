//! A relay in front of a broker, frame by frame, which can remove the brokers from its Metadata answers: "0 brokers, n
//! topics". A real broker reports that for a moment while it shuts down, but cannot be made to do so. (The protocol:
//! <https://kafka.apache.org/protocol#protocol_messages>.)

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{ApiKey, MetadataResponse, TopicName};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Unknown topics added to the answer. The more a client has to process, the longer its next steps are delayed;
/// librdkafka 2.12 only forgets its bootstrap servers for good if they are delayed long enough.
const MORE_TOPICS: usize = 5_000;
/// LEADER_NOT_AVAILABLE.
const NO_LEADER: i16 = 5;

/// Such a relay, on its own port. It takes no new connections once it is dropped.
#[derive(Debug)]
pub struct MetadataProxy {
    port: u16,
    hidden: Arc<HiddenBrokers>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct HiddenBrokers {
    wanted: AtomicBool,
    told: AtomicUsize,
}

/// The versions of unanswered Metadata requests, by correlation id.
type Asked = Arc<Mutex<HashMap<i32, i16>>>;

impl MetadataProxy {
    /// A relay in front of that broker, `host:port`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// If there is no port for it.
    pub async fn start(broker: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("listening for the relay")?;
        let port = listener.local_addr()?.port();
        let hidden = Arc::new(HiddenBrokers::default());
        let seen = hidden.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (broker, hidden) = (broker.clone(), seen.clone());
                tokio::spawn(async move {
                    let Ok(broker) = TcpStream::connect(broker).await else {
                        return;
                    };
                    // As brokers and clients do; otherwise a frame might wait for an acknowledgment.
                    let _ = client.set_nodelay(true).and_then(|()| broker.set_nodelay(true));
                    let asked = Asked::default();
                    let ((from_client, to_client), (from_broker, to_broker)) =
                        (client.into_split(), broker.into_split());
                    // Whichever direction ends first, the connection ends with it.
                    tokio::select! {
                        _ = pass(from_client, to_broker, |request| note(request, &asked)) => {}
                        _ = pass(from_broker, to_client, |answer| told(answer, &asked, &hidden)) => {}
                    }
                });
            }
        });
        Ok(Self { port, hidden, task })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets whether brokers are removed.
    pub fn hide_brokers(&self, brokers: bool) {
        self.hidden.wanted.store(brokers, Ordering::SeqCst);
    }

    /// How many answers without brokers there have been so far.
    pub fn answers_without_brokers(&self) -> usize {
        self.hidden.told.load(Ordering::SeqCst)
    }
}

impl Drop for MetadataProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Relays frames, changed by `change`, until one side ends.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut change: impl FnMut(Vec<u8>) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<()> {
    loop {
        let mut frame = vec![0; usize::try_from(from.read_i32().await?)?];
        from.read_exact(&mut frame).await?;
        let frame = change(frame)?;
        let mut piece = i32::try_from(frame.len())?.to_be_bytes().to_vec();
        piece.extend(frame);
        to.write_all(&piece).await?;
    }
}

/// Remembers a Metadata request. Requests begin with their key, version and correlation id.
fn note(request: Vec<u8>, asked: &Asked) -> anyhow::Result<Vec<u8>> {
    let (head, _) = request.split_first_chunk::<8>().context("a frame without a header")?;
    let [k0, k1, v0, v1, id @ ..] = *head;
    if i16::from_be_bytes([k0, k1]) == ApiKey::Metadata as i16 {
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(i32::from_be_bytes(id), i16::from_be_bytes([v0, v1]));
    }
    Ok(request)
}

/// Removes the brokers from a Metadata answer, if requested. Answers begin with their correlation id.
fn told(answer: Vec<u8>, asked: &Asked, hidden: &HiddenBrokers) -> anyhow::Result<Vec<u8>> {
    let (id, rest) = answer.split_first_chunk::<4>().context("a frame without a header")?;
    let version = asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&i32::from_be_bytes(*id));
    let Some(version) = version.filter(|_| hidden.wanted.load(Ordering::SeqCst)) else {
        return Ok(answer);
    };
    // Since version 1 of its header an answer has tagged fields there: none, as long as none are defined.
    let tags = usize::from(ApiKey::Metadata.response_header_version(version) >= 1);
    let mut metadata = MetadataResponse::decode(&mut &rest[tags..], version)?;
    metadata.brokers.clear();
    for topic in &mut metadata.topics {
        for partition in &mut topic.partitions {
            partition.error_code = NO_LEADER;
            partition.leader_id = (-1).into();
        }
    }
    // A client that asks for its permissions asks for one topic, and no broker mentions others: librdkafka 2.12 frees
    // the description of a topic that it did not ask for, and then reads it (`rd_kafka_DescribeTopicsResponse_parse`).
    let asks_rights = metadata
        .topics
        .iter()
        .any(|topic| topic.topic_authorized_operations != i32::MIN);
    let more = if asks_rights { 0 } else { MORE_TOPICS };
    metadata.topics.extend((0..more).map(|n| {
        let name = TopicName(StrBytes::from_string(format!("no-such-topic-{n}")));
        MetadataResponseTopic::default()
            .with_name(Some(name))
            .with_error_code(NO_LEADER)
    }));
    let mut changed = answer[..4 + tags].to_vec();
    metadata.encode(&mut changed, version)?;
    hidden.told.fetch_add(1, Ordering::SeqCst);
    Ok(changed)
}
