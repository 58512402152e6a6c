//! The status of the dead-letter topic, passed from the projection's thread to `/health` and `/dlq`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use orderlog_kafka::connection::MAX_SILENCE;

/// The status of the dead-letter topic. Shared by clones.
#[derive(Clone, Debug, Default)]
pub struct DlqStatus(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    warnings: Vec<String>,
    problem: Option<String>,
    /// What keeps partitions from being read to their ends.
    blocked: Vec<String>,
    /// As it was noted last.
    is_complete: bool,
    complete_at: Option<Instant>,
}

/// Whether the index has every dead letter of the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// Whether it has every dead letter.
    pub is_complete: bool,
    /// When it was last known to have them all; `None`: not since startup.
    pub as_of: Option<Instant>,
}

impl DlqStatus {
    /// One sentence for each problem.
    pub fn problems(&self) -> Vec<String> {
        let state = self.lock();
        let all = state.problem.iter().chain(&state.blocked).chain(&state.warnings);
        all.cloned().collect()
    }

    /// Whether the index has every dead letter. Not known to have while that is not noted, as the projection's thread waits for
    /// something or has ended.
    pub fn completeness(&self) -> Completeness {
        let state = self.lock();
        let is_recent = state.complete_at.is_some_and(|at| at.elapsed() < MAX_SILENCE);
        Completeness {
            is_complete: state.is_complete && is_recent,
            as_of: state.complete_at,
        }
    }

    /// Notes whether the index has every dead letter now.
    pub(super) fn note_complete(&self, is_complete: bool) {
        let mut state = self.lock();
        state.is_complete = is_complete;
        if is_complete {
            state.complete_at = Some(Instant::now());
        }
    }

    /// Sets the warnings about the topic's configuration.
    pub(super) fn set_warnings(&self, warnings: Vec<String>) {
        self.lock().warnings = warnings;
    }

    /// Sets what keeps partitions from being read to their ends. Returns whether that changed.
    pub(super) fn set_blocked(&self, blocked: &[String]) -> bool {
        let mut state = self.lock();
        let changed = state.blocked != blocked;
        if changed {
            state.blocked = blocked.to_vec();
        }
        changed
    }

    /// Sets why the topic is not being read. Returns whether that changed.
    pub(super) fn set_problem(&self, problem: Option<String>) -> bool {
        let mut state = self.lock();
        let changed = state.problem != problem;
        state.problem = problem;
        changed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed: every write is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_blocks_a_partition_is_a_problem_until_it_ends() {
        let status = DlqStatus::default();
        let blocked = ["partition 2 is blocked".to_owned()];
        assert!(status.set_blocked(&blocked));
        assert!(!status.set_blocked(&blocked), "nothing new");
        assert_eq!(status.problems(), blocked);
        assert!(status.set_blocked(&[]));
        assert_eq!(status.problems(), [""; 0]);
    }

    #[test]
    fn completeness_that_was_not_noted_for_long_is_not_claimed() {
        let status = DlqStatus::default();
        let never = Completeness {
            is_complete: false,
            as_of: None,
        };
        assert_eq!(status.completeness(), never);
        status.note_complete(true);
        assert!(status.completeness().is_complete);
        let long_ago = Instant::now().checked_sub(MAX_SILENCE + Duration::from_secs(1));
        status.lock().complete_at = long_ago;
        let expected = Completeness {
            is_complete: false,
            as_of: long_ago,
        };
        assert_eq!(status.completeness(), expected);
        status.note_complete(true);
        assert!(status.completeness().is_complete);
        status.note_complete(false);
        assert!(!status.completeness().is_complete && status.completeness().as_of.is_some());
    }
}
