//! A broker and a registry of this run's own, through `scripts/stack.sh`, in a directory and on ports of their own.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::{signal, stack};

/// One of the servers, by the name that the script has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Kafka,
    Registry,
}

impl Server {
    fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Registry => "registry",
        }
    }
}

/// Which ports a run takes: ten in a row.
#[derive(Clone, Copy, Debug)]
pub struct Ports(pub u16);

impl Ports {
    /// The broker, past the proxy.
    pub fn kafka(self) -> u16 {
        self.0
    }

    fn controller(self) -> u16 {
        self.0 + 1
    }

    fn registry(self) -> u16 {
        self.0 + 2
    }

    /// Where the broker listens for the proxy.
    pub fn behind_proxy(self) -> u16 {
        self.0 + 3
    }

    /// Where the proxy before the broker listens.
    pub fn broker_proxy(self) -> u16 {
        self.0 + 4
    }

    /// Where the service of that number listens.
    pub fn service(self, n: u16) -> u16 {
        self.0 + 5 + n
    }
}

/// The running servers. They are stopped, and what they have stored is removed, when this is dropped.
#[derive(Debug)]
pub struct Stack {
    dir: PathBuf,
    ports: Ports,
}

impl Stack {
    /// Removes what an earlier run has left in that directory, and starts both.
    ///
    /// # Errors
    /// When they do not start; the script says on stderr why.
    pub fn start(dir: &Path, ports: Ports) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        let stack = Self {
            dir: dir.to_owned(),
            ports,
        };
        stack.script(&["down", "--wipe"])?;
        stack.script(&["up"])?;
        Ok(stack)
    }

    /// `host:port` of the broker, past the proxy.
    pub fn kafka(&self) -> String {
        format!("127.0.0.1:{}", self.ports.kafka())
    }

    /// The registry's URL, past the proxy.
    pub fn registry(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.ports.registry())
    }

    /// Whether its process is there.
    pub fn is_running(&self, server: Server) -> bool {
        self.signal(server, "0").is_ok()
    }

    /// Sends a signal to a server.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, server: Server, signal: &str) -> anyhow::Result<()> {
        let pid = signal::pid_in(&self.dir.join(format!("{}.pid", server.name())))?;
        signal::send(signal, pid)
    }

    /// Ends a server as an operator would, and waits for that.
    ///
    /// # Errors
    /// When the script fails.
    pub fn terminate(&self, server: Server) -> anyhow::Result<()> {
        self.script(&["down", server.name()])
    }

    /// Starts a server that does not run, with the data that it had, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn start_again(&self, server: Server) -> anyhow::Result<()> {
        self.script(&["up", server.name()])
    }

    fn script(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let ports = stack::Ports {
            kafka: self.ports.kafka(),
            controller: self.ports.controller(),
            registry: self.ports.registry(),
            behind_proxy: self.ports.behind_proxy(),
            proxy: self.ports.broker_proxy(),
        };
        stack::run(&self.dir, Some(ports), arguments).map(drop)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Err(error) = self.script(&["down", "--wipe"]) {
            eprintln!("torture: the servers did not stop cleanly: {error:#}");
        }
    }
}
