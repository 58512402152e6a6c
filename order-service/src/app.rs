//! The service as a whole: built from its settings, run until it is stopped. Installs nothing global.

use std::net::TcpListener;

use actix_web::web::{self, ServiceConfig};
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use orderlog_contract::lineage;
use orderlog_kafka::permission_watch::TopicUse;
use orderlog_kafka::record_reader::RecordReader;
use orderlog_projection::Settings;
use orderlog_projection::pipeline::{self, Pipeline, RunningPipeline};
use orderlog_projection::store::blocking;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_web::access::AccessConfig;
use orderlog_web::{server, service};
use tokio::task::JoinHandle;
use url::Url;

use crate::admin::AdminAccess;
use crate::config::Config;
use crate::dead_letter::DeadLetters;
use crate::extension::Extension;
use crate::history::History;
use crate::inspect::Inspector;
use crate::recent::Recent;
use crate::record_handler::RecordHandler;
use crate::replay::{Jobs, ReplayOutcomes, ReplayParts, Replays, RunningReplays};
use crate::routes::{ConsoleFacts, EventStreams};
use crate::schema_versions::SchemaVersions;
use crate::state::State;
use crate::{SERVICE, routes};

/// order-service, bound to its port and reading the topic, but not serving yet.
pub struct Application {
    listener: TcpListener,
    port: u16,
    access: AccessConfig,
    cart_service: Url,
    extension: Option<Extension>,
    state: web::Data<State>,
    pipeline: RunningPipeline,
    replays: RunningReplays,
    /// Lists the orders of each customer, if that was not done before.
    customers: Option<JoinHandle<()>>,
}

impl Application {
    /// Binds the port, opens the store and starts reading the topic. It does not wait for brokers and registry; until they
    /// respond, the service is not ready. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The port is in use, the store is locked or cannot be opened, a setting is wrong.
    pub async fn build(config: Config, metrics: PrometheusHandle, supervisor: Supervisor) -> anyhow::Result<Self> {
        let dead_letter_topic = config.dead_letter_topic()?.to_string();
        let admin = AdminAccess::new(&config.admin)?;
        let settings = Settings {
            has_breaker: true,
            ..Settings::of(SERVICE, &config.pipeline, config.unknown_schema_grace())?
        };
        let listener = server::bind(&config.web.api_host, config.api_port, "--api-port / API_PORT").await?;
        let port = listener.local_addr().context("reading the server's port")?.port();
        // A rebuild keeps its index of dead letters: it comes from another topic, and says what need not be sent again.
        let store = pipeline::open_store(SERVICE, &config.store, &config.pipeline).await?;
        // Before the store is cleared.
        let history = {
            let (store, rebuild) = (store.clone(), config.pipeline.rebuild);
            blocking(move || History::open(&store, rebuild)).await?
        };
        let pipeline = Pipeline::connect(settings, store, &config.pipeline, supervisor.clone()).await?;
        let topic = pipeline.settings.topic.name.clone();
        pipeline.watch_permissions(vec![
            TopicUse {
                topic: topic.clone(),
                write: false,
            },
            TopicUse {
                topic: dead_letter_topic.clone(),
                write: true,
            },
        ])?;
        let dead_letters =
            DeadLetters::new(&pipeline.settings, dead_letter_topic, &pipeline.store, &supervisor).await?;
        let (index, dlq_status) = (dead_letters.index(), dead_letters.status());
        let dead_letter_reader = RecordReader::new(pipeline.settings.cluster.clone(), index.topic(), &supervisor)?;
        let (registry, registration) = (pipeline.registry.clone(), pipeline.registration.clone());
        let customers = history.customers().clone().build(pipeline.store.clone(), &supervisor);
        let schema_versions = SchemaVersions::new(registry.clone(), &lineage::subject(&topic));
        let inspector = Inspector::new(pipeline.store.clone(), registry.clone(), schema_versions.clone());
        let bootstrap_servers = pipeline.settings.cluster.bootstrap_servers.clone();
        let recent = Recent::default();
        let opened = pipeline.store.clone();
        let jobs = blocking(move || Jobs::open(&opened)).await?;
        let cluster = pipeline.settings.cluster.clone();
        let outcomes = ReplayOutcomes::new(jobs.clone());
        let handler = RecordHandler::new(dead_letters, history.clone(), recent.clone(), outcomes);
        let pipeline = pipeline.start(handler)?;
        let parts = ReplayParts {
            jobs,
            index: index.clone(),
            dlq_status: dlq_status.clone(),
            reader: dead_letter_reader.clone(),
            inspector: inspector.clone(),
            view: pipeline.view(),
            cluster,
            topic: topic.clone(),
            rate: config.replay_rate,
        };
        let (replays, running_replays) = Replays::start_runner(parts, &supervisor)?;
        let state = State {
            admin,
            view: pipeline.view(),
            dead_letters: index,
            dlq_status,
            dead_letter_reader,
            inspector,
            replays,
            registration,
            registry,
            supervisor,
            metrics,
            topic,
            wait_slots: routes::wait_slots(),
            history,
            recent,
            schema_versions,
            event_streams: EventStreams::new(),
            bootstrap_servers,
        };
        Ok(Self {
            listener,
            port,
            access: config.web.access,
            cart_service: config.cart_service_url,
            extension: None,
            state: web::Data::new(state),
            pipeline,
            replays: running_replays,
            customers,
        })
    }

    /// The port that it is bound to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Names another address of cart-service on the pages at `/` and `/about`, for when it becomes known only now.
    pub fn with_cart_service(self, cart_service: Url) -> Self {
        Self { cart_service, ..self }
    }

    /// Adds routes of the program that runs the service.
    pub fn with_extension(self, extension: Extension) -> Self {
        Self {
            extension: Some(extension),
            ..self
        }
    }

    /// Serves until `stop` resolves, then lets running requests finish.
    ///
    /// # Errors
    /// When the registry rejects the schema, a part of the service fails, or the HTTP server fails.
    pub async fn run_until_stopped(self, stop: impl Future) -> anyhow::Result<()> {
        let Self {
            listener,
            access,
            cart_service,
            extension,
            state,
            pipeline,
            replays,
            customers,
            ..
        } = self;
        let supervisor = state.supervisor.clone();
        let streams = supervisor.spawn(
            "looking up what clients of /events are told",
            routes::watch_for_clients(state.clone()),
        );
        let console = web::Data::new(ConsoleFacts::new(&state, &cart_service, extension.as_ref()));
        let routes = move |config: &mut ServiceConfig| {
            config.app_data(console.clone());
            if let Some(extension) = &extension {
                extension.configure(config);
            }
            routes::configure(config, &state, &cart_service);
        };
        let rejected = pipeline.schema_rejected();
        let served = service::serve_until(stop, listener, SERVICE, &access, rejected, &supervisor, routes).await;
        // Nothing may hold the store when this ends.
        replays.stopped().await;
        // An error is a panic, which the supervisor has reported.
        let _ = streams.await;
        if let Some(customers) = customers {
            let _ = customers.await;
        }
        pipeline.stop().await;
        served
    }
}
