//! A running service, and how it is asked.

use order_service::{Application, Config};
use reqwest::{Client, Response, StatusCode};
use sandbox::wait::becomes_true;
use serde_json::Value;
use tokio::sync::oneshot;

/// A running order-service.
pub struct App {
    pub url: String,
    client: Client,
    stop: oneshot::Sender<()>,
    run: tokio::task::JoinHandle<anyhow::Result<()>>,
    store: tempfile::TempDir,
}

impl App {
    /// Starts a service with those settings, whose store is in that directory.
    pub async fn start(config: Config, store: tempfile::TempDir) -> Self {
        let application = Application::build(
            config,
            orderlog_runtime::telemetry::metrics_recorder(),
            orderlog_runtime::supervisor::Supervisor::default(),
        )
        .await
        .expect("builds");
        let url = format!("http://127.0.0.1:{}", application.port());
        let (stop, stopped) = oneshot::channel();
        let run = tokio::spawn(application.run_until_stopped(stopped));
        Self {
            url,
            client: Client::new(),
            stop,
            run,
            store,
        }
    }

    pub async fn await_ready(&self) {
        let ready = || async { self.get("/health/ready").await.0 == StatusCode::OK };
        assert!(becomes_true(ready).await, "not ready: {}", self.get("/health").await.1);
    }

    /// Stops it and gives back its store.
    pub async fn stop(self) -> tempfile::TempDir {
        // It listens for the end as long as it runs.
        let _ = self.stop.send(());
        self.run.await.expect("no panic").expect("a clean end");
        self.store
    }

    /// How it ended by itself.
    pub async fn end(self) -> anyhow::Result<()> {
        self.run.await.expect("no panic")
    }

    pub async fn response(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .expect("an answer")
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.response(path).await;
        (response.status(), response.json().await.unwrap_or(Value::Null))
    }

    pub async fn text(&self, path: &str) -> String {
        self.response(path).await.text().await.expect("text")
    }

    pub async fn details(&self, order_id: &str) -> (StatusCode, Value) {
        self.get(&format!("/order-details?orderId={order_id}")).await
    }

    /// Waits until so many records were read, and the index has so many letters.
    pub async fn await_read(&self, records: u64, letters: u64) {
        let read = || async {
            self.get("/stats").await.1["records"] == records && self.get("/dlq/info").await.1["count"] == letters
        };
        assert!(
            becomes_true(read).await,
            "{} {}",
            self.get("/stats").await.1,
            self.get("/dlq/info").await.1
        );
    }
}
