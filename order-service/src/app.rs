//! The service as a whole: built from its settings, run until it is told to stop. Installs nothing global.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use orderlog_contract::lineage;
use orderlog_kafka::rights::{self, Need};
use orderlog_projection::registration::Registration;
use orderlog_projection::schema_id_audit::SchemaIdAudit;
use orderlog_projection::store::{Store, StoreUrl};
use orderlog_projection::{Projection, Settings, View};
use orderlog_registry::Registry;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_web::edge::EdgeConfig;
use orderlog_web::{server, service};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::dead_letter::{Condition, DeadLetters, Index};
use crate::{SERVICE, routes};

/// What the handlers share.
pub struct State {
    pub(crate) topic: String,
    pub(crate) view: View,
    pub(crate) dead_letters: Index,
    pub(crate) dead_letter_condition: Condition,
    pub(crate) registry: Arc<Registry>,
    pub(crate) registration: Registration,
    pub(crate) life: Supervisor,
    pub(crate) metrics: PrometheusHandle,
    /// A place for each request that may wait for an order.
    pub(crate) waiting: Semaphore,
}

/// order-service, bound to its port and reading the topic, but not serving yet.
pub struct Application {
    listener: TcpListener,
    port: u16,
    edge: EdgeConfig,
    state: web::Data<State>,
    projection: Projection,
}

impl Application {
    /// Binds the port, opens the store and begins to read the topic. A broker or registry that is not there yet does not
    /// stop it: it is not ready until they are. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The port is in use, the store is locked or cannot be opened, a setting is wrong.
    pub async fn build(config: Config, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let dead_letter_topic = config.dead_letter_topic()?.to_string();
        let mut settings = Settings::of(SERVICE, &config.pipeline, config.unknown_schema_grace())?;
        let pipeline = &config.pipeline;
        let listener = server::bind(&config.web.api_host, config.api_port, "--api-port / API_PORT").await?;
        let port = listener.local_addr().context("asking for the port")?.port();
        let StoreUrl::Embedded(dir) = &config.store;
        let store = if pipeline.rebuild {
            Store::open_to_rebuild(dir)?
        } else {
            Store::open(dir)?
        };
        store.check_owner(SERVICE)?;
        if pipeline.rebuild {
            // The index of dead letters stays: it comes from another topic, and says what need not be sent again.
            store.forget()?;
        }
        store.check_partitioner(pipeline.kafka.partitioner)?;
        let life = Supervisor::default();
        let topic = settings.topic.name.clone();
        let subject = lineage::subject(&topic);
        let registry = Arc::new(Registry::new(&pipeline.registry)?.reading(subject.clone()));
        let audit = SchemaIdAudit::new(registry.clone(), store.clone(), pipeline.accept_registry, &life);
        let registration = Registration::spawn(audit.clone(), subject, store.clone(), pipeline, &life);
        settings.registration = Some(registration.clone());
        if pipeline.kafka.has_admin_api {
            let needs = [(&topic, false), (&dead_letter_topic, true)];
            let need = |(topic, write): (&String, bool)| Need {
                topic: topic.clone(),
                write,
            };
            rights::watch(&settings.cluster, needs.map(need).into(), &life)?;
        }
        let dead_letters = DeadLetters::new(&settings, dead_letter_topic, &store, &life)?;
        let (index, condition) = (dead_letters.index(), dead_letters.condition());
        let projection = Projection::start(settings, store.clone(), audit, dead_letters, &life)?;
        let state = State {
            view: projection.view(),
            dead_letters: index,
            dead_letter_condition: condition,
            registration,
            registry,
            life,
            metrics,
            topic,
            waiting: routes::places_to_wait(),
        };
        Ok(Self {
            listener,
            port,
            edge: config.web.edge,
            state: web::Data::new(state),
            projection,
        })
    }

    /// The port that it is bound to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Resolves when the service has lost a part that it cannot be without; it is ending then.
    pub fn failed(&self) -> impl Future<Output = String> + Send + use<> {
        let life = self.state.life.clone();
        async move { life.failed().await }
    }

    /// Serves until `stop` resolves, then lets running requests end.
    ///
    /// # Errors
    /// When the registry refuses the schema, a part of the service has failed, or the HTTP server fails.
    pub async fn run_until_stopped(self, stop: impl Future) -> anyhow::Result<()> {
        let Self {
            listener,
            edge,
            state,
            projection,
            ..
        } = self;
        let (registration, life) = (state.registration.clone(), state.life.clone());
        let routes = move |config: &mut ServiceConfig| routes::configure(config, &state);
        let served = service::serve_until(stop, listener, SERVICE, &edge, registration.refused(), &life, routes).await;
        // Nothing may hold the store when this ends.
        registration.end().await;
        // After the requests: some waited for the projection.
        projection.stop().await;
        served
    }
}
