//! `GET /events`: what happens, as server-sent events. Each client has a stream of its own that looks for what is new when
//! the client has taken what came before, at most four times a second; so a slow client misses changes, which it is told,
//! and never makes anything pile up. Nothing is pushed, and the projection knows of no client.
//!
//! - `event`: events as text;
//! - `feed`: what is new for one client;
//! - `overview`: what is looked up once a second for all of them.

mod event;
mod feed;
mod overview;

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures::stream;
use orderlog_web::{Problem, ProblemKind, Query, Streamed, query};
use serde::Deserialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use utoipa::{IntoParams, ToSchema};

use crate::event_streams::{MAX_STREAMS, Place};
use crate::state::State;
use feed::Feed;
pub(crate) use overview::watch_for_clients;

/// How often a stream looks for something new.
const INTERVAL: Duration = Duration::from_millis(250);
/// After how long without an event a comment is sent, so that neither side takes the other for dead.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Longest `seconds`: a day.
const MAX_SECONDS: i64 = 86_400;
/// Longer than any service runs.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// How long to listen.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// End the stream after that many seconds; by default it does not end.
    #[serde(default, deserialize_with = "query::within::<1, MAX_SECONDS, _, _>")]
    #[param(minimum = 1, maximum = 86_400, example = 1)]
    seconds: Option<u64>,
}

/// One event of the stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes what is written as text")]
pub struct StreamedEvent {
    /// What it is about.
    #[schema(example = "orders")]
    event: String,
    /// JSON.
    #[schema(example = r#"{"orders":[],"skipped":0}"#)]
    data: String,
}

/// Streams what happens.
#[utoipa::path(
    get, path = "/events", tag = "operations", params(Parameters),
    summary = "Follow what happens",
    description = "A stream of server-sent events whose data is JSON. All but the first come when there is something new:\n\n\
        - `stats`, each second: as `/stats`;\n\
        - `orders`, at most four times a second: `{\"orders\": […], \"skipped\": 0}`, the newest changes of orders, the oldest first, each with \
        `orderId`, `status`, `version`, `totalAmount`, `currency`, and its event's `partition`, `offset` and `timestamp`. At most 20 of them; \
        `skipped` says how many more there were;\n\
        - `dlq`, at most once a second: as `/dlq/info`;\n\
        - `replay`, at most four times a second for each of the newest replays: as `/dlq/replays/{job}`, without `messages`;\n\
        - `health`, at most once a second: as `/health`.\n\n\
        A comment line every 10 seconds shows that the stream is alive. The same under `/api`: there is no envelope.",
    responses((status = 200, description = "The events.", body = StreamedEvent, content_type = "text/event-stream"))
)]
pub async fn events(
    state: web::Data<State>,
    request: HttpRequest,
    Query(query): Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let address = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let admitted = state.event_streams.admit(address, Streamed::of(&request));
    let (place, overview) = admitted.ok_or_else(|| {
        let detail = format!("{MAX_STREAMS} clients are listening already; retry when one of them has left");
        Problem::new(ProblemKind::Unavailable, detail)
    })?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        // nginx would hold events back until its buffer is full.
        .insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let now = Instant::now();
    let stream = EventStream {
        feed: Feed::new(state, overview),
        ticks: ticks(),
        quiet_since: now,
        end: now + query.seconds.map_or(FOREVER, Duration::from_secs),
        place,
    };
    let pieces = stream::unfold(stream, |mut stream| async move {
        let piece = stream.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), stream))
    });
    Ok(response.streaming(pieces))
}

fn ticks() -> Interval {
    let mut ticks = interval(INTERVAL);
    // A client that was slow gets what is new now, and not once for each tick that it missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The stream of one client.
struct EventStream {
    feed: Feed,
    ticks: Interval,
    quiet_since: Instant,
    end: Instant,
    /// Given back when the client has left.
    place: Place,
}

impl EventStream {
    /// The next events; `None` when the service stops or the time is up. The server asks for them once the client has taken
    /// those before.
    async fn next(&mut self) -> Option<String> {
        self.place.piece_taken();
        let supervisor = self.feed.supervisor().clone();
        let stopping = supervisor.shutdown_started();
        tokio::pin!(stopping);
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => return None,
                () = sleep_until(self.end) => return None,
                _ = self.ticks.tick() => {}
            }
            let events = self.feed.news();
            if !events.is_empty() {
                self.quiet_since = Instant::now();
                return Some(events);
            }
            if self.quiet_since.elapsed() >= HEARTBEAT {
                self.quiet_since = Instant::now();
                return Some(":\n\n".to_owned());
            }
        }
    }
}
