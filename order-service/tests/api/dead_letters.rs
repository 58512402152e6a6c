//! Unusable records: what is copied to the dead-letter topic, and what `/dlq` returns about it.

use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{DLQ, TOPIC, World, created, fields, partition_of};

#[tokio::test]
async fn each_kind_of_poison_is_copied_once_byte_for_byte_and_the_next_good_record_is_applied() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (mut records, mut letters) = (0, 0);
    for kind in <Kind as clap::ValueEnum>::value_variants() {
        let order_id = format!("P-{kind:?}");
        let (poison, before) = world.write_poison(*kind, &order_id);
        // After the poison, in its partition: the same order, valid.
        let good = created(&format!("{order_id}-good"));
        world.write_event(&good);
        (records, letters) = (records + before + 2, letters + 1);
        app.await_read(records, letters).await;

        let letter = world.read(DLQ).pop().expect("a letter");
        assert_eq!(
            (letter.key.as_deref(), letter.value.as_deref()),
            (Some(&poison.key[..]), Some(&poison.value[..])),
            "{kind:?}"
        );
        assert_eq!(letter.text("orderlog.code"), kind.code().as_str(), "{kind:?}");
        let offset: i64 = letter.text("__connect.errors.offset").parse().expect("a number");
        assert_eq!(
            letter.text("orderlog.at"),
            format!("{TOPIC}-{}-{offset}", poison.partition)
        );
        assert_eq!(
            letter.header("kafka_dlt-original-offset"),
            Some(&offset.to_be_bytes()[..])
        );
        assert_eq!(app.details(&good.order.order_id).await.0, 200, "{kind:?}");
    }
    assert_eq!(world.read(DLQ).len() as u64, letters);
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

    let letters = world.read(DLQ);
    assert_eq!(
        (letters[0].key.as_deref(), letters[0].value.as_deref()),
        (None, Some(&b""[..])),
        "null and empty differ"
    );
    let letter = &letters[1];
    assert_eq!(
        (letter.key.as_deref(), letter.value.as_deref()),
        (Some(&[0xfe, 0][..]), Some(&value[..]))
    );
    // Its own headers stay, whatever their names.
    let kept: Vec<_> = own
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
        .collect();
    assert_eq!(letter.headers[..kept.len()], kept);
    let reason = letter.text("__connect.errors.exception.message");
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
    assert_eq!(letter.headers[kept.len()..], ours);
    assert!(
        letter.timestamp > Some(1_700_000_000_123),
        "the dead letter's own timestamp is the time of its writing"
    );
}

#[tokio::test]
async fn a_record_that_was_a_dead_letter_before_keeps_its_first_origin_and_its_own_headers() {
    let world = World::new().await;
    let own: [(&str, Option<&[u8]>); 2] = [("b", Some(&[0, 0xff])), ("orderlog.at", None)];
    world.write_with(TOPIC, 1, Some(b"A"), Some(b"junk"), &own);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    for n in 1..=2_u8 {
        let sent_back = world.read(DLQ).pop().expect("a letter");
        // Unchanged, to another place in the topic.
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
        assert_eq!(
            again.headers.len(),
            sent_back.headers.len(),
            "headers that were added before are not duplicated"
        );
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
async fn what_a_record_says_of_itself_is_kept_and_not_believed() {
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
    let letters = world.read(DLQ);
    let (_, listed) = app.get("/dlq/messages").await;
    for (n, (value, headers)) in forged.iter().enumerate() {
        let (letter, place) = (&letters[n + 1], format!("{TOPIC}-2-{n}"));
        assert_eq!(letter.borrowed_headers()[..headers.len()], headers[..], "{place}");
        assert_eq!(
            (letter.text("orderlog.at"), letter.text("orderlog.id")),
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
    // Without a store they are known from the topic, and none is sent again.
    drop(app.stop().await);
    let app = world.spawn_app().await;
    app.await_read(4, 4).await;
    assert_eq!(world.read(DLQ), letters);
    assert_eq!(app.get("/dlq/messages").await.1, listed);
}

#[tokio::test]
async fn letters_are_listed_newest_first_in_pages_and_by_what_they_are() {
    let world = World::new().await;
    let partition = partition_of("A");
    for value in [&b"first"[..], b"", b"third"] {
        world.write_with(TOPIC, partition, Some(b"A"), Some(value), &[]);
    }
    world.write_poison(Kind::WrongKey, "B");
    let app = world.spawn_app().await;
    app.await_read(4, 4).await;

    let (_, all) = app.get("/dlq/messages").await;
    assert_eq!(ids(&all).len(), 4);
    assert!(all["next"].is_null());
    let newest_first: Vec<String> = (0..4).rev().map(|offset| format!("0-{offset}")).collect();
    assert_eq!(ids(&all), newest_first);
    let (_, page) = app.get("/dlq/messages?limit=3").await;
    assert_eq!((ids(&page).len(), &page["next"]), (3, &json!("0-1")));
    let (_, page) = app.get("/dlq/messages?limit=3&before=0-1").await;
    assert_eq!((ids(&page), &page["next"]), (vec!["0-0".to_owned()], &Value::Null));

    let (_, of_a) = app.get("/dlq/messages?orderId=A&code=not_framed&limit=1").await;
    let message = &of_a["messages"][0];
    assert_eq!(message["key"], "A");
    assert_eq!(
        (&message["code"], &message["size"], &message["replays"]),
        (&json!("not_framed"), &json!(5), &json!(0))
    );
    assert_eq!(
        message["reason"],
        "the value begins with byte 0x74 instead of magic byte 0x00; it looks like plain text"
    );
    let origin = json!({"topic": TOPIC, "partition": partition, "offset": 2, "timestamp": "2023-11-14T22:13:20.123Z"});
    assert_eq!((&message["origin"], &message["schemaId"]), (&origin, &Value::Null));
    let (_, mismatched) = app.get("/dlq/messages?code=key_mismatch").await;
    assert_eq!(
        (ids(&mismatched).len(), &mismatched["messages"][0]["schemaId"]),
        (1, &json!(world.facts.schema_id))
    );
    let (_, none) = app.get("/dlq/messages?orderId=C").await;
    assert!(ids(&none).is_empty());

    let (_, info) = app.get("/dlq/info").await;
    let expected = json!({
        "topic": DLQ, "count": 4, "byCode": {"not_framed": 3, "key_mismatch": 1}, "breaker": {"open": false, "reason": null}
    });
    assert_eq!(info, expected);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("before=17", "before"),
        ("code=nonsense", "code"),
        ("partition=x", "partition"),
    ] {
        let (status, problem) = app.get(&format!("/dlq/messages?{query}")).await;
        assert_eq!((status.as_u16(), fields(&problem)), (400, vec![field]), "{query}");
    }
}

#[tokio::test]
async fn what_others_write_to_the_topic_is_listed_without_a_code() {
    let world = World::new().await;
    world.write_with(DLQ, 0, Some(&[0xff]), None, &[("orderlog.code", Some(b"made_up"))]);
    let app = world.spawn_app().await;
    app.await_read(0, 1).await;
    let (_, listed) = app.get("/dlq/messages").await;
    let message = &listed["messages"][0];
    assert_eq!(
        (&message["key"], &message["code"], &message["origin"]),
        (&json!("hex:ff"), &Value::Null, &Value::Null)
    );
    assert_eq!(app.get("/dlq/info").await.1["byCode"], json!({}));
}

fn ids(page: &Value) -> Vec<String> {
    let messages = page["messages"].as_array().expect("messages");
    messages
        .iter()
        .map(|message| message["id"].as_str().expect("an id").to_owned())
        .collect()
}
