//! What the projection's thread is doing, and every step from one phase to the next: each is logged here, shown to others in
//! [`Progress`], and passed on to the waiters.

use tokio::sync::watch;

use crate::progress::Progress;
use crate::waiters::Waiters;

/// What the thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Looking for the topic. Not while suspended.
    Starting { suspended: bool },
    /// Reading; while suspended it polls, and drops what comes.
    Reading {
        suspended: bool,
        /// Why to start again, once nothing is suspended.
        restart: Option<RestartReason>,
    },
    /// It polls, which keeps the connection's state up to date, and drops what comes, until an operator acts.
    Halted,
}

/// Why reading has to start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RestartReason {
    /// The client stops reading that partition; which one, and what is right, is found out by starting again.
    #[error("the next offset is out of range")]
    OffsetOutOfRange,
    /// It may only be a broker that does not know the topic yet.
    #[error("a broker reports that the topic does not exist")]
    TopicMissing,
    /// It has the same name and is another one, and nothing was read of the old one.
    #[error("the topic was recreated")]
    TopicRecreated,
    /// What came meanwhile was dropped.
    #[error("the schema registry matches the store again")]
    RegistryMatches,
}

/// The one owner of the thread's phase.
pub(crate) struct PhaseOwner {
    phase: Phase,
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
            topic,
            progress,
            waiters,
        }
    }

    /// Whether reading has not begun yet.
    pub fn is_starting(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. })
    }

    /// Whether nothing is read until an operator acts.
    pub fn is_halted(&self) -> bool {
        self.phase == Phase::Halted
    }

    /// Whether nothing is done for now, because the schema registry contradicts the store.
    pub fn is_suspended(&self) -> bool {
        matches!(
            self.phase,
            Phase::Starting { suspended: true } | Phase::Reading { suspended: true, .. }
        )
    }

    /// Whether what comes is read.
    pub fn is_reading(&self) -> bool {
        matches!(self.phase, Phase::Reading { suspended: false, .. })
    }

    /// Reading cannot begin yet, and why.
    pub fn start_failed(&mut self, reason: String) {
        let has_changed = self.progress.borrow().starting.as_ref() != Some(&reason);
        if has_changed {
            tracing::warn!(kafka.topic = self.topic, reason, "consumption not started");
        }
        self.progress.send_modify(|progress| progress.starting = Some(reason));
    }

    /// Starting → reading.
    pub fn reading(&mut self) {
        if let Phase::Starting { suspended } = self.phase {
            self.phase = Phase::Reading {
                suspended,
                restart: None,
            };
            self.progress.send_modify(|progress| progress.starting = None);
        }
    }

    /// Notes that reading has to start again. Nothing to do where it has not started.
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

    /// Nothing is read until the registry matches the store again.
    pub fn suspend(&mut self, reason: String) {
        let was = match &mut self.phase {
            Phase::Starting { suspended } | Phase::Reading { suspended, .. } => std::mem::replace(suspended, true),
            // Nothing is read either way; it is only shown.
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
            // What they wait for may be read only after their time is up. The progress says why.
            self.waiters.cancel_events();
        }
    }

    /// The registry matches the store. What came while it did not was dropped, so reading starts again.
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
        // The store's task has logged it already when it is about the store.
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
