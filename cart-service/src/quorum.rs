//! What the replicas of each partition have acknowledged, and when a barrier is due. A leader that was deposed without
//! knowing it cannot get a write acknowledged. So the acknowledgment of a record that was sent after a request arrived
//! proves that the log up to that record holds everything that any client had been told by then. One of our events serves
//! just as well as a barrier. Only the bookkeeping: [`Publisher`](crate::publisher::Publisher) sends.
//!
//! The time of sending counts: an event that was sent before the request arrived and acknowledged afterwards may
//! precede another instance's event that was acknowledged earlier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use orderlog_kafka::producer::WriteError;
use tokio::sync::Notify;
use tokio::time::timeout_at;

/// Minimum time between the last record of a partition and a barrier: at most a hundred barriers a second. If events
/// are written faster than that, they serve instead.
const MIN_BARRIER_INTERVAL: Duration = Duration::from_millis(10);

/// A barrier with no delivery report by then was lost along with its client: the Kafka client gives up after at most 48 s.
const BARRIER_EXPIRES_AFTER: Duration = Duration::from_secs(60);

/// How long a failed barrier is reported in health.
const REPORT_FAILURE_FOR: Duration = Duration::from_secs(10);

/// Why a barrier proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BarrierError {
    /// It was not written.
    #[error(transparent)]
    NotWritten(#[from] WriteError),
    /// It was acknowledged without an offset.
    #[error("the broker did not return the barrier's offset")]
    NoOffset,
}

/// Acknowledgments by partition.
#[derive(Default)]
pub struct Quorum(Mutex<HashMap<i32, Arc<Acknowledgments>>>);

impl Quorum {
    /// The acknowledgments of that partition.
    pub fn of(&self, partition: i32) -> Arc<Acknowledgments> {
        lock(&self.0).entry(partition).or_default().clone()
    }

    /// One sentence for each partition whose replicas have not acknowledged the last barrier.
    pub fn problems(&self) -> Vec<String> {
        let mut partitions: Vec<_> = lock(&self.0).iter().map(|(n, of)| (*n, of.clone())).collect();
        partitions.sort_by_key(|(partition, _)| *partition);
        let reason = |(partition, of): (i32, Arc<Acknowledgments>)| {
            let state = lock(&of.state);
            let error = state.problem(Instant::now())?;
            Some(format!(
                "the replicas of partition {partition} acknowledge nothing: {error}"
            ))
        };
        partitions.into_iter().filter_map(reason).collect()
    }
}

/// What the replicas of one partition have acknowledged.
#[derive(Default)]
pub struct Acknowledgments {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The newest acknowledged record: when it was sent, and its offset.
    newest: Option<(Instant, i64)>,
    /// When the last record was sent.
    sent: Option<Instant>,
    /// When the barrier that is in flight was sent.
    barrier: Option<Instant>,
    /// The last barrier that failed: when it was sent, and why it failed.
    failed: Option<(Instant, BarrierError)>,
}

/// What to do next for a request.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Done: that offset was acknowledged.
    Acknowledged(i64),
    /// Done: the barrier that was sent for it failed.
    Failed(BarrierError),
    /// Send a barrier, which counts as sent at that time.
    Send(Instant),
    /// Wait for a change, at most until then.
    Wait(Option<Instant>),
}

impl Acknowledgments {
    /// Notes that an event is about to be sent. Returns the time at which it counts as sent.
    pub fn sending(&self) -> Instant {
        let now = Instant::now();
        lock(&self.state).sent = Some(now);
        now
    }

    /// Notes that a record was acknowledged.
    pub fn acknowledged(&self, sent: Instant, offset: i64) {
        lock(&self.state).acknowledged(sent, offset);
        self.changed.notify_waiters();
    }

    /// Notes that a barrier failed.
    pub fn barrier_failed(&self, sent: Instant, error: BarrierError) {
        lock(&self.state).barrier_failed(sent, error);
        self.changed.notify_waiters();
    }

    /// Waits for the acknowledgment of a record that was sent after a request arrived, and returns its offset. If none is
    /// in flight, `send` is called to send a barrier, which counts as sent at the time given.
    ///
    /// # Errors
    /// Why the barrier that was sent for the request failed.
    pub async fn wait_for_ack_after(
        &self,
        arrived: Instant,
        send: impl Fn(Instant) -> Result<(), WriteError>,
    ) -> Result<i64, BarrierError> {
        loop {
            // Subscribe before looking, so that no change is missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let step = lock(&self.state).step(arrived, Instant::now());
            match step {
                Step::Acknowledged(offset) => return Ok(offset),
                Step::Failed(error) => return Err(error),
                Step::Send(sent) => {
                    if let Err(error) = send(sent) {
                        self.barrier_failed(sent, error.into());
                    }
                }
                Step::Wait(None) => changed.await,
                Step::Wait(Some(until)) => {
                    // Either way, look again.
                    let _ = timeout_at(until.into(), changed).await;
                }
            }
        }
    }
}

impl State {
    fn step(&mut self, arrived: Instant, now: Instant) -> Step {
        match (&self.newest, &self.failed) {
            (Some((sent, offset)), _) if *sent >= arrived => return Step::Acknowledged(*offset),
            (_, Some((sent, error))) if *sent >= arrived => return Step::Failed(error.clone()),
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

    fn barrier_failed(&mut self, sent: Instant, error: BarrierError) {
        self.failed = Some((sent, error));
        self.end_barrier(sent);
    }

    fn end_barrier(&mut self, sent: Instant) {
        self.barrier = self.barrier.filter(|barrier| *barrier != sent);
    }

    /// Why the last barrier failed, if that was recent and nothing was acknowledged since.
    fn problem(&self, now: Instant) -> Option<&BarrierError> {
        let (sent, error) = self.failed.as_ref()?;
        let is_resolved = self.newest.is_some_and(|(newest, _)| newest > *sent);
        let is_old = now.saturating_duration_since(*sent) > REPORT_FAILURE_FOR;
        (!is_resolved && !is_old).then_some(error)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic cannot leave the state half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "quorum_tests.rs"]
mod tests;
