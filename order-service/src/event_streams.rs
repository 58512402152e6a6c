//! The clients that listen to `/events`, and what all of them are told alike: looked up once for all, and only while there is a
//! client.

mod admission;

use std::net::IpAddr;
use std::sync::Arc;

use orderlog_web::Streamed;
use tokio::sync::{Notify, watch};

use admission::Admission;
pub use admission::{MAX_STREAMS, Place};

/// The clients that listen, and what all of them are told.
pub struct EventStreams {
    admission: Admission,
    overview: watch::Sender<Option<Arc<Overview>>>,
    arrived: Notify,
}

/// A client's view of what all clients are told: `None` until it has been looked up.
pub type Watched = watch::Receiver<Option<Arc<Overview>>>;

/// What all clients are told: events, each as it is sent.
#[derive(Default)]
pub struct Overview {
    /// The statistics; empty if they cannot be read now.
    pub stats: String,
    /// The dead letters, counted; empty if they cannot be counted now.
    pub dlq: String,
    /// What of the dead letters is news if it changes.
    pub dlq_news: serde_json::Value,
    /// The service's health.
    pub health: String,
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

    /// Admits a client from that address, which gives its place back when it leaves; `None` if there are too many.
    pub fn admit(&self, address: Option<IpAddr>, connection: Streamed) -> Option<(Place, Watched)> {
        let place = self.admission.admit(address, connection)?;
        let watched = self.overview.subscribe();
        self.arrived.notify_one();
        Some((place, watched))
    }

    /// Waits until there is a client.
    pub async fn client(&self) {
        while self.overview.receiver_count() == 0 {
            // The next client must not be told what was true long ago.
            self.overview.send_replace(None);
            self.arrived.notified().await;
        }
    }

    /// Tells every client.
    pub fn tell(&self, overview: Overview) {
        self.overview.send_replace(Some(Arc::new(overview)));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn admit(streams: &EventStreams) -> Option<(Place, Watched)> {
        let request = TestRequest::default().to_http_request();
        streams.admit(None, Streamed::of(&request))
    }

    #[tokio::test]
    async fn all_clients_are_told_the_same_and_a_later_one_nothing_old() {
        let streams = EventStreams::new();
        let (_first_place, first) = admit(&streams).expect("a client");
        let (_second_place, second) = admit(&streams).expect("another client");
        streams.client().await;
        streams.tell(Overview::default());
        let told = |watched: &Watched| watched.borrow().clone();
        let (to_first, to_second) = (told(&first).expect("told"), told(&second).expect("told"));
        assert!(Arc::ptr_eq(&to_first, &to_second));

        drop((first, second));
        // Polled once: it takes note of the first arrivals, and that nobody is there any more.
        tokio::select! {
            biased;
            () = streams.client() => panic!("nobody listens"),
            () = std::future::ready(()) => {}
        }
        let (_third_place, third) = admit(&streams).expect("a third client");
        assert!(told(&third).is_none());
        streams.client().await;
    }

    #[test]
    fn a_client_too_many_is_not_admitted_until_one_has_left() {
        let streams = EventStreams::new();
        let mut clients: Vec<_> = (0..MAX_STREAMS).map(|_| admit(&streams).expect("a client")).collect();
        assert!(admit(&streams).is_none());
        clients.pop();
        assert!(admit(&streams).is_some());
    }
}
