//! Asks a running order-service. What goes wrong says what to do about it.

use std::time::Duration;

use anyhow::{Context, anyhow};
use orderlog_runtime::secret::Secret;
use orderlog_web::openapi::USER_HEADER;
use reqwest::{Method, RequestBuilder, StatusCode, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::cli::output::{visible, visible_json};

/// For one answer. A dry run looks into each dead letter.
const TIMEOUT: Duration = Duration::from_secs(120);
/// For a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Characters of an answer's text that are shown.
const MAX_SHOWN: usize = 500;

/// A client of one order-service.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<Secret>,
    user: Option<String>,
}

/// An answer: as it was, and as far as it is shown.
pub struct Answer<T> {
    /// The JSON, as it was sent, but with nothing in it that could steer a terminal.
    pub json: String,
    /// What the commands show of it.
    pub body: T,
}

/// A problem (RFC 9457).
#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Debug, Deserialize)]
struct FieldError {
    field: String,
    message: String,
}

/// That order-service gave no answer; it may do so later.
#[derive(Debug, thiserror::Error)]
#[error(
    "order-service at {url} cannot be reached ({why}); start it, or name another address with --order-service-url / ORDER_SERVICE_URL"
)]
pub struct Unreachable {
    url: String,
    why: String,
}

/// That there is no such thing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotFound(String);

impl Client {
    /// A client of the order-service at that address.
    ///
    /// # Errors
    /// No HTTP client can be built.
    pub fn new(base: &Url, key: Option<Secret>, user: Option<String>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            // The key is for this address only.
            .redirect(redirect::Policy::none())
            .build()
            .context("building the HTTP client")?;
        Ok(Self {
            http,
            base: base.clone(),
            key,
            user,
        })
    }

    /// The answer to a GET.
    ///
    /// # Errors
    /// There is none, or it is a problem.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Answer<T>> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.http.request(Method::GET, url)).await
    }

    /// The answer to a POST of that body.
    ///
    /// # Errors
    /// There is none, or it is a problem.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<Answer<T>> {
        let mut request = self.http.request(Method::POST, self.url(path)).json(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        if let Some(user) = &self.user {
            request = request.header(USER_HEADER, user);
        }
        self.send(request).await
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}{path}", self.base.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// The address, without what may be secret in it.
    fn shown(&self) -> String {
        let mut url = self.base.clone();
        // Fails only for addresses that cannot have any.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        url.as_str().trim_end_matches('/').to_owned()
    }

    /// What to do about an answer that is not as expected.
    fn check_address(&self) -> &'static str {
        if self.base.path().trim_end_matches('/').ends_with("/api") {
            "leave out /api at the end of --order-service-url / ORDER_SERVICE_URL: the answers there are in an envelope"
        } else {
            "check --order-service-url / ORDER_SERVICE_URL"
        }
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<Answer<T>> {
        let unreachable = |error: reqwest::Error| Unreachable {
            url: self.shown(),
            why: visible(&root_cause(&error)),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        let json = serde_json::from_slice::<Value>(&bytes).ok();
        if !status.is_success() {
            return Err(self.refusal(status, json));
        }
        let foreign = || {
            anyhow!(
                "{} answered, but not as an order-service of this release does; {}",
                self.shown(),
                self.check_address()
            )
        };
        let json = json.ok_or_else(foreign)?;
        let body =
            T::deserialize(&json).map_err(|error| anyhow!("{}", visible(&error.to_string())).context(foreign()))?;
        let json = visible_json(&String::from_utf8_lossy(&bytes));
        Ok(Answer { json, body })
    }

    fn refusal(&self, status: StatusCode, json: Option<Value>) -> anyhow::Error {
        let Some(problem) = json.and_then(|json| Problem::deserialize(json).ok()) else {
            return anyhow!(
                "{} answered with status {}, and not as order-service does; {}",
                self.shown(),
                status.as_u16(),
                self.check_address()
            );
        };
        let text = problem.detail.or(problem.title).unwrap_or_else(|| status.to_string());
        let mut text = visible(&text.chars().take(MAX_SHOWN).collect::<String>());
        // The detail of a single error is that error.
        if problem.errors.len() > 1 {
            let errors = problem.errors.iter().take(10);
            let errors: Vec<_> = errors
                .map(|it| visible(&format!("{}: {}", it.field, it.message)))
                .collect();
            text = errors.join("; ");
        }
        match problem.kind.as_str() {
            "/problems/admin-key-required" => anyhow!(
                "order-service at {} needs its admin key for this, and {}; set --admin-api-key-file / ADMIN_API_KEY_FILE or --admin-api-key / ADMIN_API_KEY",
                self.shown(),
                if self.key.is_some() {
                    "it has another one"
                } else {
                    "none was sent"
                },
            ),
            "/problems/not-found" => anyhow!(
                "order-service at {} cannot do this: it is of another release, or not an order-service ({text})",
                self.shown()
            ),
            kind if status == StatusCode::NOT_FOUND && kind.starts_with("/problems/") => NotFound(text).into(),
            _ if status.is_server_error() => anyhow!("order-service at {}: {text}; see {0}/health", self.shown()),
            _ => anyhow!("order-service at {}: {text}", self.shown()),
        }
    }
}

/// The innermost text: the outer ones repeat the address, which may hold a password.
fn root_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
