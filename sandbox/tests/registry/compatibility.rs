//! Levels, and what they accept.

use serde_json::json;

use super::{A, A_AND_B, A_AND_C, Api, refused, schema};

#[tokio::test]
async fn levels_are_read_and_written_as_confluent_names_them() {
    let api = Api::start();
    assert_eq!(
        api.get("/config").await,
        (200, json!({ "compatibilityLevel": "BACKWARD" }))
    );
    let full = json!({ "compatibility": "FULL_TRANSITIVE" });
    assert_eq!(api.put("/config/s", full.clone()).await, (200, full));
    assert_eq!(
        api.get("/config/s").await,
        (200, json!({ "compatibilityLevel": "FULL_TRANSITIVE" }))
    );
    let other = "/config/other?defaultToGlobal=true";
    assert_eq!(
        api.put("/config", json!({ "compatibility": "none" })).await.1,
        json!({ "compatibility": "NONE" })
    );
    assert_eq!(api.get(other).await, (200, json!({ "compatibilityLevel": "NONE" })));
    assert_eq!(
        api.delete("/config").await,
        (200, json!({ "compatibilityLevel": "NONE" }))
    );
    assert_eq!(api.get(other).await, (200, json!({ "compatibilityLevel": "BACKWARD" })));
    assert_eq!(
        api.delete("/config/s").await,
        (200, json!({ "compatibilityLevel": "FULL_TRANSITIVE" }))
    );
    assert_eq!(
        refused(api.put("/config", json!({ "compatibility": "HALF" })).await),
        (422, 42203)
    );
    assert_eq!(refused(api.put("/config/s", json!({})).await), (422, 42203));
}

#[tokio::test]
async fn an_incompatible_schema_is_refused_with_the_reasons() {
    let api = Api::start();
    assert_eq!(api.post("/subjects/s/versions", schema(A)).await.0, 200);
    let answer = api.post("/subjects/s/versions", schema(A_AND_C)).await;
    let message = answer.1["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(refused(answer), (409, 409));
    assert!(message.contains("READER_FIELD_MISSING_DEFAULT_VALUE at c"), "{message}");
    assert!(message.contains("version 1"), "{message}");

    let yes = json!({ "is_compatible": true });
    for path in ["versions", "versions/latest", "versions/1"] {
        let path = format!("/compatibility/subjects/s/{path}");
        assert_eq!(api.post(&path, schema(A_AND_B)).await, (200, yes.clone()));
        assert_eq!(
            api.post(&path, schema(A_AND_C)).await,
            (200, json!({ "is_compatible": false }))
        );
        let (_, verbose) = api.post(&format!("{path}?verbose=True"), schema(A_AND_C)).await;
        assert_eq!(verbose["messages"].as_array().map(Vec::len), Some(1), "{verbose}");
    }
    assert_eq!(
        api.post("/compatibility/subjects/new/versions/latest", schema(A)).await,
        (200, yes)
    );
    let check = |path: &'static str, text: &'static str| api.post(path, schema(text));
    assert_eq!(
        refused(check("/compatibility/subjects/s/versions/2", A).await),
        (404, 40402)
    );
    assert_eq!(
        refused(check("/compatibility/subjects/new/versions/1", A).await),
        (404, 40401)
    );
    assert_eq!(
        refused(check("/compatibility/subjects/s/versions/x", A).await),
        (422, 42202)
    );
    assert_eq!(
        refused(check("/compatibility/subjects/s/versions", "{").await),
        (422, 42201)
    );
}
