//! What is known of a client's connections: to any broker, to the leaders of its topic's partitions. It comes from
//! librdkafka's statistics, errors and log lines, through the client's context; no broker is queried here.

mod failure;
mod stalled_lso;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::statistics::{Broker, Statistics};

use failure::Failures;
pub use stalled_lso::StalledLso;

/// How long a broker may be silent before it counts as disconnected. An idle broker answers a fetch twice a second.
pub const MAX_SILENCE: Duration = Duration::from_secs(2);

/// How long setting up a connection may take before its broker counts as one that does not respond.
const MAX_SETUP: Duration = Duration::from_secs(1);

/// The state of a client's connections. Shared by clones: that of the client that feeds it and those of its readers.
#[derive(Clone, Default)]
pub struct ConnectionState(Arc<Mutex<State>>);

/// That no broker is connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not connected to Kafka at {servers} (KAFKA_BOOTSTRAP_SERVERS){}", .why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
pub struct Disconnected {
    servers: String,
    why: Option<String>,
}

struct State {
    /// When the client was made.
    created: Instant,
    partitions: HashMap<i32, Partition>,
    /// When any broker was last known to be connected.
    last_seen: Option<Instant>,
    /// The same, for each broker that the client needs.
    needed: Vec<Option<Instant>>,
    /// The servers that the client bootstraps from.
    servers: String,
    /// Since a broker was last connected.
    failures: Failures,
    topic_id: Option<String>,
    was_recreated: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            created: Instant::now(),
            partitions: HashMap::new(),
            last_seen: None,
            needed: Vec::new(),
            servers: String::new(),
            failures: Failures::default(),
            topic_id: None,
            was_recreated: false,
        }
    }
}

#[derive(Clone, Copy)]
struct Partition {
    /// When its leader was last known to be connected.
    leader_seen: Option<Instant>,
    /// Whether any of its leaders ever was.
    was_connected: bool,
    end_offset: i64,
    /// When the broker that it is read from, which may be a follower, was last known to be connected. Only once it has told
    /// the end offset.
    end_seen: Option<Instant>,
    stalled_lso: Option<StalledLso>,
}

impl ConnectionState {
    /// Whether any broker is connected.
    pub fn is_connected(&self) -> bool {
        is_recent(self.lock().last_seen)
    }

    /// Whether the leader of that partition is connected.
    pub fn is_leader_connected(&self, partition: i32) -> bool {
        let state = self.lock();
        let partition = state.partitions.get(&partition);
        partition.is_some_and(|partition| is_recent(partition.leader_seen))
    }

    /// Whether the leaders of that many partitions have been connected at least once since the start.
    pub fn have_leaders_been_connected(&self, partitions: usize) -> bool {
        let state = self.lock();
        let connected = state.partitions.values().filter(|partition| partition.was_connected);
        connected.count() >= partitions
    }

    /// How many partitions the topic has; `None` until that is known.
    pub fn partition_count(&self) -> Option<usize> {
        Some(self.lock().partitions.len()).filter(|count| *count > 0)
    }

    /// The end offset of that partition, as of the last fetch.
    pub fn end_offset(&self, partition: i32) -> Option<i64> {
        let state = self.lock();
        let end = state.partitions.get(&partition)?.end_offset;
        (end >= 0).then_some(end)
    }

    /// Since when the end offset of that partition may be another one than the known: since the broker that it is read from was
    /// last connected, or since the client was made. `None` while the known one is current, within [`MAX_SILENCE`]; but never
    /// while no broker is [connected](Self::disconnected), however recent the last contact is: a health report says so at once,
    /// too.
    pub fn end_unknown_since(&self, partition: i32) -> Option<Instant> {
        let state = self.lock();
        let seen = state
            .partitions
            .get(&partition)
            .and_then(|partition| partition.end_seen);
        let is_known = is_recent(seen) && is_recent(state.last_seen);
        (!is_known).then(|| seen.unwrap_or(state.created))
    }

    /// That no broker is connected, why, and what to do; `None` while one is.
    pub fn disconnected(&self) -> Option<Disconnected> {
        let state = self.lock();
        (!is_recent(state.last_seen)).then(|| Disconnected {
            servers: state.servers.clone(),
            why: state.failures.describe(&state.servers),
        })
    }

    /// That only a minority of the brokers that the client needs is connected; `None` while a majority is, or
    /// [none](Self::disconnected).
    pub fn minority(&self) -> Option<String> {
        let state = self.lock();
        let connected = state.needed.iter().filter(|seen| is_recent(**seen)).count();
        let few = connected > 0 && connected * 2 <= state.needed.len();
        few.then(|| {
            format!(
                "connected to only {connected} of {} Kafka brokers: what they report may be stale",
                state.needed.len()
            )
        })
    }

    /// The last stable offset of that partition, if it is stalled before the partition's end, as of the last fetch.
    pub fn stalled_lso(&self, partition: i32) -> Option<StalledLso> {
        self.lock().partitions.get(&partition)?.stalled_lso
    }

    /// Notes that somebody timed out waiting for a record behind a stalled last stable offset.
    pub fn note_timeout(&self, partition: i32) {
        let mut state = self.lock();
        let partition = state.partitions.get_mut(&partition);
        if let Some(stalled) = partition.and_then(|partition| partition.stalled_lso.as_mut()) {
            stalled.has_timed_out = true;
        }
    }

    /// Why no broker is connected, as far as it is known; `None` while one is.
    pub fn last_error(&self) -> Option<String> {
        self.disconnected()?.why
    }

    /// Whether the topic was recreated since the last call: it has the same name and another id. Known before the first
    /// record of the new topic is returned.
    pub(crate) fn take_recreated(&self) -> bool {
        std::mem::take(&mut self.lock().was_recreated)
    }

    pub(crate) fn set_topic_id(&self, id: &str) {
        let mut state = self.lock();
        let known = state.topic_id.replace(id.to_owned());
        state.was_recreated |= known.is_some_and(|known| known != id);
    }

    /// Sets what a failure is explained with: the servers, and whether the user's settings name the authority of their
    /// certificates.
    pub(crate) fn set_servers(&self, servers: &str, names_authority: bool) {
        let mut state = self.lock();
        servers.clone_into(&mut state.servers);
        state.failures.set_names_authority(names_authority);
    }

    /// Takes note of what librdkafka reports of a broker that failed.
    pub(crate) fn note_failure(&self, report: &str) {
        let state = &mut *self.lock();
        state.failures.note(report, &state.servers);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed: every write is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of the client's statistics.
    pub(crate) fn observe(&self, topic: &str, statistics: &Statistics) {
        let now = Instant::now();
        let known = statistics.brokers.values().filter(|broker| broker.nodeid >= 0);
        let brokers: HashMap<i32, Option<Instant>> =
            known.map(|broker| (broker.nodeid, last_seen(broker, now))).collect();
        // A broker that the client does not need is not connected to, and stays in its initial state (sparse connections).
        let needed = statistics.brokers.values();
        let needed = needed.filter(|broker| broker.source == "learned" && broker.state != "INIT");
        let needed = needed.map(|broker| last_seen(broker, now)).collect();
        let state = &mut *self.lock();
        state.needed = needed;
        state.last_seen = brokers.values().copied().max().flatten();
        if brokers.values().any(Option::is_some) {
            // A connection is up: an earlier error would not explain a later disconnect.
            state.failures.clear();
        }
        for broker in statistics.brokers.values().filter(|broker| is_stalled(broker)) {
            state.failures.note_stall(&broker.name, &broker.state, &state.servers);
        }
        let Some(topic) = statistics.topics.get(topic) else {
            return;
        };
        for (id, partition) in topic.partitions.iter().filter(|(id, _)| **id >= 0) {
            let leader_seen = brokers.get(&partition.leader).copied().flatten();
            let before = state.partitions.get(id).copied();
            // What was fetched long ago says nothing about a transaction.
            let stalled_lso = if is_recent(leader_seen) {
                let before = before.and_then(|before| before.stalled_lso);
                StalledLso::after(before, partition.ls_offset, partition.hi_offset, now)
            } else {
                None
            };
            let read_from = brokers.get(&partition.broker).copied().flatten();
            let end_seen = read_from.filter(|_| partition.hi_offset >= 0);
            let after = Partition {
                leader_seen,
                // The newest of both: while the partition moves to another broker, it has none.
                end_seen: before.and_then(|before| before.end_seen).max(end_seen),
                was_connected: leader_seen.is_some() || before.is_some_and(|before| before.was_connected),
                end_offset: partition.hi_offset,
                stalled_lso,
            };
            state.partitions.insert(*id, after);
        }
    }
}

/// Whether a connection has been set up for longer than it should take.
fn is_stalled(broker: &Broker) -> bool {
    const CONNECTING: [&str; 6] = [
        "CONNECT",
        "SSL_HANDSHAKE",
        "APIVERSION_QUERY",
        "AUTH_LEGACY",
        "AUTH_HANDSHAKE",
        "AUTH_REQ",
    ];
    let age = u64::try_from(broker.stateage).unwrap_or_default();
    // A logical one, such as a coordinator, is only an alias of another (STATISTICS.md).
    broker.source != "logical" && CONNECTING.contains(&broker.state.as_str()) && Duration::from_micros(age) > MAX_SETUP
}

/// When a broker was last known to be connected. A broker that has no request to answer is silent without being away.
fn last_seen(broker: &Broker, now: Instant) -> Option<Instant> {
    // rxidle: microseconds since anything was received; -1: never. waitresp_cnt: requests in flight (librdkafka,
    // STATISTICS.md).
    match broker.state.as_str() {
        "UP" if broker.waitresp_cnt == 0 => Some(now),
        "UP" => now.checked_sub(Duration::from_micros(u64::try_from(broker.rxidle).ok()?)),
        _ => None,
    }
}

fn is_recent(seen: Option<Instant>) -> bool {
    seen.is_some_and(|at| at.elapsed() < MAX_SILENCE)
}

#[cfg(test)]
mod tests;
