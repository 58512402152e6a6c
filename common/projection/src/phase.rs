//! What the projection's thread is doing, and every step from one phase to the next: here it is logged, shown to others in
//! [`Progress`], and told to those who wait.

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
    /// It polls, which keeps the link to the broker known, and drops what comes, until an operator acts.
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
    /// Of a thread that looks for that topic.
    pub fn starting(topic: String, progress: watch::Sender<Progress>, waiters: Waiters) -> Self {
        progress.send_modify(|progress| progress.starting = Some("starting".to_owned()));
        Self {
            phase: Phase::Starting { suspended: false },
            topic,
            progress,
            waiters,
        }
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
    pub fn not_ready(&mut self, reason: String) {
        let is_news = self.progress.borrow().starting.as_ref() != Some(&reason);
        if is_news {
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
            let is_news = progress.suspended.as_ref() != Some(&reason);
            progress.suspended = Some(reason);
            progress.starting = None;
            is_news
        });
        if !was {
            // What they wait for may be read after the registry is back, and after their time. They are told why.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use orderlog_contract::testing::an_event;
    use tokio::sync::oneshot::error::TryRecvError;

    fn owner() -> (PhaseOwner, watch::Receiver<Progress>, Waiters) {
        let (progress, seen) = watch::channel(Progress::default());
        let waiters = Waiters::default();
        let owner = PhaseOwner::starting("orders".to_owned(), progress, waiters.clone());
        (owner, seen, waiters)
    }

    fn reading() -> (PhaseOwner, watch::Receiver<Progress>, Waiters) {
        let (mut owner, seen, waiters) = owner();
        owner.reading();
        (owner, seen, waiters)
    }

    #[test]
    fn a_thread_that_is_starting_says_why_until_it_reads() {
        let (mut owner, seen, _) = owner();
        assert!(!owner.is_reading() && seen.borrow().starting.is_some());
        owner.not_ready("no broker".to_owned());
        assert_eq!(seen.borrow().starting.as_deref(), Some("no broker"));
        owner.reading();
        assert!(owner.is_reading());
        assert_eq!(seen.borrow().starting, None);
    }

    #[test]
    fn a_restart_leads_back_to_starting_once() {
        let (mut owner, ..) = reading();
        assert_eq!(owner.restart(), None);
        owner.request_restart(RestartReason::TopicMissing);
        owner.request_restart(RestartReason::OffsetOutOfRange);
        assert!(owner.is_reading(), "the batch is finished first");
        assert_eq!(
            owner.restart(),
            Some(RestartReason::OffsetOutOfRange),
            "the latest reason"
        );
        assert!(!owner.is_reading());
        owner.request_restart(RestartReason::TopicMissing);
        owner.reading();
        assert_eq!(owner.restart(), None, "it has just started");
    }

    #[tokio::test]
    async fn a_suspended_thread_reads_nothing_and_starts_again_after_it() {
        let (mut owner, seen, waiters) = reading();
        let mut event = waiters.event(&an_event("A-1", 1));
        let mut order = waiters.order("A-1", 1);
        owner.request_restart(RestartReason::TopicMissing);
        owner.suspend("another registry".to_owned());
        assert!(owner.is_suspended() && !owner.is_reading());
        assert_eq!(seen.borrow().suspended.as_deref(), Some("another registry"));
        assert_eq!(event.outcome().await, None, "it will not be read soon");
        assert_eq!(order.try_recv(), Err(TryRecvError::Empty), "its order may still be");
        assert_eq!(owner.restart(), None, "not while suspended");
        owner.resume();
        assert_eq!(seen.borrow().suspended, None);
        assert_eq!(owner.restart(), Some(RestartReason::RegistryMatches));
    }

    #[test]
    fn a_thread_that_is_suspended_before_it_reads_just_goes_on_starting() {
        let (mut owner, seen, _) = owner();
        owner.suspend("another registry".to_owned());
        assert!(owner.is_suspended());
        assert_eq!(seen.borrow().starting, None, "one reason is enough");
        owner.resume();
        owner.reading();
        assert!(owner.is_reading());
        assert_eq!(owner.restart(), None);
    }

    #[test]
    fn a_registry_that_matches_all_along_changes_nothing() {
        let (mut owner, ..) = reading();
        owner.resume();
        assert!(owner.is_reading());
        assert_eq!(owner.restart(), None);
    }

    #[tokio::test]
    async fn a_halted_thread_stays_halted_and_keeps_its_first_reason() {
        for reads in [false, true] {
            let (mut owner, seen, waiters) = if reads { reading() } else { owner() };
            let (mut event, order) = (waiters.event(&an_event("A-1", 1)), waiters.order("A-1", 1));
            owner.halt("the first".to_owned());
            owner.halt("the second".to_owned());
            owner.request_restart(RestartReason::TopicMissing);
            owner.reading();
            assert!(owner.is_halted() && !owner.is_reading());
            assert_eq!(owner.restart(), None);
            assert_eq!(seen.borrow().halted.as_deref(), Some("the first"));
            assert_eq!(seen.borrow().starting, None);
            assert_eq!(
                (event.outcome().await, order.await.is_err()),
                (None, true),
                "nobody waits on"
            );
        }
    }

    #[test]
    fn what_the_registry_says_of_a_halted_thread_is_shown_and_starts_nothing() {
        let (mut owner, seen, _) = reading();
        owner.halt("why".to_owned());
        owner.suspend("another registry".to_owned());
        assert!(seen.borrow().suspended.is_some() && owner.is_halted());
        owner.resume();
        assert!(seen.borrow().suspended.is_none() && owner.is_halted());
        assert_eq!(owner.restart(), None);
    }
}
