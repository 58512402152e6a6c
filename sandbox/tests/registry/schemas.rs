//! Registering, finding and deleting schemas.

use serde_json::{Value, json};

use super::{A, A_AND_B, Api, refused, schema};

const EVENT: &str = include_str!("../../../schemas/order-event/v1.avsc");

#[tokio::test]
async fn a_schema_is_registered_once_and_found_by_subject_and_by_id() {
    let api = Api::start();
    assert_eq!(api.get("/subjects").await, (200, json!([])));
    for normalize in ["", "?normalize=true", "?normalize=False"] {
        let path = format!("/subjects/order-events-value/versions{normalize}");
        assert_eq!(api.post(&path, schema(EVENT)).await, (200, json!({ "id": 1 })));
    }
    assert_eq!(api.get("/subjects").await, (200, json!(["order-events-value"])));
    assert_eq!(
        api.get("/subjects/order-events-value/versions/").await,
        (200, json!([1]))
    );

    let (status, by_id) = api
        .get("/schemas/ids/1?fetchMaxId=false&subject=order-events-value")
        .await;
    let text = by_id["schema"].as_str().expect("the schema as text");
    assert_eq!((status, by_id.as_object().map(|it| it.len())), (200, Some(1)));
    let sent: Value = serde_json::from_str(EVENT).expect("JSON");
    assert_eq!(serde_json::from_str::<Value>(text).ok(), Some(sent.clone()));

    let (_, latest) = api.get("/subjects/order-events-value/versions/latest").await;
    let guid = latest["guid"].as_str().expect("a GUID");
    assert_eq!(api.get(&format!("/schemas/guids/{guid}")).await, (200, by_id.clone()));
    for other in ["00112233-4455-6677-8899-aabbccddeeff", "nonsense"] {
        assert_eq!(refused(api.get(&format!("/schemas/guids/{other}")).await), (404, 40403));
    }
    let described = json!({ "subject": "order-events-value", "version": 1, "id": 1, "guid": guid, "schema": text });
    for version in ["1", "latest", "-1"] {
        let path = format!("/subjects/order-events-value/versions/{version}");
        assert_eq!(api.get(&path).await, (200, described.clone()));
        assert_eq!(api.get(&format!("{path}/schema")).await, (200, sent.clone()));
    }
    let look_up = "/subjects/order-events-value?normalize=False&deleted=False";
    assert_eq!(api.post(look_up, schema(EVENT)).await, (200, described));
    assert_eq!(api.get("/schemas/ids/1/schema").await, (200, sent));
    let versions = json!([{ "subject": "order-events-value", "version": 1 }]);
    assert_eq!(api.get("/schemas/ids/1/versions").await, (200, versions));
    assert_eq!(
        api.get("/schemas/ids/1/subjects").await,
        (200, json!(["order-events-value"]))
    );
}

#[tokio::test]
async fn references_come_back_as_they_were_sent() {
    let api = Api::start();
    assert_eq!(
        api.post("/subjects/r/versions", schema(A)).await,
        (200, json!({ "id": 1 }))
    );
    let references = json!([{ "name": "R", "subject": "r", "version": 1 }]);
    let text = r#"{"type":"record","name":"Box","fields":[{"name":"r","type":"R"}]}"#;
    let body = json!({ "schema": text, "schemaType": "AVRO", "references": references });
    assert_eq!(
        api.post("/subjects/box/versions", body.clone()).await,
        (200, json!({ "id": 2 }))
    );
    assert_eq!(
        api.get("/schemas/ids/2").await,
        (200, json!({ "schema": text, "references": references }))
    );
    assert_eq!(api.get("/subjects/box/versions/1").await.1["references"], references);
    assert_eq!(api.post("/subjects/box", body).await.1["version"], json!(1));
    assert_eq!(refused(api.delete("/subjects/r").await), (422, 42206));
}

#[tokio::test]
async fn a_reference_to_the_latest_version_is_kept_as_such() {
    let api = Api::start();
    api.post("/subjects/r/versions", schema(A)).await;
    let references = json!([{ "name": "R", "subject": "r", "version": -1 }]);
    let text = r#"{"type":"record","name":"Box","fields":[{"name":"r","type":"R"}]}"#;
    let body = json!({ "schema": text, "references": references });
    assert_eq!(
        api.post("/subjects/box/versions", body).await,
        (200, json!({ "id": 2 }))
    );
    assert_eq!(api.get("/schemas/ids/2").await.1["references"], references);
    assert_eq!(
        api.post("/subjects/r/versions", schema(A_AND_B)).await,
        (200, json!({ "id": 3 }))
    );
    assert_eq!(refused(api.delete("/subjects/r/versions/2").await), (422, 42206));
    assert_eq!(api.delete("/subjects/r/versions/1").await, (200, json!(1)));
    let gone = json!([{ "name": "R", "subject": "none", "version": -1 }]);
    let body = json!({ "schema": text, "references": gone });
    assert_eq!(refused(api.post("/subjects/box/versions", body).await), (422, 42201));
}

#[tokio::test]
async fn subjects_and_versions_are_deleted_in_two_steps() {
    let api = Api::start();
    assert_eq!(api.post("/subjects/s/versions", schema(A)).await.0, 200);
    assert_eq!(api.post("/subjects/s/versions", schema(A_AND_B)).await.0, 200);
    assert_eq!(
        refused(api.delete("/subjects/s/versions/1?permanent=true").await),
        (404, 40407)
    );
    assert_eq!(api.delete("/subjects/s/versions/1").await, (200, json!(1)));
    assert_eq!(refused(api.delete("/subjects/s/versions/1").await), (404, 40406));
    assert_eq!(
        api.delete("/subjects/s/versions/1?permanent=true").await,
        (200, json!(1))
    );
    assert_eq!(refused(api.delete("/subjects/s?permanent=true").await), (404, 40405));
    assert_eq!(api.delete("/subjects/s").await, (200, json!([2])));
    assert_eq!(api.get("/subjects").await, (200, json!([])));
    assert_eq!(api.get("/subjects?deleted=true").await, (200, json!(["s"])));
    assert_eq!(
        api.get("/schemas/ids/2").await.0,
        200,
        "records written with it can still be read"
    );
    assert_eq!(refused(api.delete("/subjects/s").await), (404, 40404));
    assert_eq!(api.delete("/subjects/s?permanent=true").await, (200, json!([2])));
    assert_eq!(api.get("/subjects?deleted=true").await, (200, json!([])));
}

#[tokio::test]
async fn a_subject_may_have_any_name() {
    let api = Api::start();
    let path = "/subjects/a%2Fb%20%C3%A9%25-value/versions";
    assert_eq!(api.post(path, schema(r#""string""#)).await, (200, json!({ "id": 1 })));
    assert_eq!(api.get("/subjects").await, (200, json!(["a/b é%-value"])));
    assert_eq!(api.get(&format!("{path}/1")).await.1["subject"], json!("a/b é%-value"));
}

#[tokio::test]
async fn references_may_be_nested() {
    let api = Api::start();
    let register = |subject: &'static str, schema: &'static str, references: Value| {
        let body = json!({ "schema": schema, "references": references });
        let api = &api;
        async move { api.post(&format!("/subjects/{subject}/versions"), body).await.0 }
    };
    let inner = r#"{"type":"fixed","name":"Inner","size":1}"#;
    let middle = r#"{"type":"record","name":"Middle","fields":[{"name":"a","type":"Inner"}]}"#;
    let outer = r#"{"type":"record","name":"Outer","fields":[{"name":"a","type":"Middle"}]}"#;
    assert_eq!(register("inner", inner, json!([])).await, 200);
    let to = |name: &str, subject: &str| json!([{ "name": name, "subject": subject, "version": 1 }]);
    assert_eq!(register("middle", middle, to("Inner", "inner")).await, 200);
    assert_eq!(register("outer", outer, to("Middle", "middle")).await, 200);
    assert_eq!(register("lonely", outer, json!([])).await, 422);
}

#[tokio::test]
async fn comments_are_accepted_and_dropped() {
    let api = Api::start();
    let commented = "/* a number */ {\"type\": \"int\" // of 32 bits\n}";
    assert_eq!(api.post("/subjects/s/versions", schema(commented)).await.0, 200);
    assert_eq!(api.get("/schemas/ids/1").await.1["schema"], json!(r#"{"type":"int"}"#));
}
