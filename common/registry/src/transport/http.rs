//! One HTTP exchange.

use std::time::Duration;

use orderlog_runtime::secret::Secret;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use super::redirects::shown;
use crate::auth::Auth;
use crate::outage::FailureReason;
use crate::request::Request;

/// Largest response that is read, in bytes. Whether a schema is too large is decided elsewhere; the largest allowed one,
/// escaped as JSON, fits easily.
const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;
/// Longest `Retry-After` that is respected.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
/// Content types of the API (Confluent API reference, "Content types").
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
const ACCEPTED: &str = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json";

/// An HTTP response.
pub(super) struct HttpResponse {
    pub status: StatusCode,
    pub body: Vec<u8>,
    pub retry_after: Option<Duration>,
    /// The target of a redirect that was not followed, without secrets.
    pub redirect: Option<String>,
}

/// Sends a request and reads the whole response.
pub(super) async fn send(
    client: &Client,
    request: &Request,
    url: &str,
    auth: &Auth,
    secret: Option<&Secret>,
) -> Result<HttpResponse, FailureReason> {
    let mut builder = client.request(request.method.clone(), url).header(ACCEPT, ACCEPTED);
    if let Some(body) = &request.body {
        builder = builder.header(CONTENT_TYPE, MEDIA_TYPE).body(body.to_string());
    }
    let response = auth.apply(builder, secret).send().await.map_err(FailureReason::Http)?;
    Ok(HttpResponse {
        status: response.status(),
        retry_after: retry_after(&response),
        redirect: redirect(&response),
        body: read_body(response).await?,
    })
}

fn header(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

fn retry_after(response: &Response) -> Option<Duration> {
    let after = header(response, RETRY_AFTER)?;
    // If it is not a number it is a date, which is not worth parsing for so short a time.
    let after = after.trim().parse().map_or(MAX_RETRY_AFTER, Duration::from_secs);
    Some(after.min(MAX_RETRY_AFTER))
}

fn redirect(response: &Response) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let target = response.url().join(header(response, LOCATION)?).ok()?;
    Some(shown(target))
}

/// Reads a body up to the limit: an endless one must not fill the memory.
async fn read_body(mut response: Response) -> Result<Vec<u8>, FailureReason> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(FailureReason::Http)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(FailureReason::TooLong(MAX_RESPONSE_BYTES));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
