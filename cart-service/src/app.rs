//! The service as a whole: built from its settings, run until it is told to stop. Installs nothing global.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

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
use crate::publisher::Publisher;
use crate::routes;
use crate::skip::Skip;
use crate::writer::Writer;

/// What the handlers share.
pub struct State {
    pub(crate) writer: Writer,
    pub(crate) view: View,
    pub(crate) registry: Arc<Registry>,
    pub(crate) registration: Registration,
    pub(crate) metrics: PrometheusHandle,
    order_service: reqwest::Url,
}

/// cart-service, bound to its port and reading the topic, but not serving yet.
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
        let pipeline = &config.pipeline;
        let listener = server::bind(&pipeline.api_host, config.api_port, "--api-port / API_PORT").await?;
        let port = listener.local_addr().context("asking for the port")?.port();
        let StoreUrl::Embedded(dir) = &config.store;
        let store = Store::open(dir)?;
        if pipeline.rebuild {
            store.forget()?;
        }
        let registry = Arc::new(Registry::new(&pipeline.schema_registry_url)?);
        // A record of an unknown schema is only skipped here, so nothing is gained by waiting for it.
        let settings = Settings::of(SERVICE, pipeline, Duration::ZERO)?;
        let topic = settings.topic.name.clone();
        // Below the deadline, so that a record is given up before the request is.
        let publisher = Publisher::new(settings.cluster.clone(), &topic, config.write_deadline().mul_f64(0.8))?;
        let projection = Projection::start(settings, store, registry.clone(), Skip)?;
        let registration = Registration::spawn(registry.clone(), schemas::subject(&topic));
        let view = projection.view();
        let writer = Writer::new(view.clone(), publisher, registration.clone(), config.write_deadline());
        let state = State {
            writer,
            view,
            registry,
            registration,
            metrics,
            order_service: config.order_service_url,
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
    /// When the registry refuses the schema, or the HTTP server fails.
    pub async fn run_until_stopped(self, stop: impl Future) -> anyhow::Result<()> {
        let Self {
            listener,
            port,
            state,
            projection,
        } = self;
        tracing::info!(port, "cart-service listens");
        let routed = state.clone();
        let server = server::serve(listener, SERVICE, move |config| routes::configure(config, &routed))?;
        let handle = server.handle();
        let served = tokio::spawn(server);
        let registration = state.registration.clone();
        let refused = tokio::select! {
            _ = stop => None,
            reason = registration.refused() => Some(reason),
        };
        tracing::info!("stopping");
        // Running requests first: they wait for the projection.
        handle.stop(true).await;
        let served = served.await;
        let flushed = tokio::task::spawn_blocking(move || state.writer.flush()).await;
        projection.stop().await;
        served
            .context("the HTTP server panicked")?
            .context("the HTTP server failed")?;
        flushed.context("flushing the producer")?;
        if let Some(reason) = refused {
            bail!(
                "{reason}. Bring the schema and the subject together, or give this service a topic of its own (--kafka-topic / KAFKA_TOPIC)"
            );
        }
        Ok(())
    }
}

impl State {
    /// Where order-service shows that order.
    pub(crate) fn details_url(&self, order_id: &str) -> String {
        let mut url = self.order_service.clone();
        let path = format!("{}/order-details", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut().clear().append_pair("orderId", order_id);
        url.into()
    }
}
