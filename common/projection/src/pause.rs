//! A partition's pause: why it is not read for now, and when it is over.

use std::time::{Duration, Instant};

use orderlog_contract::frame::SchemaRef;

use crate::breaker::BreakerProgress;
use crate::schema_lookup::SchemaLookup;
use crate::schema_wait::{Answered, SchemaWait, Step};

/// Delay after a failure: long enough to cause no load, short enough not to be an outage of its own.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// A longer wait is more than the round trip that a schema's first record costs, and worth reporting.
const REPORTED_AFTER: Duration = Duration::from_millis(500);

/// Why a partition is not read for now.
pub(crate) enum PauseReason {
    /// Its next record's schema is being looked up.
    Schema(SchemaWait),
    /// Something failed; it is retried at that time.
    Failure {
        /// When it is retried.
        retry_at: Instant,
        /// What failed.
        reason: String,
    },
    /// It has too many dead letters; it is read again once an operator has resumed it.
    Breaker(BreakerProgress),
}

/// A partition's pause.
pub(crate) struct Pause {
    /// Why.
    pub reason: PauseReason,
    since: Instant,
    /// The reason in words; `None` while the pause is too short to be reported.
    shown: Option<String>,
}

impl PauseReason {
    /// A failure, which is retried in a moment.
    pub fn failure(reason: String) -> Self {
        Self::Failure {
            retry_at: Instant::now() + RETRY_DELAY,
            reason,
        }
    }
}

impl Pause {
    /// A pause from now on. `outage`: why the registry does not answer, if that is known already.
    pub fn new(reason: PauseReason, outage: Option<String>) -> Self {
        let shown = match &reason {
            PauseReason::Schema(_) => outage,
            PauseReason::Failure { reason, .. } => Some(reason.clone()),
            PauseReason::Breaker(breaker) => breaker.reason(),
        };
        Self {
            reason,
            since: Instant::now(),
            shown,
        }
    }

    /// Why, in words.
    pub fn shown(&self) -> Option<String> {
        self.shown.clone()
    }

    /// Whether it is waiting for the first answer about a schema.
    pub fn is_fresh_wait(&self) -> bool {
        matches!(self.reason, PauseReason::Schema(_)) && self.shown.is_none()
    }

    fn is_long(&self) -> bool {
        self.since.elapsed() > REPORTED_AFTER
    }

    /// Updates the reason that is shown. Returns whether it has changed.
    pub fn update_shown(&mut self, lookup: &SchemaLookup) -> bool {
        let PauseReason::Schema(wait) = &self.reason else {
            return false;
        };
        let outage = lookup.outage(wait.first());
        let shown = outage.or_else(|| self.is_long().then(|| wait.reason()));
        let has_changed = shown.is_some() && self.shown != shown;
        if has_changed {
            self.shown = shown;
        }
        has_changed
    }

    /// Advances it with the registry's answers. Returns whether it is over.
    pub fn is_over(
        &mut self,
        partition: i32,
        answers: &[Answered],
        lookup: &mut SchemaLookup,
        end: i64,
        grace: Duration,
    ) -> bool {
        let is_long = self.is_long();
        let now = Instant::now();
        let wait = match &mut self.reason {
            PauseReason::Failure { retry_at, .. } => return now >= *retry_at,
            PauseReason::Breaker(_) => return false,
            PauseReason::Schema(wait) => wait,
        };
        for answered in answers {
            if wait.take_answer(answered) {
                look_up(lookup, partition, wait, answered.schema);
            }
        }
        match wait.step(now) {
            Step::Wait => {}
            Step::Ask(schemas) => {
                for schema in schemas {
                    look_up(lookup, partition, wait, schema);
                }
            }
            Step::BeginGrace => {
                // The end as last reported, which takes a moment for a partition that was not being read before.
                if end > wait.at() || is_long {
                    wait.begin_grace(end, grace, now);
                }
            }
            Step::Resume => return true,
        }
        false
    }
}

/// Looks up a schema that a partition waits for, or drops it from the wait if it is not looked up now.
pub(crate) fn look_up(lookup: &mut SchemaLookup, partition: i32, wait: &mut SchemaWait, schema: SchemaRef) {
    if !lookup.ask(schema, partition, schema != wait.first()) {
        wait.forget(schema);
    }
}
