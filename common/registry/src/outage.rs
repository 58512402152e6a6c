//! Why there is no usable response. Pure.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;

/// No address gave a usable response.
#[derive(Debug)]
pub(super) struct Outage(pub Vec<Failure>);

/// Why one address gave none.
#[derive(Debug, Default)]
pub(super) struct Failure {
    pub text: String,
    /// `None` without an HTTP response.
    pub status: Option<StatusCode>,
    /// Its `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Its message, if that means "not found" should a registry have sent it.
    pub not_there: Option<String>,
}

impl Outage {
    /// The registry does not allow it, for this reason.
    pub fn denied(text: String) -> Self {
        Self(vec![Failure {
            text,
            status: Some(StatusCode::FORBIDDEN),
            ..Failure::default()
        }])
    }

    /// Whether an address rejected the credentials or does not allow the request.
    pub fn is_denied(&self) -> bool {
        let denied = [Some(StatusCode::UNAUTHORIZED), Some(StatusCode::FORBIDDEN)];
        self.0.iter().any(|failure| denied.contains(&failure.status))
    }

    /// Whether an address rejected the form of the request, so that another form may succeed.
    pub fn is_of_the_question(&self) -> bool {
        let refused = |failure: &Failure| {
            matches!(
                failure.status.map(|status| status.as_u16()),
                Some(400 | 404 | 405 | 422)
            )
        };
        self.0.iter().any(refused)
    }

    /// Whether an address sent an HTTP response at all.
    pub fn is_of_http(&self) -> bool {
        self.0.iter().any(|failure| failure.status.is_some())
    }

    /// The longest `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.iter().filter_map(|failure| failure.retry_after).max()
    }

    /// Whether every address responded that it has no such path.
    pub fn is_no_such_path(&self) -> bool {
        let missing = [
            Some(StatusCode::NOT_FOUND),
            Some(StatusCode::METHOD_NOT_ALLOWED),
            Some(StatusCode::NOT_IMPLEMENTED),
        ];
        self.0.iter().all(|failure| missing.contains(&failure.status))
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, failure) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{}", failure.text)?;
        }
        Ok(())
    }
}
