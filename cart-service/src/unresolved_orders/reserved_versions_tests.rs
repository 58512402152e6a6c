use fastrand::Rng;
use orderlog_contract::order::{Outcome, fold};
use orderlog_contract::testing::{an_event, state_after};
use orderlog_web::preconditions::Preconditions;
use uuid::Uuid;

use super::*;
use crate::decide::{self, Decision};

fn stamp() -> EventStamp {
    EventStamp {
        event_id: Uuid::now_v7(),
        now_ms: 1_700_000_000_000,
    }
}

fn at(version: i32) -> OrderState {
    state_after(&an_event("A-1", version), (0, 1))
}

#[test]
fn each_record_reserves_one_version_beyond_the_orders_own() {
    let one = ReservedVersions::after(None, 3, 10);
    assert_eq!((one.up_to, one.first, one.last), (4, 10, 10));
    let two = ReservedVersions::after(Some(one), 3, 12);
    assert_eq!((two.up_to, two.first, two.last), (5, 10, 12));
    assert_eq!(
        ReservedVersions::after(Some(two), 3, 10),
        two,
        "re-read, it is the same"
    );
    assert_eq!(
        ReservedVersions::after(Some(two), 5, 13).up_to,
        6,
        "another writer may have used the same versions"
    );
    let above = ReservedVersions::after(Some(two), 6, 14);
    assert_eq!(
        (above.up_to, above.first),
        (7, 14),
        "the order was written above the others"
    );
    assert!(two.includes(5) && !two.includes(6));
}

#[test]
fn an_answer_may_be_invalid_if_its_event_follows_such_a_record_and_is_not_above_it() {
    let reserved = ReservedVersions::after(None, 3, 10);
    let answered = |version, offset| state_after(&an_event("A-1", version), (0, offset));
    for (version, offset, expected) in [(3, 9, false), (4, 11, true), (5, 11, false)] {
        assert_eq!(
            reserved.may_invalidate(&answered(version, offset)),
            expected,
            "{version} at {offset}"
        );
    }
}

#[test]
fn an_order_that_cannot_be_written_is_refused() {
    let reserved = ReservedVersions::after(None, MAX_VERSION - 1, 10);
    assert_eq!(reserved.above(an_event("A-1", 2)), Err(Refusal::VersionsExhausted));
    let reserved = ReservedVersions::after(None, 1, 10);
    let partial = OrderState { partial: true, ..at(1) };
    assert_eq!(reserved.reaffirm(&partial, stamp()), Err(Refusal::NeedsNewerRelease));
    let mut unknown = at(1);
    unknown.order.status = OrderStatus::Unknown;
    assert_eq!(reserved.reaffirm(&unknown, stamp()), Err(Refusal::NeedsNewerRelease));
}

#[test]
fn a_final_order_can_be_rewritten_for_all_readers() {
    let mut order = at(2);
    order.order.status = OrderStatus::Delivered;
    // Another producer's record and that state's event have the same version.
    let reserved = ReservedVersions::after(None, 1, 1);
    let event = reserved.reaffirm(&order, stamp()).expect("can be written");
    for current in [&order, &at(2), &at(1)] {
        assert_eq!(fold(Some(current), &event), Outcome::Applied { gap: true });
    }
}

/// An order on two replicas: one that knows all schemas, and one that has to skip records.
#[derive(Default)]
struct Replicas {
    knows: Option<OrderState>,
    passes_over: Option<OrderState>,
    reserved: Option<ReservedVersions>,
    offset: i64,
}

impl Replicas {
    fn version(state: &Option<OrderState>) -> i32 {
        state.as_ref().map_or(0, |state| state.order.version)
    }

    /// Both replicas meet an event that only one of them can read.
    fn skip(&mut self, event: OrderEvent) {
        self.offset += 1;
        self.reserved = Some(ReservedVersions::after(
            self.reserved,
            Self::version(&self.passes_over),
            self.offset,
        ));
        apply(&mut self.knows, event, self.offset);
    }

    /// Both replicas meet an event that both can read.
    fn read(&mut self, event: OrderEvent) {
        self.offset += 1;
        apply(&mut self.knows, event.clone(), self.offset);
        apply(&mut self.passes_over, event, self.offset);
    }

    /// What an instance that had to skip records writes once the order is no longer unresolved: a change if possible, or
    /// else the order as it is.
    fn written(&self, status: OrderStatus) -> Option<OrderEvent> {
        let version = Self::version(&self.passes_over);
        let reserved = self.reserved.filter(|reserved| reserved.includes(version));
        let decision = match &self.passes_over {
            None => decide::create(None, an_event("A-1", 1).order, &Preconditions::default(), stamp()),
            state => decide::update(state.as_ref(), status, &Preconditions::default(), stamp()),
        };
        match (decision, reserved) {
            (Decision::Write(event), Some(reserved)) => reserved.above(*event).ok(),
            (Decision::Write(event), None) => Some(*event),
            (Decision::Unchanged(state), Some(reserved)) => reserved.reaffirm(&state, stamp()).ok(),
            _ => None,
        }
    }
}

fn apply(current: &mut Option<OrderState>, event: OrderEvent, offset: i64) {
    if matches!(fold(current.as_ref(), &event), Outcome::Applied { .. }) {
        *current = Some(state_after(&event, (0, offset)));
    }
}

/// What a producer that knows all schemas writes.
fn legitimate(current: Option<&OrderState>, rng: &mut Rng) -> Option<OrderEvent> {
    let status = OrderStatus::SETTABLE[rng.usize(..OrderStatus::SETTABLE.len())];
    let decision = match current {
        None => decide::create(None, an_event("A-1", 1).order, &Preconditions::default(), stamp()),
        state => decide::update(state, status, &Preconditions::default(), stamp()),
    };
    match decision {
        Decision::Write(event) => Some(*event),
        _ => None,
    }
}

#[test]
fn whatever_was_skipped_every_replica_ends_with_what_is_written_above_it() {
    let mut written = 0;
    for seed in 0..2_000 {
        let mut rng = Rng::with_seed(seed);
        let mut replicas = Replicas::default();
        for _ in 0..rng.usize(1..12) {
            // More of the first kinds: what is written ends the difference between the two.
            match rng.u8(..8) {
                0..=2 => {
                    if let Some(event) = legitimate(replicas.knows.as_ref(), &mut rng) {
                        replicas.skip(event);
                    }
                }
                3 => {
                    // A broken record that nobody will ever be able to read.
                    replicas.offset += 1;
                    let version = Replicas::version(&replicas.passes_over);
                    replicas.reserved = Some(ReservedVersions::after(replicas.reserved, version, replicas.offset));
                }
                4 | 5 => {
                    if let Some(event) = legitimate(replicas.knows.as_ref(), &mut rng) {
                        replicas.read(event);
                    }
                }
                _ => {
                    let status = OrderStatus::SETTABLE[rng.usize(..OrderStatus::SETTABLE.len())];
                    let Some(event) = replicas.written(status) else {
                        continue;
                    };
                    replicas.read(event.clone());
                    for state in [&replicas.knows, &replicas.passes_over] {
                        let id = state.as_ref().map(|state| state.event_id);
                        assert_eq!(id, Some(event.event_id), "seed {seed}: {event:?}");
                    }
                    written += 1;
                }
            }
        }
    }
    assert!(written > 1_000, "{written}");
}
