//! Starts cart-service: settings, logs, run. A service that fails exits non-zero.

#![deny(clippy::disallowed_methods)]

use std::process::ExitCode;

use cart_service::{Application, Cli, SERVICE};
use clap::Parser;
use orderlog_projection::check_schemas::{self, Command};
use orderlog_runtime::{descriptors, shutdown, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    // A second provider cannot have been there before: this is the first thing that could install one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Cli { command, config } = Cli::parse();
    if let Some(Command::CheckSchemas(settings)) = command {
        return Ok(check_schemas::run(&settings).await);
    }
    telemetry::init(SERVICE, config.logs.log_format)?;
    descriptors::raise();
    let metrics = telemetry::metrics_recorder();
    // Listening begins before the start, so that a start that hangs can be stopped too.
    let stop = shutdown::signal()?;
    let application = Application::build(config, metrics.clone()).await?;
    shutdown::cut_off_after(application.failed())?;
    tokio::select! {
        ended = application.run_until_stopped(stop) => ended?,
        never = telemetry::metrics_upkeep(metrics) => match never {},
    }
    Ok(ExitCode::SUCCESS)
}
