//! The sandbox program: the whole pipeline in one process.

use std::time::Instant;

use clap::Parser;
use orderlog_runtime::telemetry::LogFormat;
use orderlog_runtime::{descriptors, service, shutdown, telemetry};
use sandbox::cli::{Cli, Command};
use sandbox::demo::Demo;
use sandbox::pipeline::Pipeline;
use sandbox::poison::{Kind, Poisoner};
use sandbox::{demo, welcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let started = Instant::now();
    service::install_tls_provider();
    let cli = Cli::parse();
    // Quiet, so that its own output is easy to see; RUST_LOG=info shows the services' logs.
    telemetry::init_with("warn,librdkafka=off,rdkafka=off", LogFormat::Text)?;
    if let Some(Command::Poison {
        kind,
        kafka_bootstrap_servers,
        kafka_topic,
        kafka_partitioner,
        schema_registry_url,
    }) = &cli.command
    {
        let poisoner = Poisoner::connect(kafka_bootstrap_servers, kafka_topic, schema_registry_url).await?;
        return poison(*kind, &poisoner.partitioned_by(*kafka_partitioner), kafka_topic);
    }
    descriptors::raise_limit();
    let stop = shutdown::signal()?;
    let mut pipeline = Pipeline::start(&cli).await?;
    println!("{}", welcome::text(&pipeline, started.elapsed(), cli.demo));
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

fn poison(kind: Kind, poisoner: &Poisoner, topic: &str) -> anyhow::Result<()> {
    let order_id = format!("POISON-{}", fastrand::u32(1..1_000_000));
    let written = poisoner.write(kind, &order_id)?;
    for record in written.iter().filter(|record| !record.is_good) {
        println!(
            "Written to {topic} with key {}; it will be dead-lettered as {}.",
            String::from_utf8_lossy(&record.key),
            kind.code()
        );
    }
    Ok(())
}
