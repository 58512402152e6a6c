//! Valid requests, and how invalid ones are refused.

use reqwest::Method;
use serde_json::json;

use super::{A, A_AND_B, Api, MEDIA_TYPE, read, refused, schema};

#[tokio::test]
async fn requests_for_something_missing_get_confluents_error_codes() {
    let api = Api::start();
    assert_eq!(api.post("/subjects/s/versions", schema(A)).await.0, 200);
    for (path, status, code) in [
        ("/subjects/none/versions", 404, 40401),
        ("/subjects/none/versions/1", 404, 40401),
        ("/subjects/s/versions/2", 404, 40402),
        ("/subjects/s/versions/0", 422, 42202),
        ("/subjects/s/versions/two", 422, 42202),
        ("/schemas/ids/2", 404, 40403),
        ("/schemas/ids/4294967296", 404, 404),
        ("/schemas/ids/2/schema", 404, 40403),
        ("/schemas/ids/2/versions", 404, 40403),
        ("/config/s", 404, 40408),
        ("/mode/s", 404, 40409),
        (
            "/associations/resources/-/orders?resourceType=topic&associationType=value",
            404,
            404,
        ),
        ("/nothing", 404, 404),
    ] {
        assert_eq!(refused(api.get(path).await), (status, code), "{path}");
    }
    assert_eq!(refused(api.post("/subjects/none", schema(A)).await), (404, 40401));
    assert_eq!(refused(api.post("/subjects/s", schema(A_AND_B)).await), (404, 40403));
    assert_eq!(refused(api.put("/subjects/s", schema(A)).await), (405, 405));
    assert_eq!(refused(api.delete("/config/s").await), (404, 40401));
}

#[tokio::test]
async fn an_invalid_body_is_rejected() {
    let api = Api::start();
    let register = "/subjects/s/versions";
    for body in [
        schema("{"),
        schema(r#""nothing""#),
        schema(""),
        json!({}),
        json!({ "type": "string" }),
    ] {
        assert_eq!(refused(api.post(register, body.clone()).await), (422, 42201), "{body}");
    }
    for more in [
        json!({ "schemaType": "JSON" }),
        json!({ "metadata": { "properties": { "a": "b" } } }),
        json!({ "ruleSet": { "domainRules": [] } }),
        json!({ "references": [{ "name": "R", "subject": "r", "version": 1 }] }),
    ] {
        let mut body = schema(r#""string""#);
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        assert_eq!(refused(api.post(register, body.clone()).await), (422, 42201), "{body}");
    }
    assert_eq!(refused(api.post(register, json!([1])).await), (400, 400));
    let whole = |body: String| {
        let request = api.request(Method::POST, register).header("content-type", MEDIA_TYPE);
        request.body(body).send()
    };
    assert_eq!(
        refused(read(whole("{".to_owned()).await.expect("an answer")).await),
        (400, 400)
    );
    let large = json!({ "schema": "x".repeat(1024 * 1024) }).to_string();
    assert_eq!(refused(read(whole(large).await.expect("an answer")).await), (413, 413));
    assert_eq!(api.get("/subjects?deleted=true").await, (200, json!([])));
}

#[tokio::test]
async fn every_content_type_that_clients_send_is_accepted() {
    let api = Api::start();
    let post = |content_type: &'static str| {
        let request = api
            .request(Method::POST, "/subjects/s/versions")
            .body(schema(r#""string""#).to_string());
        if content_type.is_empty() {
            request
        } else {
            request.header("content-type", content_type)
        }
    };
    for content_type in [
        MEDIA_TYPE,
        "application/json ;\tcharset=utf-8",
        "application/vnd.schemaregistry+json",
        "application/json; charset=utf-8",
        "Application/Octet-Stream",
    ] {
        let response = post(content_type).send().await.expect("an answer");
        assert_eq!(read(response).await, (200, json!({ "id": 1 })), "{content_type}");
    }
    // A web page may send the last three without a preflight.
    for content_type in ["text/xml", "", "text/plain", "application/x-www-form-urlencoded"] {
        let response = post(content_type).send().await.expect("an answer");
        assert_eq!(refused(read(response).await), (415, 415), "{content_type}");
    }
}

#[tokio::test]
async fn other_host_names_and_cross_origin_writes_are_rejected() {
    let api = Api::start();
    let get = |host: &'static str| api.request(Method::GET, "/subjects").header("host", host).send();
    assert_eq!(read(get("localhost:8081").await.expect("an answer")).await.0, 200);
    assert_eq!(
        refused(read(get("evil.example").await.expect("an answer")).await),
        (421, 421)
    );
    let register = api
        .request(Method::POST, "/subjects/s/versions")
        .header("content-type", MEDIA_TYPE)
        .header("origin", "https://evil.example")
        .body(schema(A).to_string());
    assert_eq!(
        refused(read(register.send().await.expect("an answer")).await),
        (403, 403)
    );
    assert_eq!(api.get("/subjects").await, (200, json!([])));
}

#[tokio::test]
async fn a_mode_applies_globally_or_to_one_subject() {
    let api = Api::start();
    let mode = |mode: &str| json!({ "mode": mode });
    assert_eq!(refused(api.put("/mode", mode("WRITE")).await), (422, 42204));
    assert_eq!(api.put("/mode", mode("READONLY")).await, (200, mode("READONLY")));
    assert_eq!(refused(api.post("/subjects/s/versions", schema(A)).await), (422, 42205));
    let level = json!({ "compatibility": "FULL" });
    assert_eq!(refused(api.put("/config/s", level).await), (422, 42205));
    assert_eq!(api.put("/mode/s", mode("READWRITE")).await, (200, mode("READWRITE")));
    assert_eq!(api.get("/mode/s").await, (200, mode("READWRITE")));
    assert_eq!(api.post("/subjects/s/versions", schema(A)).await.0, 200);
    assert_eq!(api.delete("/mode/s").await, (200, mode("READWRITE")));
    assert_eq!(api.get("/mode/s?defaultToGlobal=true").await, (200, mode("READONLY")));
    assert_eq!(refused(api.delete("/subjects/s").await), (422, 42205));
}

#[tokio::test]
async fn the_minor_endpoints_respond_too() {
    let api = Api::start();
    assert_eq!(api.get("/").await, (200, json!({})));
    assert_eq!(api.get("/schemas/types").await, (200, json!(["AVRO"])));
    assert_eq!(api.get("/mode").await, (200, json!({ "mode": "READWRITE" })));
    assert_eq!(
        api.get("/mode/s?defaultToGlobal=true").await,
        (200, json!({ "mode": "READWRITE" }))
    );
    assert_eq!(api.get("/v1/metadata/id").await.0, 200);
}
