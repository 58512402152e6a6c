//! What a program that runs order-service as a part of itself adds to it. The sandbox does; the service itself never.

use std::fmt;
use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};

/// Routes of another program beside the service's own, and what its console page offers because of them.
#[derive(Clone)]
pub struct Extension {
    poison_kinds: PoisonKinds,
    routes: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
}

/// The kinds of invalid records that `POST /sandbox/poison` writes, in the data of the application if there is that route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoisonKinds(pub Vec<String>);

impl Extension {
    /// Adds those routes, one of which is `POST /sandbox/poison`, which writes records of those kinds.
    pub fn new(poison_kinds: Vec<String>, routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static) -> Self {
        Self {
            poison_kinds: PoisonKinds(poison_kinds),
            routes: Arc::new(routes),
        }
    }

    /// Registers the routes.
    pub(crate) fn configure(&self, config: &mut ServiceConfig) {
        config.app_data(web::Data::new(self.poison_kinds.clone()));
        (self.routes)(config);
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension")
            .field("poison_kinds", &self.poison_kinds)
            .finish_non_exhaustive()
    }
}
