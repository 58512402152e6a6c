//! Places at which a test has the process die, or the task that comes there panic. They are compiled in with the feature
//! `crash-points` only, which no build has that is meant to be run; without it [`reached`] is nothing.
//!
//! `ORDERLOG_CRASH_AT=event-sent` ends the process where a record was handed to the Kafka client; `event-sent:3` when that
//! happens for the third time. `ORDERLOG_PANIC_AT` has the same form.

use clap::ValueEnum;

/// The variable that says where the process dies.
pub const CRASH_AT: &str = "ORDERLOG_CRASH_AT";
/// The variable that says where a task panics.
pub const PANIC_AT: &str = "ORDERLOG_PANIC_AT";

/// Every place there is. Its name in the variables is that of the variant, in lower case with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Point {
    /// The projection: a batch is folded, its dead letters are acknowledged, and nothing of it is in the store
    BatchFolded,
    /// The projection: a batch is in the store, and nobody was told
    BatchWritten,
    /// The projection: progress is about to be committed to Kafka
    ProgressNotShown,
    /// The projection: progress was handed to the Kafka client
    ProgressShown,
    /// The store: a rebuild has forgotten a part of it
    StoreForgetting,
    /// The store: the meaning of a schema id was written
    SchemaLearned,
    /// The registration: the registry has our schema, and the store does not know its id
    SchemaRegistered,
    /// order-service: a dead letter was handed to the Kafka client
    LetterSent,
    /// order-service: a batch's dead letters are acknowledged
    LettersAcknowledged,
    /// order-service: dead letters that were read back are in the index
    LettersIndexed,
    /// cart-service: an event was handed to the Kafka client
    EventSent,
    /// cart-service: an event was read back, and its request is not answered
    EventReadBack,
    /// cart-service: orders in doubt are noted, and the offset has not moved past their records
    DoubtsNoted,
    /// The projection's thread, each time round
    ProjectionTurn,
    /// The thread that asks for ends, with a question in hand
    EndsTurn,
    /// The task that compares what schema ids mean, each time
    IdentityTurn,
    /// The task that brings the store to the disk, each time
    SyncTurn,
    /// The task that registers the schema, each time
    RegistrationTurn,
    /// cart-service: the task that clears doubts up, each time
    DoubtsTurn,
    /// cart-service: the Kafka client's thread, with the report on an event
    EventReported,
    /// order-service: the Kafka client's thread, with the report on a dead letter
    LetterReported,
    /// The task that keeps the memory of metrics bounded, each time
    MetricsTurn,
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

/// Dies or panics here, if a variable says so.
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

    static CRASH: LazyLock<Option<Trap>> = LazyLock::new(|| Trap::of_variable(CRASH_AT));
    static PANIC: LazyLock<Option<Trap>> = LazyLock::new(|| Trap::of_variable(PANIC_AT));

    /// Dies or panics here, if a variable says so.
    ///
    /// # Panics
    /// Where [`PANIC_AT`] says so.
    pub fn reached(point: Point) {
        if CRASH.as_ref().is_some_and(|trap| trap.springs(point)) {
            eprintln!("crash point {} reached", point.name());
            // No destructor runs, no buffer is flushed, no other thread goes on, as with kill -9. That signal itself
            // would have to be sent by another process, while whose start the other threads do go on.
            std::process::abort();
        }
        if PANIC.as_ref().is_some_and(|trap| trap.springs(point)) {
            panic!("crash point {} reached", point.name());
        }
    }

    /// A point, and how often it is still to be reached.
    struct Trap {
        point: Point,
        left: AtomicU64,
    }

    impl Trap {
        fn of_variable(variable: &str) -> Option<Self> {
            let text = std::env::var(variable).ok()?;
            match Self::parse(&text) {
                Some(trap) => Some(trap),
                None => {
                    // A test that goes on without its crash would prove nothing.
                    eprintln!(
                        "{variable}={text} is no crash point: give a name of common/runtime/src/crash_point.rs, with :N for the N-th time"
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

        fn springs(&self, at: Point) -> bool {
            // Once only: from 0 it wraps to a count that nobody lives to see.
            self.point == at && self.left.fetch_sub(1, Ordering::Relaxed) == 1
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn every_point_has_a_name_that_is_read_back() {
            for point in Point::value_variants() {
                let trap = Trap::parse(&point.name()).expect("a point");
                assert_eq!(trap.point, *point);
            }
        }

        #[test]
        fn a_trap_springs_once_and_at_the_time_that_was_named() {
            let trap = Trap::parse("event-sent:2").expect("a trap");
            let at = [Point::EventSent, Point::LetterSent, Point::EventSent, Point::EventSent];
            assert_eq!(at.map(|point| trap.springs(point)), [false, false, true, false]);
        }

        #[test]
        fn what_names_no_point_is_no_trap() {
            for text in [
                "",
                "nowhere",
                "event-sent:",
                "event-sent:0",
                "event-sent:x",
                "EventSent",
            ] {
                assert!(Trap::parse(text).is_none(), "{text}");
            }
        }
    }
}
