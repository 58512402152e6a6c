//! Counts how write requests end. The counters are there from the start, and counting formats nothing.

use metrics::{Counter, Histogram, counter, histogram};
use orderlog_runtime::metrics::{READ_BACK, WRITES};

use crate::SERVICE;
use crate::command_outcome::{CommandError, CommandOutcome};
use crate::decide::Refusal;

/// Counters of write requests by outcome.
pub(crate) struct WriteMetrics {
    applied: Counter,
    unchanged: Counter,
    replayed: Counter,
    exists: Counter,
    not_found: Counter,
    version_mismatch: Counter,
    key_reused: Counter,
    illegal_transition: Counter,
    unavailable: Counter,
    unknown: Counter,
    failed: Counter,
    /// Events, not requests, that lost a race.
    pub superseded: Counter,
    /// From sending an event until it was read back.
    pub read_back: Histogram,
}

impl WriteMetrics {
    pub fn new() -> Self {
        let outcome = |outcome| counter!(WRITES, "service" => SERVICE, "outcome" => outcome);
        let refused = |reason| counter!(WRITES, "service" => SERVICE, "outcome" => "refused", "reason" => reason);
        Self {
            applied: outcome("applied"),
            unchanged: outcome("unchanged"),
            replayed: outcome("replayed"),
            exists: refused("order-exists"),
            not_found: refused("order-not-found"),
            version_mismatch: refused("version-mismatch"),
            key_reused: refused("key-reused"),
            illegal_transition: refused("illegal-transition"),
            unavailable: outcome("unavailable"),
            unknown: outcome("unknown"),
            failed: outcome("failed"),
            superseded: outcome("superseded"),
            read_back: histogram!(READ_BACK, "service" => SERVICE),
        }
    }

    /// Counts a request that ended like that.
    pub fn count(&self, ended: &Result<CommandOutcome, CommandError>) {
        self.counter(ended).increment(1);
    }

    fn counter(&self, ended: &Result<CommandOutcome, CommandError>) -> &Counter {
        match ended {
            Ok(CommandOutcome::Written(_)) => &self.applied,
            Ok(CommandOutcome::Unchanged(_)) => &self.unchanged,
            Ok(CommandOutcome::Replayed(_)) => &self.replayed,
            // The reasons are the last parts of the problems' types.
            Err(CommandError::Refused(refusal)) => match refusal {
                Refusal::AlreadyExists { .. } => &self.exists,
                Refusal::NotFound => &self.not_found,
                Refusal::VersionMismatch { .. } => &self.version_mismatch,
                Refusal::KeyReused => &self.key_reused,
                Refusal::IllegalTransition { .. } | Refusal::VersionsExhausted => &self.illegal_transition,
                // Answered with 503: this release cannot tell.
                Refusal::NeedsNewerRelease => &self.unavailable,
            },
            Err(CommandError::Unavailable(_) | CommandError::OrderUnresolved { .. }) => &self.unavailable,
            Err(CommandError::OutcomeUnknown { .. }) => &self.unknown,
            Err(CommandError::Internal(_)) => &self.failed,
        }
    }
}
