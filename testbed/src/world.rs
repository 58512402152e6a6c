//! A test's own world on the shared servers: a topic that nobody else uses, and the services on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use tempfile::TempDir;

use crate::api_types::Stats;
use crate::log::{self, Record};
use crate::ports;
use crate::proxy::Proxy;
use crate::servers::Servers;
use crate::service::{Program, Service, Setup};
use crate::wait::{LONG, until};
use crate::writer::Writer;

/// A test's own topic, and what is needed to start services on it.
pub struct World {
    /// The shared servers.
    pub servers: Servers,
    /// The topic.
    pub topic: String,
    /// Contains the stores; removed at the end.
    dir: Arc<TempDir>,
    /// Contains the logs; kept until the test runs again.
    logs: PathBuf,
    services: AtomicUsize,
}

impl World {
    /// A world for the test of that name, which must be valid as a topic name.
    ///
    /// # Errors
    /// If the environment does not say where the servers are.
    pub fn new(test: &str) -> anyhow::Result<Self> {
        let servers = Servers::from_env()?;
        let program = std::env::current_exe().context("locating the test program")?;
        let target = program
            .ancestors()
            .nth(3)
            .context("the test program is not in a target directory")?;
        let logs = target.join("testbed").join(test);
        // Logs of the last run; there may be none.
        let _ = std::fs::remove_dir_all(&logs);
        std::fs::create_dir_all(&logs).with_context(|| format!("creating {}", logs.display()))?;
        let dir = tempfile::Builder::new()
            .prefix("orderlog-testbed-")
            .tempdir()
            .context("a directory for stores")?;
        let topic = format!("{test}-{:08x}", fastrand::u32(..));
        Ok(Self {
            servers,
            topic,
            dir: Arc::new(dir),
            logs,
            services: AtomicUsize::new(0),
        })
    }

    /// A cart-service with its own store.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn cart(&self) -> anyhow::Result<Setup> {
        self.setup(Program::Cart)
    }

    /// An order-service with its own store.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn order(&self) -> anyhow::Result<Setup> {
        self.setup(Program::Order)
    }

    /// One of each, ready.
    ///
    /// # Errors
    /// If one does not become ready.
    pub async fn pair(&self) -> anyhow::Result<(Service, Service)> {
        let (mut cart, mut order) = (self.cart()?.spawn()?, self.order()?.spawn()?);
        cart.ready().await?;
        order.ready().await?;
        Ok((cart, order))
    }

    fn setup(&self, program: Program) -> anyhow::Result<Setup> {
        let n = self.services.fetch_add(1, Ordering::Relaxed);
        let log = self.logs.join(format!("{}-{n}.log", program.name()));
        let setup = Setup::new(program, ports::free()?, log, self.dir.clone());
        Ok(setup
            .with("KAFKA_BOOTSTRAP_SERVERS", &self.servers.kafka)
            .with("SCHEMA_REGISTRY_URL", &self.servers.registry)
            .with("KAFKA_TOPIC", &self.topic))
    }

    /// A cart-service, ready, that sees every record up to a second late and waits longer than that for its own.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn lagging_cart(&self) -> anyhow::Result<Service> {
        let cart = self.cart()?.with_delayed_fetches()?;
        cart.with("WRITE_DEADLINE_MS", "30000").start().await
    }

    /// An order-service, ready, whose registry is behind that proxy.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn order_behind(&self, proxy: &Proxy) -> anyhow::Result<Service> {
        let registry = proxy.url(&self.servers.registry)?;
        self.order()?.with("SCHEMA_REGISTRY_URL", registry).start().await
    }

    /// The topic of the dead letters.
    pub fn dead_letter_topic(&self) -> String {
        format!("{}-dlq", self.topic)
    }

    /// A writer of the topic.
    ///
    /// # Errors
    /// If the client cannot be created.
    pub fn writer(&self) -> anyhow::Result<Writer> {
        Writer::new(&self.servers.kafka, &self.topic)
    }

    /// All records of the topic.
    ///
    /// # Errors
    /// If the broker does not deliver them.
    pub async fn log(&self) -> anyhow::Result<Vec<Record>> {
        log::read(&self.servers.kafka, &self.topic).await
    }

    /// All records of the dead-letter topic.
    ///
    /// # Errors
    /// If the broker does not deliver them.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<Record>> {
        log::read(&self.servers.kafka, &self.dead_letter_topic()).await
    }

    /// Waits until an order-service has read the topic up to its current end, and reports no lag.
    ///
    /// # Errors
    /// If it does not get that far; the error shows its numbers.
    pub async fn caught_up(&self, order: &Service) -> anyhow::Result<Stats> {
        let ends = log::ends(&self.servers.kafka, &self.topic).await?;
        until("order-service has read all of the topic", LONG, async || {
            let stats = order.http.stats().await?;
            let positions: Vec<i64> = stats.partitions.iter().map(|partition| partition.position).collect();
            let lags = stats.partitions.iter().all(|partition| partition.lag == Some(0));
            anyhow::ensure!(positions == ends && lags, "the ends are {ends:?}; {stats:?}");
            Ok(stats)
        })
        .await
    }

    /// Waits until the dead-letter index of an order-service has that many dead letters.
    ///
    /// # Errors
    /// If it does not; the error shows its numbers.
    pub async fn await_dead_letters(&self, order: &Service, count: usize) -> anyhow::Result<()> {
        until(&format!("{count} dead letters are in the index"), LONG, async || {
            let info = order.http.dlq().await?;
            anyhow::ensure!(info.count == count as u64, "{info:?}");
            Ok(())
        })
        .await
    }
}
