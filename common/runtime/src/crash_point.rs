//! Places where a test can kill the process or make a task panic. They are compiled in only with the feature
//! `crash-points`, which no production build has; without it [`reached`] does nothing.
//!
//! `ORDERLOG_CRASH_AT=event-sent` kills the process when a record was handed to the Kafka client; `event-sent:3` at the
//! third time. `ORDERLOG_PANIC_AT` has the same form.

use clap::ValueEnum;

/// The variable that names where the process dies.
pub const CRASH_AT: &str = "ORDERLOG_CRASH_AT";
/// The variable that names where a task panics.
pub const PANIC_AT: &str = "ORDERLOG_PANIC_AT";

/// Every crash point. Its name in the variables is the variant's in kebab case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Point {
    /// The projection: a batch is folded, its dead letters are acknowledged, and nothing of it is in the store
    BatchFolded,
    /// The projection: a batch is in the store, and nobody is notified yet
    BatchWritten,
    /// The projection: progress is about to be committed to Kafka
    ProgressNotReported,
    /// The projection: progress was handed to the Kafka client
    ProgressReported,
    /// The store: a rebuild has cleared a part of it
    StoreClearing,
    /// The store: the meaning of a schema id was written
    SchemaLearned,
    /// The registration: the registry has our schema, and the store does not know its id
    SchemaRegistered,
    /// order-service: a dead letter was handed to the Kafka client
    DeadLetterSent,
    /// order-service: a batch's dead letters are acknowledged
    DeadLettersAcknowledged,
    /// order-service: dead letters that were read back are in the index
    DeadLettersIndexed,
    /// order-service: a transaction of a replay is about to begin
    ReplayNotBegun,
    /// order-service: the records of a replay's transaction are on their topics, and it is not committed
    ReplayProduced,
    /// order-service: a replay's transaction is committed, and the store does not know it
    ReplayCommitted,
    /// cart-service: an event was handed to the Kafka client
    EventSent,
    /// cart-service: an event was read back, and its request is not answered
    EventReadBack,
    /// cart-service: unresolved orders are stored, and the offset has not moved past their records
    UnresolvedOrdersStored,
    /// The projection's thread, each turn of its loop
    ProjectionTurn,
    /// The thread that fetches end offsets, with a request in hand
    EndOffsetsTurn,
    /// The task that audits schema ids, each turn
    SchemaIdAuditTurn,
    /// The task that syncs the store to disk, each turn
    SyncTurn,
    /// The task that registers the schema, each turn
    RegistrationTurn,
    /// cart-service: the task that resolves unresolved orders, each turn
    UnresolvedOrdersTurn,
    /// cart-service: the Kafka client's thread, with an event's delivery report
    EventReported,
    /// order-service: the Kafka client's thread, with a dead letter's delivery report
    DeadLetterReported,
    /// The metrics upkeep, each turn
    MetricsUpkeepTurn,
    /// A request's handler, before it does anything
    RequestReceived,
}

impl Point {
    /// Its name in the variables.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

/// Dies or panics here if a variable says so.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn reached(_: Point) {}

#[cfg(feature = "crash-points")]
pub use armed::reached;

#[cfg(feature = "crash-points")]
mod armed {
    use std::num::NonZeroU64;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use clap::ValueEnum;

    use super::{CRASH_AT, PANIC_AT, Point};

    static CRASH: LazyLock<Option<Trigger>> = LazyLock::new(|| Trigger::of_variable(CRASH_AT));
    static PANIC: LazyLock<Option<Trigger>> = LazyLock::new(|| Trigger::of_variable(PANIC_AT));

    /// Dies or panics here if a variable says so.
    ///
    /// # Panics
    /// Where [`PANIC_AT`] says so.
    pub fn reached(point: Point) {
        if CRASH.as_ref().is_some_and(|trigger| trigger.fires(point)) {
            eprintln!("crash point {} reached", point.name());
            // As with kill -9, no destructor runs, no buffer is flushed and no other thread continues. The signal itself
            // would have to come from another process, and the other threads would run until it has started.
            std::process::abort();
        }
        if PANIC.as_ref().is_some_and(|trigger| trigger.fires(point)) {
            panic!("crash point {} reached", point.name());
        }
    }

    /// A point, and how often it is still to be reached.
    struct Trigger {
        point: Point,
        left: AtomicU64,
    }

    impl Trigger {
        fn of_variable(variable: &str) -> Option<Self> {
            let text = std::env::var(variable).ok()?;
            match Self::parse(&text) {
                Some(trigger) => Some(trigger),
                None => {
                    // A test without its crash would prove nothing.
                    eprintln!(
                        "{variable}={text} is not a crash point; use a name from crash_point.rs, with :N for the N-th time"
                    );
                    std::process::exit(2)
                }
            }
        }

        fn parse(text: &str) -> Option<Self> {
            let (name, count) = text.split_once(':').unwrap_or((text, "1"));
            Some(Self {
                point: Point::from_str(name, false).ok()?,
                left: AtomicU64::new(count.parse::<NonZeroU64>().ok()?.get()),
            })
        }

        fn fires(&self, at: Point) -> bool {
            // Once only: from 0 it wraps around to a count that is never reached.
            self.point == at && self.left.fetch_sub(1, Ordering::Relaxed) == 1
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn every_point_has_a_name_that_is_read_back() {
            for point in Point::value_variants() {
                let trigger = Trigger::parse(&point.name()).expect("a point");
                assert_eq!(trigger.point, *point);
            }
        }

        #[test]
        fn a_trigger_fires_once_and_at_the_named_time() {
            let trigger = Trigger::parse("event-sent:2").expect("a trigger");
            let at = [
                Point::EventSent,
                Point::DeadLetterSent,
                Point::EventSent,
                Point::EventSent,
            ];
            assert_eq!(at.map(|point| trigger.fires(point)), [false, false, true, false]);
        }

        #[test]
        fn what_names_no_point_is_not_a_trigger() {
            for text in [
                "",
                "nowhere",
                "event-sent:",
                "event-sent:0",
                "event-sent:x",
                "EventSent",
            ] {
                assert!(Trigger::parse(text).is_none(), "{text}");
            }
        }
    }
}
