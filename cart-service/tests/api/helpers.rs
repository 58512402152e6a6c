//! Starts cart-services on one broker and one registry, and sends requests to them.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use cart_service::{Application, Config};
use clap::Parser;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_runtime::telemetry;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use reqwest::{Method, Response, StatusCode};
use sandbox::testing::{Outside, PARTITIONS, RunningService};
pub use sandbox::testing::{answer, eventually, fields};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const TOPIC: &str = "order-events";

/// A broker with the topic, and a registry.
pub struct World(Outside);

/// A running cart-service.
pub struct App(RunningService);

impl World {
    pub fn new() -> Self {
        Self::with_brokers(1)
    }

    /// A world whose topic has that many replicas.
    pub fn with_brokers(brokers: i32) -> Self {
        let outside = Outside::start(brokers);
        outside.broker.create_topic(TOPIC, PARTITIONS).expect("a topic");
        Self(outside)
    }

    /// How many records the topic has.
    pub fn record_count(&self) -> i64 {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.broker.bootstrap_servers());
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let ends = |partition| consumer.fetch_watermarks(TOPIC, partition, Duration::from_secs(10));
        (0..PARTITIONS)
            .map(|partition| ends(partition).expect("an answer").1)
            .sum()
    }

    pub fn config(&self, store: &std::path::Path) -> Config {
        let mut config = Config::parse_from(["cart-service", "--api-port=0"]);
        self.configure(&mut config.pipeline);
        config.store = format!("embedded:{}", store.display()).parse().expect("a store");
        config
    }

    pub async fn start(&self) -> App {
        self.start_with(|_| ()).await
    }

    /// A cart-service that is ready, with its own settings.
    pub async fn start_with(&self, change: impl FnOnce(&mut Config)) -> App {
        let app = self
            .start_unready(tempfile::tempdir().expect("a directory"), change)
            .await;
        app.await_ready().await;
        app
    }

    pub async fn start_unready(&self, store: TempDir, change: impl FnOnce(&mut Config)) -> App {
        let mut config = self.config(store.path());
        change(&mut config);
        let application = Application::build(config, telemetry::metrics_recorder(), Supervisor::default())
            .await
            .expect("builds");
        let port = application.port();
        App(RunningService::spawn(port, store, |stopped| {
            application.run_until_stopped(stopped)
        }))
    }

    /// A cart-service that checks the registry every second.
    pub async fn start_watchful(&self) -> App {
        self.start_with(|config| config.pipeline.schema_check_seconds = 1).await
    }
}

impl Deref for World {
    type Target = Outside;

    fn deref(&self) -> &Outside {
        &self.0
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Outside {
        &mut self.0
    }
}

impl App {
    /// Stops it and returns its store.
    pub async fn stop(self) -> TempDir {
        self.0.stop().await
    }

    /// How it ended on its own.
    pub async fn end(self) -> anyhow::Result<()> {
        self.0.end().await
    }

    pub async fn create(&self, body: Value) -> (StatusCode, Value) {
        answer(self.post("/create-order", body).await).await
    }

    pub async fn create_short(&self, order_id: &str) -> (StatusCode, Value) {
        self.create(json!({"orderId": order_id, "itemsCount": 2})).await
    }

    pub async fn update(&self, order_id: &str, status: &str) -> (StatusCode, Value) {
        let body = json!({"orderId": order_id, "status": status});
        answer(self.send(Method::PUT, "/update-order", &[], &body).await).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(Method::POST, path, &[], &body).await
    }
}

impl Deref for App {
    type Target = RunningService;

    fn deref(&self) -> &RunningService {
        &self.0
    }
}
