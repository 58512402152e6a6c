//! The command-line options of a run.

use std::path::PathBuf;

use clap::Parser;

use crate::faults::Brokers;

/// Tortures the pipeline and checks that it loses nothing and makes nothing up.
///
/// Starts a Kafka broker, a schema registry, two cart-services and an order-service, lets clients write and read, and
/// meanwhile kills, suspends, stops and cuts off processes, writes poisoned records and fills the disk. At the end it
/// reads everything and checks it. The same seed gives the same faults and the same choices of the clients; timing
/// differs, so no two runs are quite the same.
///
/// With --brokers 3 there are three brokers (replication 3, min.insync.replicas 2), and each service and server has its
/// own network namespace: leaders are killed, suspended, stopped, and cut off from the others while a cart-service
/// still reaches them.
///
/// Prints a Markdown table of the checks. Exit code 0: every check holds. 1: a check fails, or had nothing to look at
/// although no fault was left out. 2: the run was not possible.
#[derive(Debug, Parser)]
#[command(name = "torture", version)]
pub struct Options {
    /// How long to inject faults, in minutes; start, final recovery and checks add about one minute
    #[arg(long, default_value = "2", value_parser = minutes)]
    pub(super) minutes: f64,
    /// Seed of the faults and the clients' choices [default: random, and printed]
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Directory for the servers' data, the stores and the results of the runs [default: torture, in the target
    /// directory]
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Number of brokers, 1 or 3. Three need Linux, root, iproute2 and iptables; without them the run falls back to one
    /// and says so, or fails if CI=true
    #[arg(long, default_value = "1")]
    pub(super) brokers: Brokers,
    /// First of ten consecutive ports that a run with one broker uses
    #[arg(long, env = "ORDERLOG_TORTURE_PORT", default_value_t = 19_100)]
    pub(super) port: u16,
    /// Address prefix for a run with three brokers, on this machine only: 10.77.1 is 10.77.1.1 to 10.77.1.254
    #[arg(long, env = "ORDERLOG_TORTURE_NET", default_value = "10.77.1", value_name = "PREFIX")]
    pub(super) net: String,
    /// Inject only faults whose name in the summary contains this text; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(super) only: Vec<String>,
    /// Inject no faults whose name contains this text; repeatable
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
