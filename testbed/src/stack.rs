//! `scripts/stack.sh`, which runs the servers: in a directory and on ports, or addresses, that the caller chooses.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/stack.sh");

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

/// The file in a directory of servers with additional broker settings.
pub const EXTRA_PROPERTIES: &str = "extra.properties";

/// Environment variables of the script.
pub type Environment = Vec<(&'static str, String)>;

impl Ports {
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

/// Runs the script with these arguments on the servers in that directory, and returns its output. An empty environment
/// is for servers that are already running, or for none. Blocks until it has ended.
///
/// # Errors
/// If it fails, with its output.
pub fn run(dir: &Path, environment: Environment, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(SCRIPT);
    command
        .args(arguments)
        .env("ORDERLOG_STACK_DIR", dir)
        .envs(environment)
        .stdin(Stdio::null());
    let extra = dir.join(EXTRA_PROPERTIES);
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
