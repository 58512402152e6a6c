//! Dead letters: every record that cannot be used is copied to a topic of its own, with headers that say why, before the
//! projection moves past it. Nothing here judges a record, and nothing sends one back.
//!
//! [`DeadLetters`] is what the projection calls: is the record in the [`index`] already? Else its [`letter`] (whose
//! [`headers`] tell the fault) goes through the `deliveries` to the `writer`, and the projection waits for the broker's
//! word. The index is a projection of the dead-letter topic, which the `follower` reads, so neither a restart nor a
//! rebuild sends a letter again.

mod condition;
mod deliveries;
mod follower;
pub mod headers;
mod index;
mod letter;
mod rows;
mod writer;

pub use condition::Condition;
use deliveries::Deliveries;
use follower::Follower;
pub use index::{Filter, Index, Page};
use letter::Letter;
use orderlog_kafka::topics::TopicSpec;
use orderlog_projection::store::Store;
use orderlog_projection::{Refused, RejectionHandler, Settings};
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
pub use rows::{LetterId, LetterRow, Summary, key_text};
use writer::Writer;

/// Largest record of a dead-letter topic that is made here, in bytes: above what the producer sends at most (10 MiB),
/// as the request around it takes room too.
const MAX_MESSAGE_BYTES: u32 = 11 * 1024 * 1024;

/// What is done with records that cannot be used.
pub struct DeadLetters {
    index: Index,
    condition: Condition,
    deliveries: Deliveries,
    follower: Follower,
}

impl DeadLetters {
    /// Dead letters of the topic in `settings` go to `topic`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When the clients cannot be made, or the disk fails.
    pub fn new(settings: &Settings, topic: String, store: &Store, life: &Supervisor) -> anyhow::Result<Self> {
        // One partition: letters are few, and their order is that of their finding.
        let spec = TopicSpec {
            name: topic.clone(),
            partitions: 1,
            max_message_bytes: Some(MAX_MESSAGE_BYTES),
        };
        let index = Index::open(store, &topic)?;
        let condition = Condition::default();
        let writer = Writer::new(settings.cluster.clone(), topic, life.clone())?;
        let followed = Settings {
            topic: spec,
            ..settings.clone()
        };
        Ok(Self {
            follower: Follower::new(followed, index.clone(), condition.clone())?,
            deliveries: Deliveries::new(writer),
            index,
            condition,
        })
    }

    /// The index, for those who ask.
    pub fn index(&self) -> Index {
        self.index.clone()
    }

    /// The topic's condition, for those who ask.
    pub fn condition(&self) -> Condition {
        self.condition.clone()
    }
}

impl RejectionHandler for DeadLetters {
    fn prepare(&mut self) -> anyhow::Result<()> {
        self.follower.prepare()
    }

    fn dispose(&mut self, refused: &[Refused<'_>]) -> Vec<Result<(), String>> {
        let mut letters: Vec<Letter<'_>> = refused.iter().map(Letter::of).collect();
        let known: Vec<Result<bool, String>> = letters
            .iter_mut()
            .map(|letter| {
                let known = recognise(&self.index, letter);
                known.map_err(|error| format!("the index of dead letters cannot be read: {error:#}"))
            })
            .collect();
        let new: Vec<&Letter<'_>> = letters
            .iter()
            .zip(&known)
            .filter(|(_, known)| *known == &Ok(false))
            .map(|(letter, _)| letter)
            .collect();
        let delivered = self.deliveries.deliver(&new);
        if !new.is_empty() {
            crash_point::reached(Point::DeadLettersAcknowledged);
        }
        let mut delivered = delivered.into_iter();
        let outcome = |known| match known {
            Ok(true) => Ok(()),
            Ok(false) => delivered.next().unwrap_or_else(|| Err("no acknowledgement".to_owned())),
            Err(reason) => Err(reason),
        };
        let named = |result: Result<(), String>| result.map_err(|why| format!("dead letters cannot be written: {why}"));
        known.into_iter().map(outcome).map(named).collect()
    }

    fn tick(&mut self) {
        self.deliveries.collect();
        self.follower.expect_partition(self.deliveries.highest_partition());
        for coordinates in self.follower.tick() {
            self.deliveries.forget(&coordinates);
        }
    }
}

/// Whether a letter's record is on the topic already. If not, finds out whether it was there before it was sent back: what it
/// says of that itself is believed only where the index has that letter, with the same value.
fn recognise(index: &Index, letter: &mut Letter<'_>) -> anyhow::Result<bool> {
    let known = index.has(letter.coordinates(), letter.fingerprint())?;
    if let Some(claimed) = letter.claimed().filter(|_| !known)
        && let Some((origin, replays)) = index.origin_of(claimed, letter.fingerprint())?
    {
        letter.was_sent_back(origin, replays);
    }
    Ok(known)
}
