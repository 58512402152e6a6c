//! A small HTTP client of one service: it sends exactly what a test wants, and keeps the answer unchanged.

use std::time::Duration;

use anyhow::Context;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api_types::{DeadLetter, DeadLetters, DlqInfo, Health, Order, OrderIds, Stats, Written};

/// Longer than any answer may take: order-service waits up to 30 s for a version.
const TIMEOUT: Duration = Duration::from_secs(40);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// A header's value; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as a JSON value; null if it is not JSON.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The `type` of a problem, without `/problems/`; empty if it is not a problem.
    pub fn problem(&self) -> String {
        let value = self.value();
        let name = value["type"].as_str().unwrap_or_default();
        name.trim_start_matches("/problems/").to_owned()
    }

    /// The body of an answer that must have that status.
    ///
    /// # Errors
    /// Another status or body; the error shows both.
    pub fn read<T: DeserializeOwned>(&self, status: u16) -> anyhow::Result<T> {
        anyhow::ensure!(
            self.status == status,
            "status {} instead of {status}: {}",
            self.status,
            self.text
        );
        serde_json::from_str(&self.text).with_context(|| format!("not the expected body: {}", self.text))
    }
}

/// A client of the service at one URL. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

/// An HTTP client with connections of its own.
///
/// # Errors
/// If none can be created.
pub(crate) fn http_client(timeout: Duration) -> anyhow::Result<reqwest::Client> {
    // Tests share the process's crypto provider; the first one installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Nothing here may go through a proxy, not even on another address of this machine.
    let client = reqwest::Client::builder().no_proxy().timeout(timeout);
    client.build().context("an HTTP client")
}

impl Client {
    /// A client with connections of its own.
    ///
    /// # Errors
    /// If no HTTP client can be created.
    pub fn new(url: impl Into<String>) -> anyhow::Result<Self> {
        let http = http_client(TIMEOUT)?;
        Ok(Self { http, url: url.into() })
    }

    /// The URL of the service.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// If there is no complete answer. `is_connect` means that the request was certainly not sent.
    pub async fn send(&self, method: Method, path: &str, body: Option<(&str, String)>) -> reqwest::Result<Answer> {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = match body {
            Some((kind, text)) => request.header(CONTENT_TYPE, kind).body(text),
            None => request,
        };
        answer(request).await
    }

    /// Sends a JSON body with these headers.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> reqwest::Result<Answer> {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        let with_header = |request: RequestBuilder, (name, value): &(&str, &str)| request.header(*name, *value);
        answer(headers.iter().fold(request, with_header)).await
    }

    /// `GET`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, None)
            .await
            .with_context(|| format!("GET {}{path}", self.url))
    }

    /// `POST /create-order` with that body.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn create(&self, body: Value) -> anyhow::Result<Answer> {
        self.create_text(body.to_string()).await
    }

    /// The same with a body as text, whose numbers are sent exactly as written.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn create_text(&self, body: String) -> anyhow::Result<Answer> {
        let sent = self.send(Method::POST, "/create-order", Some(("application/json", body)));
        sent.await.with_context(|| format!("POST {}/create-order", self.url))
    }

    /// Creates an order with generated items.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn create_short(&self, order_id: &str) -> anyhow::Result<Answer> {
        self.create(json!({"orderId": order_id, "itemsCount": 2})).await
    }

    /// `PUT /update-order`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn update(&self, order_id: &str, status: &str) -> anyhow::Result<Answer> {
        let body = json!({"orderId": order_id, "status": status}).to_string();
        let sent = self.send(Method::PUT, "/update-order", Some(("application/json", body)));
        sent.await.with_context(|| format!("PUT {}/update-order", self.url))
    }

    /// Creates an order with generated items, which must succeed.
    ///
    /// # Errors
    /// Any answer other than 201.
    pub async fn created(&self, order_id: &str) -> anyhow::Result<Written> {
        self.create_short(order_id).await?.read(201)
    }

    /// Updates an order, which must succeed.
    ///
    /// # Errors
    /// Any answer other than 200.
    pub async fn updated(&self, order_id: &str, status: &str) -> anyhow::Result<Written> {
        self.update(order_id, status).await?.read(200)
    }

    /// `GET /order-details`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn details(&self, order_id: &str) -> anyhow::Result<Answer> {
        self.get(&format!("/order-details?orderId={order_id}")).await
    }

    /// The order, once it has that version.
    ///
    /// # Errors
    /// Any status but 200.
    pub async fn order(&self, order_id: &str, version: i32) -> anyhow::Result<Order> {
        let path = format!("/order-details?orderId={order_id}&minVersion={version}&waitMs=30000");
        self.get(&path)
            .await?
            .read(200)
            .with_context(|| format!("order {order_id}, version {version}"))
    }

    /// The ids of all orders, page by page.
    ///
    /// # Errors
    /// Any answer other than 200.
    pub async fn order_ids(&self, topic: &str, limit: usize) -> anyhow::Result<Vec<Vec<String>>> {
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let page: OrderIds = self
                .get(&format!("/getAllOrderIdsFromTopic?topic={topic}&limit={limit}{after}"))
                .await?
                .read(200)?;
            anyhow::ensure!(page.count == page.order_ids.len() && page.topic == topic, "{page:?}");
            pages.push(page.order_ids);
            let Some(next) = page.next else { return Ok(pages) };
            after = format!("&after={next}");
        }
    }

    /// `GET /stats`.
    ///
    /// # Errors
    /// Any answer other than 200.
    pub async fn stats(&self) -> anyhow::Result<Stats> {
        self.get("/stats").await?.read(200)
    }

    /// `GET /health`.
    ///
    /// # Errors
    /// Any answer other than 200.
    pub async fn health(&self) -> anyhow::Result<Health> {
        self.get("/health").await?.read(200)
    }

    /// `GET /dlq/info`.
    ///
    /// # Errors
    /// Any answer other than 200.
    pub async fn dlq(&self) -> anyhow::Result<DlqInfo> {
        self.get("/dlq/info").await?.read(200)
    }

    /// All dead letters, the newest first, from as many pages as there are.
    ///
    /// # Errors
    /// Any answer other than 200.
    pub async fn dead_letters(&self, limit: usize) -> anyhow::Result<Vec<DeadLetter>> {
        let (mut dead_letters, mut before) = (Vec::new(), String::new());
        loop {
            let page: DeadLetters = self
                .get(&format!("/dlq/messages?limit={limit}{before}"))
                .await?
                .read(200)?;
            anyhow::ensure!(
                page.messages.len() <= limit,
                "{} dead letters on a page of {limit}",
                page.messages.len()
            );
            dead_letters.extend(page.messages);
            let Some(next) = page.next else { return Ok(dead_letters) };
            before = format!("&before={next}");
        }
    }
}

async fn answer(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer {
        status,
        headers,
        text: response.text().await?,
    })
}
