//! Finds an order, and waits for one that is known to be on its way: whoever was told by cart-service that an order has
//! a version can ask for it here at once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use orderlog_contract::order::OrderState;
use orderlog_projection::{View, Waiters};
use orderlog_runtime::descriptors;
use orderlog_web::{Kind, Problem};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::sleep;

use crate::app::State;

/// The ids that an order may have which a client calls so, the most literal first: one of digits only was written with
/// `ORD-` before it.
pub(super) fn candidates(order_id: &str) -> Vec<String> {
    let mut ids = vec![order_id.to_owned()];
    if order_id.bytes().all(|byte| byte.is_ascii_digit()) {
        ids.push(format!("ORD-{order_id}"));
    }
    ids
}

/// The first of those orders that there is.
///
/// A single read of the embedded store takes microseconds, most of them from memory: less than handing it to another
/// thread would.
pub(super) fn look(view: &View, ids: &[String]) -> anyhow::Result<Option<OrderState>> {
    for id in ids {
        if let Some(state) = view.store().order(id)? {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

/// How many requests may wait at once: half of the connections, so that others find one that is not held for long.
pub(crate) fn places() -> Semaphore {
    Semaphore::new((descriptors::connections() / 2).max(1))
}

fn take(places: &Semaphore) -> Result<SemaphorePermit<'_>, Problem> {
    places.try_acquire().map_err(|_| {
        let detail =
            "too many requests wait for orders already; come again in a moment, or ask without minVersion and waitMs";
        Problem::new(Kind::Unavailable, detail)
    })
}

/// The first of those orders that there is, once it has at least that version; else how it is when the time is up, or when
/// the service is told to end: whoever waits is answered before it does.
///
/// # Errors
/// A 503 when too many wait already, or a 500 when the disk fails.
pub(super) async fn wait(
    state: &State,
    ids: &[String],
    version: i32,
    patience: Duration,
) -> Result<Option<OrderState>, Problem> {
    let view = &state.view;
    let is_there = |found: &Option<OrderState>| found.as_ref().is_some_and(|state| state.order.version >= version);
    let found = look(view, ids)?;
    if is_there(&found) {
        return Ok(found);
    }
    let _place = take(&state.waiting)?;
    let up = sleep(patience);
    tokio::pin!(up);
    loop {
        // First wait, then look: what happens in between is not missed.
        let waiting = Waiting::begin(view.waiters(), ids, version);
        let found = look(view, ids)?;
        if is_there(&found) {
            return Ok(found);
        }
        tokio::select! {
            () = waiting => {}
            () = &mut up => return Ok(look(view, ids)?),
            () = state.life.ending() => return Ok(found),
        }
    }
}

/// Resolves when any of some orders has the version; gives up waiting when dropped.
struct Waiting<'a> {
    waiters: &'a Waiters,
    ids: &'a [String],
    reached: Vec<oneshot::Receiver<()>>,
}

impl<'a> Waiting<'a> {
    fn begin(waiters: &'a Waiters, ids: &'a [String], version: i32) -> Self {
        let reached = ids.iter().map(|id| waiters.order(id, version)).collect();
        Self { waiters, ids, reached }
    }
}

impl Future for Waiting<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut any = false;
        self.reached
            .retain_mut(|reached| match Pin::new(reached).poll(context) {
                Poll::Ready(Ok(())) => {
                    any = true;
                    false
                }
                // The projection has ended: there is no more news, and the deadline ends the wait.
                Poll::Ready(Err(_)) => false,
                Poll::Pending => true,
            });
        if any { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.reached.clear();
        for id in self.ids {
            self.waiters.forget_order(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_digits_only_is_looked_for_literally_and_then_as_it_was_written() {
        assert_eq!(candidates("17"), ["17", "ORD-17"]);
        for id in ["ORD-17", "17a", "٣", "-1"] {
            assert_eq!(candidates(id), [id]);
        }
    }

    #[test]
    fn at_most_half_of_the_connections_wait_and_the_next_one_is_told_to_come_again() {
        assert!((1..=descriptors::connections().div_ceil(2)).contains(&places().available_permits()));
        let places = Semaphore::new(1);
        let first = take(&places).expect("a place");
        assert_eq!(take(&places).expect_err("none is left").kind(), Kind::Unavailable);
        drop(first);
        assert!(take(&places).is_ok());
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind() {
        let (waiters, ids) = (Waiters::default(), ["A".to_owned(), "B".to_owned()]);
        let waited = tokio::time::timeout(Duration::from_millis(5), Waiting::begin(&waiters, &ids, 2)).await;
        assert!(waited.is_err(), "nobody told");
    }
}
