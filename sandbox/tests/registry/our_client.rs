//! The services' own client against this registry: its requests are what a registry answers.

use orderlog_contract::lineage;
use orderlog_contract::lineage::LINEAGE;
use orderlog_projection::check_schemas::{CheckSchemas, check};
use orderlog_registry::config::RegistryConfig;
use orderlog_registry::{RegisterError, RegistrationStatus, Registry as Ours};
use serde_json::json;

use super::{Api, schema};

const SUBJECT: &str = "orders-value";
const OTHER: &str =
    r#"{"type":"record","name":"OrderEvent","namespace":"com.ecommerce.order","fields":[{"name":"a","type":"int"}]}"#;

impl Api {
    fn ours(&self) -> Ours {
        Ours::at(&self.registry.url()).expect("a client")
    }
}

#[tokio::test]
async fn verification_succeeds_only_after_registration() {
    let api = Api::start();
    let ours = api.ours();
    let missing = ours.verify_lineage(SUBJECT, LINEAGE).await;
    assert!(matches!(missing, Err(RegisterError::Refused(_))), "{missing:?}");
    assert_eq!(api.get("/subjects").await, (200, json!([])), "verifying writes nothing");
    let id = ours.register_lineage(SUBJECT, LINEAGE).await.expect("registered");
    assert_eq!(ours.verify_lineage(SUBJECT, LINEAGE).await.expect("verified"), id);
    assert_eq!(ours.register_lineage(SUBJECT, LINEAGE).await.expect("registered"), id);
    let newest = lineage::LINEAGE.last().expect("a version");
    let status = ours
        .registration_status(SUBJECT, "newest", newest)
        .await
        .expect("an answer");
    assert!(
        matches!(status, RegistrationStatus::Registered { id: found, .. } if found == id),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_rejection_says_why_and_so_does_the_dry_run() {
    let api = Api::start();
    api.post("/subjects/orders-value/versions", schema(OTHER)).await;
    let settings = CheckSchemas {
        registry: RegistryConfig::at(&api.registry.url()).expect("an address"),
        topic: "orders".parse().expect("a name"),
    };
    let report = check(&settings).await.expect("a report");
    assert!(!report.is_fine() && report.to_string().contains("eventId"), "{report}");
    assert_eq!(api.get("/subjects/orders-value/versions").await, (200, json!([1])));
    assert_eq!(api.get("/config/orders-value").await.0, 404, "the level is as it was");
    let Err(RegisterError::Refused(reason)) = api.ours().register_lineage(SUBJECT, LINEAGE).await else {
        panic!("it was not refused");
    };
    assert!(reason.contains("v1.avsc") && reason.contains("eventId"), "{reason}");
    assert_eq!(
        api.get("/config/orders-value").await.0,
        404,
        "and after it is refused too"
    );
}

#[tokio::test]
async fn a_read_only_registry_suffices_if_it_has_our_schema() {
    for mode in ["READONLY", "READONLY_OVERRIDE", "IMPORT"] {
        let api = Api::start();
        let mode = json!({ "mode": mode });
        api.put("/mode", mode.clone()).await;
        let missing = api.ours().register_lineage(SUBJECT, LINEAGE).await;
        assert!(
            matches!(&missing, Err(RegisterError::Outage(why)) if why.to_string().contains("SCHEMAS=verify")),
            "{missing:?}"
        );
        assert_eq!(api.get("/config/orders-value").await.0, 404, "the level is as it was");
        let newest = lineage::LINEAGE.last().expect("a version");
        let status = api.ours().registration_status(SUBJECT, "newest", newest).await;
        assert!(matches!(status, Ok(RegistrationStatus::ReadOnly(_))), "{status:?}");
        api.put("/mode", json!({ "mode": "READWRITE" })).await;
        let (_, registered) = api.post("/subjects/orders-value/versions", schema(newest)).await;
        api.put("/mode", mode).await;
        let id = api
            .ours()
            .register_lineage(SUBJECT, LINEAGE)
            .await
            .expect("it is there");
        assert_eq!(registered, json!({ "id": id }));
    }
}

#[tokio::test]
async fn our_schema_with_a_type_in_another_subject_is_recognized() {
    let api = Api::start();
    let mut newest: serde_json::Value = serde_json::from_str(&lineage::newest_text().text).expect("JSON");
    let order = sandbox::third_party::fields(&mut newest, &["order"]).expect("fields");
    let items = order.iter_mut().find(|field| field["name"] == "items").expect("items");
    let name = "com.ecommerce.order.OrderItem";
    let mut item = std::mem::replace(&mut items["type"]["items"], json!(name));
    item["namespace"] = json!("com.ecommerce.order");
    api.post("/subjects/items/versions", schema(&item.to_string())).await;
    let references = json!([{ "name": name, "subject": "items", "version": -1 }]);
    let body = json!({ "schema": newest.to_string(), "references": references });
    let (_, registered) = api.post("/subjects/orders-value/versions", body).await;
    let id = api.ours().verify_lineage(SUBJECT, LINEAGE).await.expect("it is ours");
    assert_eq!(registered, json!({ "id": id }));
    assert_eq!(api.ours().schema(id).await.expect("a schema").references.len(), 1);
    assert_eq!(
        api.ours().register_lineage(SUBJECT, LINEAGE).await.expect("registered"),
        id
    );
    assert_eq!(api.get("/subjects/orders-value/versions").await, (200, json!([1])));
}

#[tokio::test]
async fn references_are_resolved_even_after_they_were_deleted() {
    let api = Api::start();
    let money = r#"{"type":"record","name":"Money","fields":[]}"#;
    api.post("/subjects/a%2Fmoney/versions", schema(money)).await;
    let line = json!({
        "schema": r#"{"type":"record","name":"Line","fields":[{"name":"price","type":"Money"}]}"#,
        "references": [{"name": "Money", "subject": "a/money", "version": 1}],
    });
    api.post("/subjects/line/versions", line).await;
    let bill = json!({
        "schema": r#"{"type":"record","name":"Bill","fields":[{"name":"line","type":"Line"},{"name":"total","type":"Money"}]}"#,
        "references": [{"name": "Line", "subject": "line", "version": 1}, {"name": "Money", "subject": "a/money", "version": 1}],
    });
    let (_, registered) = api.post("/subjects/bill/versions", bill).await;
    let id = registered["id"]
        .as_u64()
        .and_then(|id| u32::try_from(id).ok())
        .expect("an id");
    for subject in ["bill", "line", "a%2Fmoney"] {
        api.delete(&format!("/subjects/{subject}")).await;
    }
    let schema = api.ours().schema(id).await.expect("a schema");
    assert_eq!(schema.references.len(), 2);
    assert!(schema.references[0].contains("Money") && schema.references[1].contains("Line"));
}

#[tokio::test]
async fn the_versions_of_a_subject_are_listed_with_their_schemas_and_without_deleted_ones() {
    let api = Api::start();
    assert_eq!(api.ours().subject_versions(SUBJECT, 10).await.expect("an answer"), []);
    api.put("/config", json!({ "compatibility": "NONE" })).await;
    for name in ["A", "B", "C", "D"] {
        let text = json!({"type": "record", "name": name, "fields": []}).to_string();
        api.post("/subjects/orders-value/versions", schema(&text)).await;
    }
    api.delete("/subjects/orders-value/versions/2").await;
    let versions = api.ours().subject_versions(SUBJECT, 2).await.expect("an answer");
    let found: Vec<_> = versions.iter().map(|version| (version.version, version.id)).collect();
    let ids = async |version: u32| {
        let (_, stored) = api.get(&format!("/subjects/orders-value/versions/{version}")).await;
        u32::try_from(stored["id"].as_u64().expect("an id")).expect("an id")
    };
    assert_eq!(found, [(3, ids(3).await), (4, ids(4).await)]);
    assert!(versions[1].schema.text.contains("\"D\"") && versions[1].schema.is_avro());
}
