//! The service as a whole: built from its settings, run until it is stopped. Installs nothing global.

use std::net::TcpListener;

use actix_web::web::{self, ServiceConfig};
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use orderlog_kafka::permission_watch::TopicUse;
use orderlog_projection::Settings;
use orderlog_projection::pipeline::{self, Pipeline, RunningPipeline};
use orderlog_projection::store::{Store, StoreError, blocking};
use orderlog_runtime::supervisor::Supervisor;
use orderlog_web::access::AccessConfig;
use orderlog_web::{server, service};

use crate::command_handler::CommandHandler;
use crate::config::Config;
use crate::publisher::Publisher;
use crate::skip::SkipRejected;
use crate::state::State;
use crate::unresolved_orders::{RESOLVING, UnresolvedOrders};
use crate::{SERVICE, routes};

/// cart-service, bound to its port and reading the topic, but not serving yet.
pub struct Application {
    listener: TcpListener,
    port: u16,
    access: AccessConfig,
    state: web::Data<State>,
    pipeline: RunningPipeline,
    resolving: tokio::task::JoinHandle<()>,
}

impl Application {
    /// Binds the port, opens the store and starts reading the topic. It does not wait for brokers and registry; until they
    /// respond, the service is not ready. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The port is in use, the store is locked or cannot be opened, a setting is wrong.
    pub async fn build(config: Config, metrics: PrometheusHandle, supervisor: Supervisor) -> anyhow::Result<Self> {
        let settings = Settings {
            max_idempotency_keys: config.idempotency_keys,
            ..Settings::of(SERVICE, &config.pipeline, config.unknown_schema_grace())?
        };
        refuse_rack(&settings)?;
        let listener = server::bind(&config.web.api_host, config.api_port, "--api-port / API_PORT").await?;
        let port = listener.local_addr().context("reading the server's port")?.port();
        let store = pipeline::open_store(SERVICE, &config.store, &config.pipeline).await?;
        // Before the store is cleared, which records that there is something to clear.
        let unresolved = open_unresolved(&store, &config).await?;
        let pipeline = Pipeline::connect(settings, store, &config.pipeline, supervisor.clone()).await?;
        let topic = pipeline.settings.topic.name.clone();
        // Below the deadline, so that a record is given up before its request is.
        let delivery_timeout = config.write_deadline().mul_f64(0.8);
        let cluster = pipeline.settings.cluster.clone();
        let publisher = Publisher::new(cluster, &topic, delivery_timeout, supervisor.clone())?;
        pipeline.watch_permissions(vec![TopicUse { topic, write: true }])?;
        let (registry, registration) = (pipeline.registry.clone(), pipeline.registration.clone());
        let audit = pipeline.audit.clone();
        let pipeline = pipeline.start(SkipRejected(unresolved.clone()))?;
        let view = pipeline.view();
        let resolve = unresolved.clone().resolve(audit, view.clone(), supervisor.clone());
        let resolving = supervisor.spawn(RESOLVING, resolve);
        let commands = CommandHandler::new(
            view.clone(),
            publisher,
            registration.clone(),
            unresolved.clone(),
            config.write_deadline(),
        );
        let state = State {
            commands,
            view,
            registry,
            registration,
            supervisor,
            unresolved,
            metrics,
            order_service: config.order_service_url,
        };
        Ok(Self {
            listener,
            port,
            access: config.web.access,
            state: web::Data::new(state),
            pipeline,
            resolving,
        })
    }

    /// The port that it is bound to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until `stop` resolves, then lets running requests finish.
    ///
    /// # Errors
    /// When the registry rejects the schema, a part of the service fails, or the HTTP server fails.
    pub async fn run_until_stopped(self, stop: impl Future) -> anyhow::Result<()> {
        let Self {
            listener,
            access,
            state,
            pipeline,
            resolving,
            ..
        } = self;
        let supervisor = state.supervisor.clone();
        let routed = state.clone();
        let routes = move |config: &mut ServiceConfig| routes::configure(config, &routed);
        let rejected = pipeline.schema_rejected();
        let served = service::serve_until(stop, listener, SERVICE, &access, rejected, &supervisor, routes).await;
        let flushed = supervisor
            .spawn_blocking("flushing the producer", move || state.commands.flush())
            .await
            .context("flushing the producer");
        // Nothing may hold the store when this ends.
        resolving.abort();
        let _ = resolving.await;
        pipeline.stop().await;
        served.and(flushed)
    }
}

/// The unresolved orders, of which a rebuild keeps none.
async fn open_unresolved(store: &Store, config: &Config) -> Result<UnresolvedOrders, StoreError> {
    let (store, timeout, rebuild) = (store.clone(), config.unresolved_for, config.pipeline.rebuild);
    blocking(move || {
        let unresolved = UnresolvedOrders::open(&store, timeout)?;
        if rebuild {
            unresolved.clear()?;
        }
        Ok(unresolved)
    })
    .await
}

/// A lagging follower would delay every response, and its end offset is not the partition's.
fn refuse_rack(settings: &Settings) -> anyhow::Result<()> {
    let mut set = settings.cluster.extra.iter();
    anyhow::ensure!(
        !set.any(|(key, value)| key == "client.rack" && !value.expose().is_empty()),
        "KAFKA_CONFIG sets client.rack, which cart-service does not support: it reads from partition leaders, so that its answers are as new as the log; use a file without that line (order-service may have it)"
    );
    Ok(())
}
