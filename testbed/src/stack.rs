//! `scripts/stack.sh`, which runs the servers: in a directory and on ports, or addresses, that the caller chooses.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::signal;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/stack.sh");
/// The file in a directory of servers with additional broker settings.
const EXTRA_PROPERTIES: &str = "extra.properties";

/// The ports of a set of servers.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The broker.
    pub kafka: u16,
    /// Its controller.
    pub controller: u16,
    /// The registry.
    pub registry: u16,
    /// Where the broker listens for clients that come through a proxy.
    pub behind_proxy: u16,
    /// Where that proxy listens.
    pub proxy: u16,
}

/// Environment variables of the script.
pub type Environment = Vec<(&'static str, String)>;

impl Ports {
    /// Five ports in a row; the proxy gets the last one.
    pub fn in_a_row(first: u16) -> Self {
        Self {
            kafka: first,
            controller: first + 1,
            registry: first + 2,
            behind_proxy: first + 3,
            proxy: first + 4,
        }
    }

    /// Passes the ports to the script.
    pub fn environment(self) -> Environment {
        let mut environment = vec![
            ("KAFKA_PORT", self.kafka.to_string()),
            ("KAFKA_CONTROLLER_PORT", self.controller.to_string()),
            ("REGISTRY_PORT", self.registry.to_string()),
            ("KAFKA_BEHIND_PROXY", format!("{}:{}", self.behind_proxy, self.proxy)),
        ];
        if std::env::var_os("KAFKA_HEAP_OPTS").is_none() {
            environment.push(("KAFKA_HEAP_OPTS", "-Xmx512m".to_owned()));
        }
        environment
    }
}

/// The script, for the servers in one directory.
#[derive(Clone, Debug)]
pub struct StackScript {
    dir: PathBuf,
    environment: Environment,
}

impl StackScript {
    /// The script for that directory. An empty environment is for servers that are already running, or for none.
    pub fn new(dir: impl Into<PathBuf>, environment: Environment) -> Self {
        Self {
            dir: dir.into(),
            environment,
        }
    }

    /// Adds broker settings, for the broker's next start.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn set(&self, properties: &str) -> anyhow::Result<()> {
        let file = self.dir.join(EXTRA_PROPERTIES);
        std::fs::write(&file, properties).with_context(|| format!("writing {}", file.display()))
    }

    /// Runs the script with these arguments, and returns its output. Blocks until it has ended.
    ///
    /// # Errors
    /// If it fails, with its output.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(SCRIPT);
        command
            .args(arguments)
            .env("ORDERLOG_STACK_DIR", &self.dir)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        let extra = self.dir.join(EXTRA_PROPERTIES);
        if extra.is_file() {
            command.env("KAFKA_EXTRA_PROPERTIES", extra);
        }
        let output = command.output().with_context(|| format!("running {SCRIPT}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "stack.sh {} failed: {}",
            arguments.join(" "),
            said.trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The process id of a server, by the script's name for it.
    ///
    /// # Errors
    /// If it was not started.
    pub fn pid(&self, server: &str) -> anyhow::Result<u32> {
        let file = self.dir.join(format!("{server}.pid"));
        let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        text.trim()
            .parse()
            .with_context(|| format!("{} contains no process id", file.display()))
    }

    /// Sends a signal, such as `KILL`, to a server.
    ///
    /// # Errors
    /// If it is not running.
    pub fn signal(&self, server: &str, name: &str) -> anyhow::Result<()> {
        signal::send(name, self.pid(server)?)
    }
}
