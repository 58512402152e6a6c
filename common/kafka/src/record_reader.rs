//! Reads single records by their positions: for a page that shows one, and for those that are written again. The records of
//! one topic are read on a thread of its own, one request after the other; its client is created for the first request and
//! closed when none has come for a while.

mod pass;
mod record;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
pub use record::{OwnedRecord, TimestampType};
use tokio::sync::oneshot;

use crate::cluster::Cluster;
use crate::connection::{ConnectionState, Disconnected};
use crate::log_reader::LogReader;

/// How long the client is kept without a request. It fetches nothing meanwhile.
const IDLE: Duration = Duration::from_secs(60);
/// How often an idle client's callbacks are served, which would pile up.
const SERVE_INTERVAL: Duration = Duration::from_secs(1);
/// How many requests may wait for their turn.
const MAX_WAITING: usize = 64;

/// Why records were not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The brokers did not answer, or with an error.
    #[error("reading records of topic {topic} failed: {reason}")]
    Unavailable {
        /// The topic.
        topic: String,
        /// Why; it names the setting where one can be at fault.
        reason: String,
    },
    /// There is no such topic.
    #[error("topic {0} does not exist")]
    TopicMissing(String),
    /// Too many requests wait already.
    #[error("too many requests to read single records of topic {0} are waiting; try again")]
    Busy(String),
    /// The service is stopping.
    #[error("the client that reads single records has stopped")]
    Stopped,
}

/// What was found, by partition and offset.
type Found = HashMap<(i32, i64), OwnedRecord>;

type Answer = Result<Vec<Option<OwnedRecord>>, ReadError>;

struct Request {
    positions: Vec<(i32, i64)>,
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

/// Reads single records of one topic. Clones share the client.
#[derive(Clone)]
pub struct RecordReader {
    topic: String,
    requests: SyncSender<Request>,
}

impl RecordReader {
    /// A reader of that topic. It connects to nothing until it is used.
    ///
    /// # Errors
    /// The system provides no thread.
    pub fn new(cluster: Cluster, topic: &str, supervisor: &Supervisor) -> anyhow::Result<Self> {
        let (requests, waiting) = sync_channel(MAX_WAITING);
        let worker = Worker {
            cluster,
            topic: topic.to_owned(),
            waiting,
            client: None,
        };
        // It ends when the last handle is dropped.
        drop(
            supervisor
                .spawn_thread("reading single records", move || worker.run())
                .context("starting the thread that reads single records")?,
        );
        Ok(Self {
            topic: topic.to_owned(),
            requests,
        })
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The records at those positions (partition and offset), in that order; `None` where there is none: it was deleted or
    /// compacted away, belongs to an aborted transaction, is a transaction's marker, or lies behind what consumers may read.
    /// Positions that lie close together are read in one pass.
    ///
    /// All records are kept in memory: the caller bounds their number.
    ///
    /// # Errors
    /// [`ReadError`], at the deadline at the latest.
    pub async fn read(&self, positions: &[(i32, i64)], deadline: Instant) -> Answer {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        let request = Request {
            positions: positions.to_vec(),
            deadline,
            answer,
        };
        match self.requests.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(ReadError::Busy(self.topic.clone())),
            Err(TrySendError::Disconnected(_)) => return Err(ReadError::Stopped),
        }
        // The thread keeps the deadline, too; but it may be busy with the requests of others.
        match tokio::time::timeout_at(deadline.into(), answered).await {
            Ok(answer) => answer.unwrap_or(Err(ReadError::Stopped)),
            Err(_) => Err(unavailable(&self.topic, LATE)),
        }
    }
}

const LATE: &str = "no broker returned them in time";

fn unavailable(topic: &str, reason: impl Into<String>) -> ReadError {
    ReadError::Unavailable {
        topic: topic.to_owned(),
        reason: reason.into(),
    }
}

struct Client {
    reader: LogReader,
    connection: ConnectionState,
    /// How many partitions the topic had when that was last asked.
    partitions: i32,
    last_used: Instant,
}

/// What runs on the thread.
struct Worker {
    cluster: Cluster,
    topic: String,
    waiting: Receiver<Request>,
    client: Option<Client>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let next = if self.client.is_some() {
                self.waiting.recv_timeout(SERVE_INTERVAL)
            } else {
                self.waiting.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                // Whoever has stopped waiting is not interested any more.
                Ok(request) if request.answer.is_closed() => {}
                Ok(request) => {
                    let answer = self.answer(&request);
                    let _ = request.answer.send(answer);
                }
                Err(RecvTimeoutError::Timeout) => self.idle(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn idle(&mut self) {
        if let Some(client) = &mut self.client {
            client.partitions = if client.reader.serve() { 0 } else { client.partitions };
            if client.last_used.elapsed() > IDLE {
                self.client = None;
            }
        }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => self
                .connect()
                .map_err(|error| unavailable(&self.topic, format!("{error:#}")))?,
        };
        let read = client.read(&request.positions, request.deadline);
        client.last_used = Instant::now();
        self.client = Some(client);
        let mut records = read?;
        // A position may have been asked for twice.
        Ok(request
            .positions
            .iter()
            .enumerate()
            .map(|(n, position)| match request.positions[n + 1..].contains(position) {
                true => records.get(position).cloned(),
                false => records.remove(position),
            })
            .collect())
    }

    fn connect(&self) -> anyhow::Result<Client> {
        let connection = ConnectionState::default();
        Ok(Client {
            reader: LogReader::of_single_records(&self.cluster, &self.topic, connection.clone())?,
            connection,
            partitions: 0,
            last_used: Instant::now(),
        })
    }
}

impl Client {
    /// The records at those positions, as far as there are any.
    ///
    /// # Errors
    /// [`ReadError`], at the deadline at the latest.
    fn read(&mut self, positions: &[(i32, i64)], deadline: Instant) -> Result<Found, ReadError> {
        loop {
            let wanted = self.wanted(positions, deadline)?;
            // Otherwise the log was truncated or the topic recreated meanwhile.
            if let Some(records) = self.pass(wanted, deadline)? {
                return Ok(records);
            }
            self.partitions = 0;
        }
    }

    fn note_partitions(&mut self, deadline: Instant) -> Result<(), ReadError> {
        let topic = self.reader.topic().to_owned();
        loop {
            match self.reader.partition_count(left(deadline)) {
                Ok(Some(partitions)) => {
                    self.partitions = partitions;
                    return Ok(());
                }
                Ok(None) => return Err(ReadError::TopicMissing(topic)),
                // A client that has just been created may need longer for its first connection.
                Err(error) if error.is::<Disconnected>() && !left(deadline).is_zero() => {}
                Err(error) => return Err(unavailable(&topic, format!("{error:#}"))),
            }
        }
    }

    /// Why nothing came in time.
    fn late(&self) -> ReadError {
        let disconnected = self.connection.disconnected().map(|why| why.to_string());
        let why = disconnected.or_else(|| self.reader.denied());
        unavailable(self.reader.topic(), why.unwrap_or_else(|| LATE.to_owned()))
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
