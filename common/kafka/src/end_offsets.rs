//! Where a partition ends, asked of the broker. A refusal ("there is no such order") is only as sure as the newest thing
//! that was read, so it asks first.
//!
//! A broker's word is enough only where the partition is kept once: a leader of several that was deposed, and does not know
//! it, answers from its old log. There the answer is that the quorum must be asked. How often the topic is kept is asked
//! with every question, until it is more than once; a topic that is kept once again later loses nothing by asking the
//! quorum of one.
//!
//! The client is one of its own: a broker answers the requests of one connection in turn, so behind the reader's waiting
//! fetch each question would take up to half a second. Where there is one replica, both can only ask that one.
//!
//! One question at a time per partition, on a thread for blocking work (librdkafka blocks), so that a leader that does not
//! answer holds up only who asks about its partitions. A request may share an answer only when the question was put after
//! the request came: those who come while a question is under way wait for the next one. A question that nobody waits for
//! any more is not put.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tokio::sync::oneshot;

use super::brokers::tend;
use super::config::Cluster;
use super::context::{self, LinkContext};
use super::link::Link;

const TIMEOUT: Duration = Duration::from_secs(2);

/// What stands for "now" in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// The offset behind its last record that can be read.
    End(i64),
    /// The topic has more than one replica: only what its quorum acknowledges from now on is newer.
    Replicated,
}

type Asker = oneshot::Sender<Result<Now, String>>;

/// Asks for the ends of one topic's partitions.
#[derive(Clone)]
pub struct EndOffsets(Arc<Questions>);

struct Questions {
    consumer: BaseConsumer<LinkContext>,
    topic: String,
    /// Who waits for the next question. A partition is here while one about it is under way.
    askers: Mutex<HashMap<i32, Vec<Asker>>>,
    /// Whether the topic was seen to have more than one replica.
    replicated: AtomicBool,
    life: Supervisor,
}

impl EndOffsets {
    /// Makes the client. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When that fails.
    pub fn new(cluster: &Cluster, topic: &str, life: &Supervisor) -> anyhow::Result<Self> {
        let consumer = cluster
            .ends()
            .create_with_context(LinkContext::new(cluster, Link::default(), topic)?)
            .context("making the Kafka client that asks for ends")?;
        let questions = Arc::new(Questions {
            consumer,
            topic: topic.to_owned(),
            askers: Mutex::default(),
            replicated: AtomicBool::new(false),
            life: life.clone(),
        });
        tend(&questions, life, "the client that asks for ends", Questions::serve);
        Ok(Self(questions))
    }

    /// Where the partition ends, as the broker had it at some time after this call began; or that the quorum must be asked.
    /// Call it within a tokio runtime.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn ask(&self, partition: i32) -> Result<Now, String> {
        if self.0.replicated.load(Ordering::Relaxed) {
            return Ok(Now::Replicated);
        }
        let (asker, answer) = oneshot::channel();
        if self.0.join(partition, asker) {
            let questions = self.0.clone();
            let life = self.0.life.clone();
            life.spawn_blocking("asking where partitions end", move || questions.answer(partition));
        }
        answer
            .await
            .unwrap_or_else(|_| Err("the client that asks for ends has stopped".to_owned()))
    }
}

impl Questions {
    /// Serves what the client says of itself, which would pile up. It reads nothing, so no record is among it.
    fn serve(&self) {
        while context::poll(&self.consumer, Duration::ZERO).is_some() {}
    }

    /// Joins those who wait. Returns whether nobody puts questions about that partition yet.
    fn join(&self, partition: i32, asker: Asker) -> bool {
        let mut all = self.lock();
        let idle = !all.contains_key(&partition);
        all.entry(partition).or_default().push(asker);
        idle
    }

    /// Those whom the next question about that partition is put for; `None` when there is nobody.
    fn next(&self, partition: i32) -> Option<Vec<Asker>> {
        let mut all = self.lock();
        let mut askers = all.get_mut(&partition).map(std::mem::take).unwrap_or_default();
        askers.retain(|asker| !asker.is_closed());
        if askers.is_empty() {
            all.remove(&partition);
            return None;
        }
        Some(askers)
    }

    /// Puts questions as long as somebody waits for the answer.
    fn answer(&self, partition: i32) {
        while let Some(askers) = self.next(partition) {
            crash_point::reached(Point::EndOffsetsTurn);
            let now = self
                .look(partition)
                .map_err(|e| format!("the broker does not say where partition {partition} ends: {e}"));
            for asker in askers {
                // Who has given up waiting is not interested any more.
                let _ = asker.send(now.clone());
            }
        }
    }

    fn look(&self, partition: i32) -> Result<Now, KafkaError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), TIMEOUT)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        if partitions.map(|partition| partition.replicas().len()).max() > Some(1) {
            self.replicated.store(true, Ordering::Relaxed);
            return Ok(Now::Replicated);
        }
        let (_, end) = self.consumer.fetch_watermarks(&self.topic, partition, TIMEOUT)?;
        Ok(Now::End(end))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Vec<Asker>>> {
        // Every change of the map is whole when the lock is given back.
        self.askers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::an_absent_cluster;

    fn questions() -> Questions {
        let EndOffsets(questions) =
            EndOffsets::new(&an_absent_cluster(), "orders", &Supervisor::default()).expect("a client");
        // Who tends it has the same thread, and has not come to it yet.
        Arc::into_inner(questions).expect("no other handle")
    }

    #[tokio::test]
    async fn who_comes_while_a_question_is_under_way_waits_for_the_next() {
        let questions = questions();
        let ((first, _a), (second, _b), (other, _c)) = (oneshot::channel(), oneshot::channel(), oneshot::channel());
        assert!(questions.join(1, first));
        assert_eq!(questions.next(1).map(|askers| askers.len()), Some(1));
        assert!(
            !questions.join(1, second),
            "a question about that partition is under way"
        );
        assert!(questions.join(2, other), "which holds up no other partition");
        assert_eq!(questions.next(1).map(|askers| askers.len()), Some(1));
        assert!(questions.next(1).is_none());
    }

    #[tokio::test]
    async fn a_question_that_nobody_waits_for_any_more_is_not_put() {
        let questions = questions();
        let (asker, gone) = oneshot::channel();
        assert!(questions.join(1, asker));
        drop(gone);
        assert!(questions.next(1).is_none());
        let (asker, _answer) = oneshot::channel();
        assert!(questions.join(1, asker), "the next one begins anew");
    }
}
