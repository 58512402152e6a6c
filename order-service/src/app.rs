//! The service as a whole: built from its settings, run until it is told to stop. Installs nothing global.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web;
use anyhow::{Context, bail};
use common::config::StoreUrl;
use common::http::server;
use common::projection::{Projection, Settings, View};
use common::registration::Registration;
use common::registry::Registry;
use common::schemas;
use common::store::Store;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::SERVICE;
use crate::config::Config;
use crate::dead_letter::{Condition, DeadLetters, Index};
use crate::routes;

/// What the handlers share.
pub struct State {
    pub(crate) topic: String,
    pub(crate) view: View,
    pub(crate) dead_letters: Index,
    pub(crate) dead_letter_condition: Condition,
    pub(crate) registry: Arc<Registry>,
    pub(crate) registration: Registration,
    pub(crate) metrics: PrometheusHandle,
}

/// order-service, bound to its port and reading the topic, but not serving yet.
pub struct Application {
    listener: TcpListener,
    port: u16,
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
        let settings = Settings::of(SERVICE, &config.pipeline, config.unknown_schema_grace())?;
        let pipeline = &config.pipeline;
        let listener = server::bind(&pipeline.api_host, config.api_port, "--api-port / API_PORT").await?;
        let port = listener.local_addr().context("asking for the port")?.port();
        let StoreUrl::Embedded(dir) = &config.store;
        let store = Store::open(dir)?;
        if pipeline.rebuild {
            // The index of dead letters stays: it comes from another topic, and says what need not be sent again.
            store.forget()?;
        }
        let registry = Arc::new(Registry::new(&pipeline.schema_registry_url)?);
        let topic = settings.topic.name.clone();
        let dead_letters = DeadLetters::new(&settings, dead_letter_topic, &store)?;
        let (index, condition) = (dead_letters.index(), dead_letters.condition());
        let projection = Projection::start(settings, store, registry.clone(), dead_letters)?;
        let state = State {
            view: projection.view(),
            dead_letters: index,
            dead_letter_condition: condition,
            registration: Registration::spawn(registry.clone(), schemas::subject(&topic)),
            registry,
            metrics,
            topic,
        };
        Ok(Self {
            listener,
            port,
            state: web::Data::new(state),
            projection,
        })
    }

    /// The port that it is bound to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until `stop` resolves, then lets running requests end.
    ///
    /// # Errors
    /// When the registry refuses the schema, the HTTP server fails, or the store cannot be synced to disk.
    pub async fn run_until_stopped(self, stop: impl Future) -> anyhow::Result<()> {
        let Self {
            listener,
            port,
            state,
            projection,
        } = self;
        let routed = state.clone();
        let server = server::serve(listener, SERVICE, move |config| routes::configure(config, &routed))?;
        let handle = server.handle();
        let mut served = tokio::spawn(server);
        tracing::info!(port, "order-service listens");
        let (ended, refused) = tokio::select! {
            _ = stop => (None, None),
            reason = state.registration.refused() => (None, Some(reason)),
            ended = &mut served => (Some(ended), None),
        };
        tracing::info!("stopping");
        // Running requests first: some wait for the projection.
        handle.stop(true).await;
        let served = match ended {
            Some(ended) => ended,
            None => served.await,
        };
        let store = state.view.store().clone();
        projection.stop().await;
        let synced = tokio::task::spawn_blocking(move || store.sync()).await;
        served
            .context("the HTTP server panicked")?
            .context("the HTTP server failed")?;
        synced.context("syncing the store")?.context("syncing the store")?;
        if let Some(reason) = refused {
            bail!(
                "{reason}. Bring the schema and the subject together, or give this service a topic of its own (--kafka-topic / KAFKA_TOPIC)"
            );
        }
        Ok(())
    }
}
