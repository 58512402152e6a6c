//! The status of the dead-letter topic, passed from the projection's thread to `/health` and `/dlq`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The status of the dead-letter topic. Shared by clones.
#[derive(Clone, Debug, Default)]
pub struct DlqStatus(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    warnings: Vec<String>,
    problem: Option<String>,
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
        state.problem.iter().chain(&state.warnings).cloned().collect()
    }

    /// Whether the index has every dead letter.
    pub fn completeness(&self) -> Completeness {
        let state = self.lock();
        Completeness {
            is_complete: state.is_complete,
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
