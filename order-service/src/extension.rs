//! What a program that runs order-service as a part of itself adds to it. The sandbox does; the service itself never.

use std::fmt;
use std::sync::Arc;

use actix_web::web::ServiceConfig;

/// Routes of another program beside the service's own, and what its console page offers because of them.
#[derive(Clone)]
pub struct Extension {
    invalid_kinds: Vec<String>,
    routes: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
}

impl Extension {
    /// Adds those routes. One of them, `POST /sandbox/poison`, writes invalid records of those kinds, which the page offers.
    pub fn new(invalid_kinds: Vec<String>, routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static) -> Self {
        Self {
            invalid_kinds,
            routes: Arc::new(routes),
        }
    }

    /// The kinds of invalid records that can be written.
    pub(crate) fn invalid_kinds(&self) -> Vec<String> {
        self.invalid_kinds.clone()
    }

    /// Registers the routes.
    pub(crate) fn configure(&self, config: &mut ServiceConfig) {
        (self.routes)(config);
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension")
            .field("invalid_kinds", &self.invalid_kinds)
            .finish_non_exhaustive()
    }
}
