//! Requests to replay, discard or resume that are refused.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::helpers::{World, fields};
use crate::replays::post;

#[tokio::test]
async fn a_request_that_selects_nothing_or_too_much_is_refused_with_the_field() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    for (path, body, field) in [
        ("/dlq/replay", json!({}), "ids"),
        ("/dlq/replay", json!({"all": true, "code": "undecodable"}), "ids"),
        ("/dlq/replay", json!({"ids": ["x"]}), "ids[0]"),
        ("/dlq/replay", json!({"all": true, "ratePerSecond": 0}), "ratePerSecond"),
        ("/dlq/replay", json!({"all": true, "topic": "other"}), "topic"),
        ("/dlq/discard", json!({"all": true}), "reason"),
        ("/dlq/discard", json!({"all": true, "reason": " "}), "reason"),
        ("/dlq/discard", json!({"since": "now", "reason": "x"}), "since"),
    ] {
        let (status, problem) = post(&app, path, body.clone()).await;
        assert_eq!(
            (status, fields(&problem)),
            (StatusCode::BAD_REQUEST, vec![field]),
            "{body}: {problem}"
        );
    }
    for (method, path) in [(Method::GET, "/dlq/replays/x"), (Method::POST, "/dlq/replays/x/stop")] {
        let response = app.send(method, path, &[], &json!({})).await;
        let (status, problem) = sandbox::testing::answer(response).await;
        let kind = &problem["type"];
        assert_eq!(
            (status.as_u16(), kind),
            (404, &json!("/problems/replay-not-found")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_is_not_looked_at_before_the_key() {
    let world = World::new().await;
    let folder = tempfile::tempdir().expect("a directory");
    let key = folder.path().join("key");
    std::fs::write(&key, "secret").expect("written");
    let store = tempfile::tempdir().expect("a directory");
    let app = world
        .respawn_app(store, |config| config.admin.key_file = Some(key.clone()))
        .await;
    for path in ["/dlq/replay", "/dlq/discard", "/dlq/resume"] {
        let (status, problem) = post(&app, path, json!({"unknown": 1})).await;
        assert_eq!(
            (status.as_u16(), &problem["type"]),
            (401, &json!("/problems/admin-key-required")),
            "{path}: {problem}"
        );
        let sent = [("Authorization", "Bearer secret")];
        let answer = app.send(Method::POST, path, &sent, &json!({"unknown": 1})).await;
        assert_eq!(answer.status(), 400, "{path}");
    }
    std::fs::remove_file(&key).expect("removed");
    let (status, problem) = post(&app, "/dlq/resume", json!({})).await;
    assert_eq!(
        (status.as_u16(), &problem["type"]),
        (503, &json!("/problems/unavailable"))
    );
    assert!(
        problem["detail"].to_string().contains("ADMIN_API_KEY_FILE"),
        "{problem}"
    );
}
