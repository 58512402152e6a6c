//! The registry over HTTP, as clients use it: paths, parameters, bodies, error codes, content types, outages. The rules
//! behind the answers have their own tests.

mod compatibility;
mod corpus;
mod our_client;
mod requests;
mod running;
mod schemas;

use reqwest::{Client, Method, RequestBuilder, Response};
use sandbox::registry::Registry;
use serde_json::{Value, json};

const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
const A: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;
const A_AND_B: &str =
    r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":0}]}"#;
const A_AND_C: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"c","type":"int"}]}"#;

struct Api {
    registry: Registry,
    client: Client,
}

impl Api {
    fn start() -> Api {
        let registry = Registry::start("127.0.0.1:0").expect("a registry");
        let _ = rustls::crypto::ring::default_provider().install_default(); // installing it twice is harmless
        Api {
            registry,
            client: Client::builder().build().expect("a client"),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.registry.url()))
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.request(method, path).header("content-type", MEDIA_TYPE);
        let request = if let Some(body) = body {
            request.body(body.to_string())
        } else {
            request
        };
        read(request.send().await.expect("an answer")).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::PUT, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        self.call(Method::DELETE, path, None).await
    }
}

/// Status and body; every answer, including a refusal, is JSON with the registry's content type.
async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], MEDIA_TYPE, "status {status}");
    (status, response.json().await.expect("JSON"))
}

fn schema(text: &str) -> Value {
    json!({ "schema": text })
}

/// The error code of a refusal, whose message must not be empty.
fn refused((status, body): (u16, Value)) -> (u16, u64) {
    assert!(!body["message"].as_str().unwrap_or_default().is_empty(), "{body}");
    (status, body["error_code"].as_u64().unwrap_or_default())
}
