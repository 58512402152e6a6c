//! A real broker of a test's own, for faults that the shared one must not have: it is stopped, killed, suspended, cut off
//! and wiped. `scripts/stack.sh` runs it; it is gone when this is dropped.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

use crate::ports;
use crate::proxy::Proxy;
use crate::servers::Suspended;
use crate::signal;

/// A broker, and a second way to it through a proxy.
#[derive(Debug)]
pub struct Broker {
    /// The proxy on the way that [`Self::behind_proxy`] tells.
    pub proxy: Proxy,
    dir: TempDir,
    port: u16,
    controller: u16,
    behind: u16,
}

impl Broker {
    /// A broker that does not run yet.
    ///
    /// # Errors
    /// When there is no port or directory for it.
    pub async fn new() -> anyhow::Result<Self> {
        let behind = ports::free()?;
        let dir = tempfile::Builder::new()
            .prefix("orderlog-broker-")
            .tempdir()
            .context("a directory for the broker")?;
        Ok(Self {
            proxy: Proxy::start(&format!("127.0.0.1:{behind}")).await?,
            dir,
            port: ports::free()?,
            controller: ports::free()?,
            behind,
        })
    }

    /// Its own address.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
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

    async fn stack(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "stack.sh {arguments:?} failed: {said}");
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/stack.sh"));
        let mut command = Command::new(script);
        command
            .args(arguments)
            .env("ORDERLOG_STACK_DIR", self.dir.path())
            .env("KAFKA_PORT", self.port.to_string())
            .env("KAFKA_CONTROLLER_PORT", self.controller.to_string())
            // Only a port that is not the other two; no registry is started.
            .env("REGISTRY_PORT", self.behind.to_string())
            .env(
                "KAFKA_BEHIND_PROXY",
                format!("{}:{}", self.behind, self.proxy.address().port()),
            )
            .env("KAFKA_HEAP_OPTS", "-Xmx512m");
        command
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to end.
        let _ = self.kill();
    }
}
