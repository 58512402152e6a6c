//! The link to the broker, as librdkafka's own statistics, error events and log lines show it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::{Broker, Statistics};

/// How long a broker may be silent before what we know counts as old. A quiet broker answers a fetch twice a second.
pub const SILENCE: Duration = Duration::from_secs(2);

/// What is known of the link. Shared by the client that feeds it and all who ask.
#[derive(Clone, Default)]
pub struct Link(std::sync::Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    partitions: HashMap<i32, Leader>,
    brokers_heard: Option<Instant>,
    last_error: Option<String>,
    topic_id: Option<String>,
    made_anew: bool,
}

#[derive(Clone, Copy)]
struct Leader {
    heard: Option<Instant>,
    /// Whether it ever was.
    met: bool,
    end: i64,
}

impl Link {
    /// Whether any broker was heard lately.
    pub fn is_connected(&self) -> bool {
        recent(self.lock().brokers_heard)
    }

    /// Whether the leader of that partition was heard lately.
    pub fn hears(&self, partition: i32) -> bool {
        self.lock()
            .partitions
            .get(&partition)
            .is_some_and(|leader| recent(leader.heard))
    }

    /// Whether the leaders of so many partitions were all heard since the start, be it long ago.
    pub fn has_met(&self, partitions: usize) -> bool {
        let met = self.lock().partitions.values().filter(|leader| leader.met).count();
        met >= partitions
    }

    /// How many partitions the topic has by now; `None` until that was heard.
    pub fn partition_count(&self) -> Option<usize> {
        Some(self.lock().partitions.len()).filter(|count| *count > 0)
    }

    /// The end of that partition, as the last fetch told it.
    pub fn end(&self, partition: i32) -> Option<i64> {
        self.lock()
            .partitions
            .get(&partition)
            .map(|leader| leader.end)
            .filter(|end| *end >= 0)
    }

    /// What the client last complained of, while no broker is heard.
    pub fn trouble(&self) -> Option<String> {
        let state = self.lock();
        if recent(state.brokers_heard) {
            None
        } else {
            state.last_error.clone()
        }
    }

    /// Whether the topic was made anew since this was last asked: it has the same name, and is another one. It is known
    /// before the first record of the new topic is handed over.
    pub fn take_made_anew(&self) -> bool {
        std::mem::take(&mut self.lock().made_anew)
    }

    fn learn_topic_id(&self, id: &str) {
        let mut state = self.lock();
        let known = state.topic_id.replace(id.to_owned());
        state.made_anew |= known.is_some_and(|known| known != id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A poisoned lock holds no half-made state here: every write is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, topic: &str, statistics: &Statistics) {
        let now = Instant::now();
        // rxidle: microseconds since anything was received; -1: never. waitresp_cnt: requests that were not answered yet
        // (librdkafka, STATISTICS.md). A broker that was asked nothing owes no answer: its silence tells nothing.
        let heard = |broker: &Broker| match broker.state.as_str() {
            "UP" if broker.waitresp_cnt == 0 => Some(now),
            "UP" => now.checked_sub(Duration::from_micros(u64::try_from(broker.rxidle).ok()?)),
            _ => None,
        };
        let known = statistics.brokers.values().filter(|broker| broker.nodeid >= 0);
        let brokers: HashMap<i32, Option<Instant>> = known.map(|broker| (broker.nodeid, heard(broker))).collect();
        let mut state = self.lock();
        state.brokers_heard = brokers.values().copied().max().flatten();
        if let Some(topic) = statistics.topics.get(topic) {
            for (id, partition) in topic.partitions.iter().filter(|(id, _)| **id >= 0) {
                let heard = brokers.get(&partition.leader).copied().flatten();
                let met = heard.is_some() || state.partitions.get(id).is_some_and(|before| before.met);
                state.partitions.insert(
                    *id,
                    Leader {
                        heard,
                        met,
                        end: partition.hi_offset,
                    },
                );
            }
        }
    }
}

fn recent(heard: Option<Instant>) -> bool {
    heard.is_some_and(|at| at.elapsed() < SILENCE)
}

/// The context of a consumer that feeds a [`Link`].
pub struct LinkContext {
    link: Link,
    topic: String,
}

impl LinkContext {
    /// Feeds `link` with what is heard of `topic`.
    pub fn new(link: Link, topic: &str) -> Self {
        Self {
            link,
            topic: topic.to_owned(),
        }
    }
}

impl ClientContext for LinkContext {
    fn stats(&self, statistics: Statistics) {
        self.link.update(&self.topic, &statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition comes this way too, and is none.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        self.link.lock().last_error = Some(reason.to_owned());
        tracing::debug!(%error, reason, "kafka client");
    }

    fn log(&self, level: RDKafkaLogLevel, fac: &str, log_message: &str) {
        if let Some(id) = new_topic_id(log_message, &self.topic) {
            self.link.learn_topic_id(id);
        }
        log(level, fac, log_message);
    }
}

impl ConsumerContext for LinkContext {}

/// What librdkafka shows where a broker tells no id: one before 2.8, or a gateway. It says nothing of the topic.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// The id that a topic has now, when that is what librdkafka's line says. It notices that a topic was deleted and made
/// again, goes on with the new one at the old one's offset (2.12: "an offset reset must be triggered", says a note in
/// `rd_kafka_topic_metadata_update0`), and tells nobody but its debug log.
fn new_topic_id<'a>(line: &'a str, topic: &str) -> Option<&'a str> {
    let (before, ids) = line.split_once(" changed id from ")?;
    let named = before.rsplit_once("Topic ").is_some_and(|(_, name)| name == topic);
    ids.split_once(" to ")
        .map(|(_, id)| id)
        .filter(|id| named && *id != NO_ID)
}

/// librdkafka's log lines, one level lower: its "error" is mostly a broker that is away, which health tells better.
pub fn log(level: RDKafkaLogLevel, fac: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", fac, "{message}");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => tracing::info!(target: "librdkafka", fac, "{message}"),
        _ => tracing::debug!(target: "librdkafka", fac, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_was_made_anew_is_told_once_and_only_when_its_name_was_known_before() {
        let link = Link::default();
        let context = LinkContext::new(link.clone(), "orders");
        let says = |line: &str| context.log(RDKafkaLogLevel::Debug, "METADATA", line);
        says("[thrd:main]: Topic orders changed id from AAAAAAAAAAAAAAAAAAAAAA to 7xT0");
        says("[thrd:main]: Topic other-orders changed id from 7xT0 to 9yU1");
        says("[thrd:main]: Topic orders changed id from 7xT0 to 7xT0");
        assert!(!link.take_made_anew());
        says("[thrd:main]: Topic orders changed id from 7xT0 to AAAAAAAAAAAAAAAAAAAAAA");
        says("[thrd:main]: Topic orders changed id from AAAAAAAAAAAAAAAAAAAAAA to 7xT0");
        assert!(!link.take_made_anew(), "another broker tells no ids");
        says("[thrd:main]: Topic orders changed id from 7xT0 to 8zV2");
        assert!(link.take_made_anew());
        assert!(!link.take_made_anew());
    }
}
