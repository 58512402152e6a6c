//! Starts cart-services on one broker and one registry, and talks to them.

use std::time::Duration;

use cart_service::{Application, Config};
use clap::Parser;
use orderlog_registry::config::RegistryConfig;
use orderlog_runtime::telemetry;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use reqwest::{Client, Method, Response, StatusCode};
use sandbox::broker::Broker;
use sandbox::registry::{Contents, Registry};
pub use sandbox::wait::{becomes_true, fields};
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub const TOPIC: &str = "order-events";

/// A broker with the topic, and a registry.
pub struct World {
    pub broker: Broker,
    pub registry: Option<Registry>,
    pub registry_url: String,
    registry_port: u16,
}

/// A running cart-service.
pub struct App {
    pub url: String,
    pub store: tempfile::TempDir,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    run: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl World {
    pub fn new() -> Self {
        Self::with_brokers(1)
    }

    /// A world whose topic is kept by so many brokers.
    pub fn with_brokers(brokers: i32) -> Self {
        // Tests of one process share the provider; the first one installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let broker = Broker::start_with(brokers).expect("a broker");
        broker.create_topic(TOPIC, 6).expect("a topic");
        let registry = Registry::start(("127.0.0.1", 0)).expect("a registry");
        let (registry_url, registry_port) = (registry.url(), registry.port());
        Self {
            broker,
            registry: Some(registry),
            registry_url,
            registry_port,
        }
    }

    /// How many records the topic has.
    pub fn record_count(&self) -> i64 {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.broker.bootstrap_servers());
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let ends = |partition| consumer.fetch_watermarks(TOPIC, partition, Duration::from_secs(10));
        (0..6).map(|partition| ends(partition).expect("an answer").1).sum()
    }

    /// Ends the registry, but keeps what it holds.
    pub async fn registry_down(&mut self) -> Contents {
        self.registry.take().expect("a running registry").stop().await
    }

    /// Starts the registry again, on the same port.
    pub fn registry_up(&mut self, contents: Contents) {
        self.registry =
            Some(Registry::start_with(("127.0.0.1", self.registry_port), contents).expect("the port is free again"));
    }

    pub fn config(&self, store: &std::path::Path) -> Config {
        let mut config = Config::parse_from(["cart-service", "--api-port=0"]);
        config.pipeline.kafka.bootstrap_servers = self.broker.bootstrap_servers();
        config.pipeline.registry = RegistryConfig::at(&self.registry_url).expect("an address");
        config.pipeline.kafka.has_admin_api = false;
        config.pipeline.kafka.kafka_extra = vec![("fetch.wait.max.ms".into(), "3".into())];
        config.store = format!("embedded:{}", store.display()).parse().expect("a store");
        config
    }

    pub async fn start(&self) -> App {
        self.start_with(|_| ()).await
    }

    /// A cart-service that is ready, with settings of its own.
    pub async fn start_with(&self, change: impl FnOnce(&mut Config)) -> App {
        let app = self
            .start_unready(tempfile::tempdir().expect("a directory"), change)
            .await;
        app.await_ready().await;
        app
    }

    pub async fn start_unready(&self, store: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> App {
        let mut config = self.config(store.path());
        change(&mut config);
        let application = Application::build(
            config,
            telemetry::metrics_recorder(),
            orderlog_runtime::supervisor::Supervisor::default(),
        )
        .await
        .expect("builds");
        let url = format!("http://127.0.0.1:{}", application.port());
        let (stop, stopped) = oneshot::channel();
        let run = tokio::spawn(application.run_until_stopped(stopped));
        App {
            url,
            store,
            client: Client::new(),
            stop: Some(stop),
            run,
        }
    }
}

impl App {
    pub async fn await_ready(&self) {
        let ready = || async { self.get("/health/ready").await.0 == StatusCode::OK };
        assert!(becomes_true(ready).await, "not ready: {}", self.get("/health").await.1);
    }

    /// Stops it and gives back its store.
    pub async fn stop(mut self) -> tempfile::TempDir {
        let _ = self.stop.take().expect("a stop").send(());
        (&mut self.run).await.expect("no panic").expect("a clean end");
        self.store
    }

    /// How it ended by itself.
    pub async fn end(self) -> anyhow::Result<()> {
        self.run.await.expect("no panic")
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(
            self.client
                .get(format!("{}{path}", self.url))
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub async fn text(&self, path: &str) -> String {
        let answer = self
            .client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .expect("an answer");
        answer.text().await.expect("text")
    }

    pub async fn create(&self, body: Value) -> (StatusCode, Value) {
        answer(self.post("/create-order", body).await).await
    }

    pub async fn create_short(&self, order_id: &str) -> (StatusCode, Value) {
        self.create(json!({"orderId": order_id, "itemsCount": 2})).await
    }

    pub async fn update(&self, order_id: &str, status: &str) -> (StatusCode, Value) {
        let body = json!({"orderId": order_id, "status": status});
        answer(
            self.client
                .put(format!("{}/update-order", self.url))
                .json(&body)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.client
            .post(format!("{}{path}", self.url))
            .json(&body)
            .send()
            .await
            .expect("an answer")
    }

    /// Sends a request with these headers.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.url)).json(body);
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.expect("an answer")
    }

    /// Posts text as it is, with that content type.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: String) -> (StatusCode, Value) {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", content_type)
            .body(body);
        answer(request.send().await.expect("an answer")).await
    }
}

pub async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}
