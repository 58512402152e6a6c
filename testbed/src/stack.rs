//! `scripts/stack.sh`, which runs the servers: on a directory and ports that the caller chooses.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/stack.sh");

/// The ports of servers of one's own.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The broker.
    pub kafka: u16,
    /// Its controller.
    pub controller: u16,
    /// The registry.
    pub registry: u16,
    /// Where the broker listens for those who come through a proxy.
    pub behind_proxy: u16,
    /// Where that proxy listens.
    pub proxy: u16,
}

/// The file in a directory of servers that has further settings of the broker.
pub const EXTRA_PROPERTIES: &str = "extra.properties";

/// Runs the script with these arguments on the servers in that directory, and returns what it prints. Without ports it is
/// for servers that run already, or for none. Blocks until it has ended.
///
/// # Errors
/// When it fails, with what it said.
pub fn run(dir: &Path, ports: Option<Ports>, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(SCRIPT);
    command
        .args(arguments)
        .env("ORDERLOG_STACK_DIR", dir)
        .stdin(Stdio::null());
    let extra = dir.join(EXTRA_PROPERTIES);
    if extra.is_file() {
        command.env("KAFKA_EXTRA_PROPERTIES", extra);
    }
    if let Some(ports) = ports {
        command
            .env("KAFKA_PORT", ports.kafka.to_string())
            .env("KAFKA_CONTROLLER_PORT", ports.controller.to_string())
            .env("REGISTRY_PORT", ports.registry.to_string())
            .env("KAFKA_BEHIND_PROXY", format!("{}:{}", ports.behind_proxy, ports.proxy));
        if std::env::var_os("KAFKA_HEAP_OPTS").is_none() {
            command.env("KAFKA_HEAP_OPTS", "-Xmx512m");
        }
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
