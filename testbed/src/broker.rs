//! A real broker of a test's own, for faults that the shared one must not have: it is stopped, killed, suspended, cut off
//! and wiped. `scripts/stack.sh` runs it; it is gone when this is dropped.

use anyhow::Context;
use tempfile::TempDir;

use crate::brokerless::Brokerless;
use crate::proxy::Proxy;
use crate::servers::Suspended;
use crate::stack::{self, Ports};
use crate::{ports, signal};

/// A broker, and a second way to it through a proxy.
#[derive(Debug)]
pub struct Broker {
    /// The proxy on the way that [`Self::behind_proxy`] tells.
    pub proxy: Proxy,
    /// What that proxy leads to.
    pub brokerless: Brokerless,
    dir: TempDir,
    ports: Ports,
}

impl Broker {
    /// A broker that does not run yet.
    ///
    /// # Errors
    /// When there is no port or directory for it.
    pub async fn new() -> anyhow::Result<Self> {
        let behind_proxy = ports::free()?;
        let brokerless = Brokerless::start(format!("127.0.0.1:{behind_proxy}")).await?;
        let proxy = Proxy::start(&format!("127.0.0.1:{}", brokerless.port())).await?;
        let ports = Ports {
            kafka: ports::free()?,
            controller: ports::free()?,
            // Only a port that is not the others': no registry is started.
            registry: behind_proxy,
            behind_proxy,
            proxy: proxy.address().port(),
        };
        let dir = tempfile::Builder::new()
            .prefix("orderlog-broker-")
            .tempdir()
            .context("a directory for the broker")?;
        Ok(Self {
            proxy,
            brokerless,
            dir,
            ports,
        })
    }

    /// Gives it further settings, for its next start.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn set(&self, properties: &str) -> anyhow::Result<()> {
        let file = self.dir.path().join(stack::EXTRA_PROPERTIES);
        std::fs::write(&file, properties).with_context(|| format!("writing {}", file.display()))
    }

    /// Its own address.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.kafka)
    }

    /// Its address behind the proxy; clients that are given this one stay behind it.
    pub fn behind_proxy(&self) -> String {
        self.proxy.address().to_string()
    }

    /// Starts it, with what it has stored, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn up(&self) -> anyhow::Result<()> {
        self.stack(&["up", "kafka"]).await
    }

    /// Stops it as an operator would; what it has stored is kept.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn down(&self) -> anyhow::Result<()> {
        self.stack(&["down", "kafka"]).await
    }

    /// Stops it and removes all that it has stored.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn wipe(&self) -> anyhow::Result<()> {
        self.stack(&["down", "--wipe"]).await
    }

    /// Ends it at once, with SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&self) -> anyhow::Result<()> {
        signal::send("KILL", self.pid()?)
    }

    /// Suspends it: it keeps its connections and answers nothing, until the guard is dropped.
    ///
    /// # Errors
    /// When it does not run.
    pub fn suspend(&self) -> anyhow::Result<Suspended> {
        Suspended::new(self.pid()?)
    }

    fn pid(&self) -> anyhow::Result<u32> {
        signal::pid_in(&self.dir.path().join("kafka.pid"))
    }

    async fn stack(&self, arguments: &'static [&'static str]) -> anyhow::Result<()> {
        let (dir, ports) = (self.dir.path().to_owned(), self.ports);
        tokio::task::spawn_blocking(move || stack::run(&dir, ports.environment(), arguments)).await??;
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to end.
        let _ = self.kill();
    }
}
