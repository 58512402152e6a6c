//! What an operator should know of the dead-letter topic, passed from the projection's thread to `/health`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The condition of the dead-letter topic. Clones see the same one.
#[derive(Clone, Debug, Default)]
pub struct Condition(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    warnings: Vec<String>,
    trouble: Option<String>,
}

impl Condition {
    /// One sentence for each thing that is amiss.
    pub fn reasons(&self) -> Vec<String> {
        let state = self.lock();
        state.trouble.iter().chain(&state.warnings).cloned().collect()
    }

    /// Sets what was found in the topic's settings.
    pub(super) fn set_warnings(&self, warnings: Vec<String>) {
        self.lock().warnings = warnings;
    }

    /// Sets why the topic is not followed. Returns whether that is news.
    pub(super) fn set_trouble(&self, trouble: Option<String>) -> bool {
        let mut state = self.lock();
        let news = state.trouble != trouble;
        state.trouble = trouble;
        news
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock holds no half-made state here: every write is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
