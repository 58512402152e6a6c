//! The commands of order-service besides running: for deploy pipelines, and for people who look at topics and dead letters.
//! They need none of a running service's parts, and none reads its store.

mod dlq;
mod output;
mod tail;

use std::process::ExitCode;

use clap::Subcommand;
pub use dlq::DlqArgs;
use orderlog_projection::check_schemas;
pub use tail::TailArgs;

/// What order-service does instead of running.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// What both services have.
    #[command(flatten)]
    Shared(check_schemas::Command),

    /// Print the records of a topic as JSON lines, decoded
    ///
    /// Reads the topic from Kafka and the schemas from the registry; no service has to run. Its options follow the subcommand.
    #[command(after_help = tail::EXAMPLES)]
    Tail(Box<TailArgs>),

    /// List, show, replay and discard dead letters
    ///
    /// Asks a running order-service, over HTTP. Options follow the command.
    Dlq(Box<DlqArgs>),
}

/// Runs a command.
pub async fn run(command: &Command) -> ExitCode {
    match command {
        Command::Shared(check_schemas::Command::CheckSchemas(settings)) => check_schemas::run(settings).await,
        Command::Tail(args) => tail::run(args).await,
        Command::Dlq(args) => dlq::run(args).await,
    }
}
