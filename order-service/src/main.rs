//! Starts order-service. A service that fails exits non-zero.

#![deny(clippy::disallowed_methods)]

use std::process::ExitCode;

use order_service::{Application, Cli, SERVICE, cli};
use orderlog_runtime::{command_line, service};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    service::install_tls_provider();
    let Cli { command, config } = command_line::parse();
    if let Some(command) = command {
        return cli::run(&command).await;
    }
    service::run(SERVICE, config.logs.log_format, async |metrics, supervisor, stop| {
        let application = Application::build(config, metrics, supervisor).await?;
        application.run_until_stopped(stop).await
    })
    .await
}
