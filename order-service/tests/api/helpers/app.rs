//! A running service, and requests to it.

use std::ops::Deref;

use order_service::{Application, Config};
use orderlog_runtime::supervisor::Supervisor;
use orderlog_runtime::telemetry;
use reqwest::{Method, StatusCode};
use sandbox::testing::{RunningService, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running order-service.
pub struct App(RunningService);

impl App {
    /// Starts a service with those settings, whose store is in that directory.
    pub async fn start(config: Config, store: TempDir) -> Self {
        let application = Application::build(config, telemetry::metrics_recorder(), Supervisor::default())
            .await
            .expect("builds");
        let port = application.port();
        Self(RunningService::spawn(port, store, |stopped| {
            application.run_until_stopped(stopped)
        }))
    }

    /// Stops it and returns its store.
    pub async fn stop(self) -> TempDir {
        self.0.stop().await
    }

    /// How it ended on its own.
    pub async fn end(self) -> anyhow::Result<()> {
        self.0.end().await
    }

    pub async fn details(&self, order_id: &str) -> (StatusCode, Value) {
        self.get(&format!("/order-details?orderId={order_id}")).await
    }

    /// Has it read on in that partition however many dead letters there are.
    pub async fn tolerate_dead_letters(&self, partition: i32) {
        let body = json!({"partition": partition, "maxDeadLetters": 2_000});
        let response = self.send(Method::POST, "/dlq/resume", &[], &body).await;
        assert_eq!(response.status(), StatusCode::OK);
    }

    /// Waits until that many records were read, and the index has that many dead letters.
    pub async fn await_read(&self, records: u64, dead_letters: u64) {
        let read = || async {
            self.get("/stats").await.1["records"] == records && self.get("/dlq/info").await.1["count"] == dead_letters
        };
        assert!(
            eventually(read).await,
            "{} {}",
            self.get("/stats").await.1,
            self.get("/dlq/info").await.1
        );
    }
}

impl Deref for App {
    type Target = RunningService;

    fn deref(&self) -> &RunningService {
        &self.0
    }
}
