//! What the replicas of each partition have acknowledged, and when a barrier is due. A leader that was deposed and does not
//! know it can acknowledge nothing, so whatever was acknowledged of what was sent after a request came proves that the log
//! up to there holds all that anybody was told before. An own event serves as well as a barrier. Only the bookkeeping:
//! [`Publisher`](crate::publisher::Publisher) sends.
//!
//! It is the time of sending that counts: an event that was sent before the request came, and acknowledged after, may lie in
//! front of one of another instance's that was acknowledged earlier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout_at;

/// How long after the last record of a partition a barrier may follow: a hundred a second at the most. Where events are
/// written faster than that, they serve, and there are no barriers.
const SPACING: Duration = Duration::from_millis(10);

/// Every barrier is reported on before that: the Kafka client gives it up after 48 s at the most. One that is not was lost
/// with its client.
const LOST: Duration = Duration::from_secs(60);

/// How long a failure of a barrier is worth telling.
const NEWS: Duration = Duration::from_secs(10);

/// The partitions that were written to.
#[derive(Default)]
pub struct Quorum(Mutex<HashMap<i32, Arc<Acknowledgements>>>);

impl Quorum {
    /// The acknowledgements of that partition.
    pub fn of(&self, partition: i32) -> Arc<Acknowledgements> {
        lock(&self.0).entry(partition).or_default().clone()
    }

    /// Partitions whose replicas have not acknowledged a barrier lately, one sentence each.
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
    /// The newest record that was acknowledged: when it was sent, and where it lies.
    newest: Option<(Instant, i64)>,
    /// When the last record was sent.
    sent: Option<Instant>,
    /// When the barrier was sent that is under way.
    barrier: Option<Instant>,
    /// The last barrier that was not acknowledged, and why.
    failed: Option<(Instant, String)>,
}

/// What is to be done for a request.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// That offset was acknowledged.
    Acknowledged(i64),
    /// The barrier that was to serve it was not acknowledged.
    Failed(String),
    /// Send a barrier, which counts as sent at that time.
    Send(Instant),
    /// Wait for news, no longer than until then.
    Wait(Option<Instant>),
}

impl Acknowledgements {
    /// Notes that an event is about to be sent. Returns the time that it counts as sent at.
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

    /// Notes that a barrier was not acknowledged.
    pub fn barrier_failed(&self, sent: Instant, why: String) {
        lock(&self.state).barrier_failed(sent, why);
        self.changed.notify_waiters();
    }

    /// Waits until a record was acknowledged that was sent after a request came, and returns its offset. Where none is under
    /// way, `send` is told to send a barrier that counts as sent at that time.
    ///
    /// # Errors
    /// Why the barrier that was to serve the request was not acknowledged.
    pub async fn since(&self, came: Instant, send: impl Fn(Instant) -> Result<(), String>) -> Result<i64, String> {
        loop {
            // Begins to listen before it looks, so that nothing is missed.
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
                    // Either way it looks again.
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
        self.barrier = self.barrier.filter(|sent| now.saturating_duration_since(*sent) < LOST);
        if self.barrier.is_some() {
            return Step::Wait(None);
        }
        let due = self.sent.map(|sent| sent + SPACING).filter(|due| *due > now);
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

    /// Why the last barrier was not acknowledged, if that is news and nothing was acknowledged since.
    fn trouble(&self, now: Instant) -> Option<&str> {
        let (sent, why) = self.failed.as_ref()?;
        let mended = self.newest.is_some_and(|(newest, _)| newest > *sent);
        let old = now.saturating_duration_since(*sent) > NEWS;
        (!mended && !old).then_some(why)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is whole when the lock is given back.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "quorum_tests.rs"]
mod tests;
