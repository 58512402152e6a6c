//! What `/dlq/messages/{partition}/{offset}` says of a dead letter's schema: missing, wrong, or not known for now.

use orderlog_contract::encode::record_value;
use orderlog_contract::lineage;
use reqwest::Method;
use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::dead_letter_details::{letter, states};
use crate::helpers::{TOPIC, World, created, eventually, partition_of};

#[tokio::test]
async fn a_missing_schema_is_registered_with_the_command_and_then_nothing_is_wrong() {
    let world = World::new().await;
    // As a newer release would write: one more optional field, in a schema that nobody has registered.
    let mut newer: Value = serde_json::from_str(lineage::LINEAGE.last().expect("a version")).expect("JSON");
    let field = json!({"name": "channel", "type": ["null", "string"], "default": null, "doc": "the shop's channel"});
    newer["fields"].as_array_mut().expect("fields").push(field);
    let text = newer.to_string();
    // Ids count up, and the other schema was registered last.
    let next_id = world.facts.other_schema_id.max(world.facts.schema_id) + 1;
    let mut value = record_value(next_id, &created("A")).expect("encodes");
    value.push(0);
    let headers = [("writer.schema", Some(text.as_bytes()))];
    world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(&value), &headers);
    world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(&value), &[]);
    let app = world.spawn_app().await;
    app.await_read(2, 2).await;

    let before = letter(&app, 0).await;
    assert_eq!(states(&before)[..2], ["passed", "failed"]);
    assert_eq!(
        before["decoding"]["candidates"],
        json!([]),
        "no version reads the last byte"
    );
    let command = before["advice"]["command"].as_str().expect("a command");
    let data = command.split('\'').nth(3).expect("the data");
    let body: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(body["schema"], text);
    assert!(command.contains("/subjects/order-events-value/versions"), "{command}");
    let without = letter(&app, 1).await;
    let command = without["advice"]["command"].as_str().expect("a command");
    assert!(command.contains("@schema.json"), "{command}");

    let dry_run = json!({"ids": ["0-0"], "dryRun": true});
    let forecast = async || {
        let answer = app.send(Method::POST, "/dlq/replay", &[], &dry_run).await;
        sandbox::testing::answer(answer).await.1["messages"][0]["outcome"].clone()
    };
    assert_eq!(forecast().await, "wouldFail");
    letter(&app, 0).await;
    assert_eq!(world.register(&lineage::subject(TOPIC), &text).await, next_id);
    assert_eq!(forecast().await, "wouldApply", "at once");
    assert_eq!(states(&letter(&app, 0).await), ["passed"; 5], "at once");
    // The registry's list is a moment old.
    let has_version = || async { letter(&app, 0).await["decoding"]["schema"]["version"] == lineage::LINEAGE.len() + 1 };
    assert!(eventually(has_version).await, "{}", letter(&app, 0).await);
    let after = letter(&app, 0).await;
    assert_eq!(
        (&after["code"], &after["decoding"]["code"], &after["advice"]["command"]),
        (&json!("unknown_schema_id"), &Value::Null, &Value::Null)
    );
    assert_eq!(after["decoding"]["event"]["order"]["orderId"], "A");
    assert!(
        after["advice"]["sentence"]
            .as_str()
            .expect("a sentence")
            .contains("replay it")
    );
    let schema = &after["decoding"]["schema"];
    assert_eq!((&schema["id"], &schema["same"]), (&json!(next_id), &json!("other")));
}

#[tokio::test]
async fn a_letter_whose_schema_id_is_wrong_names_the_versions_that_read_it() {
    let world = World::new().await;
    world.write_poison(Kind::UnknownSchemaId, "A");
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    let letter = letter(&app, 0).await;
    let ours = json!({"version": lineage::LINEAGE.len(), "id": world.facts.schema_id});
    let candidates = letter["decoding"]["candidates"].as_array().expect("candidates");
    assert!(candidates.contains(&ours), "{candidates:?}");
}

#[tokio::test]
async fn while_the_registry_is_away_nothing_is_claimed() {
    let mut world = World::new().await;
    world.write_poison(Kind::UnknownSchemaId, "A");
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    world.registry_down().await;
    let is_unknown = || async { states(&letter(&app, 0).await)[1] == "unknown" };
    assert!(eventually(is_unknown).await, "{}", letter(&app, 0).await);
    let unknown = letter(&app, 0).await;
    let decoding = &unknown["decoding"];
    assert_eq!(
        (&decoding["code"], &unknown["code"]),
        (&Value::Null, &json!("unknown_schema_id"))
    );
    let sentence = decoding["sentence"].as_str().expect("a sentence");
    assert!(sentence.starts_with("It cannot be told now"), "{sentence}");

    // With a schema that is known, only the versions of the subject are missing.
    world.write_poison(Kind::Longer, "B");
    app.await_read(2, 2).await;
    let is_told = || async { letter(&app, 1).await["decoding"]["versionsError"].is_string() };
    assert!(
        eventually(is_told).await,
        "that the registry does not list the versions"
    );
}
