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

use crate::config::Config;
use crate::doubts::{CLEARING_UP, Doubts};
use crate::publisher::Publisher;
use crate::skip::Skip;
use crate::writer::CommandHandler;
use crate::{SERVICE, routes};

/// What the handlers share.
pub struct State {
    pub(crate) writer: CommandHandler,
    pub(crate) view: View,
    pub(crate) registry: Arc<Registry>,
    pub(crate) registration: Registration,
    pub(crate) life: Supervisor,
    pub(crate) doubts: Doubts,
    pub(crate) metrics: PrometheusHandle,
    order_service: reqwest::Url,
}

/// cart-service, bound to its port and reading the topic, but not serving yet.
pub struct Application {
    listener: TcpListener,
    port: u16,
    edge: EdgeConfig,
    state: web::Data<State>,
    projection: Projection,
    clearing_up: tokio::task::JoinHandle<()>,
}

impl Application {
    /// Binds the port, opens the store and begins to read the topic. A broker or registry that is not there yet does not
    /// stop it: it is not ready until they are. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The port is in use, the store is locked or cannot be opened, a setting is wrong.
    pub async fn build(config: Config, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let pipeline = &config.pipeline;
        let mut settings = Settings {
            most_keys: config.idempotency_keys,
            ..Settings::of(SERVICE, pipeline, config.unknown_schema_grace())?
        };
        refuse_rack(&settings)?;
        let listener = server::bind(&config.web.api_host, config.api_port, "--api-port / API_PORT").await?;
        let port = listener.local_addr().context("asking for the port")?.port();
        let StoreUrl::Embedded(dir) = &config.store;
        let store = if pipeline.rebuild {
            Store::open_to_rebuild(dir)?
        } else {
            Store::open(dir)?
        };
        store.check_owner(SERVICE)?;
        let doubts = Doubts::open(&store, config.unresolved_for)?;
        if pipeline.rebuild {
            // Before the store, which says that there is something to forget.
            doubts.forget()?;
            store.forget()?;
        }
        store.check_partitioner(pipeline.kafka.partitioner)?;
        let life = Supervisor::default();
        let subject = lineage::subject(pipeline.kafka.topic.as_str());
        let registry = Arc::new(Registry::new(&pipeline.registry)?.reading(subject.clone()));
        let audit = SchemaIdAudit::new(registry.clone(), store.clone(), pipeline.accept_registry, &life);
        let registration = Registration::spawn(audit.clone(), subject, store.clone(), pipeline, &life);
        settings.registration = Some(registration.clone());
        let topic = settings.topic.name.clone();
        // Below the deadline, so that a record is given up before the request is.
        let delivery_timeout = config.write_deadline().mul_f64(0.8);
        if pipeline.kafka.has_admin_api {
            let events = Need {
                topic: topic.clone(),
                write: true,
            };
            rights::watch(&settings.cluster, vec![events], &life)?;
        }
        let publisher = Publisher::new(settings.cluster.clone(), &topic, delivery_timeout, life.clone())?;
        let skip = Skip(doubts.clone());
        let projection = Projection::start(settings, store.clone(), audit.clone(), skip, &life)?;
        let view = projection.view();
        let clear_up = doubts.clone().clear_up(audit, view.clone(), life.clone());
        let clearing_up = life.task(CLEARING_UP, clear_up);
        let writer = CommandHandler::new(
            view.clone(),
            publisher,
            registration.clone(),
            doubts.clone(),
            config.write_deadline(),
        );
        let state = State {
            writer,
            view,
            registry,
            registration,
            life,
            doubts,
            metrics,
            order_service: config.order_service_url,
        };
        Ok(Self {
            listener,
            port,
            edge: config.web.edge,
            state: web::Data::new(state),
            projection,
            clearing_up,
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
            clearing_up,
            ..
        } = self;
        let (registration, life) = (state.registration.clone(), state.life.clone());
        let routed = state.clone();
        let routes = move |config: &mut ServiceConfig| routes::configure(config, &routed);
        let served = service::serve_until(stop, listener, SERVICE, &edge, registration.refused(), &life, routes).await;
        let flushed = life
            .blocking("flushing the producer", move || state.writer.flush())
            .await
            .context("flushing the producer");
        // Nothing may hold the store when this ends.
        clearing_up.abort();
        let _ = clearing_up.await;
        registration.end().await;
        // After the requests: they waited for the projection.
        projection.stop().await;
        served.and(flushed)
    }
}

/// A follower that lags would hold up every answer, and what it tells of its end is not the partition's.
fn refuse_rack(settings: &Settings) -> anyhow::Result<()> {
    let mut set = settings.cluster.extra.iter();
    anyhow::ensure!(
        !set.any(|(key, value)| key == "client.rack" && !value.expose().is_empty()),
        "KAFKA_CONFIG sets client.rack, which cart-service does not take: it reads from the leaders of partitions, so that its answers are as new as the log; give it a file without that line (order-service may have it)"
    );
    Ok(())
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
