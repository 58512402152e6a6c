//! How a service is started: its program, the paths of its store and log, and its environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use tempfile::TempDir;

use super::Service;
use crate::client::Client;

/// The variables that a service may inherit: none that configures it.
const INHERITED: [&str; 6] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "RUST_BACKTRACE",
    "RUST_LOG",
];
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

    /// The binary. It is next to the other programs of this workspace, and one directory above a test.
    ///
    /// # Errors
    /// If it was not built; the error says how to build it.
    pub fn binary(self) -> anyhow::Result<PathBuf> {
        let program = std::env::current_exe().context("locating this program")?;
        let folders = program.ancestors().skip(1).take(2);
        let mut binaries = folders.map(|folder| folder.join(self.name()));
        let release = if cfg!(debug_assertions) { "" } else { " --release" };
        binaries.find(|binary| binary.is_file()).with_context(|| {
            let (name, program) = (self.name(), program.display());
            format!("{name} is missing next to {program}: build it with `cargo build{release} -p {name}`")
        })
    }
}

/// How a service is started.
#[derive(Clone, Debug)]
pub struct Setup {
    pub(super) program: Program,
    address: String,
    port: u16,
    /// The network namespace that it runs in; `None` for this process's own.
    namespace: Option<PathBuf>,
    pub(super) environment: Vec<(String, String)>,
    /// The file that its log is appended to.
    pub(super) log: PathBuf,
    /// The directory that contains its store.
    dir: Arc<TempDir>,
    /// The size limit of its files, in KiB: a write beyond it fails.
    pub(super) file_limit: Option<u64>,
}

impl Setup {
    /// A program on that port, with a store in that directory; broker, registry and topic are set later.
    pub fn new(program: Program, port: u16, log: PathBuf, dir: Arc<TempDir>) -> Self {
        let setup = Self {
            program,
            address: "127.0.0.1".to_owned(),
            port,
            namespace: None,
            environment: Vec::new(),
            log,
            dir,
            file_limit: None,
        };
        let store = format!("embedded:{}", setup.dir.path().join(format!("store-{port}")).display());
        setup.with("API_PORT", port.to_string()).with("STORE", store)
    }

    /// Where it will be reached.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.address, self.port)
    }

    /// The same with another value for an environment variable.
    pub fn with(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.environment.retain(|(name, _)| name != variable);
        self.environment.push((variable.to_owned(), value.into()));
        self
    }

    /// The same in a network namespace that has that address.
    pub fn in_namespace(mut self, namespace: PathBuf, address: String) -> Self {
        (self.namespace, self.address) = (Some(namespace), address.clone());
        self.with("API_HOST", address)
    }

    /// The same, giving up soon on a schema id that the registry does not know: for topics that will contain poison.
    pub fn with_short_grace(self) -> Self {
        self.with("UNKNOWN_SCHEMA_GRACE_MS", "300")
    }

    /// The same with these librdkafka settings, in a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn with_kafka_settings(self, settings: &str) -> anyhow::Result<Self> {
        let file = self.dir.path().join(format!("kafka-{}.properties", self.port));
        std::fs::write(&file, settings).with_context(|| format!("writing {}", file.display()))?;
        Ok(self.with("KAFKA_CONFIG", file.display().to_string()))
    }

    /// The same, seeing every record up to a second late: the broker delays its fetches, because they never have enough
    /// data.
    ///
    /// # Errors
    /// If its settings cannot be written.
    pub fn with_delayed_fetches(self) -> anyhow::Result<Self> {
        self.with_kafka_settings("fetch.min.bytes=100000000\nfetch.wait.max.ms=1000\n")
    }

    /// Starts it, without waiting.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn spawn(self) -> anyhow::Result<Service> {
        let http = Client::new(format!("http://{}:{}", self.address, self.port))?;
        let mut service = Service {
            setup: self,
            child: None,
            http,
        };
        service.spawn(&[])?;
        Ok(service)
    }

    /// Runs it with these arguments until it ends, as a deploy pipeline would. Returns the exit code and its output.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let mut command = self.command(arguments)?;
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let printed = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&printed).into_owned()))
    }

    pub(super) fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        // Each wrapper execs the next one, so the started process ends up being the service.
        let mut words: Vec<OsString> = Vec::new();
        if let Some(kib) = self.file_limit {
            // The signal for exceeding the limit would kill the process.
            words.extend(["bash", "-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""].map(OsString::from));
            words.push(kib.to_string().into());
        }
        if let Some(namespace) = &self.namespace {
            words.extend(["nsenter".into(), format!("--net={}", namespace.display()).into()]);
        }
        words.push(self.program.binary()?.into());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
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
    /// If it does not become ready; the error shows its log.
    pub async fn start(self) -> anyhow::Result<Service> {
        let mut service = self.spawn()?;
        service.ready().await?;
        Ok(service)
    }
}
