//! The main of a service, once: what a process sets up around its application.

use std::pin::Pin;
use std::process::ExitCode;

use metrics_exporter_prometheus::PrometheusHandle;

use crate::shutdown::Signal;
use crate::supervisor::Supervisor;
use crate::telemetry::LogFormat;
use crate::{descriptors, shutdown, telemetry};

/// Resolves when the process is asked to stop.
pub type Stop = Pin<Box<dyn Future<Output = Signal> + Send>>;

/// Installs the process's TLS provider. Call it first: clients that are built before have none.
pub fn install_tls_provider() {
    // Fails only if there is one already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Runs `application` in this process, with logs, metrics, signals and a time limit for shutting down. `application` gets
/// the metrics for its page, the supervisor for its tasks, and stops when `Stop` resolves. Returns main's exit code: a service
/// that has failed exits non-zero, with the reason on stderr.
pub async fn run(
    name: &'static str,
    log_format: LogFormat,
    application: impl AsyncFnOnce(PrometheusHandle, Supervisor, Stop) -> anyhow::Result<()>,
) -> ExitCode {
    match try_run(name, log_format, application).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not as main's own error, which would print a backtrace: most of these are mistakes in settings.
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn try_run(
    name: &'static str,
    log_format: LogFormat,
    application: impl AsyncFnOnce(PrometheusHandle, Supervisor, Stop) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    telemetry::init(name, log_format)?;
    descriptors::raise_limit();
    let metrics = telemetry::metrics_recorder();
    // Before the application starts, so that a start that hangs can be stopped too.
    let stop = Box::pin(shutdown::signal()?);
    let supervisor = Supervisor::default();
    let supervised = supervisor.clone();
    shutdown::exit_after(async move { supervised.failed().await })?;
    tokio::select! {
        ended = application(metrics.clone(), supervisor, stop) => ended,
        never = telemetry::metrics_upkeep(metrics) => match never {},
    }
}
