//! What `/dlq/messages/{partition}/{offset}` returns about one dead letter.

use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderStatus;
use orderlog_contract::lineage;
use orderlog_contract::testing::next_event;
use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{App, DLQ, TOPIC, World, created, fields, partition_of};

pub(crate) async fn letter(app: &App, offset: usize) -> Value {
    let (status, letter) = app.get(&format!("/dlq/messages/0/{offset}")).await;
    assert_eq!(status.as_u16(), 200, "{letter}");
    letter
}

pub(crate) fn states(letter: &Value) -> Vec<&str> {
    let steps = letter["decoding"]["steps"].as_array().expect("steps");
    steps
        .iter()
        .map(|step| step["state"].as_str().expect("a state"))
        .collect()
}

fn header<'a>(letter: &'a Value, name: &str) -> &'a Value {
    let headers = letter["headers"].as_array().expect("headers");
    headers.iter().find(|header| header["name"] == name).expect(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_truncated_value_is_shown_with_the_byte_at_which_it_ends() {
    let world = World::new().await;
    let whole = record_value(world.facts.schema_id, &created("A")).expect("encodes");
    let cut = &whole[..whole.len() - 1];
    let own = [("trace", Some(&b"1"[..])), ("binary", Some(&[0xff, 0])), ("none", None)];
    world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(cut), &own);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;

    let letter = letter(&app, 0).await;
    let (_, listed) = app.get("/dlq/messages").await;
    for (name, value) in listed["messages"][0].as_object().expect("a message") {
        assert_eq!(&letter[name], value, "as in the list: {name}");
    }
    assert_eq!(letter["keyHex"], hex(b"A"));
    let value = json!({"size": cut.len(), "hex": hex(cut), "text": null, "truncated": false});
    assert_eq!(letter["value"], value);
    let own: Vec<Value> = letter["headers"].as_array().expect("headers")[..3].to_vec();
    let shown =
        |name, kind, value| json!({"name": name, "type": kind, "value": value, "truncated": false, "added": false});
    assert_eq!(
        own,
        [
            shown("trace", "text", json!("1")),
            shown("binary", "hex", json!("ff00")),
            shown("none", "null", Value::Null)
        ]
    );
    let offset = header(&letter, "kafka_dlt-original-offset");
    assert_eq!(
        (&offset["type"], &offset["value"], &offset["added"]),
        (&json!("int64"), &json!("0"), &json!(true))
    );
    assert_eq!(header(&letter, "kafka_dlt-original-partition")["type"], "int32");

    let decoding = &letter["decoding"];
    assert_eq!(states(&letter), ["passed", "passed", "passed", "failed", "not reached"]);
    assert_eq!(
        (&decoding["code"], &decoding["byte"], &decoding["event"]),
        (&json!("undecodable"), &json!(cut.len()), &Value::Null)
    );
    let field = decoding["field"].as_str().expect("a field");
    let sentence = decoding["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.contains(field) && sentence.contains(&format!("byte {}", cut.len())),
        "{sentence}"
    );
    let schema = &decoding["schema"];
    assert_eq!(
        (&schema["id"], &schema["subject"], &schema["version"], &schema["same"]),
        (
            &json!(world.facts.schema_id),
            &json!("order-events-value"),
            &json!(lineage::LINEAGE.len()),
            &json!("ours")
        )
    );
    assert!(schema["text"].as_str().is_some_and(|text| text.contains("OrderEvent")));
    assert_eq!(letter["order"], Value::Null);
    assert_eq!(letter["advice"]["command"], Value::Null);
    // The same in the envelope.
    let (_, enveloped) = app.get("/api/dlq/messages/0/0").await;
    assert_eq!(enveloped["data"]["decoding"], *decoding);
}

#[tokio::test]
async fn each_kind_of_fault_fails_at_its_own_step() {
    let world = World::new().await;
    let kinds = [
        (Kind::Empty, 0),
        (Kind::UnknownSchemaId, 1),
        (Kind::OtherSchema, 2),
        (Kind::Longer, 3),
        (Kind::WrongTotal, 4),
        (Kind::WrongKey, 4),
        (Kind::IllegalStep, 4),
    ];
    let app = world.spawn_app().await;
    let mut good = 0;
    for (n, (kind, failed)) in kinds.into_iter().enumerate() {
        good += world.write_poison(kind, &format!("P-{n}")).1;
        app.await_read(n as u64 + 1 + good, n as u64 + 1).await;
        let letter = letter(&app, n).await;
        let mut expected = ["passed", "passed", "passed", "passed", "passed"];
        expected[failed] = "failed";
        expected[failed + 1..].fill("not reached");
        assert_eq!(states(&letter), expected, "{kind}");
        assert_eq!(letter["decoding"]["code"], kind.code().as_str(), "{kind}");
        assert_eq!(letter["decoding"]["code"], letter["code"], "{kind}: as it was");
        let has_event = !letter["decoding"]["event"].is_null();
        assert_eq!(has_event, failed == 4, "{kind}");
        let sentence = letter["advice"]["sentence"].as_str().expect("a sentence");
        assert!(
            sentence.contains("discard") || sentence.contains("register"),
            "{kind}: {sentence}"
        );
    }
    // The order of the illegal step is there, and no later event has healed it.
    let order = json!({"orderId": "P-6", "version": 1, "healed": false});
    assert_eq!(letter(&app, 6).await["order"], order);
}

#[tokio::test]
async fn a_later_event_heals_an_order() {
    let world = World::new().await;
    let first = created("A");
    world.write_event(&first);
    let mut wrong = next_event(&first, OrderStatus::Confirmed);
    wrong.order.total_minor += 1;
    world.write_event(&wrong);
    let app = world.spawn_app().await;
    app.await_read(2, 1).await;
    let hurt = json!({"orderId": "A", "version": 1, "healed": false});
    assert_eq!(letter(&app, 0).await["order"], hurt);
    world.write_event(&next_event(&first, OrderStatus::Confirmed));
    app.await_read(3, 1).await;
    let letter = letter(&app, 0).await;
    assert_eq!(letter["order"], json!({"orderId": "A", "version": 2, "healed": true}));
    assert!(
        letter["advice"]["sentence"]
            .as_str()
            .expect("a sentence")
            .contains("safe to discard")
    );
}

#[tokio::test]
async fn a_record_that_is_no_dead_letter_of_ours_is_shown_all_the_same() {
    let world = World::new().await;
    world.write_with(
        DLQ,
        0,
        Some(&[0xff]),
        Some("{\"é\": 1}".as_bytes()),
        &[("a", Some(b"b"))],
    );
    world.write_with(DLQ, 0, None, None, &[]);
    let app = world.spawn_app().await;
    app.await_read(0, 2).await;
    let foreign = letter(&app, 0).await;
    assert_eq!(
        (&foreign["keyHex"], &foreign["value"]["text"]),
        (&json!("ff"), &json!("{\"é\": 1}"))
    );
    assert_eq!(foreign["decoding"]["code"], "not_framed");
    assert!(
        foreign["advice"]["sentence"]
            .as_str()
            .expect("a sentence")
            .contains("not replayed")
    );
    let empty = letter(&app, 1).await;
    assert_eq!((&empty["keyHex"], &empty["value"]), (&Value::Null, &Value::Null));
    assert_eq!(states(&empty), ["unknown"; 5]);
}

#[tokio::test]
async fn a_value_that_was_too_large_to_copy_is_not_there_and_the_letter_says_so() {
    let world = World::new().await;
    world.write_with(TOPIC, 0, Some(b"A"), Some(&[b'x'; 3_000]), &[]);
    let small = |config: &mut order_service::Config| {
        let kafka = &mut config.pipeline.kafka;
        kafka.kafka_extra.push(("message.max.bytes".into(), "2000".into()));
    };
    let app = world
        .respawn_app(tempfile::tempdir().expect("a directory"), small)
        .await;
    app.await_read(1, 1).await;
    let letter = letter(&app, 0).await;
    assert_eq!((&letter["value"], &letter["size"]), (&Value::Null, &json!(3_000)));
    let advice = letter["advice"]["sentence"].as_str().expect("a sentence");
    assert!(advice.contains("too large to copy"), "{advice}");
}

#[tokio::test]
async fn what_is_no_dead_letter_is_not_found_and_what_is_no_id_is_refused() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    for path in ["0/0", "7/0", "2147483647/9223372036854775807"] {
        let (status, problem) = app.get(&format!("/dlq/messages/{path}")).await;
        assert_eq!(
            (status.as_u16(), &problem["type"]),
            (404, &json!("/problems/dead-letter-not-found")),
            "{path}"
        );
    }
    for (path, field) in [
        ("a/0", "partition"),
        ("-1/0", "partition"),
        ("2147483648/0", "partition"),
        ("0/+1", "offset"),
        ("0/9223372036854775808", "offset"),
    ] {
        let (status, problem) = app.get(&format!("/dlq/messages/{path}")).await;
        assert_eq!((status.as_u16(), fields(&problem)), (400, vec![field]), "{path}");
    }
}
