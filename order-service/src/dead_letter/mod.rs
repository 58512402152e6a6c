//! Dead letters: every rejected record is copied to a topic of its own, with headers that say why, before the projection
//! moves past it. Nothing here rejects a record, and nothing replays one: that is [`replay`](crate::replay)'s business.
//!
//! [`DeadLetters`] is what the projection calls. A record whose dead letter is in the [`index`] needs nothing more.
//! Otherwise an `outgoing` dead letter, with its [`headers`], goes through the `deliveries` to the `sender`, and the
//! projection waits for the acknowledgment. The index is a projection of the dead-letter topic, which the
//! `index_tailer` reads, so neither a restart nor a rebuild sends a dead letter again. What became of a dead letter is in
//! that topic, too, as [`marks`].

mod deliveries;
mod form;
pub mod headers;
mod index;
mod index_tailer;
mod lists;
pub mod marks;
mod outgoing;
mod position;
pub mod replay_headers;
mod rows;
mod sender;
mod state;
mod status;

use anyhow::anyhow;
use deliveries::Deliveries;
pub use index::{Index, Page};
use index_tailer::IndexTailer;
pub use lists::Filter;
use orderlog_kafka::topics::TopicSpec;
use orderlog_projection::store::{Store, blocking};
use orderlog_projection::{RejectedRecord, Settings, Unhandled};
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use outgoing::DeadLetter;
pub use rows::{DeadLetterId, DeadLetterRow, EarlierRejection, Summary, key_text};
use sender::Sender;
pub use state::{DeadLetterState, MAX_REPLAYS, Settled};
pub use status::{Completeness, DlqStatus};

/// `max.message.bytes` of a dead-letter topic that is created here: above the producer's largest request (10 MiB), to which
/// the protocol adds some bytes.
const MAX_MESSAGE_BYTES: u32 = 11 * 1024 * 1024;

/// Handles rejected records by dead-lettering them.
pub struct DeadLetters {
    index: Index,
    status: DlqStatus,
    deliveries: Deliveries,
    tailer: IndexTailer,
}

impl DeadLetters {
    /// Dead letters of the topic in `settings` go to `topic`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// A client cannot be created, or the disk fails.
    pub async fn new(
        settings: &Settings,
        topic: String,
        store: &Store,
        supervisor: &Supervisor,
    ) -> anyhow::Result<Self> {
        let spec = TopicSpec {
            name: topic.clone(),
            setting: "KAFKA_DLQ_TOPIC",
            // There are few dead letters, and they stay in the order in which they were found.
            partitions: 1,
            max_message_bytes: Some(MAX_MESSAGE_BYTES),
        };
        let (opened, name) = (store.clone(), topic.clone());
        let index = blocking(move || Index::open(&opened, &name)).await?;
        let status = DlqStatus::default();
        let sender = Sender::new(settings.cluster.clone(), topic, supervisor.clone())?;
        let tailed = Settings {
            topic: spec,
            ..settings.clone()
        };
        Ok(Self {
            tailer: IndexTailer::new(tailed, index.clone(), status.clone())?,
            deliveries: Deliveries::new(sender),
            index,
            status,
        })
    }

    /// The index, for its readers.
    pub fn index(&self) -> Index {
        self.index.clone()
    }

    /// The topic's status, for its readers.
    pub fn status(&self) -> DlqStatus {
        self.status.clone()
    }
}

impl DeadLetters {
    /// As [`prepare`](orderlog_projection::RejectionHandler::prepare).
    ///
    /// # Errors
    /// Why it is not ready.
    pub fn prepare(&mut self) -> anyhow::Result<()> {
        self.tailer.prepare()
    }

    /// As [`handle`](orderlog_projection::RejectionHandler::handle).
    pub fn handle(&mut self, rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled> {
        let mut unhandled = Vec::new();
        // The dead letters that are not in the index, each with the index of its rejected record.
        let mut new = Vec::new();
        for (index, record) in rejected.iter().enumerate() {
            let mut dead_letter = DeadLetter::of(record);
            match is_indexed(&self.index, &mut dead_letter) {
                Ok(true) => {}
                Ok(false) => new.push((index, dead_letter)),
                Err(error) => {
                    let reason = error.context("the index of dead letters cannot be read");
                    unhandled.push(not_written(index, reason));
                }
            }
        }
        let undelivered: Vec<&DeadLetter<'_>> = new.iter().map(|(_, dead_letter)| dead_letter).collect();
        let mut results = self.deliveries.deliver(&undelivered).into_iter();
        if !new.is_empty() {
            crash_point::reached(Point::DeadLettersAcknowledged);
        }
        for (index, _) in &new {
            match results.next() {
                Some(Ok(())) => {}
                Some(Err(error)) => unhandled.push(not_written(*index, error.into())),
                None => unhandled.push(not_written(*index, anyhow!("no result"))),
            }
        }
        unhandled
    }

    /// As [`tick`](orderlog_projection::RejectionHandler::tick).
    pub fn tick(&mut self) {
        self.deliveries.collect();
        self.tailer.expect_partition(self.deliveries.highest_partition());
        for position in self.tailer.tick() {
            self.deliveries.forget(&position);
        }
    }

    /// As [`idle`](orderlog_projection::RejectionHandler::idle).
    pub fn idle(&mut self) {
        self.deliveries.collect();
        for position in self.tailer.idle() {
            self.deliveries.forget(&position);
        }
    }
}

fn not_written(index: usize, reason: anyhow::Error) -> Unhandled {
    Unhandled {
        index,
        reason: reason.context("dead letters cannot be written"),
    }
}

/// Whether the record of a dead letter is on the topic already. If not, finds out whether it is a replay: the record's
/// own claim is believed only if the index has that dead letter, with the same value.
fn is_indexed(index: &Index, dead_letter: &mut DeadLetter<'_>) -> anyhow::Result<bool> {
    if index.has(dead_letter.position_text(), dead_letter.fingerprint())? {
        return Ok(true);
    }
    if let Some(claimed) = dead_letter.claimed_position()
        && let Some(earlier) = index.origin_of(&claimed.to_string(), dead_letter.fingerprint())?
    {
        dead_letter.set_replay_of(earlier);
    }
    Ok(false)
}
