//! The whole pipeline in one process: broker, registry, both services, and a temporary directory for their stores.

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context, bail};
use orderlog_kafka::partition::Partitioner;
use orderlog_kafka::settings::KafkaConfig;
use orderlog_projection::config::PipelineConfig;
use orderlog_projection::store::StoreUrl;
use orderlog_registry::config::RegistryConfig;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_runtime::telemetry;
use orderlog_runtime::telemetry::LogConfig;
use orderlog_web::config::WebConfig;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::broker::Broker;
use crate::cli::Cli;
use crate::poison_route;
use crate::ports::{self, HOST};
use crate::registry::Registry;
use crate::relay::Relay;
use order_service::admin::AdminConfig;

/// The topic of the events.
pub const TOPIC: &str = "order-events";
/// The topic of the dead letters.
pub const DEAD_LETTERS: &str = "order-events-dlq";
/// Partitions of the events' topic.
pub const PARTITIONS: i32 = 6;
/// Starting takes a second; a start that takes this long has failed.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an unknown schema id may take to appear, in milliseconds: not long, since nobody else registers schemas here.
pub const GRACE_MS: u64 = 500;

/// A running pipeline.
pub struct Pipeline {
    /// cart-service's URL.
    pub cart_url: String,
    /// order-service's URL.
    pub order_url: String,
    /// The registry's URL.
    pub registry_url: String,
    /// The broker.
    pub broker: Broker,
    /// What clients set as `bootstrap.servers`: the relay's port, which can be known in advance.
    pub bootstrap_servers: String,
    /// The partitioner of the topic.
    pub partitioner: Partitioner,
    registry: Registry,
    relay: Relay,
    supervisor: Supervisor,
    stop: watch::Sender<bool>,
    services: JoinSet<anyhow::Result<()>>,
    upkeep: JoinHandle<()>,
    // Dropping it removes the directory.
    _stores: tempfile::TempDir,
}

impl Pipeline {
    /// Starts everything, and waits until it is ready.
    ///
    /// # Errors
    /// If a port is in use (the error names the flag that changes it), or something does not start.
    pub async fn start(cli: &Cli) -> anyhow::Result<Self> {
        let listener = ports::reserve(cli).await?;
        let supervisor = Supervisor::default();
        let broker = Broker::start()?;
        broker.create_topic(TOPIC, PARTITIONS)?;
        broker.create_topic(DEAD_LETTERS, 1)?;
        let target = broker.bootstrap_servers();
        let target = target.parse().context("the address of the mock broker")?;
        let relay = Relay::start(listener, target, &supervisor).context("starting the relay to the broker")?;
        let registry = Registry::start((HOST, cli.registry_port)).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => anyhow::anyhow!(
                "port {} is in use; choose another with --registry-port",
                cli.registry_port
            ),
            _ => anyhow::Error::new(error).context("starting the registry"),
        })?;
        let stores = tempfile::Builder::new()
            .prefix("orderlog-")
            .tempdir()
            .context("creating a temporary directory")?;
        let metrics = telemetry::metrics_recorder();
        let upkeep = telemetry::metrics_upkeep(metrics.clone());
        let upkeep = supervisor.spawn("the upkeep of the metrics", async { match upkeep.await {} });
        let pipeline = PipelineConfig {
            kafka: KafkaConfig {
                bootstrap_servers: broker.bootstrap_servers(),
                partitioner: cli.kafka_partitioner,
                // New records do not wake a waiting fetch of the mock broker, so an answer takes up to this long; shorter
                // waits would cost an idle sandbox more CPU.
                kafka_extra: vec![("fetch.wait.max.ms".to_owned(), "10".into())],
                has_admin_api: false,
                ..KafkaConfig::default()
            },
            registry: RegistryConfig::at(&registry.url())?,
            ..PipelineConfig::default()
        };
        let mut web = WebConfig {
            access: cli.access.clone(),
            ..WebConfig::default()
        };
        let order = order_service::Config {
            pipeline: pipeline.clone(),
            web: web.clone(),
            admin: AdminConfig::default(),
            logs: LogConfig::default(),
            api_port: cli.order_port,
            store: StoreUrl::Embedded(stores.path().join("order-service")),
            cart_service_url: format!("http://localhost:{}", cli.cart_port)
                .parse()
                .context("the address of cart-service")?,
            dlq_topic: None,
            unknown_schema_grace_ms: GRACE_MS,
            replay_rate: order_service::config::REPLAY_RATE,
        };
        let order = order_service::Application::build(order, metrics.clone(), Supervisor::default()).await?;
        let order_url = format!("http://localhost:{}", order.port());
        let poison =
            poison_route::Poison::new(broker.bootstrap_servers(), TOPIC, cli.kafka_partitioner, registry.url());
        // Clients bootstrap from the relay; the services are beside the broker.
        let bootstrap_servers = format!("localhost:{}", relay.port());
        let order = order
            .with_extension(poison.extension())
            .with_bootstrap_servers(bootstrap_servers.clone());
        // order-service's page creates and updates orders.
        for host in ["localhost", HOST] {
            let page = format!("http://{host}:{}", order.port());
            web.access
                .cors_origins
                .allow(&page)
                .context("the address of order-service's page")?;
        }
        let cart = cart_service::Config {
            pipeline,
            web,
            logs: LogConfig::default(),
            api_port: cli.cart_port,
            store: StoreUrl::Embedded(stores.path().join("cart-service")),
            order_service_url: order_url.parse().context("the address of order-service")?,
            write_deadline_ms: 5000,
            unknown_schema_grace_ms: GRACE_MS,
            idempotency_keys: cart_service::config::IDEMPOTENCY_KEYS,
            unresolved_for: cart_service::config::UNRESOLVED_FOR,
        };
        let cart = cart_service::Application::build(cart, metrics, Supervisor::default()).await?;
        let cart_url = format!("http://localhost:{}", cart.port());
        // Port 0 has become a real one.
        let order = order.with_cart_service(cart_url.parse().context("the address of cart-service")?);
        let (stop, stopped) = watch::channel(false);
        let mut services = JoinSet::new();
        services.spawn(order.run_until_stopped(stop_requested(stopped.clone())));
        services.spawn(cart.run_until_stopped(stop_requested(stopped)));
        let registry_url = format!("http://localhost:{}", registry.port());
        let mut pipeline = Self {
            cart_url,
            order_url,
            registry_url,
            broker,
            bootstrap_servers,
            partitioner: cli.kafka_partitioner,
            registry,
            relay,
            supervisor,
            stop,
            services,
            upkeep,
            _stores: stores,
        };
        pipeline.await_ready().await?;
        Ok(pipeline)
    }

    /// Resolves with the reason when a service or another part ends on its own, which it should not.
    pub async fn failure(&mut self) -> anyhow::Error {
        tokio::select! {
            ended = self.services.join_next() => match ended {
                Some(Ok(Err(error))) => error,
                Some(Err(panic)) => anyhow::Error::new(panic).context("a service panicked"),
                Some(Ok(Ok(()))) | None => anyhow::anyhow!("a service ended on its own"),
            },
            reason = self.supervisor.failed() => anyhow::anyhow!(reason),
        }
    }

    /// Stops everything, in order.
    ///
    /// # Errors
    /// If a service does not end cleanly.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        while let Some(ended) = self.services.join_next().await {
            ended.context("a service panicked")??;
        }
        self.upkeep.abort();
        self.relay.stop().await;
        self.registry.stop().await;
        Ok(())
    }

    async fn await_ready(&mut self) -> anyhow::Result<()> {
        let urls = [
            format!("{}/health/ready", self.cart_url),
            format!("{}/health/ready", self.order_url),
        ];
        let client = reqwest::Client::builder()
            // The services run in this process.
            .no_proxy()
            .timeout(Duration::from_secs(5))
            .build()?;
        let ready = async {
            for url in &urls {
                while !client
                    .get(url)
                    .send()
                    .await
                    .is_ok_and(|answer| answer.status().is_success())
                {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        };
        tokio::select! {
            () = ready => Ok(()),
            error = self.failure() => Err(error.context("starting the services")),
            () = tokio::time::sleep(START_TIMEOUT) => bail!("the services were not ready within {START_TIMEOUT:?}; run with RUST_LOG=info to see why"),
        }
    }
}

/// Resolves once the pipeline is stopped or dropped.
async fn stop_requested(mut stop: watch::Receiver<bool>) {
    // An error means that the sender was dropped: that is the end as well.
    let _ = stop.wait_for(|stop| *stop).await;
}
