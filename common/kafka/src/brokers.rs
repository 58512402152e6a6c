//! Clients that know no broker any more, and how they find one again.
//!
//! A broker that shuts down may tell of a cluster without any brokers. librdkafka (2.12) then drops all that it knows, those
//! of `bootstrap.servers` too, and its own way to start over with them may be blocked from then on
//! (<https://github.com/confluentinc/librdkafka/issues/5301>): such a client would be lost until its process is started
//! again. Its statistics show it, and it can be given its servers again, which costs nothing of what it holds.
//!
//! What it costs is a copy of the servers: the library keeps every list that it is given for good, and goes through all of
//! them whenever it starts over by itself. So it is given them only where its own way has not led to a broker by the next
//! statistics, and ever more seldom where that is needed again and again.

use std::ffi::CString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::client::{Client, ClientContext};
use rdkafka::statistics::Statistics;
use tokio::time::MissedTickBehavior;

use super::config::Cluster;

/// How often in a row the statistics must know no broker before the client is given its servers.
const IN_A_ROW: u32 = 2;

/// Whether a client knows any broker that it may hear. Its context has one.
pub struct KnownBrokers {
    servers: CString,
    /// How often in a row the statistics knew none.
    none: AtomicU32,
    given: Mutex<Given>,
}

/// When a client was last given its servers, and how long it then has to find a broker with them.
struct Given {
    last: Option<Instant>,
    pause: Duration,
}

impl Given {
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(10);
    /// Whoever needed nothing for so long is in a new trouble.
    const CALM: Duration = Duration::from_secs(60);

    fn is_due(&mut self, now: Instant) -> bool {
        if let Some(last) = self.last {
            let since = now.saturating_duration_since(last);
            if since < self.pause {
                return false;
            }
            self.pause = if since < Self::CALM {
                (self.pause * 2).min(Self::LONGEST)
            } else {
                Self::SHORTEST
            };
        }
        self.last = Some(now);
        true
    }
}

impl KnownBrokers {
    /// For a client of that cluster.
    ///
    /// # Errors
    /// When a zero byte is among the servers.
    pub fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        let servers = CString::new(cluster.bootstrap_servers.as_str()).context("KAFKA_BOOTSTRAP_SERVERS")?;
        Ok(Self {
            servers,
            none: AtomicU32::new(0),
            given: Mutex::new(Given {
                last: None,
                pause: Given::SHORTEST,
            }),
        })
    }

    /// Takes in a client's statistics.
    pub fn learn(&self, statistics: &Statistics) {
        // "learned" are those that the cluster told of. A logical one, such as a group's coordinator, is but a name for one
        // of the others (STATISTICS.md).
        let may_be_heard = |source: &str, state: &str| source == "configured" || source == "learned" && state == "UP";
        let mut brokers = statistics.brokers.values();
        if brokers.any(|broker| may_be_heard(&broker.source, &broker.state)) {
            self.none.store(0, Ordering::Relaxed);
        } else {
            self.none.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives a client that goes on knowing no such broker its servers again; the library ignores those that it has.
    #[expect(unsafe_code, reason = "rdkafka has no safe call for it")]
    pub fn find_again<C: ClientContext>(&self, client: &Client<C>) {
        if self.none.load(Ordering::Relaxed) < IN_A_ROW {
            return;
        }
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.is_due(Instant::now()) {
            self.none.store(0, Ordering::Relaxed);
            tracing::info!(servers = ?self.servers, "a kafka client hears no broker: it begins again with its servers");
            // SAFETY: the handle is valid as long as the client, which is borrowed, and the list is copied within the call.
            // Any thread may do it (librdkafka 2.12, `rd_kafka_brokers_add0` in rdkafka_broker.c: "locality any thread,
            // locks none"). rdkafka.h calls it deprecated in favour of `bootstrap.servers`, which it repeats here.
            unsafe { rdkafka::bindings::rd_kafka_brokers_add(client.native_ptr(), self.servers.as_ptr()) };
        }
    }
}

/// Sees to a client once a second, as long as anybody holds it: for those that no thread of ours polls. Call it within a
/// tokio runtime.
///
/// Where the last handle is dropped in that moment the client ends here: at the service's end that takes a fraction of a
/// second, and nothing waits for it.
pub fn tend<T>(client: &Arc<T>, life: &Supervisor, name: &'static str, see_to: impl Fn(&T) + Send + 'static)
where
    T: Send + Sync + 'static,
{
    let client = Arc::downgrade(client);
    // It ends with the client.
    drop(life.spawn(name, async move {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let Some(client) = client.upgrade() else { return };
            see_to(&client);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rdkafka::statistics::Broker;

    use super::*;
    use crate::testing::an_absent_cluster;

    fn hears_none(brokers: &[(&str, &str)]) -> bool {
        let known = KnownBrokers::new(&an_absent_cluster()).expect("no zero byte");
        let broker = |(n, (source, state)): (usize, &(&str, &str))| {
            let broker = Broker {
                source: (*source).to_owned(),
                state: (*state).to_owned(),
                ..Broker::default()
            };
            (n.to_string(), broker)
        };
        known.learn(&Statistics {
            brokers: brokers.iter().enumerate().map(broker).collect::<HashMap<_, _>>(),
            ..Statistics::default()
        });
        known.none.load(Ordering::Relaxed) > 0
    }

    #[test]
    fn a_client_hears_no_broker_when_none_is_left_or_none_that_it_was_told_of_is_up() {
        assert!(hears_none(&[]));
        assert!(hears_none(&[("logical", "UP")]), "which is no broker of its own");
        assert!(hears_none(&[("learned", "DOWN"), ("learned", "TRY_CONNECT")]));
        assert!(!hears_none(&[("learned", "DOWN"), ("learned", "UP")]));
        let begins_again = [("learned", "DOWN"), ("configured", "DOWN"), ("logical", "INIT")];
        assert!(!hears_none(&begins_again), "it tries its servers already");
    }

    #[test]
    fn a_client_is_given_its_servers_ever_more_seldom_until_it_was_calm_for_a_while() {
        let mut given = Given {
            last: None,
            pause: Given::SHORTEST,
        };
        let mut now = Instant::now();
        let mut after = |seconds| {
            now += Duration::from_secs(seconds);
            given.is_due(now)
        };
        assert_eq!(
            [after(0), after(0), after(1), after(1), after(1)],
            [true, false, true, false, true]
        );
        assert_eq!(
            [after(3), after(1), after(8), after(9), after(1)],
            [false, true, true, false, true]
        );
        assert_eq!([after(60), after(1)], [true, true]);
    }
}
