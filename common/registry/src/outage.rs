//! Why there is no usable answer, as who asked tells it to people. Pure.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;

/// No address gave a usable answer.
#[derive(Debug)]
pub(super) struct Outage(pub Vec<Failure>);

/// Why one address gave none.
#[derive(Debug, Default)]
pub(super) struct Failure {
    pub text: String,
    /// None where no HTTP answer came.
    pub status: Option<StatusCode>,
    /// How long it asks not to be asked.
    pub retry_after: Option<Duration>,
    /// What it says, where that means "not there" if it is a registry.
    pub not_there: Option<String>,
}

impl Outage {
    /// The registry says that it does not do that, and why.
    pub fn denied(text: String) -> Self {
        Self(vec![Failure {
            text,
            status: Some(StatusCode::FORBIDDEN),
            ..Failure::default()
        }])
    }

    /// Whether one of the addresses did not let us in, or not do that.
    pub fn is_denied(&self) -> bool {
        let denied = [Some(StatusCode::UNAUTHORIZED), Some(StatusCode::FORBIDDEN)];
        self.0.iter().any(|failure| denied.contains(&failure.status))
    }

    /// Whether it may lie in how the question was put: an address refused it as one that it cannot answer.
    pub fn is_of_the_question(&self) -> bool {
        let refused = |failure: &Failure| {
            matches!(
                failure.status.map(|status| status.as_u16()),
                Some(400 | 404 | 405 | 422)
            )
        };
        self.0.iter().any(refused)
    }

    /// Whether an address has answered, if not what was asked.
    pub fn is_of_http(&self) -> bool {
        self.0.iter().any(|failure| failure.status.is_some())
    }

    /// How long an address asks not to be asked.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.iter().filter_map(|failure| failure.retry_after).max()
    }

    /// Whether it lies in the question: the registry is there, but has no such path.
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
