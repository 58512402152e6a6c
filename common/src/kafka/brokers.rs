//! Clients that know no broker any more, and how they find one again.
//!
//! A broker that shuts down may tell of a cluster without any brokers. librdkafka (2.12) then drops all that it knows,
//! those of `bootstrap.servers` too, and may never start over with them: such a client would be lost until its process is
//! started again (<https://github.com/confluentinc/librdkafka/issues/5301>). Its statistics show it, and it can be given
//! its servers again, which costs nothing of what it holds.

use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::statistics::Statistics;
use tokio::time::MissedTickBehavior;

use crate::life::Life;

/// Whether a client knows any broker. Shared by its context, which is told, and whoever holds the client.
#[derive(Clone, Default)]
pub struct KnownBrokers {
    none: Arc<AtomicBool>,
}

impl KnownBrokers {
    /// Takes in a client's statistics.
    pub fn learn(&self, statistics: &Statistics) {
        // A logical one, such as the coordinator of a group, is but a name for one of the others (STATISTICS.md).
        let none = statistics.brokers.values().all(|broker| broker.source == "logical");
        self.none.store(none, Ordering::Relaxed);
    }

    /// Gives a client that knows no broker its servers (`bootstrap.servers`) again.
    pub fn find_again<C: ClientContext>(&self, client: &Client<C>, servers: &str) {
        if self.none.swap(false, Ordering::Relaxed) {
            // No NUL is in them: the client was made with them.
            let added = CString::new(servers).map_or(0, |servers| add(client, &servers));
            tracing::warn!(
                added,
                servers,
                "a kafka client was told of no brokers: it begins again with its servers"
            );
        }
    }
}

/// Adds servers to those that a client knows; returns how many were new.
#[expect(unsafe_code, reason = "rdkafka offers no safe call for it")]
fn add<C: ClientContext>(client: &Client<C>, servers: &CStr) -> i32 {
    // SAFETY: the handle is valid as long as the client, which is borrowed; the list is copied within the call, which may
    // come from any thread (rdkafka.h, `rd_kafka_brokers_add`).
    unsafe { rdkafka::bindings::rd_kafka_brokers_add(client.native_ptr(), servers.as_ptr()) }
}

/// Sees to a client once a second, as long as anybody holds it: for those that nobody polls in a loop. Call it within a
/// tokio runtime.
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
