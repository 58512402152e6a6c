//! What the projection's thread is doing, and every transition: each is logged here, published in [`Progress`], and
//! passed on to the waiters.

use tokio::sync::watch;

use crate::progress::Progress;
use crate::waiters::Waiters;

/// What the thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Looking for the topic, except while suspended.
    Starting { suspended: bool },
    /// Reading; while suspended, it polls and drops the records.
    Reading {
        suspended: bool,
        /// Why to restart, once it is no longer suspended.
        restart: Option<RestartReason>,
    },
    /// Until an operator acts, it polls to keep the connection's state up to date, and drops the records.
    Halted,
}

/// Why consumption has to restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RestartReason {
    /// The client stops reading that partition; the restart finds out which one, and where to continue.
    #[error("the next offset to read is out of range")]
    OffsetOutOfRange,
    /// It may only be a broker that does not know the topic yet.
    #[error("a broker reports that the topic does not exist")]
    TopicMissing,
    /// It is another topic of the same name, and nothing of the old one was read.
    #[error("the topic was recreated")]
    TopicRecreated,
    /// Records that arrived in the meantime were dropped.
    #[error("the schema registry matches the store again")]
    RegistryMatches,
}

/// The one owner of the thread's phase.
pub(crate) struct PhaseOwner {
    phase: Phase,
    /// Whether anything was read since the service started.
    was_reading: bool,
    topic: String,
    progress: watch::Sender<Progress>,
    waiters: Waiters,
}

impl PhaseOwner {
    /// The phase of a thread that looks for that topic.
    pub fn starting(topic: String, progress: watch::Sender<Progress>, waiters: Waiters) -> Self {
        progress.send_modify(|progress| progress.starting = Some("starting".to_owned()));
        Self {
            phase: Phase::Starting { suspended: false },
            was_reading: false,
            topic,
            progress,
            waiters,
        }
    }

    /// Whether it has not started reading yet.
    pub fn is_starting(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. })
    }

    /// Whether nothing is read until an operator acts.
    pub fn is_halted(&self) -> bool {
        self.phase == Phase::Halted
    }

    /// Whether it is suspended because the schema registry contradicts the store.
    pub fn is_suspended(&self) -> bool {
        matches!(
            self.phase,
            Phase::Starting { suspended: true } | Phase::Reading { suspended: true, .. }
        )
    }

    /// Whether records are processed.
    pub fn is_reading(&self) -> bool {
        matches!(self.phase, Phase::Reading { suspended: false, .. })
    }

    /// Notes why reading cannot start yet.
    pub fn start_failed(&mut self, reason: String) {
        let has_changed = self.progress.borrow().starting.as_ref() != Some(&reason);
        if has_changed {
            tracing::warn!(kafka.topic = self.topic, reason, "{}", self.what_failed());
        }
        self.progress.send_modify(|progress| progress.starting = Some(reason));
    }

    /// What a failure to start means, for the log.
    fn what_failed(&self) -> &'static str {
        match self.was_reading {
            true => "consumption interrupted",
            false => "consumption not started",
        }
    }

    /// Starting → reading.
    pub fn reading(&mut self) {
        if let Phase::Starting { suspended } = self.phase {
            self.phase = Phase::Reading {
                suspended,
                restart: None,
            };
            self.was_reading = true;
            self.progress.send_modify(|progress| progress.starting = None);
        }
    }

    /// Notes that consumption has to restart. Does nothing if it has not started.
    pub fn request_restart(&mut self, reason: RestartReason) {
        if let Phase::Reading { restart, .. } = &mut self.phase {
            *restart = Some(reason);
        }
    }

    /// Reading → starting, if that was requested. Not while suspended, as nothing would be read then.
    pub fn restart(&mut self) -> Option<RestartReason> {
        let Phase::Reading {
            suspended: false,
            restart: Some(reason),
        } = self.phase
        else {
            return None;
        };
        self.phase = Phase::Starting { suspended: false };
        Some(reason)
    }

    /// Suspends reading until the registry matches the store again.
    pub fn suspend(&mut self, reason: String) {
        let was = match &mut self.phase {
            Phase::Starting { suspended } | Phase::Reading { suspended, .. } => std::mem::replace(suspended, true),
            // Nothing is read either way; the reason is only reported.
            Phase::Halted => true,
        };
        if !was {
            tracing::error!(kafka.topic = self.topic, reason, "consumption suspended");
        }
        self.progress.send_if_modified(|progress| {
            let has_changed = progress.suspended.as_ref() != Some(&reason);
            progress.suspended = Some(reason);
            progress.starting = None;
            has_changed
        });
        if !was {
            // Their events may not be read before their deadlines. The progress says why.
            self.waiters.cancel_events();
        }
    }

    /// The registry matches the store. What arrived while it did not was dropped, so consumption restarts.
    pub fn resume(&mut self) {
        match &mut self.phase {
            Phase::Starting { suspended } if *suspended => *suspended = false,
            Phase::Reading { suspended, restart } if *suspended => {
                *suspended = false;
                *restart = Some(RestartReason::RegistryMatches);
            }
            Phase::Halted if self.progress.borrow().suspended.is_some() => {
                self.progress.send_modify(|progress| progress.suspended = None);
                return;
            }
            _ => return,
        }
        tracing::info!(kafka.topic = self.topic, "consumption resumed");
        self.progress.send_modify(|progress| progress.suspended = None);
    }

    /// Any phase → halted, until an operator acts.
    pub fn halt(&mut self, reason: String) {
        if self.phase == Phase::Halted {
            return;
        }
        self.phase = Phase::Halted;
        // If it is about the store, the store's task has already logged it.
        if self.progress.borrow().halted.as_ref() != Some(&reason) {
            tracing::error!(kafka.topic = self.topic, reason, "consumption halted");
        }
        self.progress.send_modify(|progress| {
            progress.starting = None;
            progress.halted = Some(reason);
        });
        self.waiters.close();
    }

    /// The thread ends: all waiters are released.
    pub fn end(&self) {
        self.waiters.close();
    }
}

#[cfg(test)]
#[path = "phase_tests.rs"]
mod tests;
