//! Why there is no usable response. Pure.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;

use crate::response::UnexpectedResponse;

/// The registry gave no usable response. Its text names every address that was tried, with the reason, and says what to
/// do where that is known; there may be several causes, so none of them is its `source`.
#[derive(Debug)]
pub struct Outage {
    cause: Cause,
    advice: Option<String>,
}

#[derive(Debug)]
enum Cause {
    /// No address gave a usable response.
    Addresses(Vec<AddressFailure>),
    /// The registry does not allow the request.
    Forbidden(String),
    /// The registry's responses are not to be used.
    Untrusted(String),
}

/// Why one address gave no usable response.
#[derive(Debug)]
pub(crate) struct AddressFailure {
    /// Method and URL.
    pub request: String,
    /// Where it was redirected to in the end, if it was.
    pub redirected_to: Option<String>,
    pub reason: FailureReason,
    /// The proxy on the way, if any: it may be the cause.
    pub proxy: Option<String>,
}

/// What went wrong with one address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FailureReason {
    /// No complete HTTP response.
    #[error("{}", no_response(.0))]
    Http(#[source] reqwest::Error),
    #[error("the response is longer than {0} bytes")]
    TooLong(usize),
    /// The credentials are rejected, and their file is of no use.
    #[error("status {status}, and {0:#}", status = StatusCode::UNAUTHORIZED)]
    Secret(anyhow::Error),
    /// A response, but not a usable one.
    #[error("{error}{}", hint.map(|hint| format!("; {hint}")).unwrap_or_default())]
    Unexpected {
        status: StatusCode,
        #[source]
        error: UnexpectedResponse,
        /// Which credentials to check.
        hint: Option<&'static str>,
        retry_after: Option<Duration>,
        /// Its message, if that means "not found" should a registry have sent it.
        vendor_not_found: Option<String>,
    },
}

impl Outage {
    /// No address gave a usable response.
    pub(crate) fn of_addresses(failures: Vec<AddressFailure>) -> Self {
        Self::new(Cause::Addresses(failures))
    }

    /// The registry does not allow the request.
    pub(crate) fn forbidden(reason: String) -> Self {
        Self::new(Cause::Forbidden(reason))
    }

    /// The registry responds, but its responses are not to be used, for a reason that only the caller can know.
    pub fn untrusted(reason: String) -> Self {
        Self::new(Cause::Untrusted(reason))
    }

    fn new(cause: Cause) -> Self {
        Self { cause, advice: None }
    }

    /// The same with what to do.
    pub(crate) fn advise(mut self, advice: String) -> Self {
        self.advice = Some(advice);
        self
    }

    fn failures(&self) -> &[AddressFailure] {
        match &self.cause {
            Cause::Addresses(failures) => failures,
            Cause::Forbidden(_) | Cause::Untrusted(_) => &[],
        }
    }

    fn statuses(&self) -> impl Iterator<Item = Option<u16>> {
        self.failures()
            .iter()
            .map(|failure| failure.reason.status().map(|status| status.as_u16()))
    }

    /// Whether an address rejected the credentials or does not allow the request.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self.cause, Cause::Forbidden(_)) || self.statuses().any(|status| matches!(status, Some(401 | 403)))
    }

    /// Whether an address rejected the form of the request, so that another form may succeed.
    pub(crate) fn may_be_request_fault(&self) -> bool {
        self.statuses()
            .any(|status| matches!(status, Some(400 | 404 | 405 | 422)))
    }

    /// Whether an address sent an HTTP response at all.
    pub(crate) fn got_http_response(&self) -> bool {
        self.statuses().any(|status| status.is_some())
    }

    /// Whether no address sent an HTTP response.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self.cause, Cause::Addresses(_)) && !self.got_http_response()
    }

    /// Whether every address responded that it has no such path.
    pub(crate) fn is_unknown_path(&self) -> bool {
        matches!(self.cause, Cause::Addresses(_))
            && self.statuses().all(|status| matches!(status, Some(404 | 405 | 501)))
    }

    /// The longest `Retry-After`.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let retry_after = |failure: &AddressFailure| match &failure.reason {
            FailureReason::Unexpected { retry_after, .. } => *retry_after,
            _ => None,
        };
        self.failures().iter().filter_map(retry_after).max()
    }
}

impl FailureReason {
    /// `None` without an HTTP response.
    fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Http(_) | Self::TooLong(_) => None,
            Self::Secret(_) => Some(StatusCode::UNAUTHORIZED),
            Self::Unexpected { status, .. } => Some(*status),
        }
    }
}

impl Error for Outage {}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Addresses(failures) => {
                for (n, failure) in failures.iter().enumerate() {
                    let separator = if n == 0 { "" } else { "; " };
                    write!(f, "{separator}{failure}")?;
                }
            }
            Cause::Forbidden(reason) | Cause::Untrusted(reason) => f.write_str(reason)?,
        }
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for AddressFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.request)?;
        if let Some(target) = &self.redirected_to {
            write!(f, ", redirected to {target}")?;
        }
        write!(f, ": {}", self.reason)?;
        match &self.proxy {
            Some(proxy) => write!(
                f,
                " (through the proxy {proxy}, set by HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; NO_PROXY lists hosts to reach directly)"
            ),
            None => Ok(()),
        }
    }
}

/// What to check when the server's first bytes make no sense: the address has the wrong scheme, or the wrong port.
fn protocol_hint(cause: &str) -> &'static str {
    // rustls and hyper say this; neither has a type for it that reqwest passes on.
    if cause.contains("InvalidContentType") {
        "; does the server speak TLS? If not, write http:// instead of https:// in SCHEMA_REGISTRY_URL"
    } else if cause.contains("invalid HTTP version") {
        "; does the server speak HTTP? If it does so over TLS, write https:// instead of http:// in SCHEMA_REGISTRY_URL"
    } else {
        ""
    }
}

fn no_response(error: &reqwest::Error) -> String {
    let cause = root_cause(error);
    let hint = protocol_hint(&cause);
    format!("{cause}{hint}")
}

/// reqwest's own text stops at "error sending request".
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
