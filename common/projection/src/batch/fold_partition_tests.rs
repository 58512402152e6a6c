use orderlog_contract::event::OrderStatus;
use orderlog_contract::frame::{SchemaRef, header};
use orderlog_contract::idempotency::{IdempotencyKey, RequestHash};
use orderlog_contract::testing::{an_event, state_after};

use super::*;
use crate::batch::testing::record;
use crate::store::Counters;

const KEEPS: FoldOptions<'_> = FoldOptions {
    keeps_records: true,
    breaker: None,
};
const HERE: (i32, i64) = (3, 20);

#[test]
fn a_record_can_only_lose_to_an_earlier_one() {
    let event = an_event("A-1", 2);
    let rejected = Outcome::Rejected(Rejection::new(Code::IllegalTransition, "why"));
    let gap = Outcome::Applied { gap: true };
    for (outcome, current, expected) in [
        (&Outcome::Superseded, Some((3, 19)), true),
        (&rejected, Some((3, 19)), true),
        // Another event with its id has won.
        (&Outcome::Duplicate, Some((3, 19)), true),
        (&gap, Some((3, 19)), false),
        (&gap, None, false),
        // It is re-read, after a later record.
        (&Outcome::Superseded, Some((3, 21)), false),
        (&Outcome::Duplicate, Some((3, 20)), false),
        // Offsets of two partitions do not show which record came first.
        (&Outcome::Superseded, Some((2, 19)), false),
    ] {
        let current = current.map(|place| state_after(&event, place));
        assert_eq!(
            has_lost(outcome, current.as_ref(), HERE),
            expected,
            "{outcome:?} {current:?}"
        );
    }
}

#[test]
fn the_writer_of_an_event_gets_its_position_and_outcome() {
    let event = an_event("A-1", 1);
    for outcome in [Outcome::Applied { gap: false }, Outcome::Superseded] {
        let other = state_after(&an_event("A-1", 1), (3, 19));
        let told = event_outcome(&outcome, Some(&other), &event, HERE);
        assert_eq!((told.outcome, told.partition, told.offset), (outcome, 3, 20));
    }
}

#[test]
fn an_event_that_was_written_twice_has_won_at_its_first_offset() {
    let event = an_event("A-1", 1);
    let first = state_after(&event, (3, 19));
    assert_eq!(fold(Some(&first), &event), Outcome::Duplicate);
    let told = event_outcome(&Outcome::Duplicate, Some(&first), &event, HERE);
    assert_eq!((told.outcome, told.offset), (Outcome::Duplicate, 19));
}

#[test]
fn an_event_has_lost_if_another_event_with_its_id_has_won() {
    let event = an_event("A-1", 1);
    let mut foreign = event.clone();
    foreign.order.status = OrderStatus::Pending;
    let mut first = state_after(&foreign, (3, 19));
    assert_eq!(
        fold(Some(&first), &event),
        Outcome::Duplicate,
        "to the fold it is the same"
    );
    let told = event_outcome(&Outcome::Duplicate, Some(&first), &event, HERE);
    assert_eq!((told.outcome, told.offset), (Outcome::Superseded, 20));
    // An event with fields that this release does not know is not ours either.
    first = OrderState {
        partial: true,
        ..state_after(&event, (3, 19))
    };
    let told = event_outcome(&Outcome::Duplicate, Some(&first), &event, HERE);
    assert_eq!(told.outcome, Outcome::Superseded);
}

/// The n-th version of an order, and its status.
fn version(order_id: &str, version: i32, status: OrderStatus) -> OrderEvent {
    let mut event = an_event(order_id, version);
    event.order.status = status;
    event
}

/// A record that holds that event, in partition 3.
fn event_record<'a>(offset: i64, event: &OrderEvent) -> ClassifiedRecord<'a> {
    ClassifiedRecord {
        record: LogRecord {
            framed: Some(Ok((SchemaRef::Id(9), b"datum"))),
            request: Some(request()),
            ..record(offset, None, None)
        },
        classified: Classified::Event {
            event: Box::new(event.clone()),
            schema_id: 9,
            partial: false,
        },
    }
}

/// A record of that key whose schema is unknown.
fn unknown_schema(offset: i64, key: &'static [u8]) -> ClassifiedRecord<'static> {
    const VALUE: [u8; 5] = [0, 0, 0, 0, 8];
    assert_eq!(VALUE, header(8));
    ClassifiedRecord {
        record: record(offset, Some(key), Some(&VALUE)),
        classified: Classified::Rejected(Rejection::new(Code::UnknownSchemaId, "why")),
    }
}

fn request() -> KeyedRequest {
    KeyedRequest {
        key: IdempotencyKey::parse(b"k").expect("a key"),
        hash: RequestHash::of("PUT", "/update-order", b"{}"),
    }
}

/// What those records do if the store has these orders. No request waits.
fn folded(row: PartitionRow, records: Vec<ClassifiedRecord<'_>>, loaded: &[OrderState]) -> PartitionChanges {
    let by_id = |state: &OrderState| (state.order.order_id.clone(), state.clone());
    fold_partition(3, row, records, &loaded.iter().map(by_id).collect(), |_| false, KEEPS)
}

/// Two versions of A-1, at offsets 20 and 21, and then another event of the second version. Returns the second version.
fn a_race() -> (OrderEvent, PartitionChanges) {
    let second = version("A-1", 2, OrderStatus::Confirmed);
    let records = vec![
        event_record(20, &version("A-1", 1, OrderStatus::New)),
        event_record(21, &second),
        event_record(22, &version("A-1", 2, OrderStatus::Shipped)),
    ];
    (second, folded(PartitionRow::default(), records, &[]))
}

#[test]
fn each_record_is_folded_onto_the_state_left_by_those_before_it() {
    let (second, changes) = a_race();
    let expected = Counters {
        applied: 2,
        superseded: 1,
        orders: 1,
        ..Counters::default()
    };
    assert_eq!((changes.row.next, changes.row.counters), (23, expected));
    let stored = &changes.orders["A-1"];
    assert_eq!(stored.state, state_after(&second, (3, 21)));
    assert_eq!((stored.schema_id, stored.datum.as_slice()), (9, b"datum".as_slice()));
    let last = changes.row.last.expect("a record");
    assert_eq!((last.offset, last.hash), (22, record(22, None, None).hash()));
}

#[test]
fn an_order_that_the_store_has_is_not_counted_again() {
    let stored = state_after(&version("A-1", 1, OrderStatus::New), (3, 7));
    let second = version("A-1", 2, OrderStatus::Confirmed);
    let changes = folded(PartitionRow::default(), vec![event_record(20, &second)], &[stored]);
    assert_eq!((changes.row.counters.applied, changes.row.counters.orders), (1, 0));
}

#[test]
fn records_that_were_counted_before_a_rewind_are_counted_once() {
    let row = PartitionRow {
        next: 20,
        counted_to: 21,
        ..PartitionRow::default()
    };
    let null = |offset| ClassifiedRecord {
        record: record(offset, Some(b"A-1"), None),
        classified: Classified::NoValue,
    };
    let changes = folded(row, vec![null(20), null(21)], &[]);
    assert_eq!((changes.row.counters.ignored, changes.row.next), (1, 22));
}

#[test]
fn without_records_nothing_changes() {
    let row = PartitionRow {
        next: 20,
        ..PartitionRow::default()
    };
    let changes = folded(row.clone(), Vec::new(), &[]);
    assert_eq!(changes.row, row);
    assert!(changes.orders.is_empty() && changes.keys.is_empty() && changes.rejected.is_empty());
}

#[test]
fn only_a_record_with_an_unknown_schema_names_the_version_before_it() {
    let first = version("A-1", 1, OrderStatus::New);
    let stored = state_after(&version("B-1", 4, OrderStatus::New), (3, 7));
    let later = state_after(&version("C-1", 4, OrderStatus::New), (3, 99));
    let not_framed = ClassifiedRecord {
        record: record(25, Some(b"A-1"), Some(b"")),
        classified: Classified::Rejected(Rejection::new(Code::NotFramed, "why")),
    };
    let records = vec![
        unknown_schema(20, b"A-1"),
        event_record(21, &first),
        unknown_schema(22, b"A-1"),
        unknown_schema(23, b"B-1"),
        unknown_schema(24, b"C-1"),
        not_framed,
        unknown_schema(26, b"\xff"),
    ];
    let changes = folded(PartitionRow::default(), records, &[stored, later]);
    let versions: Vec<_> = changes
        .rejected
        .iter()
        .map(|rejected| (rejected.index, rejected.version_before))
        .collect();
    let expected = [
        (20, Some(0)),
        (22, Some(1)),
        (23, Some(4)),
        // It is being re-read.
        (24, None),
        (25, None),
        // No order has that key.
        (26, None),
    ];
    assert_eq!(versions, expected);
    assert_eq!(changes.row.counters.dead_lettered, 6);
}

#[test]
fn a_rejection_by_the_fold_names_the_records_schema() {
    let stored = state_after(&version("A-1", 1, OrderStatus::Delivered), (3, 7));
    let illegal = version("A-1", 2, OrderStatus::New);
    let changes = folded(PartitionRow::default(), vec![event_record(20, &illegal)], &[stored]);
    let [rejected] = changes.rejected.as_slice() else {
        panic!("one: {:?}", changes.rejected)
    };
    assert_eq!(rejected.rejection.code, Code::IllegalTransition);
    assert_eq!(rejected.rejection.schema_id, Some(9));
}

#[test]
fn a_request_is_answered_by_the_record_that_was_applied_and_not_by_one_that_lost() {
    let (_, changes) = a_race();
    let outcomes: Vec<_> = changes
        .keys
        .iter()
        .map(|change| match &change.outcome {
            KeyOutcome::Applied { row, time_ms } => (row.offset, Some((row.version, *time_ms))),
            KeyOutcome::Lost { offset } => (*offset, None),
        })
        .collect();
    assert_eq!(outcomes, [(20, Some((1, 20))), (21, Some((2, 21))), (22, None)]);
    assert!(changes.keys.iter().all(|change| change.order_id == "A-1"));
}

#[test]
fn only_waiters_get_an_outcome() {
    let (mine, other) = (version("A-1", 1, OrderStatus::New), version("B-1", 1, OrderStatus::New));
    let records = vec![event_record(20, &mine), event_record(21, &other)];
    let is_mine = |event: &OrderEvent| *event == mine;
    let changes = fold_partition(
        3,
        PartitionRow::default(),
        records,
        &HashMap::new(),
        is_mine,
        FoldOptions::default(),
    );
    let expected = EventOutcome {
        outcome: Outcome::Applied { gap: false },
        partition: 3,
        offset: 20,
    };
    assert_eq!(changes.outcomes, [(mine.event_id, expected)]);
}

#[path = "fold_partition_breaker_tests.rs"]
mod breaker;
