//! What `/dlq` returns about dead letters.

use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{DLQ, TOPIC, World, eventually, fields, partition_of};

#[tokio::test]
async fn dead_letters_are_listed_newest_first_in_pages_and_by_filters() {
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
    for parameter in ["after", "before"] {
        let (_, page) = app.get(&format!("/dlq/messages?limit=3&{parameter}=0-1")).await;
        assert_eq!((ids(&page), &page["next"]), (vec!["0-0".to_owned()], &Value::Null));
    }

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

    let complete = || async { app.get("/dlq/info").await.1["complete"] == true };
    assert!(eventually(complete).await, "{}", app.get("/dlq/info").await.1);
    let (_, mut info) = app.get("/dlq/info").await;
    let as_of = info.as_object_mut().expect("an object").remove("asOf");
    assert!(as_of.is_some_and(|at| at.is_string()));
    let breaker = info
        .as_object_mut()
        .expect("an object")
        .remove("breaker")
        .expect("it is shown");
    assert_eq!((&breaker["open"], &breaker["reason"]), (&json!(false), &Value::Null));
    let breakers = breaker["partitions"].as_array().expect("a list");
    let counted: u64 = breakers
        .iter()
        .filter_map(|breaker| breaker["deadLetters"].as_u64())
        .sum();
    assert_eq!((breakers.len(), counted), (6, 4), "{breaker}");
    let by_hour = info.as_object_mut().expect("an object").remove("byHour");
    let by_hour = by_hour.expect("counts by hour");
    let by_hour = by_hour.as_array().expect("hours");
    assert_eq!(by_hour.len(), 48);
    let counted: u64 = by_hour
        .iter()
        .map(|hour| hour["count"].as_u64().expect("a count"))
        .sum();
    assert_eq!(counted, 4, "all were written now");
    let expected = json!({
        "topic": DLQ, "count": 4, "byCode": {"not_framed": 3, "key_mismatch": 1}, "complete": true,
        "byState": {"open": 4, "parked": 0, "replayed": 0, "discarded": 0}
    });
    assert_eq!(info, expected);
    let written = all["messages"][1]["timestamp"].as_str().expect("a time");
    let (_, since) = app.get(&format!("/dlq/messages?since={written}")).await;
    let (_, until) = app.get(&format!("/dlq/messages?until={written}")).await;
    assert_eq!(ids(&since).len() + ids(&until).len(), 4);
    assert!(ids(&since).starts_with(&newest_first[..2]), "{since}");
    let (_, later) = app.get("/dlq/messages?since=9999-01-01T00:00:00%2B01:00").await;
    assert!(ids(&later).is_empty());
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("before=17", "after"),
        ("after=17", "after"),
        ("after=0-1&before=0-1", "after"),
        ("since=yesterday", "since"),
        ("until=2026-01-02", "until"),
        ("state=closed", "state"),
        ("code=nonsense", "code"),
        ("partition=x", "partition"),
    ] {
        let (status, problem) = app.get(&format!("/dlq/messages?{query}")).await;
        assert_eq!((status.as_u16(), fields(&problem)), (400, vec![field]), "{query}");
    }
}

#[tokio::test]
async fn foreign_records_on_the_topic_are_listed_without_a_code() {
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
