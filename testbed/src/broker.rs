//! A test's own real broker, for faults that the shared one must not have: it can be stopped, killed, suspended, cut
//! off and wiped. `scripts/stack.sh` runs it; dropping this ends it.

use anyhow::Context;
use tempfile::TempDir;

use crate::metadata_proxy::MetadataProxy;
use crate::ports;
use crate::proxy::Proxy;
use crate::servers::Suspended;
use crate::stack::{Ports, StackScript};

/// A broker, and a second way to it through a proxy.
#[derive(Debug)]
pub struct Broker {
    /// The proxy on the path that [`Self::behind_proxy`] names.
    pub proxy: Proxy,
    /// The broker's listener behind that proxy.
    pub metadata_proxy: MetadataProxy,
    port: u16,
    script: StackScript,
    _dir: TempDir,
}

impl Broker {
    /// A broker that is not running yet.
    ///
    /// # Errors
    /// If there is no port or directory for it.
    pub async fn new() -> anyhow::Result<Self> {
        let behind_proxy = ports::free()?;
        let metadata_proxy = MetadataProxy::start(format!("127.0.0.1:{behind_proxy}")).await?;
        let proxy = Proxy::start(&format!("127.0.0.1:{}", metadata_proxy.port())).await?;
        let ports = Ports {
            kafka: ports::free()?,
            controller: ports::free()?,
            // Only reserves a port: no registry is started.
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
            metadata_proxy,
            port: ports.kafka,
            script: StackScript::new(dir.path(), ports.environment()),
            _dir: dir,
        })
    }

    /// Adds broker settings, for its next start.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn set(&self, properties: &str) -> anyhow::Result<()> {
        self.script.set(properties)
    }

    /// Its own address.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its address behind the proxy; clients that bootstrap from it stay behind the proxy.
    pub fn behind_proxy(&self) -> String {
        self.proxy.address().to_string()
    }

    /// Starts it with its old data, and waits until it answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn up(&self) -> anyhow::Result<()> {
        self.stack(&["up", "kafka"]).await
    }

    /// Stops it as an operator would; its data is kept.
    ///
    /// # Errors
    /// If it does not stop.
    pub async fn down(&self) -> anyhow::Result<()> {
        self.stack(&["down", "kafka"]).await
    }

    /// Stops it and removes its data.
    ///
    /// # Errors
    /// If it does not stop.
    pub async fn wipe(&self) -> anyhow::Result<()> {
        self.stack(&["down", "--wipe"]).await
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    /// If it is not running.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.script.signal("kafka", "KILL")
    }

    /// Suspends it until the guard is dropped: it keeps its connections open and answers nothing.
    ///
    /// # Errors
    /// If it is not running.
    pub fn suspend(&self) -> anyhow::Result<Suspended> {
        Suspended::new(self.script.pid("kafka")?)
    }

    async fn stack(&self, arguments: &'static [&'static str]) -> anyhow::Result<()> {
        let script = self.script.clone();
        tokio::task::spawn_blocking(move || script.run(arguments)).await??;
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}
