//! Starting and stopping.

use reqwest::StatusCode;
use sandbox::registry::Registry;
use serde_json::json;

use super::{Api, read, schema};

#[tokio::test]
async fn a_stopped_registry_does_not_answer_and_another_continues_with_its_contents() {
    let Api { registry, client } = Api::start();
    let subjects = format!("{}/subjects", registry.url());
    let body = schema(r#""string""#).to_string();
    let registered = client
        .post(format!("{subjects}/s/versions"))
        .header("content-type", super::MEDIA_TYPE)
        .body(body)
        .send()
        .await;
    assert_eq!(registered.map(|it| it.status()).ok(), Some(StatusCode::OK));

    let port = registry.port();
    let contents = registry.stop().await;
    assert!(
        client.get(&subjects).send().await.is_err(),
        "the connection that the client had kept is broken too"
    );

    let again = Registry::start_with(("127.0.0.1", port), contents).expect("the same port");
    assert_eq!(again.port(), port);
    let answer = client.get(&subjects).send().await.expect("an answer");
    assert_eq!(read(answer).await, (200, json!(["s"])));
}

#[tokio::test]
async fn a_busy_port_is_reported_as_such() {
    let first = Registry::start("127.0.0.1:0").expect("a registry");
    let second = Registry::start(("127.0.0.1", first.port()));
    assert_eq!(
        second.err().map(|error| error.kind()),
        Some(std::io::ErrorKind::AddrInUse)
    );
}

#[tokio::test]
async fn a_registry_on_all_addresses_has_a_url_that_works() {
    let registry = Registry::start("0.0.0.0:0").expect("a registry");
    assert_eq!(registry.url(), format!("http://127.0.0.1:{}", registry.port()));
}
