//! The status of the dead-letter topic, passed from the projection's thread to `/health`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The status of the dead-letter topic. Shared by clones.
#[derive(Clone, Debug, Default)]
pub struct DlqStatus(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    warnings: Vec<String>,
    problem: Option<String>,
}

impl DlqStatus {
    /// One sentence for each problem.
    pub fn problems(&self) -> Vec<String> {
        let state = self.lock();
        state.problem.iter().chain(&state.warnings).cloned().collect()
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
