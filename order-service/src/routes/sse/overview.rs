//! What every client of `/events` is told: looked up once a second, while there is a client.

use std::time::Duration;

use actix_web::web;
use orderlog_web::health::Reporter;
use tokio::time::sleep;

use super::event::event;
use crate::event_streams::Overview;
use crate::routes::dlq::Info;
use crate::routes::stats::Stats;
use crate::state::State;

/// How often it is looked up.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks up what the clients are told, until the service stops: nothing reads the store after that.
pub(crate) async fn watch_for_clients(state: web::Data<State>) {
    let stopping = state.supervisor.shutdown_started();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            () = state.event_streams.client() => {}
        }
        state.event_streams.tell(overview(&state).await);
        tokio::select! {
            () = &mut stopping => return,
            () = sleep(INTERVAL) => {}
        }
    }
}

/// What cannot be read now is tried again a second later; its own path says why.
async fn overview(state: &State) -> Overview {
    let stats = Stats::of(state).await;
    let info = Info::of(state).await;
    let health = event("health", &state.report().await);
    let mut overview = Overview {
        stats: stats.map_or(String::new(), |stats| event("stats", &stats)),
        health,
        ..Overview::default()
    };
    if let Ok(info) = info {
        overview.dlq = event("dlq", &info);
        overview.dlq_news = news(&info);
    }
    overview
}

fn news(info: &Info) -> serde_json::Value {
    let mut news = serde_json::to_value(info).unwrap_or_default();
    if let Some(fields) = news.as_object_mut() {
        // It changes all the time without saying anything new.
        fields.remove("asOf");
    }
    news
}
