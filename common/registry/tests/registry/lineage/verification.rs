//! Verifying that a lineage is registered, without writing anything.

use orderlog_registry::RegisterError;
use serde_json::{Value, json};

use super::{OTHER, SUBJECT, registry, registry_of, writes};
use crate::fake::{Answer, Fake, Request, page, refusal, say};
use crate::{LINEAGE, V1, client};

#[tokio::test]
async fn verifying_finds_what_is_there_and_writes_nothing() {
    let fake =
        Fake::with(|request: &Request| say(200, json!({"id": 7, "version": 1, "schema": request.body["schema"]})))
            .await;
    assert_eq!(
        client(&fake.url())
            .verify_lineage(SUBJECT, LINEAGE)
            .await
            .expect("a response"),
        7
    );
    let expected = vec!["POST /subjects/orders-value".to_owned(); LINEAGE.len()];
    assert_eq!(fake.take_lines(), expected);
}

#[tokio::test]
async fn a_look_up_needs_no_more_than_an_id() {
    let (_fake, registry) = registry_of(move |line, schema| {
        if line == "POST /subjects/orders-value" {
            let id = 1 + LINEAGE.iter().position(|text| schema == text)?;
            return Some(say(200, json!({"id": id.to_string(), "version": {}, "subject": 5})));
        }
        let id: usize = line.strip_prefix("GET /schemas/ids/")?.parse().ok()?;
        Some(say(200, json!({"schema": LINEAGE[id - 1]})))
    })
    .await;
    let newest = u32::try_from(LINEAGE.len()).expect("few versions");
    assert_eq!(
        registry.verify_lineage(SUBJECT, LINEAGE).await.expect("a response"),
        newest
    );
}

/// Our schema, split: the item type is in a schema of its own.
fn in_two_schemas() -> (String, String) {
    let mut whole: Value = serde_json::from_str(V1).expect("JSON");
    let order = whole["fields"].as_array_mut().expect("fields").iter_mut();
    let order = order.into_iter().find(|field| field["name"] == "order").expect("order");
    let items = order["type"]["fields"].as_array_mut().expect("fields").iter_mut();
    let items = items.into_iter().find(|field| field["name"] == "items").expect("items");
    let name = json!("com.ecommerce.order.OrderItem");
    let mut item = std::mem::replace(&mut items["type"]["items"], name);
    item["namespace"] = json!("com.ecommerce.order");
    (whole.to_string(), item.to_string())
}

#[tokio::test]
async fn our_schema_is_recognized_when_it_was_registered_with_references() {
    let (whole, item) = in_two_schemas();
    let references = json!([{"name": "com.ecommerce.order.OrderItem", "subject": "items", "version": 1}]);
    let held = json!({"id": 7, "version": 3, "schema": whole, "references": references});
    // Some registries find it by its full text and return what they store; with others it has to be searched.
    for finds_it in [true, false] {
        let (held, item, newest) = (held.clone(), item.clone(), V1.to_owned());
        let (fake, registry) = registry_of(move |line, schema| match line {
            "POST /subjects/orders-value" if schema != &newest => Some(say(200, json!({"id": 6, "schema": schema}))),
            "POST /subjects/orders-value" if finds_it => Some(say(200, held.clone())),
            "GET /subjects/orders-value/versions" => Some(say(200, json!([2, 3]))),
            "GET /subjects/orders-value/versions/2" => Some(say(200, json!({"schema": OTHER, "id": 1, "version": 2}))),
            "GET /subjects/orders-value/versions/3" => Some(say(200, held.clone())),
            "GET /subjects/items/versions/1?deleted=true" => Some(say(200, json!({"schema": item}))),
            _ => None,
        })
        .await;
        assert_eq!(registry.verify_lineage(SUBJECT, LINEAGE).await.expect("a response"), 7);
        assert_eq!(writes(&fake.take_requests()), [""; 0]);
    }
}

#[tokio::test]
async fn verifying_refuses_what_is_missing_or_different_and_writes_nothing() {
    let other = say(200, json!({"id": 7, "version": 1, "schema": OTHER}));
    for answer in [refusal(404, 40401), refusal(404, 40403), other] {
        let (fake, registry) =
            registry(move |line| (line == "POST /subjects/orders-value").then(|| answer.clone())).await;
        let error = registry.verify_lineage(SUBJECT, LINEAGE).await.expect_err("a refusal");
        let RegisterError::Refused(reason) = error else {
            panic!("a refusal, not {error:?}");
        };
        for part in [
            SUBJECT,
            &fake.url(),
            "v1.avsc",
            "SCHEMAS=register",
            "deploy pipeline",
            "check-schemas",
        ] {
            assert!(reason.contains(part), "{part} in {reason}");
        }
        assert_eq!(writes(&fake.take_requests()), [""; 0]);
    }
}

#[tokio::test]
async fn verifying_takes_no_outage_for_an_answer() {
    for answer in [
        page(404),
        page(401),
        page(200),
        refusal(500, 50001),
        refusal(404, 40402),
        Answer::Close,
    ] {
        let fake = Fake::always(answer).await;
        let error = client(&fake.url())
            .verify_lineage(SUBJECT, LINEAGE)
            .await
            .expect_err("an outage");
        assert!(matches!(error, RegisterError::Outage(_)), "{error:?}");
        assert_eq!(writes(&fake.take_requests()), [""; 0]);
    }
}
