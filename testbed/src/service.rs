//! The real services as processes: started, stopped, killed, and restarted on the same store and port.

mod condition;
mod faults;
mod process;
mod setup;

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use anyhow::{Context, bail};
pub use setup::{Program, Setup};

use crate::client::Client;
use crate::signal;
use crate::wait::{LONG, until};

/// Maximum time that a service may take to exit when told to: Docker kills after 10 s.
const SUPERVISOR_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum time that a service may take to exit on its own, on a busy machine.
const EXIT_TIMEOUT: Duration = Duration::from_secs(20);
/// How much of a log an error shows.
const TAIL_LINES: usize = 30;

/// A service in its own process. Dropping this kills it.
#[derive(Debug)]
pub struct Service {
    setup: Setup,
    child: Option<Child>,
    /// Its API.
    pub http: Client,
}

impl Service {
    /// Waits until it is ready.
    ///
    /// # Errors
    /// If it does not become ready, or ends; the error shows its log.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let what = format!("{} is ready", self.setup.program.name());
        let ready = until(&what, LONG, async || {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                return Ok(Err(status));
            }
            let answer = self.http.get("/health/ready").await?;
            anyhow::ensure!(answer.status == 200, "{}", answer.text);
            Ok(Ok(()))
        });
        match ready.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(status)) => bail!("{what}: it ended with {status}{}", self.log_tail()),
            Err(error) => Err(error.context(self.log_tail())),
        }
    }

    /// How it ended on its own; `None` while it runs, or if it was told to end.
    ///
    /// # Errors
    /// If the system does not report it.
    pub fn has_ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let status = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    /// Sends it a signal, such as `STOP`.
    ///
    /// # Errors
    /// If it is not running.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        signal::send(name, self.child.as_ref().context("it is not running")?.id())
    }

    /// Kills it with SIGKILL, like a crash.
    ///
    /// # Errors
    /// If it is not running.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("it is not running")?;
        anyhow::ensure!(
            child.try_wait()?.is_none(),
            "it had ended on its own{}",
            self.log_tail()
        );
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Tells it to end, as an operator would, and waits. Its exit code must be 0, within the time that supervisors
    /// allow.
    ///
    /// # Errors
    /// If it does not end in that time, or not with 0.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        let child = self.child.as_ref().context("it is not running")?;
        signal::send("TERM", child.id())?;
        let code = self.ended_within(SUPERVISOR_TIMEOUT).await?.code();
        anyhow::ensure!(code == Some(0), "it ended with {code:?}{}", self.log_tail());
        Ok(())
    }

    /// Waits until it ends on its own, and returns its exit code.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        Ok(self.ended_within(EXIT_TIMEOUT).await?.code())
    }

    async fn ended_within(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let child = self.child.as_mut().context("it is not running")?;
        let what = format!("{} ends", self.setup.program.name());
        let status = until(&what, limit, async || child.try_wait()?.context("it is still running")).await;
        let status = status.map_err(|error| error.context(self.log_tail()))?;
        self.child = None;
        Ok(status)
    }

    /// The directory of its store.
    ///
    /// # Errors
    /// If it has none.
    pub fn store_dir(&self) -> anyhow::Result<PathBuf> {
        let store = self.setup.environment.iter().find(|(name, _)| name == "STORE");
        let dir = store.and_then(|(_, url)| url.strip_prefix("embedded:"));
        Ok(dir.context("it has no store of its own")?.into())
    }

    /// Restarts it with the same store and port, and these additional arguments; does not wait.
    ///
    /// # Errors
    /// If it is running, or cannot be started.
    pub fn spawn(&mut self, arguments: &[&str]) -> anyhow::Result<()> {
        anyhow::ensure!(self.child.is_none(), "it is running already");
        let mut log = OpenOptions::new();
        let log = log.create(true).append(true).open(&self.setup.log);
        let log = log.with_context(|| format!("opening {}", self.setup.log.display()))?;
        let mut command = self.setup.command(arguments)?;
        let child = command.stdout(log.try_clone()?).stderr(log).spawn();
        self.child = Some(child.with_context(|| format!("starting {}", self.setup.program.name()))?);
        // The old connections ended with the old process.
        self.http = Client::new(self.http.url())?;
        Ok(())
    }

    /// Restarts it with these additional arguments, and waits until it is ready.
    ///
    /// # Errors
    /// If it is running, or does not become ready.
    pub async fn start_again(&mut self, arguments: &[&str]) -> anyhow::Result<()> {
        self.spawn(arguments)?;
        self.ready().await
    }

    /// Stops it as an operator would, and restarts it.
    ///
    /// # Errors
    /// If it does not end with 0, or does not become ready.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.terminate().await?;
        self.start_again(&[]).await
    }

    /// Its log, across all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.setup.log).unwrap_or_default()
    }

    /// The end of its log, for an error.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        format!(
            "\n--- the end of {}\n{}\n---",
            self.setup.log.display(),
            tail.join("\n")
        )
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended on its own.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
