//! The main of a service, once: what a process sets up around its application.

use std::pin::Pin;

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
/// the metrics for its page, the supervisor for its tasks, and stops when `Stop` resolves.
///
/// # Errors
/// The process cannot be set up, or what `application` returns: the service has failed, and main must exit non-zero.
pub async fn run(
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
