use orderlog_contract::rejection::Code;
use orderlog_kafka::record_reader::TimestampType;

use super::*;
use crate::dead_letter::headers::{self, Position};
use crate::dead_letter::replay_headers::replay_of;

const TOPIC: &str = "order-events";
const JOB: Uuid = Uuid::from_u128(5);

fn id() -> DeadLetterId {
    "0-7".parse().expect("an id")
}

fn row(state: DeadLetterState) -> DeadLetterRow {
    DeadLetterRow {
        timestamp: Some(1),
        key: Some("ORD-1".into()),
        code: Some(Code::InvalidOrder),
        reason: None,
        schema_id: None,
        size: 3,
        replays: 1,
        origin: Some(Position {
            topic: TOPIC.into(),
            partition: 2,
            offset: 4,
            timestamp: None,
            timestamp_type: headers::TimestampType::NoTimestampType,
        }),
        position: None,
        first_code: Some(Code::KeyMismatch),
        state,
        settled: None,
    }
}

fn outcome(plan: Plan) -> (LetterOutcome, String) {
    match plan {
        Plan::Refuse(result) => (result.outcome, result.reason.expect("a reason")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_open_dead_letters_of_this_topic_are_sent() {
    let open = row(DeadLetterState::Open);
    assert_eq!(
        plan(&(id(), Some(open.clone())), TOPIC, JOB, true),
        Plan::Send(open.clone())
    );
    let (failed, reason) = outcome(plan(&(id(), Some(open.clone())), "orders", JOB, true));
    assert_eq!(failed, LetterOutcome::Failed);
    assert!(reason.contains("order-events") && reason.contains("orders"), "{reason}");
    let foreign = DeadLetterRow { origin: None, ..open };
    assert!(
        outcome(plan(&(id(), Some(foreign)), TOPIC, JOB, false))
            .1
            .contains("not a dead letter of order-service")
    );
    assert!(
        outcome(plan(&(id(), None), TOPIC, JOB, true))
            .1
            .contains("no dead letter")
    );
}

#[test]
fn a_settled_dead_letter_is_refused_if_it_was_named_and_skipped_if_a_filter_found_it() {
    for (state, expected) in [
        (DeadLetterState::Replayed, LetterOutcome::Failed),
        (DeadLetterState::Discarded, LetterOutcome::Failed),
        (DeadLetterState::Parked, LetterOutcome::Parked),
    ] {
        let selected = (id(), Some(row(state)));
        assert_eq!(outcome(plan(&selected, TOPIC, JOB, true)).0, expected);
        assert_eq!(plan(&selected, TOPIC, JOB, false), Plan::Skip);
    }
}

fn record(value: Option<&[u8]>, headers: Vec<OwnedHeader>) -> OwnedRecord {
    OwnedRecord {
        partition: 0,
        offset: 7,
        timestamp: None,
        timestamp_type: TimestampType::NotAvailable,
        key: Some(b"ORD-1".to_vec()),
        value: value.map(<[u8]>::to_vec),
        headers,
    }
}

fn text(name: &str, value: &str) -> OwnedHeader {
    (name.to_owned(), Some(value.as_bytes().to_vec()))
}

#[test]
fn a_replayed_record_has_its_own_headers_and_then_says_what_it_is_a_replay_of() {
    let own = vec![("a".to_owned(), None), text("orderlog.at", "forged")];
    let added = [
        text("orderlog.id", "order-events-2-4"),
        text("orderlog.at", "order-events-2-9"),
        text("orderlog.added", "3"),
    ];
    let letter = record(Some(b"abc"), [own.clone(), added.to_vec()].concat());
    let replayed = replay(id(), row(DeadLetterState::Open), Some(letter), JOB).expect("a record");
    assert_eq!(
        (replayed.value.as_slice(), replayed.key.as_deref()),
        (&b"abc"[..], Some(&b"ORD-1"[..]))
    );
    assert_eq!(replayed.headers[..2], own);
    let expected = [
        text("orderlog.id", "order-events-2-4"),
        text("orderlog.at", "order-events-2-9"),
        text("orderlog.replays", "2"),
        text("orderlog.replay-of", "0-7"),
        text("orderlog.job", &JOB.to_string()),
        text("orderlog.first-code", "key_mismatch"),
        text("orderlog.added", "7"),
    ];
    assert_eq!(replayed.headers[2..], expected);
    assert_eq!(
        headers::claimed_position(&replayed.headers),
        "order-events-2-9".parse().ok()
    );
    let read = replay_of(&replayed.headers).expect("a replay");
    assert_eq!((read.dead_letter, read.job, read.replays), (id(), JOB, 2));
}

#[test]
fn a_dead_letter_without_its_records_bytes_is_not_sent() {
    let row = || row(DeadLetterState::Open);
    let reason = |record| {
        let refused = replay(id(), row(), record, JOB).expect_err("a reason");
        assert_eq!(refused.outcome, LetterOutcome::Failed);
        refused.reason.expect("a reason")
    };
    assert!(reason(None).contains("no longer"));
    assert!(reason(Some(record(None, Vec::new()))).contains("too large"));
    assert!(reason(Some(record(Some(b""), Vec::new()))).contains("headers"));
}
