//! The sandbox program: the whole pipeline in one process.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use orderlog_runtime::telemetry::LogFormat;
use orderlog_runtime::{descriptors, service, shutdown, telemetry};
use sandbox::cli::{Cli, Command};
use sandbox::demo::Demo;
use sandbox::pipeline::Pipeline;
use sandbox::poison::command as poison;
use sandbox::{demo, welcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    service::install_tls_provider();
    match start(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Without stack frames: most errors are a port or an address.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn start(cli: Cli) -> anyhow::Result<()> {
    let started = Instant::now();
    // Quiet, so that its own output is easy to see; RUST_LOG=info shows the services' logs.
    // actix_http reports whatever is not HTTP as an error, and anybody can send that.
    telemetry::init_with("warn,librdkafka=off,rdkafka=off,actix_http=off", LogFormat::Text)?;
    if let Some(Command::Poison(args)) = &cli.command {
        return poison::run(args).await;
    }
    descriptors::raise_limit();
    let stop = shutdown::signal()?;
    let mut pipeline = Pipeline::start(&cli).await?;
    println!("{}", welcome::text(&pipeline, &cli, started.elapsed()));
    let ended = run(&mut pipeline, cli.demo, stop).await;
    println!("Stopping; nothing is kept.");
    let stopped = pipeline.stop().await;
    ended.and(stopped)
}

async fn run(pipeline: &mut Pipeline, with_demo: bool, stop: impl Future) -> anyhow::Result<()> {
    let demo = Demo::of(pipeline);
    let traffic = async {
        if with_demo {
            demo::run(&demo).await
        } else {
            std::future::pending().await
        }
    };
    tokio::select! {
        _ = stop => Ok(()),
        ended = traffic => ended,
        error = pipeline.failure() => Err(error),
    }
}
