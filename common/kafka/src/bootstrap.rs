//! Bootstraps a client again that no longer knows any broker.
//!
//! A broker that shuts down may report a cluster without any brokers. librdkafka (2.12) then drops all that it knows,
//! including those of `bootstrap.servers`, and its own re-bootstrapping may be blocked from then on
//! (<https://github.com/confluentinc/librdkafka/issues/5301>): such a client would be lost until its process is restarted.
//! Its statistics show it, and its servers can be added again without losing anything that is queued.
//!
//! The cost is a copy of the servers: librdkafka keeps every list that is added, and tries all of them whenever it
//! bootstraps by itself. So they are added only if librdkafka has not found a broker by the next statistics, and at
//! growing intervals.

use std::ffi::CString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::client::{Client, ClientContext};
use rdkafka::statistics::Statistics;

use crate::cluster::Cluster;
use crate::ffi;

/// How many statistics in a row must know no broker before the client's servers are added again.
const IN_A_ROW: u32 = 2;

/// Watches whether a client knows any broker, and bootstraps it again if not. Part of every client's context.
pub(crate) struct Bootstrap {
    servers: CString,
    /// How many statistics in a row knew no broker.
    unknown: AtomicU32,
    backoff: Mutex<Backoff>,
}

/// Whether to add the servers.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    NotYet,
    /// After some time without need.
    First,
    Again,
}

/// When the servers were last added, and how long the client then has to find a broker.
struct Backoff {
    last: Option<Instant>,
    pause: Duration,
}

impl Backoff {
    const SHORTEST: Duration = Duration::from_secs(1);
    const MAX_PAUSE: Duration = Duration::from_secs(10);
    /// After this time without need the pause is the shortest again.
    const RESET_AFTER: Duration = Duration::from_secs(60);

    fn new() -> Self {
        Self {
            last: None,
            pause: Self::SHORTEST,
        }
    }

    fn attempt(&mut self, now: Instant) -> Attempt {
        let since = self.last.map(|last| now.saturating_duration_since(last));
        let attempt = match since {
            Some(since) if since < self.pause => return Attempt::NotYet,
            Some(since) if since < Self::RESET_AFTER => Attempt::Again,
            _ => Attempt::First,
        };
        self.pause = if attempt == Attempt::Again {
            (self.pause * 2).min(Self::MAX_PAUSE)
        } else {
            Self::SHORTEST
        };
        self.last = Some(now);
        attempt
    }
}

impl Bootstrap {
    /// For a client of that cluster.
    ///
    /// # Errors
    /// The servers contain a zero byte.
    pub fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        Ok(Self {
            servers: CString::new(cluster.bootstrap_servers.as_str()).context("KAFKA_BOOTSTRAP_SERVERS")?,
            unknown: AtomicU32::new(0),
            backoff: Mutex::new(Backoff::new()),
        })
    }

    /// Takes note of a client's statistics.
    pub fn observe(&self, statistics: &Statistics) {
        // "learned" brokers are those that the cluster reported. A "logical" one, such as a group's coordinator, is only an
        // alias of another (STATISTICS.md).
        let is_usable = |source: &str, state: &str| source == "configured" || source == "learned" && state == "UP";
        let mut brokers = statistics.brokers.values();
        if brokers.any(|broker| is_usable(&broker.source, &broker.state)) {
            self.unknown.store(0, Ordering::Relaxed);
        } else {
            self.unknown.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds the client's servers again if it has known no broker for some time. Call it regularly.
    pub fn retry<C: ClientContext>(&self, client: &Client<C>) {
        if self.unknown.load(Ordering::Relaxed) < IN_A_ROW {
            return;
        }
        let mut backoff = self.backoff.lock().unwrap_or_else(PoisonError::into_inner);
        let attempt = backoff.attempt(Instant::now());
        // Several clients have the same need at the same time, and may have it for hours: each says so once.
        match attempt {
            Attempt::NotYet => return,
            Attempt::First => tracing::info!(servers = ?self.servers, "no brokers known; bootstrapping again"),
            Attempt::Again => tracing::debug!(servers = ?self.servers, "still no brokers known; bootstrapping again"),
        }
        self.unknown.store(0, Ordering::Relaxed);
        ffi::add_brokers(client, &self.servers);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rdkafka::statistics::Broker;

    use super::*;
    use crate::testing::an_absent_cluster;

    fn knows_none(brokers: &[(&str, &str)]) -> bool {
        let bootstrap = Bootstrap::new(&an_absent_cluster()).expect("no zero byte");
        let broker = |(n, (source, state)): (usize, &(&str, &str))| {
            let broker = Broker {
                source: (*source).to_owned(),
                state: (*state).to_owned(),
                ..Broker::default()
            };
            (n.to_string(), broker)
        };
        bootstrap.observe(&Statistics {
            brokers: brokers.iter().enumerate().map(broker).collect::<HashMap<_, _>>(),
            ..Statistics::default()
        });
        bootstrap.unknown.load(Ordering::Relaxed) > 0
    }

    #[test]
    fn a_client_knows_no_broker_when_none_is_left_or_no_learned_one_is_up() {
        assert!(knows_none(&[]));
        assert!(knows_none(&[("logical", "UP")]), "which is no broker of its own");
        assert!(knows_none(&[("learned", "DOWN"), ("learned", "TRY_CONNECT")]));
        assert!(!knows_none(&[("learned", "DOWN"), ("learned", "UP")]));
        let bootstrapping = [("learned", "DOWN"), ("configured", "DOWN"), ("logical", "INIT")];
        assert!(!knows_none(&bootstrapping), "it already tries its servers");
    }

    #[test]
    fn servers_are_added_at_growing_intervals_until_there_was_no_need_for_a_while() {
        use Attempt::{Again, First, NotYet};
        let mut backoff = Backoff::new();
        let mut now = Instant::now();
        let mut after = |seconds| {
            now += Duration::from_secs(seconds);
            backoff.attempt(now)
        };
        assert_eq!(
            [after(0), after(0), after(1), after(1), after(1)],
            [First, NotYet, Again, NotYet, Again]
        );
        assert_eq!(
            [after(3), after(1), after(8), after(9), after(1)],
            [NotYet, Again, Again, NotYet, Again]
        );
        assert_eq!([after(60), after(1)], [First, Again]);
    }
}
