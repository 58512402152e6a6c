//! Which clients may listen to `/events`: at most [`MAX_STREAMS`]. A client that never reads holds its place for as long as the
//! buffers between it and us take everything, so whoever opens all streams from one address makes room for others.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orderlog_web::Streamed;

/// How many clients may listen at once.
pub const MAX_STREAMS: usize = 100;

/// The clients that listen. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Admission(Arc<Mutex<Listeners>>);

#[derive(Default)]
struct Listeners {
    next_id: u64,
    /// By age, the oldest first.
    by_id: BTreeMap<u64, Listener>,
}

struct Listener {
    address: Option<IpAddr>,
    connection: Arc<Streamed>,
}

/// The place of a client. It is given back when it is dropped.
pub struct Place {
    id: u64,
    admission: Admission,
    connection: Arc<Streamed>,
}

impl Admission {
    /// Admits a client from that address. If there are as many as there may be, the oldest stream of the address that has the
    /// most ends for it, unless that address would then have fewer than this one; `None` if so.
    pub fn admit(&self, address: Option<IpAddr>, connection: Streamed) -> Option<Place> {
        let connection = Arc::new(connection);
        let mut listeners = self.lock();
        if listeners.by_id.len() >= MAX_STREAMS {
            let addresses = listeners.by_id.iter().map(|(id, listener)| (*id, listener.address));
            let displaced = displaced(addresses, address)?;
            if let Some(displaced) = listeners.by_id.remove(&displaced) {
                displaced.connection.close();
            }
        }
        let id = listeners.next_id;
        listeners.next_id += 1;
        let listener = Listener {
            address,
            connection: connection.clone(),
        };
        listeners.by_id.insert(id, listener);
        Some(Place {
            id,
            admission: self.clone(),
            connection,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The client has taken what was sent before.
    pub fn piece_taken(&self) {
        self.connection.piece_taken();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.lock().by_id.remove(&self.id);
    }
}

/// Which of the streams, the oldest first, makes room for one from `newcomer`.
fn displaced(streams: impl Iterator<Item = (u64, Option<IpAddr>)>, newcomer: Option<IpAddr>) -> Option<u64> {
    // How many there are, and the oldest of them.
    let mut by_address: HashMap<Option<IpAddr>, (usize, u64)> = HashMap::new();
    for (id, address) in streams {
        by_address.entry(address).or_insert((0, id)).0 += 1;
    }
    let own = by_address.get(&newcomer).map_or(0, |(count, _)| *count);
    let (most, oldest) = by_address.into_values().max()?;
    (most > own + 1).then_some(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_most_streams_makes_room_until_others_have_as_many() {
        let address = |n| Some(IpAddr::from([192, 0, 2, n]));
        for (streams, newcomer, expected) in [
            (vec![], 1, None),
            (vec![1, 1, 1], 2, Some(0)),
            (vec![2, 1, 1, 1], 2, Some(1)),
            (vec![2, 2, 1, 1, 1], 2, None),
            (vec![2, 2, 1, 1, 1], 3, Some(2)),
            (vec![1, 1, 1], 1, None),
            (vec![1, 2, 3], 4, None),
        ] {
            let all = (0..).zip(streams.iter().map(|n| address(*n)));
            assert_eq!(displaced(all, address(newcomer)), expected, "{streams:?} {newcomer}");
        }
    }
}
