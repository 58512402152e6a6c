//! The link to the broker, as librdkafka's own statistics, error events and log lines show it to a
//! [`context`](super::context).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::statistics::{Broker, Statistics};

use super::standstill::Standstill;

/// How long a broker may be silent before what we know counts as old. A quiet broker answers a fetch twice a second.
pub const SILENCE: Duration = Duration::from_secs(2);

/// What is known of the link. Shared by the client that feeds it and all who ask.
#[derive(Clone, Default)]
pub struct Link(std::sync::Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    partitions: HashMap<i32, Leader>,
    brokers_heard: Option<Instant>,
    /// When each broker was heard that the client has to do with.
    needed: Vec<Option<Instant>>,
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
    standstill: Option<Standstill>,
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

    /// That not most of the brokers are heard that the client has to do with; `None` while most are, or [none](Self::silence).
    pub fn minority(&self) -> Option<String> {
        let state = self.lock();
        let heard = state.needed.iter().filter(|heard| recent(**heard)).count();
        let few = heard > 0 && heard * 2 <= state.needed.len();
        few.then(|| {
            format!(
                "connected to only {heard} of {} Kafka brokers: what they tell may be old",
                state.needed.len()
            )
        })
    }

    /// Where and since when the last stable offset of that partition stands still behind its end, if it does, as the last
    /// fetch told it.
    pub fn standstill(&self, partition: i32) -> Option<Standstill> {
        self.lock().partitions.get(&partition)?.standstill
    }

    /// Notes that somebody has waited in vain for what lies behind a last stable offset that stands still.
    pub fn waited_in_vain(&self, partition: i32) {
        let mut state = self.lock();
        let still = state
            .partitions
            .get_mut(&partition)
            .map(|leader| &mut leader.standstill);
        if let Some(Some(still)) = still {
            still.in_vain = true;
        }
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
        // A broker that the client has nothing to do with is not connected to, and stays as it began (sparse connections).
        let needed = statistics.brokers.values();
        let needed = needed.filter(|broker| broker.source == "learned" && broker.state != "INIT");
        let needed = needed.map(heard).collect();
        let mut state = self.lock();
        state.needed = needed;
        state.brokers_heard = brokers.values().copied().max().flatten();
        if brokers.values().any(Option::is_some) {
            // A connection is up: what was amiss before would be no reason for a silence to come.
            state.last_error = None;
        }
        if let Some(topic) = statistics.topics.get(topic) {
            for (id, partition) in topic.partitions.iter().filter(|(id, _)| **id >= 0) {
                let heard = brokers.get(&partition.leader).copied().flatten();
                let before = state.partitions.get(id).copied();
                let met = heard.is_some() || before.is_some_and(|before| before.met);
                // What was fetched long ago tells nothing of a transaction.
                let before = before.and_then(|before| before.standstill);
                let after = || Standstill::after(before, partition.ls_offset, partition.hi_offset, now);
                state.partitions.insert(
                    *id,
                    Leader {
                        heard,
                        met,
                        end: partition.hi_offset,
                        standstill: if recent(heard) { after() } else { None },
                    },
                );
            }
        }
    }
}

fn recent(heard: Option<Instant>) -> bool {
    heard.is_some_and(|at| at.elapsed() < SILENCE)
}

#[cfg(test)]
mod tests {
    use rdkafka::statistics::{Partition, Topic};

    use super::*;

    fn broker(nodeid: i32, state: &str, waits_for_ms: Option<i64>) -> (String, Broker) {
        let broker = Broker {
            nodeid,
            source: if nodeid < 0 { "configured" } else { "learned" }.to_owned(),
            state: state.to_owned(),
            waitresp_cnt: i64::from(waits_for_ms.is_some()),
            rxidle: waits_for_ms.unwrap_or_default() * 1000,
            ..Broker::default()
        };
        (format!("{nodeid}"), broker)
    }

    fn told(brokers: impl IntoIterator<Item = (String, Broker)>, partition: Partition) -> Statistics {
        let topic = Topic {
            partitions: HashMap::from([(partition.partition, partition)]),
            ..Topic::default()
        };
        Statistics {
            brokers: brokers.into_iter().collect(),
            topics: HashMap::from([("orders".to_owned(), topic)]),
            ..Statistics::default()
        }
    }

    #[test]
    fn a_minority_of_the_brokers_that_the_client_has_to_do_with_is_said() {
        let says = |brokers: &[(i32, &str, Option<i64>)]| {
            let link = Link::default();
            let brokers = brokers.iter().map(|(id, state, waits)| broker(*id, state, *waits));
            link.update("orders", &told(brokers, Partition::default()));
            link.minority()
        };
        let up = |id| (id, "UP", None);
        assert_eq!(says(&[up(1)]), None);
        assert_eq!(says(&[up(1), up(2), (3, "DOWN", None)]), None);
        assert_eq!(
            says(&[up(1), (2, "INIT", None), (3, "INIT", None), (-1, "DOWN", None)]),
            None
        );
        for away in [(2, "DOWN", None), (2, "TRY_CONNECT", None), (2, "UP", Some(2_500))] {
            let said = says(&[up(1), away, (3, "CONNECT", None)]).expect("a reason");
            assert!(said.contains("only 1 of 3"), "{said}");
        }
        assert_eq!(
            says(&[(1, "DOWN", None)]),
            None,
            "none is heard: that is said elsewhere"
        );
    }

    #[test]
    fn a_last_stable_offset_that_stands_still_is_told_while_its_leader_is_heard() {
        let link = Link::default();
        let tells = |stable, state| {
            let partition = Partition {
                partition: 0,
                leader: 1,
                hi_offset: 9,
                ls_offset: stable,
                ..Partition::default()
            };
            link.update("orders", &told([broker(1, state, None)], partition));
            link.standstill(0).map(|still| (still.offset, still.in_vain))
        };
        assert_eq!(tells(9, "UP"), None);
        assert_eq!(tells(5, "UP"), Some((5, false)));
        link.waited_in_vain(0);
        assert_eq!(tells(5, "UP"), Some((5, true)));
        assert_eq!(tells(5, "DOWN"), None);
        assert_eq!(tells(5, "UP"), Some((5, false)), "it is a new wait");
        assert_eq!(tells(9, "UP"), None);
        link.waited_in_vain(0);
        assert_eq!(link.standstill(0), None);
    }
}
