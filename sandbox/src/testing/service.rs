//! A service that runs in this process, and requests to it.

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::eventually;

/// A running service. It stops when this is dropped.
pub struct RunningService {
    /// Its URL.
    pub url: String,
    /// The directory of its store.
    pub store: TempDir,
    client: Client,
    stop: oneshot::Sender<()>,
    run: JoinHandle<anyhow::Result<()>>,
}

impl RunningService {
    /// Runs a service that listens on that port, until the receiver resolves.
    pub fn spawn<F>(port: u16, store: TempDir, run: impl FnOnce(oneshot::Receiver<()>) -> F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        Self {
            url: format!("http://127.0.0.1:{port}"),
            store,
            client: Client::new(),
            stop,
            run: tokio::spawn(run(stopped)),
        }
    }

    /// Stops it and returns its store.
    ///
    /// # Panics
    /// If it does not end cleanly.
    pub async fn stop(self) -> TempDir {
        // The receiver is dropped if it has ended already; then the next line tells how.
        let _ = self.stop.send(());
        self.run.await.expect("no panic").expect("a clean end");
        self.store
    }

    /// Waits until it ends on its own, and returns how.
    ///
    /// # Errors
    /// The error that ended it.
    ///
    /// # Panics
    /// If it panicked.
    pub async fn end(self) -> anyhow::Result<()> {
        self.run.await.expect("no panic")
    }

    /// Waits until it is ready.
    ///
    /// # Panics
    /// If it does not become ready.
    pub async fn await_ready(&self) {
        let ready = || async { self.get("/health/ready").await.0 == StatusCode::OK };
        assert!(eventually(ready).await, "not ready: {}", self.get("/health").await.1);
    }

    /// Waits until its health has a reason that contains that text.
    ///
    /// # Panics
    /// If it does not report one.
    pub async fn await_reason(&self, part: &str) {
        let reported = || async { self.get("/health").await.1["reasons"].to_string().contains(part) };
        assert!(eventually(reported).await, "{part} in {}", self.get("/health").await.1);
    }

    /// Waits until it is healthy.
    ///
    /// # Panics
    /// If it does not become healthy.
    pub async fn await_healthy(&self) {
        let healthy = || async { self.get("/health").await.1["status"] == "healthy" };
        assert!(eventually(healthy).await, "{}", self.get("/health").await.1);
    }

    /// `GET`.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn response(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        request.send().await.expect("an answer")
    }

    /// `GET`: the status and the JSON body; null if it is not JSON.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.response(path).await).await
    }

    /// `GET`: the body as text.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn text(&self, path: &str) -> String {
        self.response(path).await.text().await.expect("text")
    }

    /// Sends a JSON body with these headers.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.url)).json(body);
        let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| request.header(*name, *value);
        let request = headers.iter().fold(request, add);
        request.send().await.expect("an answer")
    }

    /// Posts text unchanged, with that content type.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: String) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("content-type", content_type).body(body);
        answer(request.send().await.expect("an answer")).await
    }
}

/// The status and the JSON body of an answer; null if it is not JSON.
pub async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}
