use std::sync::Arc;

use orderlog_contract::decode::WriterSchema;
use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderStatus;
use orderlog_contract::lineage;
use orderlog_contract::order::Outcome;
use orderlog_contract::testing::{an_event, state_after};

use super::*;
use crate::batch::testing::{home, record};
use crate::schema_wait::{Answered, Missing};

const KEY: Option<&[u8]> = Some(b"A-1");

/// Schema 9 is ours and known; nothing is known about any other.
fn known(schema: SchemaRef) -> Option<KnownSchema> {
    let writer = || Arc::new(WriterSchema::new(&lineage::newest_text()));
    (schema == SchemaRef::Id(9)).then(|| KnownSchema::Writer(9, writer()))
}

/// A value under that schema.
fn value(schema_id: u32) -> Vec<u8> {
    record_value(schema_id, &an_event("A-1", 1)).expect("encodes")
}

/// A batch of A-1's partition, which was read below offset 20.
fn batch<'a>(answers: Option<SchemaWait>) -> PartitionBatch<'a> {
    let row = PartitionRow {
        next: 20,
        ..PartitionRow::default()
    };
    PartitionBatch::new(home("A-1"), row, answers)
}

fn fold(batch: PartitionBatch<'_>) -> (PartitionChanges, Ending) {
    batch.fold(&HashMap::new(), |_| false, FoldOptions::default())
}

/// What the registry said about schema 8, which it does not know: the records below `to` were requested, and those
/// below `graced` had their grace period.
fn unknown(to: i64, graced: i64) -> SchemaWait {
    let mut wait = SchemaWait::new(SchemaRef::Id(8), Vec::new(), 20, to, graced);
    let missing = Missing {
        reason: "no schema id 8".to_owned(),
        permanent: false,
    };
    wait.take_answer(&Answered {
        schema: SchemaRef::Id(8),
        asked: std::time::Instant::now(),
        missing: Some(missing),
    });
    wait
}

#[test]
fn a_record_below_the_next_offset_was_read_before() {
    let ours = value(9);
    let mut batch = batch(None);
    batch.push(record(19, KEY, Some(&ours)), known);
    let (changes, ending) = fold(batch);
    assert_eq!(changes.row.next, 20);
    assert!(!ending.had_records);
}

#[test]
fn a_batch_ends_at_the_first_record_that_must_wait_and_asks_for_the_schemas_after_it_too() {
    let (ours, eight, seven) = (value(9), value(8), value(7));
    let mut batch = batch(None);
    for (offset, value) in (20..).zip([&ours, &eight, &ours, &seven, &eight, &ours]) {
        batch.push(record(offset, KEY, Some(value)), known);
    }
    let (changes, ending) = fold(batch);
    assert_eq!(changes.row.next, 21);
    let awaited = ending.awaited.expect("schemas");
    assert_eq!(
        (awaited.first, awaited.further),
        (SchemaRef::Id(8), vec![SchemaRef::Id(7)])
    );
    assert_eq!(awaited.to, 25, "after the last record whose schema is asked for");
}

#[test]
fn one_wait_covers_at_most_a_thousand_further_schemas() {
    let mut batch = batch(None);
    let values: Vec<Vec<u8>> = (100..2_000).map(value).collect();
    for (offset, value) in (20..).zip(&values) {
        batch.push(record(offset, KEY, Some(value)), known);
    }
    let awaited = fold(batch).1.awaited.expect("schemas");
    assert_eq!(awaited.further.len(), MAX_AWAITED_SCHEMAS);
    assert_eq!(awaited.to, 20 + 1 + 1_000);
}

#[test]
fn the_end_counts_if_nothing_waits_before_it_and_nothing_comes_after_it() {
    let (ours, eight) = (value(9), value(8));
    let (ours, eight) = (record(20, KEY, Some(&ours)), record(20, KEY, Some(&eight)));
    for (before, after, expected) in [
        (None, None, (Some(21), true)),
        (Some(&ours), None, (Some(21), true)),
        (None, Some(&ours), (Some(21), false)),
        (Some(&eight), None, (None, false)),
        (None, Some(&eight), (Some(21), true)),
    ] {
        let mut batch = batch(None);
        if let Some(record) = before {
            batch.push(record.clone(), known);
        }
        batch.reached_end(21);
        if let Some(record) = after {
            batch.push(record.clone(), known);
        }
        let ending = fold(batch).1;
        assert_eq!((ending.end, ending.at_end), expected);
    }
}

#[test]
fn a_schema_that_the_registry_does_not_know_rejects_records_that_had_their_grace_period() {
    let eight = value(8);
    let mut batch = batch(Some(unknown(23, 21)));
    batch.push(record(20, KEY, Some(&eight)), known);
    batch.push(record(21, KEY, Some(&eight)), known);
    let (changes, ending) = fold(batch);
    assert_eq!(changes.rejected.len(), 1);
    assert_eq!(changes.row.next, 21);
    assert_eq!(ending.awaited.map(|awaited| awaited.first), Some(SchemaRef::Id(8)));
    assert!(ending.schema_answers.is_some(), "more of these records are to come");
}

#[test]
fn the_registrys_answers_are_dropped_with_the_last_record_that_they_concern() {
    let eight = value(8);
    let mut batch = batch(Some(unknown(21, 21)));
    batch.push(record(20, KEY, Some(&eight)), known);
    assert!(fold(batch).1.schema_answers.is_none());
}

#[test]
fn the_orders_of_events_and_those_that_an_unknown_schema_may_hide_are_loaded() {
    let (ours, eight) = (value(9), value(8));
    let mut batch = batch(Some(unknown(30, 30)));
    for record in [
        record(20, KEY, Some(&ours)),
        record(21, Some(b"B-1"), Some(&eight)),
        // Nor do these.
        record(22, Some(b"C-1"), None),
        record(23, Some(b"D-1"), Some(b"")),
        record(24, Some(b"\xff"), Some(&eight)),
    ] {
        batch.push(record, known);
    }
    assert_eq!(batch.order_ids().collect::<Vec<_>>(), ["A-1", "B-1"]);
}

#[test]
fn an_event_is_folded_onto_the_order_that_was_loaded() {
    let mut event = an_event("A-1", 2);
    event.order.status = OrderStatus::Confirmed;
    let value = record_value(9, &event).expect("encodes");
    let stored = state_after(&an_event("A-1", 1), (home("A-1").partition, 3));
    for (loaded, gap) in [
        (HashMap::from([("A-1".to_owned(), stored)]), false),
        (HashMap::new(), true),
    ] {
        let mut batch = batch(None);
        batch.push(record(20, KEY, Some(&value)), known);
        let (changes, _) = batch.fold(&loaded, |awaited| *awaited == event, FoldOptions::default());
        assert_eq!(changes.outcomes[0].1.outcome, Outcome::Applied { gap });
        assert_eq!(changes.orders["A-1"].state.order.version, 2);
    }
}

/// A row with one dead letter less than opens its breaker, and one with an open breaker.
fn rows_around_the_opening() -> [PartitionRow; 2] {
    let mut row = PartitionRow {
        next: 1_000,
        ..PartitionRow::default()
    };
    assert!((0..1_000).all(|offset| !row.count_for_breaker(offset, true)));
    let mut open = row.clone();
    assert!(open.count_for_breaker(1_000, true));
    [row, open]
}

#[test]
fn what_comes_after_the_record_that_opens_the_breaker_is_left_for_the_next_batch() {
    let [row, _] = rows_around_the_opening();
    let mut batch = PartitionBatch::new(home("A-1"), row, None);
    let unknown = value(8);
    batch.push(record(1_000, KEY, Some(b"?")), known);
    batch.push(record(1_001, KEY, Some(b"?")), known);
    batch.push(record(1_002, KEY, Some(&unknown)), known);
    let options = FoldOptions {
        breaker: Some(&|_| true),
        ..FoldOptions::default()
    };
    let (changes, ending) = batch.fold(&HashMap::new(), |_| false, options);
    assert_eq!((changes.row.next, changes.rejected.len()), (1_001, 1));
    assert!(
        ending.awaited.is_none(),
        "its schema is asked for once it is read again"
    );
    assert_eq!(ending.last_timestamp, Some(1_000));
}

#[test]
fn the_end_after_the_record_that_opens_the_breaker_is_met_again_later() {
    let [row, _] = rows_around_the_opening();
    let mut batch = PartitionBatch::new(home("A-1"), row, None);
    batch.push(record(1_000, KEY, Some(b"?")), known);
    batch.reached_end(1_001);
    let options = FoldOptions {
        breaker: Some(&|_| true),
        ..FoldOptions::default()
    };
    let (_, ending) = batch.fold(&HashMap::new(), |_| false, options);
    assert_eq!((ending.end, ending.at_end), (None, false));
}

#[test]
fn while_the_breaker_is_open_nothing_that_arrives_counts() {
    let [_, open] = rows_around_the_opening();
    let mut batch = PartitionBatch::new(home("A-1"), PartitionRow { next: 1_001, ..open }, None);
    assert!(batch.push(record(1_001, KEY, None), known).is_none());
    batch.reached_end(1_002);
    let (changes, ending) = fold(batch);
    assert_eq!((changes.row.next, ending.had_records, ending.end), (1_001, false, None));
}
