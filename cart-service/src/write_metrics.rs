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

    /// Counts a request with this outcome, unless it turned out to be invalid.
    pub fn count(&self, ended: &Result<CommandOutcome, CommandError>) {
        if let Some(counter) = self.counter(ended) {
            counter.increment(1);
        }
    }

    fn counter(&self, ended: &Result<CommandOutcome, CommandError>) -> Option<&Counter> {
        Some(match ended {
            Ok(CommandOutcome::Written(_)) => &self.applied,
            Ok(CommandOutcome::Unchanged(_)) => &self.unchanged,
            Ok(CommandOutcome::Replayed(_)) => &self.replayed,
            // The reasons are the last parts of the problems' types.
            Err(CommandError::Refused(refusal)) => match refusal {
                Refusal::AlreadyExists { .. } => &self.exists,
                Refusal::NotFound => &self.not_found,
                // Answered with 400, as what is found to be invalid before it comes here.
                Refusal::InvalidId { .. } => return None,
                Refusal::VersionMismatch { .. } => &self.version_mismatch,
                Refusal::KeyReused => &self.key_reused,
                Refusal::IllegalTransition { .. } | Refusal::VersionsExhausted => &self.illegal_transition,
                // Answered with 503: this release cannot tell.
                Refusal::NeedsNewerRelease => &self.unavailable,
            },
            Err(CommandError::Unavailable(_) | CommandError::OrderUnresolved { .. }) => &self.unavailable,
            Err(CommandError::OutcomeUnknown { .. }) => &self.unknown,
            Err(CommandError::Internal(_)) => &self.failed,
        })
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use orderlog_contract::event::OrderStatus;
    use orderlog_contract::order::OrderState;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::routes::answer::problem_for;

    /// The labels of the one counter that counts a request with this outcome; nothing if none does.
    fn counted(ended: &Result<CommandOutcome, CommandError>) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || WriteMetrics::new().count(ended));
        let text = handle.render();
        let counted: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(" 1")).collect();
        let one = match counted[..] {
            [] => return String::new(),
            [one] => one,
            _ => panic!("one counter counts: {counted:?}"),
        };
        let prefix = "orderlog_writes_total{service=\"cart-service\",outcome=";
        let labels = one.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('}'));
        labels.expect("a counter of writes").replace('"', "")
    }

    #[test]
    fn a_success_is_counted_as_what_it_did() {
        let event = orderlog_contract::testing::an_event("A-1", 1);
        let state = || {
            Box::new(OrderState {
                event_id: event.event_id,
                order: event.order.clone(),
                partition: 0,
                offset: 0,
                partial: false,
            })
        };
        assert_eq!(counted(&Ok(CommandOutcome::Written(state()))), "applied");
        assert_eq!(counted(&Ok(CommandOutcome::Unchanged(state()))), "unchanged");
        assert_eq!(counted(&Ok(CommandOutcome::Replayed(state()))), "replayed");
    }

    #[test]
    fn a_failure_is_counted_as_what_is_answered() {
        let refusals = [
            Refusal::AlreadyExists { version: 1 },
            Refusal::NotFound,
            Refusal::InvalidId { why: String::new() },
            Refusal::VersionMismatch { version: 1 },
            Refusal::KeyReused,
            Refusal::IllegalTransition {
                from: OrderStatus::New,
                to: OrderStatus::New,
            },
            Refusal::VersionsExhausted,
            Refusal::NeedsNewerRelease,
        ];
        let unresolved = json!({"schema_ids": [7], "partition": 0, "offset": 0});
        let unresolved = serde_json::from_value(unresolved).expect("a row");
        let errors = refusals.map(CommandError::Refused).into_iter().chain([
            CommandError::Unavailable(String::new()),
            CommandError::OrderUnresolved {
                unresolved,
                seconds_left: 5,
            },
            CommandError::OutcomeUnknown {
                event_id: Uuid::nil(),
                reason: String::new(),
            },
            CommandError::Internal(String::new()),
        ]);
        for error in errors {
            let kind = problem_for("A-1", false, error.clone()).kind();
            let expected = match kind.status().as_u16() {
                503 => "unavailable".to_owned(),
                504 => "unknown".to_owned(),
                500 => "failed".to_owned(),
                400 => String::new(),
                _ => format!("refused,reason={}", kind.type_uri().trim_start_matches("/problems/")),
            };
            assert_eq!(counted(&Err(error)), expected);
        }
    }
}
