use super::*;

const AT_NOW: &str = "order-events-3-1108152157446";
const REASON: &str = "the 4 bytes are not an order event: é";
const TRACE: &str = "orderlog.undecodable: the 4 bytes are not an order event: é\n\tat common::codec(order-service)\n";

fn position() -> Position {
    Position {
        topic: "order-events".into(),
        partition: 3,
        offset: 0x0102_0304_0506,
        timestamp: Some(1_700_000_000_123),
        timestamp_type: TimestampType::CreateTime,
    }
}

fn fault() -> Rejection {
    Rejection::new(Code::Undecodable, REASON).with_schema_id(7)
}

/// What is added to a fresh record at that position.
fn of(position: &Position, why: &Rejection) -> Vec<OwnedHeader> {
    added(&DeadLetterInfo {
        service: "order-service",
        position: &position.to_string(),
        origin: position,
        replays: 0,
        first_code: None,
        why,
        pointer: None,
    })
}

#[test]
fn every_header_of_a_fresh_record_has_its_value() {
    let expected: [(&str, &[u8]); 26] = [
        ("__connect.errors.topic", b"order-events"),
        ("__connect.errors.partition", b"3"),
        ("__connect.errors.offset", b"1108152157446"),
        ("__connect.errors.connector.name", b"order-service"),
        ("__connect.errors.task.id", b"0"),
        ("__connect.errors.stage", b"VALUE_CONVERTER"),
        ("__connect.errors.class.name", b"common::codec"),
        ("__connect.errors.exception.class.name", b"orderlog.undecodable"),
        ("__connect.errors.exception.message", REASON.as_bytes()),
        ("__connect.errors.exception.stacktrace", TRACE.as_bytes()),
        ("kafka_dlt-original-topic", b"order-events"),
        ("kafka_dlt-original-partition", &[0, 0, 0, 3]),
        ("kafka_dlt-original-offset", &[0, 0, 1, 2, 3, 4, 5, 6]),
        ("kafka_dlt-original-timestamp", &[0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x7b]),
        ("kafka_dlt-original-timestamp-type", b"CreateTime"),
        ("kafka_dlt-original-consumer-group", b"order-service"),
        ("kafka_dlt-exception-fqcn", b"orderlog.undecodable"),
        ("kafka_dlt-exception-cause-fqcn", b"orderlog.undecodable"),
        ("kafka_dlt-exception-message", REASON.as_bytes()),
        ("kafka_dlt-exception-stacktrace", TRACE.as_bytes()),
        ("orderlog.code", b"undecodable"),
        ("orderlog.id", AT_NOW.as_bytes()),
        ("orderlog.replays", b"0"),
        ("orderlog.at", AT_NOW.as_bytes()),
        ("orderlog.schema-id", b"7"),
        ("orderlog.added", b"26"),
    ];
    let added = of(&position(), &fault());
    assert_eq!(added.len(), expected.len());
    for (header, (name, value)) in added.iter().zip(expected) {
        assert_eq!(header, &(name.to_owned(), Some(value.to_owned())));
    }
}

#[test]
fn every_code_has_its_stage() {
    for (code, stage) in Code::ALL
        .into_iter()
        .zip(["VALUE_CONVERTER"; 4].into_iter().chain(["TASK_PUT"; 4]))
    {
        let added = of(&position(), &Rejection::new(code, "why"));
        assert_eq!(last_text(&added, CONNECT_STAGE), Some(stage), "{code}");
        assert_eq!(
            last_text(&added, CONNECT_EXCEPTION),
            Some(format!("orderlog.{code}").as_str())
        );
    }
}

#[test]
fn unknown_values_are_omitted_or_minus_one() {
    let position = Position {
        timestamp: None,
        timestamp_type: TimestampType::NoTimestampType,
        ..position()
    };
    let added = of(&position, &Rejection::new(Code::NotFramed, "the value is empty"));
    assert_eq!(last(&added, SCHEMA_ID), None);
    assert_eq!(last(&added, SPRING_TIMESTAMP), Some(&[0xff; 8][..]));
    assert_eq!(read(&added).origin, Some(position));
}

#[test]
fn the_marks_are_read_back() {
    let sha256 = "0".repeat(64);
    let origin = Position {
        timestamp_type: TimestampType::LogAppendTime,
        ..position()
    };
    let marks = read(&added(&DeadLetterInfo {
        service: "order-service",
        position: "order-events-4-1",
        origin: &origin,
        replays: 2,
        first_code: Some(Code::WrongSchema),
        why: &fault(),
        pointer: Some((&sha256, 3_000)),
    }));
    let expected = ParsedHeaders {
        position: Some("order-events-4-1".parse().expect("a position")),
        code: Some(Code::Undecodable),
        reason: Some(REASON.into()),
        schema_id: Some(7),
        replays: 2,
        origin: Some(origin),
        first_code: Some(Code::WrongSchema),
        pointer: Some((sha256, 3_000)),
    };
    assert_eq!(marks, expected);
}

/// Headers with which a record may pose as another record, or as a dead letter.
fn forged() -> Vec<Vec<OwnedHeader>> {
    let elsewhere = Position {
        topic: "elsewhere".into(),
        ..position()
    };
    let whole = added(&DeadLetterInfo {
        service: "order-service",
        position: "elsewhere-0-0",
        origin: &elsewhere,
        replays: 3,
        first_code: None,
        why: &Rejection::new(Code::InvalidOrder, "a lie"),
        pointer: Some((&"f".repeat(64), 1)),
    });
    vec![
        vec![text(SHA256, "f".repeat(64)), text(SIZE, "1")],
        vec![text(AT, "elsewhere-0-0")],
        vec![text(ADDED, "1")],
        vec![text(ADDED, "99")],
        vec![text(ADDED, "0")],
        whole[..whole.len() - 1].to_vec(),
        [&whole[..], &[text("traceparent", "00-1")]].concat(),
        whole,
    ]
}

#[test]
fn headers_that_a_record_already_has_are_not_read() {
    for brought in forged() {
        let added = of(&position(), &fault());
        let letter = [&brought[..], &added].concat();
        assert_eq!(added_range(&letter), Some(brought.len()..letter.len()));
        assert_eq!(read(&letter), read(&added), "{brought:?}");
    }
}

#[test]
fn added_headers_are_found_before_headers_that_others_add_later() {
    let brought = [text("b", "1")];
    let added = of(&position(), &fault());
    let letter = [
        &brought[..],
        &added,
        &[text("traceparent", "00-1"), text("orderlog.x", "")],
    ]
    .concat();
    assert_eq!(added_range(&letter), Some(1..1 + added.len()));
    assert_eq!(claimed_position(&letter), AT_NOW.parse().ok());
    assert_eq!(read(&letter), read(&added));
}

#[test]
fn a_count_of_headers_that_are_not_ours_is_ignored() {
    let added = of(&position(), &fault());
    for own in [
        [&[text("b", "1")][..], &added[1..]].concat(),
        vec![text(ADDED, "2")],
        vec![text(ADDED, "-1")],
        vec![(ADDED.to_owned(), None)],
        added[..added.len() - 1].to_vec(),
        Vec::new(),
    ] {
        assert_eq!((added_range(&own), claimed_position(&own)), (None, None), "{own:?}");
    }
}

#[test]
fn a_dead_letter_of_an_earlier_release_is_read_as_it_is() {
    let mut earlier = of(&position(), &fault());
    earlier.pop();
    let letter = [vec![text(AT, "forged"), text("b", "1")], earlier.clone()].concat();
    assert_eq!(read(&letter).position, AT_NOW.parse().ok());
    assert_eq!(read(&letter).origin, Some(position()));
}

#[test]
fn foreign_headers_are_ignored() {
    let foreign = [
        ("a".to_owned(), None),
        bytes(SPRING_PARTITION, b"3"),
        bytes(SPRING_OFFSET, &[]),
        bytes(CODE, &[0xff, 0xfe]),
        text(REPLAYS, "-1"),
        text(SHA256, "short"),
        (SCHEMA_ID.to_owned(), None),
    ];
    assert_eq!(read(&foreign), ParsedHeaders::default());
}

#[test]
fn a_long_foreign_reason_is_cut() {
    let marks = read(&[text(CONNECT_MESSAGE, "é".repeat(5_000))]);
    assert_eq!(marks.reason.expect("a reason").len(), MAX_REASON_BYTES);
}
