//! The real services as processes: started, stopped, killed, and started again on the same store and port.

mod process;

use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use common::crash_point;
use tempfile::TempDir;

use crate::client::Client;
use crate::servers::Suspended;
use crate::signal;
use crate::wait::{LONG, until};

/// Longest that a service may take to end: running requests may take 8 s.
const ENDING: Duration = Duration::from_secs(20);
/// The signal that a process at a crash point dies of.
const SIGABRT: i32 = 6;
/// What a service may inherit: nothing that configures it.
const INHERITED: [&str; 6] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "RUST_BACKTRACE",
    "RUST_LOG",
];
/// How much of a log an error shows.
const TAIL_LINES: usize = 30;

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// cart-service.
    Cart,
    /// order-service.
    Order,
}

impl Program {
    /// Its name, which is its package's and its binary's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cart => "cart-service",
            Self::Order => "order-service",
        }
    }

    /// The binary. It lies beside a program of this workspace, and beside the folder of a test.
    ///
    /// # Errors
    /// When it was not built; the error says how to.
    pub fn binary(self) -> anyhow::Result<PathBuf> {
        let program = std::env::current_exe().context("asking where this program lies")?;
        let folders = program.ancestors().skip(1).take(2);
        let mut binaries = folders.map(|folder| folder.join(self.name()));
        let release = if cfg!(debug_assertions) { "" } else { " --release" };
        binaries.find(|binary| binary.is_file()).with_context(|| {
            let (name, program) = (self.name(), program.display());
            format!("{name} is missing beside {program}: build it with `cargo build{release} -p {name}`")
        })
    }
}

/// How a service is started.
#[derive(Clone, Debug)]
pub struct Setup {
    program: Program,
    port: u16,
    environment: Vec<(String, String)>,
    /// The file that its log is appended to.
    log: PathBuf,
    /// What its store lies in.
    dir: Arc<TempDir>,
    /// Where its files end, in KiB: a write that goes beyond fails.
    file_limit: Option<u64>,
}

impl Setup {
    /// A program on that port, with a store in that directory; the broker, the registry and the topic are still to be told.
    pub fn new(program: Program, port: u16, log: PathBuf, dir: Arc<TempDir>) -> Self {
        let setup = Self {
            program,
            port,
            environment: Vec::new(),
            log,
            dir,
        };
        let store = format!("embedded:{}", setup.dir.path().join(format!("store-{port}")).display());
        setup.with("API_PORT", port.to_string()).with("STORE", store)
    }

    /// The same with another value for an environment variable.
    pub fn with(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.environment.retain(|(name, _)| name != variable);
        self.environment.push((variable.to_owned(), value.into()));
        self
    }

    /// The same, giving up a schema id that the registry does not know soon: for topics in which there will be poison.
    pub fn impatient(self) -> Self {
        self.with("UNKNOWN_SCHEMA_GRACE_MS", "300")
    }

    /// The same with these librdkafka settings, in a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn with_kafka_settings(self, settings: &str) -> anyhow::Result<Self> {
        let file = self.dir.path().join(format!("kafka-{}.properties", self.port));
        std::fs::write(&file, settings).with_context(|| format!("writing {}", file.display()))?;
        Ok(self.with("KAFKA_CONFIG", file.display().to_string()))
    }

    /// Starts it, and does not wait.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(self) -> anyhow::Result<Service> {
        let http = Client::new(format!("http://127.0.0.1:{}", self.port))?;
        let mut service = Service {
            setup: self,
            child: None,
            http,
        };
        service.spawn(&[])?;
        Ok(service)
    }

    /// Runs it with these arguments to its end, as a deploy pipeline would. Returns the exit code and what it printed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let mut command = self.command(arguments)?;
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let printed = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&printed).into_owned()))
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let binary = self.program.binary()?;
        let mut command = match self.file_limit {
            None => Command::new(binary),
            Some(kib) => {
                let mut limited = Command::new("bash");
                // The signal that goes with it would end the process.
                limited.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &kib.to_string()]);
                limited.arg(binary);
                limited
            }
        };
        command
            .args(arguments)
            .env_clear()
            .envs(inherited)
            // A panic of a service is logged with its backtrace, an error without one.
            .env("RUST_LIB_BACKTRACE", "0")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the error shows its log.
    pub async fn start(self) -> anyhow::Result<Service> {
        let mut service = self.spawn()?;
        service.ready().await?;
        Ok(service)
    }
}

/// A service in a process of its own. It is killed when this is dropped.
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
    /// When it does not become ready, or ends; the error shows its log.
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

    /// How it has ended by itself; `None` while it runs, or when somebody ended it.
    ///
    /// # Errors
    /// When the system does not tell.
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
    /// When it does not run.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        signal::send(name, self.child.as_ref().context("it does not run")?.id())
    }

    /// Kills it, as a crash would: it gets no chance to do anything.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill9(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        anyhow::ensure!(child.try_wait()?.is_none(), "it had ended by itself{}", self.log_tail());
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Asks it to end, as an operator would, and waits for that. Its exit code must be 0.
    ///
    /// # Errors
    /// When it does not end, or not with 0.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        let child = self.child.as_ref().context("it does not run")?;
        signal::send("TERM", child.id())?;
        let code = self.ended().await?;
        anyhow::ensure!(code == Some(0), "it ended with {code:?}{}", self.log_tail());
        Ok(())
    }

    /// Waits until it ends by itself, and returns its exit code.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        Ok(self.ended_with().await?.code())
    }

    async fn ended_with(&mut self) -> anyhow::Result<ExitStatus> {
        let child = self.child.as_mut().context("it does not run")?;
        let what = format!("{} ends", self.setup.program.name());
        let status = until(&what, ENDING, async || child.try_wait()?.context("it runs")).await;
        let status = status.map_err(|error| error.context(self.log_tail()))?;
        self.child = None;
        Ok(status)
    }

    /// Starts it again, with these further arguments, to die at a crash point: `event-sent`, or `event-sent:3` for the
    /// third time that it comes there. Does not wait. A later start has no crash point.
    ///
    /// # Errors
    /// When it runs, or cannot be started.
    pub fn spawn_to_crash(&mut self, at: &str, arguments: &[&str]) -> anyhow::Result<()> {
        self.setup = self.setup.clone().with(crash_point::CRASH_AT, at);
        let spawned = self.spawn(arguments);
        self.setup.environment.retain(|(name, _)| name != crash_point::CRASH_AT);
        spawned
    }

    /// Starts it again with files that cannot grow beyond so many KiB: the write that would have one do so fails in the
    /// middle, as on a faulty disk. Does not wait. A later start has no limit.
    ///
    /// # Errors
    /// When it runs, or cannot be started.
    pub fn spawn_with_file_limit(&mut self, kib: u64) -> anyhow::Result<()> {
        self.setup.file_limit = Some(kib);
        let spawned = self.spawn(&[]);
        self.setup.file_limit = None;
        spawned
    }

    /// Sends it a signal, such as `TERM`, and does not wait.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let child = self.child.as_ref().context("it does not run")?;
        signal::send(name, child.id())
    }

    /// Waits until it has died at its crash point.
    ///
    /// # Errors
    /// When it goes on, or ends in another way.
    pub async fn crashed(&mut self) -> anyhow::Result<()> {
        let status = self.ended_with().await?;
        anyhow::ensure!(
            status.signal() == Some(SIGABRT),
            "it ended with {status}{}",
            self.log_tail()
        );
        Ok(())
    }

    /// The directory of its store.
    ///
    /// # Errors
    /// When it has none.
    pub fn store_dir(&self) -> anyhow::Result<PathBuf> {
        let store = self.setup.environment.iter().find(|(name, _)| name == "STORE");
        let dir = store.and_then(|(_, url)| url.strip_prefix("embedded:"));
        Ok(dir.context("it has no store of its own")?.into())
    }

    /// Starts it again, with the same store and port, and these further arguments; does not wait.
    ///
    /// # Errors
    /// When it runs, or cannot be started.
    pub fn spawn(&mut self, arguments: &[&str]) -> anyhow::Result<()> {
        anyhow::ensure!(self.child.is_none(), "it runs already");
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

    /// Starts it again, with these further arguments, and waits until it is ready.
    ///
    /// # Errors
    /// When it runs, or does not become ready.
    pub async fn start_again(&mut self, arguments: &[&str]) -> anyhow::Result<()> {
        self.spawn(arguments)?;
        self.ready().await
    }

    /// Ends it as an operator would, and starts it again.
    ///
    /// # Errors
    /// When it does not end with 0, or does not become ready.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.terminate().await?;
        self.start_again(&[]).await
    }

    /// Its log, over all its starts.
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
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
