//! Finds an order, and waits for a version that has not been read yet, so that a client that got a version from cart-service
//! can read it here at once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use orderlog_contract::order::{OrderState, full_id};
use orderlog_projection::{View, Waiters};
use orderlog_runtime::descriptors;
use orderlog_web::{Problem, ProblemKind};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::sleep;

use crate::state::State;

/// The ids that the client may mean, the literal one first: cart-service puts `ORD-` before an id that is all digits.
pub(super) fn candidate_ids(order_id: &str) -> Vec<String> {
    let mut ids = vec![order_id.to_owned()];
    let full_id = full_id(order_id);
    if full_id != order_id {
        ids.push(full_id.into_owned());
    }
    ids
}

/// The first of those orders that exists.
pub(super) async fn find_first(view: &View, ids: &[String]) -> Result<Option<OrderState>, Problem> {
    view.store().order(ids).await.map_err(Problem::internal)
}

/// Permits for waiting requests: half the number of connections, so that the other half stays responsive.
pub(crate) fn wait_slots() -> Semaphore {
    Semaphore::new((descriptors::max_connections() / 2).max(1))
}

fn acquire_slot(wait_slots: &Semaphore) -> Result<SemaphorePermit<'_>, Problem> {
    wait_slots.try_acquire().map_err(|_| {
        let detail = "too many requests are waiting for orders; retry in a moment, or without minVersion and waitMs";
        Problem::new(ProblemKind::Unavailable, detail)
    })
}

/// The first of those orders that exists, once it has at least that version; otherwise as it is when the time is up or the
/// service shuts down.
///
/// # Errors
/// A 503 when too many requests are waiting, or a 500 when the disk fails.
pub(super) async fn wait_for_version(
    state: &State,
    ids: &[String],
    version: i32,
    timeout: Duration,
) -> Result<Option<OrderState>, Problem> {
    let view = &state.view;
    let is_there = |found: &Option<OrderState>| found.as_ref().is_some_and(|state| state.order.version >= version);
    let found = find_first(view, ids).await?;
    if is_there(&found) {
        return Ok(found);
    }
    let _slot = acquire_slot(&state.wait_slots)?;
    let up = sleep(timeout);
    tokio::pin!(up);
    loop {
        // Register before looking, so that no change in between is missed.
        let waiting = VersionWait::begin(view.waiters(), ids, version);
        let found = find_first(view, ids).await?;
        if is_there(&found) {
            return Ok(found);
        }
        tokio::select! {
            () = waiting => {}
            () = &mut up => return find_first(view, ids).await,
            () = state.supervisor.shutdown_started() => return Ok(found),
        }
    }
}

/// Resolves when any of the orders has the version; unregisters when dropped.
struct VersionWait<'a> {
    waiters: &'a Waiters,
    ids: &'a [String],
    reached: Vec<oneshot::Receiver<()>>,
}

impl<'a> VersionWait<'a> {
    fn begin(waiters: &'a Waiters, ids: &'a [String], version: i32) -> Self {
        let reached = ids.iter().map(|id| waiters.order(id, version)).collect();
        Self { waiters, ids, reached }
    }
}

impl Future for VersionWait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut any = false;
        self.reached
            .retain_mut(|reached| match Pin::new(reached).poll(context) {
                Poll::Ready(Ok(())) => {
                    any = true;
                    false
                }
                // The projection has stopped: nothing more will arrive, and the deadline ends the wait.
                Poll::Ready(Err(_)) => false,
                Poll::Pending => true,
            });
        if any { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for VersionWait<'_> {
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
    fn an_id_of_digits_only_is_looked_up_literally_and_then_with_its_prefix() {
        assert_eq!(candidate_ids("17"), ["17", "ORD-17"]);
        for id in ["ORD-17", "17a", "٣", "-1"] {
            assert_eq!(candidate_ids(id), [id]);
        }
    }

    #[test]
    fn at_most_half_of_the_connections_wait_and_the_next_request_is_refused() {
        assert!((1..=descriptors::max_connections().div_ceil(2)).contains(&wait_slots().available_permits()));
        let wait_slots = Semaphore::new(1);
        let first = acquire_slot(&wait_slots).expect("a place");
        assert_eq!(
            acquire_slot(&wait_slots).expect_err("none is left").kind(),
            ProblemKind::Unavailable
        );
        drop(first);
        assert!(acquire_slot(&wait_slots).is_ok());
    }

    #[tokio::test]
    async fn an_abandoned_wait_leaves_nothing_behind() {
        let (waiters, ids) = (Waiters::default(), ["A".to_owned(), "B".to_owned()]);
        let waited = tokio::time::timeout(Duration::from_millis(5), VersionWait::begin(&waiters, &ids, 2)).await;
        assert!(waited.is_err(), "nobody notified it");
    }
}
