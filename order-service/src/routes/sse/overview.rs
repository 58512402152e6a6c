//! What every client of `/events` is told each second: looked up once for all of them, and only while there is a client.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use orderlog_web::Streamed;
use orderlog_web::health::Reporter;
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::admission::{Admission, Place};
use super::feed;
use crate::routes::dlq::Info;
use crate::routes::stats::Stats;
use crate::state::State;

/// How often it is looked up.
const INTERVAL: Duration = Duration::from_secs(1);

/// The clients that listen, and what all of them are told.
pub(crate) struct EventStreams {
    admission: Admission,
    overview: watch::Sender<Option<Arc<Overview>>>,
    arrived: Notify,
}

/// A client's view of what all clients are told: `None` until it has been looked up.
pub(super) type Watched = watch::Receiver<Option<Arc<Overview>>>;

/// Events, each as it is sent.
pub(super) struct Overview {
    /// The statistics; empty if they cannot be read now.
    pub stats: String,
    pub dlq: DlqEvent,
    pub health: String,
}

/// The event that counts the dead letters; empty if they cannot be counted now.
#[derive(Default)]
pub(super) struct DlqEvent {
    pub event: String,
    /// What of it is news if it changes.
    pub news: serde_json::Value,
}

impl EventStreams {
    /// No client yet.
    pub fn new() -> Self {
        Self {
            admission: Admission::default(),
            overview: watch::Sender::new(None),
            arrived: Notify::new(),
        }
    }

    /// Admits a client from that address; `None` if there are too many.
    pub(super) fn admit(&self, address: Option<IpAddr>, connection: Streamed) -> Option<(Place, Watched)> {
        let place = self.admission.admit(address, connection)?;
        let watched = self.overview.subscribe();
        self.arrived.notify_one();
        Some((place, watched))
    }

    async fn client(&self) {
        while self.overview.receiver_count() == 0 {
            // The next client must not be told what was true long ago.
            self.overview.send_replace(None);
            self.arrived.notified().await;
        }
    }
}

/// Looks up what the clients are told, until the service stops: nothing reads the store after that.
pub(crate) async fn watch_for_clients(state: web::Data<State>) {
    let streams = &state.event_streams;
    let stopping = state.supervisor.shutdown_started();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            () = streams.client() => {}
        }
        let overview = Overview::of(&state).await;
        streams.overview.send_replace(Some(Arc::new(overview)));
        tokio::select! {
            () = &mut stopping => return,
            () = sleep(INTERVAL) => {}
        }
    }
}

impl Overview {
    /// What cannot be read now is tried again a second later; its own path says why.
    async fn of(state: &State) -> Self {
        let stats = Stats::of(state).await;
        let info = Info::of(state).await;
        Self {
            stats: stats.map_or(String::new(), |stats| event("stats", &stats)),
            dlq: info.map_or(DlqEvent::default(), |info| DlqEvent::of(&info)),
            health: event("health", &state.report().await),
        }
    }
}

impl DlqEvent {
    fn of(info: &Info) -> Self {
        let mut news = serde_json::to_value(info).unwrap_or_default();
        if let Some(fields) = news.as_object_mut() {
            // It changes all the time without saying anything new.
            fields.remove("asOf");
        }
        Self {
            event: event("dlq", info),
            news,
        }
    }
}

fn event(name: &str, data: &impl Serialize) -> String {
    let mut event = String::new();
    feed::add(&mut event, name, data);
    event
}
