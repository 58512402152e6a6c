//! Invalid records: what is copied to the dead-letter topic.

use sandbox::poison::Kind;
use serde_json::json;

use crate::helpers::{DLQ, TOPIC, World, created};

#[tokio::test]
async fn each_kind_of_poison_is_copied_once_byte_for_byte_and_the_next_good_record_is_applied() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (mut records, mut dead_letters) = (0, 0);
    for kind in <Kind as clap::ValueEnum>::value_variants() {
        let order_id = format!("P-{kind:?}");
        let (poison, before) = world.write_poison(*kind, &order_id);
        // After the poison, in its partition: the same order, valid.
        let good = created(&format!("{order_id}-good"));
        world.write_event(&good);
        (records, dead_letters) = (records + before + 2, dead_letters + 1);
        app.await_read(records, dead_letters).await;

        let dead_letter = world.read(DLQ).pop().expect("a letter");
        assert_eq!(
            (dead_letter.key.as_deref(), dead_letter.value.as_deref()),
            (Some(&poison.key[..]), Some(&poison.value[..])),
            "{kind:?}"
        );
        assert_eq!(dead_letter.text("orderlog.code"), kind.code().as_str(), "{kind:?}");
        let offset: i64 = dead_letter.text("__connect.errors.offset").parse().expect("a number");
        assert_eq!(
            dead_letter.text("orderlog.at"),
            format!("{TOPIC}-{}-{offset}", poison.partition)
        );
        assert_eq!(
            dead_letter.header("kafka_dlt-original-offset"),
            Some(&offset.to_be_bytes()[..])
        );
        assert_eq!(app.details(&good.order.order_id).await.0, 200, "{kind:?}");
    }
    assert_eq!(world.read(DLQ).len() as u64, dead_letters);
}

#[tokio::test]
async fn the_copy_has_the_records_own_headers_in_order_and_then_ours_with_their_values() {
    let world = World::new().await;
    let own: [(&str, Option<&[u8]>); 5] = [
        ("b", Some(&[0, 0xff])),
        ("a", None),
        ("b", Some(b"")),
        ("orderlog.at", Some(b"forged")),
        ("orderlog.id", Some(b"forged")),
    ];
    let value = [0, 0, 0, 0, world.facts.schema_id as u8, 1, 2];
    world.write_with(TOPIC, 4, None, Some(b""), &[]);
    world.write_with(TOPIC, 4, Some(&[0xfe, 0]), Some(&value), &own);
    let app = world.spawn_app().await;
    app.await_read(2, 2).await;

    let dead_letters = world.read(DLQ);
    assert_eq!(
        (dead_letters[0].key.as_deref(), dead_letters[0].value.as_deref()),
        (None, Some(&b""[..])),
        "null and empty differ"
    );
    let dead_letter = &dead_letters[1];
    assert_eq!(
        (dead_letter.key.as_deref(), dead_letter.value.as_deref()),
        (Some(&[0xfe, 0][..]), Some(&value[..]))
    );
    // Its own headers stay, whatever their names.
    let kept: Vec<_> = own
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
        .collect();
    assert_eq!(dead_letter.headers[..kept.len()], kept);
    let reason = dead_letter.text("__connect.errors.exception.message");
    assert_eq!(reason, "eventId: a length is negative (at byte 1 of 2)");
    let trace = format!("orderlog.undecodable: {reason}\n\tat common::codec(order-service)\n");
    let expected: [(&str, &[u8]); 26] = [
        ("__connect.errors.topic", b"order-events"),
        ("__connect.errors.partition", b"4"),
        ("__connect.errors.offset", b"1"),
        ("__connect.errors.connector.name", b"order-service"),
        ("__connect.errors.task.id", b"0"),
        ("__connect.errors.stage", b"VALUE_CONVERTER"),
        ("__connect.errors.class.name", b"common::codec"),
        ("__connect.errors.exception.class.name", b"orderlog.undecodable"),
        ("__connect.errors.exception.message", reason.as_bytes()),
        ("__connect.errors.exception.stacktrace", trace.as_bytes()),
        ("kafka_dlt-original-topic", b"order-events"),
        ("kafka_dlt-original-partition", &[0, 0, 0, 4]),
        ("kafka_dlt-original-offset", &[0, 0, 0, 0, 0, 0, 0, 1]),
        ("kafka_dlt-original-timestamp", &1_700_000_000_123_i64.to_be_bytes()),
        ("kafka_dlt-original-timestamp-type", b"CreateTime"),
        ("kafka_dlt-original-consumer-group", b"order-service"),
        ("kafka_dlt-exception-fqcn", b"orderlog.undecodable"),
        ("kafka_dlt-exception-cause-fqcn", b"orderlog.undecodable"),
        ("kafka_dlt-exception-message", reason.as_bytes()),
        ("kafka_dlt-exception-stacktrace", trace.as_bytes()),
        ("orderlog.code", b"undecodable"),
        ("orderlog.id", b"order-events-4-1"),
        ("orderlog.replays", b"0"),
        ("orderlog.at", b"order-events-4-1"),
        (
            "orderlog.schema-id",
            world.facts.schema_id.to_string().leak().as_bytes(),
        ),
        ("orderlog.added", b"26"),
    ];
    let ours: Vec<_> = expected
        .map(|(name, value)| (name.to_owned(), Some(value.to_vec())))
        .into();
    assert_eq!(dead_letter.headers[kept.len()..], ours);
    assert!(
        dead_letter.timestamp > Some(1_700_000_000_123),
        "the dead letter's own timestamp is the time of its writing"
    );
}

#[tokio::test]
async fn a_replayed_dead_letter_keeps_its_original_position_and_its_own_headers() {
    let world = World::new().await;
    let own: [(&str, Option<&[u8]>); 2] = [("b", Some(&[0, 0xff])), ("orderlog.at", None)];
    world.write_with(TOPIC, 1, Some(b"A"), Some(b"junk"), &own);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    for n in 1..=2_u8 {
        let sent_back = world.read(DLQ).pop().expect("a letter");
        // Unchanged, to another position in the topic.
        world.write_with(
            TOPIC,
            2,
            sent_back.key.as_deref(),
            sent_back.value.as_deref(),
            &sent_back.borrowed_headers(),
        );
        app.await_read(1 + u64::from(n), 1 + u64::from(n)).await;
        let again = world.read(DLQ).pop().expect("a letter");
        assert_eq!((&again.key, &again.value), (&sent_back.key, &sent_back.value));
        assert_eq!(again.borrowed_headers()[..2], own);
        // Only the code of the first rejection comes with the first replay.
        assert_eq!(
            again.headers.len(),
            sent_back.headers.len() + usize::from(n == 1),
            "headers that were added before are not duplicated"
        );
        assert_eq!(again.text("orderlog.first-code"), "not_framed");
        assert_eq!(again.text("orderlog.at"), format!("{TOPIC}-2-{}", n - 1));
        assert_eq!(
            (again.text("orderlog.id"), again.text("orderlog.replays")),
            (format!("{TOPIC}-1-0").as_str(), n.to_string().as_str())
        );
        let (_, listed) = app.get("/dlq/messages").await;
        assert_eq!(
            listed["messages"][0]["origin"],
            listed["messages"][usize::from(n)]["origin"]
        );
        assert_eq!(listed["messages"][0]["replays"], n);
    }
}

#[tokio::test]
async fn headers_that_a_record_already_has_are_kept_and_not_trusted() {
    let world = World::new().await;
    world.write_with(TOPIC, 1, Some(b"A"), Some(b"junk"), &[]);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    let genuine = world.read(DLQ).remove(0);
    let carried = genuine.borrowed_headers();
    let sha256 = "f".repeat(64);
    let pointer: Vec<(&str, Option<&[u8]>)> = vec![
        ("orderlog.sha256", Some(sha256.as_bytes())),
        ("orderlog.size", Some(b"1")),
    ];
    // A hash and a size of its own; the headers of a dead letter with another value; those of a dead letter that does
    // not exist.
    let elsewhere: Vec<(&str, Option<&[u8]>)> = carried
        .iter()
        .map(|(name, value)| match *name {
            "orderlog.at" | "orderlog.id" => (*name, Some(&b"elsewhere-0-0"[..])),
            "kafka_dlt-original-topic" => (*name, Some(&b"elsewhere"[..])),
            "orderlog.code" => (*name, Some(&b"invalid_order"[..])),
            _ => (*name, *value),
        })
        .collect();
    let forged = [
        (&b"pointed"[..], pointer),
        (b"other junk", carried),
        (b"junk", elsewhere),
    ];
    for (value, headers) in &forged {
        world.write_with(TOPIC, 2, Some(b"A"), Some(value), headers);
    }
    app.await_read(4, 4).await;
    let dead_letters = world.read(DLQ);
    let (_, listed) = app.get("/dlq/messages").await;
    for (n, (value, headers)) in forged.iter().enumerate() {
        let (dead_letter, place) = (&dead_letters[n + 1], format!("{TOPIC}-2-{n}"));
        assert_eq!(dead_letter.borrowed_headers()[..headers.len()], headers[..], "{place}");
        assert_eq!(
            (dead_letter.text("orderlog.at"), dead_letter.text("orderlog.id")),
            (&*place, &*place)
        );
        let shown = &listed["messages"][2 - n];
        assert_eq!(
            (&shown["code"], &shown["size"], &shown["replays"]),
            (&json!("not_framed"), &json!(value.len()), &json!(0)),
            "{place}"
        );
        let origin = &shown["origin"];
        assert_eq!(
            (&origin["topic"], &origin["partition"], &origin["offset"]),
            (&json!(TOPIC), &json!(2), &json!(n))
        );
    }
    // Without a store, they are learned from the topic, and none is sent again.
    drop(app.stop().await);
    let app = world.spawn_app().await;
    app.await_read(4, 4).await;
    assert_eq!(world.read(DLQ), dead_letters);
    assert_eq!(app.get("/dlq/messages").await.1["messages"], listed["messages"]);
}
