//! Logs and metrics of a process. Both are global, so only mains (and tests) set them up; everything else just uses
//! `tracing` and `metrics`.

use std::convert::Infallible;
use std::io::{IsTerminal, stderr};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::crash_point::{self, Point};
use crate::metrics::describe_all;

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// The settings of logs.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// How logs are written; RUST_LOG sets the log filter, such as info,orderlog_kafka=debug
    #[arg(long, env = "LOG_FORMAT", value_name = "LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// The log filter when `RUST_LOG` is not set. librdkafka logs each lost connection of each client, over and over; we log
/// lost brokers once ourselves, and `/health` gives the reason. actix-http logs an error when a client sends garbage, which
/// anybody can do as often as they like.
const DEFAULT_FILTER: &str =
    "info,librdkafka=off,rdkafka=off,actix_server=warn,actix_http=off,fjall=warn,lsm_tree=warn";

/// Bucket bounds, in seconds, of every `_seconds` metric: from a read of the store (0.1 ms) to the longest wait (30 s). The
/// default deadline of a write (5 s) is one of them.
const SECONDS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Bucket bounds of every `_records` metric: batch sizes.
const RECORDS: [f64; 9] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0];

/// How often samples are drained into the buckets; the same as in the exporter's own background task, which is not
/// compiled in.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Starts logging to stderr, filtered by `RUST_LOG` (default: info, with dependencies toned down).
///
/// # Errors
/// `RUST_LOG` is not a filter, or logging was started before.
pub fn init(service: &'static str, format: LogFormat) -> anyhow::Result<()> {
    init_with(DEFAULT_FILTER, format)?;
    tracing::info!(service, version = env!("CARGO_PKG_VERSION"), "starting");
    Ok(())
}

/// The same with another default filter.
///
/// # Errors
/// As [`init`].
pub fn init_with(default_filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let given = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let filter = match &given {
        Some(given) => given
            .parse::<EnvFilter>()
            .with_context(|| format!("RUST_LOG={given} is not a log filter; an example: info,orderlog_kafka=debug"))?,
        None => EnvFilter::new(default_filter),
    };
    start(filter, format)?;
    for word in given.iter().flat_map(|given| mistyped_levels(given)) {
        // Not through the filter, which may let nothing pass.
        eprintln!(
            "RUST_LOG: {word} is not a level (error, warn, info, debug, trace or off), so only the logs of a crate with that name are shown; an example: info,orderlog_kafka=debug"
        );
    }
    Ok(())
}

/// The words of a filter that are probably mistyped levels: neither levels nor crates of ours.
fn mistyped_levels(filter: &str) -> impl Iterator<Item = &str> {
    let is_ours = |word: &str| {
        ["orderlog_", "cart_service", "order_service"]
            .iter()
            .any(|name| word.starts_with(name))
    };
    // `::` is in the path of a module.
    let is_word = |word: &str| !word.is_empty() && !word.contains(['=', '[', ':']);
    filter
        .split(',')
        .map(str::trim)
        .filter(move |word| is_word(word) && word.parse::<LevelFilter>().is_err() && !is_ours(word))
}

fn start(filter: EnvFilter, format: LogFormat) -> anyhow::Result<()> {
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match format {
        LogFormat::Text => logs.with_ansi(stderr().is_terminal()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}

/// The metrics of this process. The first call installs the recorder; every call returns the same handle.
///
/// # Panics
/// Only if the bucket lists of this file were empty.
pub fn metrics_recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_records".to_owned()), &RECORDS))
            .expect("the lists have buckets")
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics stays empty");
        }
        describe_all();
        Collector::default().describe();
        handle
    };
    HANDLE.get_or_init(install).clone()
}

/// Sets the `process_*` metrics as they are now. Reads a few files of `/proc`.
pub fn collect_process_metrics() {
    Collector::default().collect();
}

/// Keeps the memory of histograms bounded. Runs until dropped; run it in the service's own task, so that a panic of either
/// ends both.
pub async fn metrics_upkeep(handle: PrometheusHandle) -> Infallible {
    let mut interval = tokio::time::interval_at(Instant::now() + UPKEEP_INTERVAL, UPKEEP_INTERVAL);
    loop {
        interval.tick().await;
        crash_point::reached(Point::MetricsUpkeepTurn);
        handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_call_returns_the_same_recorder() {
        let first = metrics_recorder();
        let second = metrics_recorder();
        metrics::counter!("telemetry_test_total").increment(2);
        assert!(first.render().contains("telemetry_test_total 2\n"));
        assert!(second.render().contains("telemetry_test_total 2\n"));
    }

    #[test]
    fn histograms_of_seconds_and_records_have_buckets() {
        let handle = metrics_recorder();
        metrics::histogram!("telemetry_test_seconds").record(0.0003);
        metrics::histogram!("telemetry_test_seconds").record(4.9);
        metrics::histogram!("telemetry_test_records").record(2.0);
        let text = handle.render();
        assert!(
            text.contains("telemetry_test_seconds_bucket{le=\"0.0005\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains("telemetry_test_seconds_bucket{le=\"5\"} 2\n"),
            "the deadline of a write is a bound: {text}"
        );
        assert!(text.contains("telemetry_test_records_bucket{le=\"3\"} 1\n"), "{text}");
    }

    #[test]
    fn the_default_filter_can_be_parsed() {
        let filter: EnvFilter = DEFAULT_FILTER.parse().expect("a filter");
        assert!(filter.to_string().contains("librdkafka=off"));
    }

    #[test]
    fn a_mistyped_level_is_recognized() {
        for (filter, expected) in [
            ("inf0", &["inf0"][..]),
            ("orderlog_kafka=debug,wran", &["wran"]),
            ("INFO,debug, 3,off,", &[]),
            ("orderlog_kafka,cart_service::decide,order_service", &[]),
            ("info,hyper=warn,[request]=debug,actix_web::middleware", &[]),
        ] {
            assert_eq!(mistyped_levels(filter).collect::<Vec<_>>(), expected, "{filter}");
        }
    }

    #[test]
    fn logs_are_started_once() {
        init("test", LogFormat::Text).expect("the first start");
        assert!(init("test", LogFormat::Json).is_err());
    }
}
