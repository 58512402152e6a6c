//! The servers of a run, through `scripts/stack.sh`: one broker on ports of this machine, or three in network
//! namespaces, and a registry.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::faults::Target;
use testbed::stack::{Environment, Ports, StackScript};

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The only broker.
    Kafka,
    /// One of three brokers, by its number.
    Broker(u8),
    Registry,
}

impl Server {
    /// Its name for the script.
    fn name(self) -> String {
        match self {
            Self::Kafka => "kafka".to_owned(),
            Self::Broker(n) => format!("broker-{n}"),
            Self::Registry => "registry".to_owned(),
        }
    }
}

/// The numbers of three brokers.
pub const BROKERS: [u8; 3] = [1, 2, 3];

/// Where everything listens.
#[derive(Clone, Debug)]
pub enum Layout {
    /// One broker, and everything on ports of this machine.
    One(Ports),
    /// Three brokers, which like the services are in namespaces whose addresses begin with this prefix, such as
    /// `10.77.1`.
    Three(String),
}

/// Where a service runs.
#[derive(Clone, Debug)]
pub struct Place {
    pub port: u16,
    /// Its network namespace, and its address there.
    pub namespace: Option<(PathBuf, String)>,
}

/// The running servers. When this is dropped, they are stopped and their data is removed.
#[derive(Debug)]
pub struct Stack {
    script: StackScript,
    layout: Layout,
}

impl Layout {
    fn environment(&self) -> Environment {
        match self {
            Self::One(ports) => ports.environment(),
            Self::Three(net) => vec![
                ("ORDERLOG_STACK_NET", net.clone()),
                ("KAFKA_PORT", "9092".to_owned()),
                ("KAFKA_CONTROLLER_PORT", "9093".to_owned()),
                ("REGISTRY_PORT", "8081".to_owned()),
            ],
        }
    }
}

impl Stack {
    /// Checks that three brokers can be started here.
    ///
    /// # Errors
    /// If they cannot, with the reason.
    pub fn check_three_brokers(dir: &Path) -> anyhow::Result<()> {
        StackScript::new(dir, Vec::new()).run(&["check"]).map(drop)
    }

    /// Removes the leftovers of an earlier run in that directory, and starts everything.
    ///
    /// # Errors
    /// If something does not start; the script says why.
    pub fn start(dir: &Path, layout: Layout) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let script = StackScript::new(dir, layout.environment());
        let stack = Self { script, layout };
        stack.script.run(&["down", "--wipe"])?;
        stack.script.run(match stack.layout {
            Layout::One(_) => &["up"],
            Layout::Three(_) => &["up", "--brokers", "3"],
        })?;
        Ok(stack)
    }

    /// Where everything listens.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// `host:port` of every broker, bypassing the proxy.
    pub fn brokers(&self) -> Vec<String> {
        match &self.layout {
            Layout::One(ports) => vec![format!("127.0.0.1:{}", ports.kafka)],
            Layout::Three(net) => BROKERS.map(|n| format!("{net}.{n}:9092")).to_vec(),
        }
    }

    /// The same, comma-separated.
    pub fn kafka(&self) -> String {
        self.brokers().join(",")
    }

    /// The registry's URL, bypassing the proxy.
    pub fn registry(&self) -> String {
        let server = match &self.layout {
            Layout::One(ports) => format!("127.0.0.1:{}", ports.registry),
            Layout::Three(net) => format!("{net}.10:8081"),
        };
        format!("http://{server}/apis/ccompat/v7")
    }

    /// The address of this machine that the services reach.
    pub fn host(&self) -> String {
        match &self.layout {
            Layout::One(_) => "127.0.0.1".to_owned(),
            Layout::Three(net) => format!("{net}.254"),
        }
    }

    /// Where that service runs; creates its namespace.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn place(&self, target: Target) -> anyhow::Result<Place> {
        let (offset, port) = match target {
            Target::CartA => (1, 8000),
            Target::CartB => (2, 8000),
            _ => (3, 8001),
        };
        let Layout::One(ports) = self.layout else {
            let said = self.script.run(&["client", target.node()])?;
            let (path, address) = said.trim().split_once(' ').context("no namespace and address")?;
            let namespace = Some((path.into(), address.to_owned()));
            return Ok(Place { port, namespace });
        };
        Ok(Place {
            port: ports.proxy + offset,
            namespace: None,
        })
    }

    /// All of them.
    pub fn servers(&self) -> Vec<Server> {
        let mut servers = match self.layout {
            Layout::One(_) => vec![Server::Kafka],
            Layout::Three(_) => BROKERS.map(Server::Broker).to_vec(),
        };
        servers.push(Server::Registry);
        servers
    }

    /// Whether its process exists.
    pub fn is_running(&self, server: Server) -> bool {
        self.signal(server, "0").is_ok()
    }

    /// Sends a signal to a server.
    ///
    /// # Errors
    /// If it is not running.
    pub fn signal(&self, server: Server, signal: &str) -> anyhow::Result<()> {
        self.script.signal(&server.name(), signal)
    }

    /// Stops a server as an operator would, and waits until it has exited.
    ///
    /// # Errors
    /// If the script fails.
    pub fn terminate(&self, server: Server) -> anyhow::Result<()> {
        self.script.run(&["down", &server.name()]).map(drop)
    }

    /// Starts a server that is not running, with its old data, and waits until it answers.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn start_again(&self, server: Server) -> anyhow::Result<()> {
        self.script.run(&["up", &server.name()]).map(drop)
    }

    /// Makes those cuts between three brokers and their clients, in the syntax of the script's help.
    ///
    /// # Errors
    /// If the script fails.
    pub fn cut(&self, rules: &[String]) -> anyhow::Result<()> {
        let words = std::iter::once("cut").chain(rules.iter().map(String::as_str));
        self.script.run(&words.collect::<Vec<_>>()).map(drop)
    }

    /// Ends every cut.
    ///
    /// # Errors
    /// If the script fails.
    pub fn heal(&self) -> anyhow::Result<()> {
        self.script.run(&["heal"]).map(drop)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Err(error) = self.script.run(&["down", "--wipe"]) {
            eprintln!("torture: the servers did not stop cleanly: {error:#}");
        }
    }
}
