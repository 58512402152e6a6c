//! The link to the broker, as librdkafka's own statistics, error events and log lines show it to a
//! [`context`](super::context).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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

    /// That no broker is heard, and what the client says of it; `None` while one is.
    pub fn silence(&self) -> Option<String> {
        let why = self.trouble().map(|trouble| format!(": {trouble}")).unwrap_or_default();
        (!self.is_connected()).then(|| format!("no Kafka broker is heard{why}"))
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

    pub(super) fn learn_topic_id(&self, id: &str) {
        let mut state = self.lock();
        let known = state.topic_id.replace(id.to_owned());
        state.made_anew |= known.is_some_and(|known| known != id);
    }

    pub(super) fn complain(&self, reason: &str) {
        self.lock().last_error = Some(reason.to_owned());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A poisoned lock holds no half-made state here: every write is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn update(&self, topic: &str, statistics: &Statistics) {
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
        if brokers.values().any(Option::is_some) {
            // A connection is up: what was amiss before would be no reason for a silence to come.
            state.last_error = None;
        }
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
