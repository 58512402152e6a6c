//! Tracks what the replicas of each partition have acknowledged, and decides when a barrier is due. A leader that was
//! deposed without knowing it cannot get anything acknowledged. So the acknowledgement of a record sent after a request
//! arrived proves that the log up to that record contains everything that any client was told before. Our own events serve as
//! well as barriers. Only the bookkeeping is here: [`Publisher`](crate::publisher::Publisher) sends.
//!
//! The time of sending counts: an event sent before the request arrived, and acknowledged after, may precede another
//! instance's event that was acknowledged earlier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout_at;

/// Minimum time between the last record sent to a partition and a barrier: at most a hundred barriers a second. Where events
/// are written more often than that, they serve, and no barriers are sent.
const MIN_BARRIER_INTERVAL: Duration = Duration::from_millis(10);

/// A barrier without a delivery report after this time was lost with its client: the Kafka client gives up after at most
/// 48 s.
const BARRIER_EXPIRES_AFTER: Duration = Duration::from_secs(60);

/// How long the failure of a barrier is reported.
const REPORT_FAILURE_FOR: Duration = Duration::from_secs(10);

/// The acknowledgements of all partitions that were written to.
#[derive(Default)]
pub struct Quorum(Mutex<HashMap<i32, Arc<Acknowledgements>>>);

impl Quorum {
    /// The acknowledgements of that partition.
    pub fn of(&self, partition: i32) -> Arc<Acknowledgements> {
        lock(&self.0).entry(partition).or_default().clone()
    }

    /// Partitions whose last barrier was not acknowledged, one sentence each.
    pub fn trouble(&self) -> Vec<String> {
        let mut partitions: Vec<_> = lock(&self.0).iter().map(|(n, of)| (*n, of.clone())).collect();
        partitions.sort_by_key(|(partition, _)| *partition);
        let reason = |(partition, of): (i32, Arc<Acknowledgements>)| {
            let state = lock(&of.state);
            let why = state.trouble(Instant::now())?;
            Some(format!(
                "the replicas of partition {partition} acknowledge nothing: {why}"
            ))
        };
        partitions.into_iter().filter_map(reason).collect()
    }
}

/// What the replicas of one partition have acknowledged.
#[derive(Default)]
pub struct Acknowledgements {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The newest acknowledged record: when it was sent, and its offset.
    newest: Option<(Instant, i64)>,
    /// When the last record was sent.
    sent: Option<Instant>,
    /// When the barrier in flight was sent.
    barrier: Option<Instant>,
    /// The last barrier that failed: when it was sent, and why it failed.
    failed: Option<(Instant, String)>,
}

/// What to do for a request.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// That offset was acknowledged.
    Acknowledged(i64),
    /// The barrier that was sent for it failed.
    Failed(String),
    /// Send a barrier, counted as sent at that time.
    Send(Instant),
    /// Wait for a change, at most until then.
    Wait(Option<Instant>),
}

impl Acknowledgements {
    /// Records that an event is about to be sent. Returns its time of sending.
    pub fn sending(&self) -> Instant {
        let now = Instant::now();
        lock(&self.state).sent = Some(now);
        now
    }

    /// Records an acknowledgement.
    pub fn acknowledged(&self, sent: Instant, offset: i64) {
        lock(&self.state).acknowledged(sent, offset);
        self.changed.notify_waiters();
    }

    /// Records the failure of a barrier.
    pub fn barrier_failed(&self, sent: Instant, why: String) {
        lock(&self.state).barrier_failed(sent, why);
        self.changed.notify_waiters();
    }

    /// Waits for the acknowledgement of a record that was sent after the request arrived, and returns its offset. When none is
    /// in flight, calls `send` to send a barrier, counted as sent at that time.
    ///
    /// # Errors
    /// Why the barrier that was sent for the request failed.
    pub async fn wait_for_ack_after(
        &self,
        came: Instant,
        send: impl Fn(Instant) -> Result<(), String>,
    ) -> Result<i64, String> {
        loop {
            // Subscribe before checking, so that no change is missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let step = lock(&self.state).step(came, Instant::now());
            match step {
                Step::Acknowledged(offset) => return Ok(offset),
                Step::Failed(why) => return Err(why),
                Step::Send(sent) => {
                    if let Err(why) = send(sent) {
                        self.barrier_failed(sent, why);
                    }
                }
                Step::Wait(None) => changed.await,
                Step::Wait(Some(until)) => {
                    // A timeout is no failure: check again.
                    let _ = timeout_at(until.into(), changed).await;
                }
            }
        }
    }
}

impl State {
    fn step(&mut self, came: Instant, now: Instant) -> Step {
        match (&self.newest, &self.failed) {
            (Some((sent, offset)), _) if *sent >= came => return Step::Acknowledged(*offset),
            (_, Some((sent, why))) if *sent >= came => return Step::Failed(why.clone()),
            _ => {}
        }
        self.barrier = self
            .barrier
            .filter(|sent| now.saturating_duration_since(*sent) < BARRIER_EXPIRES_AFTER);
        if self.barrier.is_some() {
            return Step::Wait(None);
        }
        let due = self
            .sent
            .map(|sent| sent + MIN_BARRIER_INTERVAL)
            .filter(|due| *due > now);
        if due.is_some() {
            return Step::Wait(due);
        }
        self.barrier = Some(now);
        self.sent = Some(now);
        Step::Send(now)
    }

    fn acknowledged(&mut self, sent: Instant, offset: i64) {
        self.newest = self.newest.max(Some((sent, offset)));
        self.end_barrier(sent);
    }

    fn barrier_failed(&mut self, sent: Instant, why: String) {
        self.failed = Some((sent, why));
        self.end_barrier(sent);
    }

    fn end_barrier(&mut self, sent: Instant) {
        self.barrier = self.barrier.filter(|barrier| *barrier != sent);
    }

    /// Why the last barrier failed, if that was recent and nothing was acknowledged since.
    fn trouble(&self, now: Instant) -> Option<&str> {
        let (sent, why) = self.failed.as_ref()?;
        let mended = self.newest.is_some_and(|(newest, _)| newest > *sent);
        let old = now.saturating_duration_since(*sent) > REPORT_FAILURE_FOR;
        (!mended && !old).then_some(why)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Changes under the lock cannot panic halfway, so a poisoned state is consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "quorum_tests.rs"]
mod tests;
