use super::*;

fn place() -> Origin {
    Origin {
        topic: "order-events".into(),
        partition: 3,
        offset: 0x0102_0304_0506,
        timestamp: Some(1_700_000_000_123),
    }
}

fn fault() -> Unusable {
    Unusable::new(Code::Undecodable, "the 4 bytes are not an order event: é").with_schema_id(7)
}

#[test]
fn every_header_of_a_fresh_record_has_its_value() {
    let expected: [(&str, &[u8]); 18] = [
        ("__connect.errors.topic", b"order-events"),
        ("__connect.errors.partition", b"3"),
        ("__connect.errors.offset", b"1108152157446"),
        ("__connect.errors.stage", b"VALUE_CONVERTER"),
        ("__connect.errors.class.name", b"common::codec"),
        ("__connect.errors.exception.class.name", b"orderlog.undecodable"),
        (
            "__connect.errors.exception.message",
            "the 4 bytes are not an order event: é".as_bytes(),
        ),
        ("kafka_dlt-original-topic", b"order-events"),
        ("kafka_dlt-original-partition", &[0, 0, 0, 3]),
        ("kafka_dlt-original-offset", &[0, 0, 1, 2, 3, 4, 5, 6]),
        ("kafka_dlt-original-timestamp", &[0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x7b]),
        ("kafka_dlt-exception-fqcn", b"orderlog.undecodable"),
        (
            "kafka_dlt-exception-message",
            "the 4 bytes are not an order event: é".as_bytes(),
        ),
        ("orderlog.code", b"undecodable"),
        ("orderlog.id", b"order-events-3-1108152157446"),
        ("orderlog.replays", b"0"),
        ("orderlog.at", b"order-events-3-1108152157446"),
        ("orderlog.schema-id", b"7"),
    ];
    let added = added(&[], &place(), &fault());
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
        let added = added(&[], &place(), &Unusable::new(code, "why"));
        assert_eq!(last_text(&added, CONNECT_STAGE), Some(stage), "{code}");
        assert_eq!(
            last_text(&added, CONNECT_EXCEPTION),
            Some(format!("orderlog.{code}").as_str())
        );
    }
}

#[test]
fn what_is_not_known_is_left_out_or_minus_one() {
    let place = Origin {
        timestamp: None,
        ..place()
    };
    let added = added(&[], &place, &Unusable::new(Code::NotFramed, "the value is empty"));
    assert_eq!(last(&added, SCHEMA_ID), None);
    assert_eq!(last(&added, SPRING_TIMESTAMP), Some(&[0xff; 8][..]));
    assert_eq!(read(&added).origin, Some(place));
}

#[test]
fn the_marks_are_read_back() {
    let marks = read(&added(&[], &place(), &fault()));
    let expected = Marks {
        at: Some("order-events-3-1108152157446".into()),
        code: Some(Code::Undecodable),
        reason: Some("the 4 bytes are not an order event: é".into()),
        schema_id: Some(7),
        replays: 0,
        origin: Some(place()),
        pointer: None,
    };
    assert_eq!(marks, expected);
}

#[test]
fn a_pointer_tells_hash_and_length() {
    let hash = "ab".repeat(32);
    assert_eq!(read(&pointer(&hash, 12_345_678)).pointer, Some((hash, 12_345_678)));
}

#[test]
fn a_replayed_record_keeps_its_first_origin_and_gets_only_new_coordinates() {
    let mut carried = added(&[], &place(), &fault());
    carried
        .iter_mut()
        .filter(|(name, _)| name == REPLAYS)
        .for_each(|(_, value)| *value = Some(b"2".to_vec()));
    let now = Origin { offset: 99, ..place() };
    let again = added(&carried, &now, &Unusable::new(Code::InvalidOrder, "another fault"));
    assert_eq!(again, [text(AT, "order-events-3-99")]);
    let marks = read(&[carried, again].concat());
    assert_eq!((marks.at.as_deref(), marks.replays), (Some("order-events-3-99"), 2));
    assert_eq!((marks.origin, marks.code), (Some(place()), Some(Code::Undecodable)));
}

#[test]
fn a_stray_header_of_ours_does_not_hide_where_a_record_lies() {
    for stray in [
        vec![text(ID, "order-events-0-0")],
        vec![
            text(CODE, "undecodable"),
            text(ID, "order-events-0-0"),
            text(AT, "order-events-0-0"),
        ],
        [added(&[], &place(), &fault()), vec![text(ID, "elsewhere-0-0")]].concat(),
    ] {
        let own = added(&stray, &place(), &fault());
        assert_eq!(own.len(), 18);
        assert_eq!(read(&[stray, own].concat()).origin, Some(place()));
    }
}

#[test]
fn headers_of_others_say_nothing() {
    let foreign = [
        ("a".to_owned(), None),
        bytes(SPRING_PARTITION, b"3"),
        bytes(SPRING_OFFSET, &[]),
        bytes(CODE, &[0xff, 0xfe]),
        text(REPLAYS, "-1"),
        text(SHA256, "short"),
        (SCHEMA_ID.to_owned(), None),
    ];
    assert_eq!(read(&foreign), Marks::default());
}

#[test]
fn a_long_reason_of_others_is_cut() {
    let marks = read(&[text(CONNECT_MESSAGE, "é".repeat(5_000))]);
    assert_eq!(marks.reason.expect("a reason").len(), MAX_REASON_BYTES);
}
