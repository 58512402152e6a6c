//! Clients that know no broker any more, and how they find one again.
//!
//! A broker that shuts down may tell of a cluster without any brokers. librdkafka (2.12) then drops all that it knows, those
//! of `bootstrap.servers` too, and its own way to start over with them may be blocked from then on
//! (<https://github.com/confluentinc/librdkafka/issues/5301>): such a client would be lost until its process is started
//! again. Its statistics show it, and it can be given its servers again, which costs nothing of what it holds.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use rdkafka::client::{Client, ClientContext};
use rdkafka::statistics::Statistics;
use tokio::time::MissedTickBehavior;

use super::config::Cluster;
use crate::life::Life;

/// Whether a client knows any broker that it may hear. Its context has one.
pub struct KnownBrokers {
    servers: CString,
    none: AtomicBool,
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
            none: AtomicBool::new(false),
        })
    }

    /// Takes in a client's statistics.
    pub fn learn(&self, statistics: &Statistics) {
        // "learned" are those that the cluster told of. A logical one, such as a group's coordinator, is but a name for one
        // of the others (STATISTICS.md).
        let may_be_heard = |source: &str, state: &str| source == "configured" || source == "learned" && state == "UP";
        let mut brokers = statistics.brokers.values();
        let none = !brokers.any(|broker| may_be_heard(&broker.source, &broker.state));
        self.none.store(none, Ordering::Relaxed);
    }

    /// Gives a client that knows no such broker its servers again; the library ignores those that it has.
    #[expect(unsafe_code, reason = "rdkafka has no safe call for it")]
    pub fn find_again<C: ClientContext>(&self, client: &Client<C>) {
        if self.none.swap(false, Ordering::Relaxed) {
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
pub fn tend<T>(client: &Arc<T>, life: &Life, name: &'static str, see_to: impl Fn(&T) + Send + 'static)
where
    T: Send + Sync + 'static,
{
    let client = Arc::downgrade(client);
    // It ends with the client.
    drop(life.task(name, async move {
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
        known.none.load(Ordering::Relaxed)
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
}
