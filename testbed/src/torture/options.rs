//! What a run is told.

use std::path::PathBuf;

use clap::Parser;

use super::faults::Brokers;

/// Tortures the pipeline and checks that nothing is lost and nothing is made up.
///
/// Starts a Kafka broker, a schema registry, two cart-services and an order-service, lets clients write and read, and kills,
/// suspends, stops, cuts off, poisons and fills up meanwhile. At the end it reads everything and checks it. The same seed
/// gives the same faults and the same choices of the clients; how long processes take is their own business, so two runs
/// are never quite the same.
///
/// With --brokers 3 there are three (replication 3, min.insync.replicas 2) and each service and server has a network namespace
/// of its own: leaders are killed, suspended, stopped, and cut off from the others while a cart-service still reaches them.
///
/// Prints a table of the checks in Markdown. Exit code 0: every check holds. 1: one does not, or had nothing to look at
/// although no fault was left out. 2: it could not run.
#[derive(Debug, Parser)]
#[command(name = "torture", version)]
pub struct Options {
    /// How long faults are done, in minutes; starting, the last recovery and the checks come on top (about one minute)
    #[arg(long, default_value = "2", value_parser = minutes)]
    pub(super) minutes: f64,
    /// What the faults and the clients' choices follow from [default: another one each time, which is printed]
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Where the servers' data, the stores and the records of the runs lie [default: torture, in the target directory]
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// How many brokers there are. Three take Linux, root, iproute2 and iptables; where they cannot be had, this is said, and
    /// there is one, unless CI=true: then it fails
    #[arg(long, default_value = "1")]
    pub(super) brokers: Brokers,
    /// The first of ten ports in a row that a run with one broker takes
    #[arg(long, env = "ORDERLOG_TORTURE_PORT", default_value_t = 19_100)]
    pub(super) port: u16,
    /// The addresses that a run with three brokers takes, on this machine only: 10.77.1 is 10.77.1.1 to 10.77.1.254
    #[arg(long, env = "ORDERLOG_TORTURE_NET", default_value = "10.77.1", value_name = "PREFIX")]
    pub(super) net: String,
    /// Only faults whose name, as the summary has it, holds this text; can be given several times
    #[arg(long, value_name = "TEXT")]
    pub(super) only: Vec<String>,
    /// No faults whose name holds this text; can be given several times
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
