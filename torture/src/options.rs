//! The command-line options of a run.

use std::path::PathBuf;

use clap::Parser;

use crate::faults::Brokers;

/// Checks that the pipeline loses nothing and invents nothing, under continuous faults.
///
/// Starts a Kafka broker, a schema registry, two cart-services and an order-service. While clients write and read, it
/// kills, suspends, stops and cuts off processes, writes invalid records and fills the disk. At the end it reads
/// everything back and checks it. The same seed gives the same faults and the same client choices, but timing differs,
/// so no two runs are quite the same.
///
/// With --brokers 3 there are three brokers (replication 3, min.insync.replicas 2), and each service and server has its
/// own network namespace: leaders are killed, suspended, stopped, and cut off from the others while a cart-service
/// still reaches them.
///
/// Prints a Markdown table of the checks. Exit codes: 0 if every check passes; 1 if a check fails, or had nothing to
/// check even though all faults were injected; 2 if the run could not be started or completed.
#[derive(Debug, Parser)]
#[command(name = "torture", version)]
pub struct Options {
    /// How long to inject faults, in minutes; startup, final recovery and checks add about one minute
    #[arg(long, default_value = "2", value_parser = minutes)]
    pub(super) minutes: f64,
    /// Seed of the faults and the clients' choices [default: random, and printed]
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Directory for the servers' data, the stores and the results [default: torture, in the target directory]
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Number of brokers. Three require Linux, root, iproute2 and iptables; without them the run falls back to one and
    /// says so, or fails if CI=true
    #[arg(long, default_value = "1")]
    pub(super) brokers: Brokers,
    /// First of ten consecutive ports for a run with one broker
    #[arg(long, env = "ORDERLOG_TORTURE_PORT", default_value_t = 19_100)]
    pub(super) port: u16,
    /// Address prefix for a run with three brokers; 10.77.1 stands for 10.77.1.1 to 10.77.1.254, on this machine only
    #[arg(long, env = "ORDERLOG_TORTURE_NET", default_value = "10.77.1", value_name = "PREFIX")]
    pub(super) net: String,
    /// Inject only faults whose name contains this text, such as kill; repeatable (a text that matches none lists the
    /// names)
    #[arg(long, value_name = "TEXT")]
    pub(super) only: Vec<String>,
    /// Inject no fault whose name contains this text; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(super) without: Vec<String>,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text
        .parse::<f64>()
        .ok()
        .filter(|minutes| (0.1..=1440.0).contains(minutes));
    minutes.ok_or_else(|| "must be a number from 0.1 to 1440".to_owned())
}
