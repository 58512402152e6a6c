//! Serving HTTP from the first request to the last: until the service is stopped, it may not continue, a part of it
//! fails, or the HTTP server ends. What comes before and after is up to each service.

use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use anyhow::{Context, anyhow, bail};
use orderlog_runtime::supervisor::Supervisor;

use crate::access::AccessConfig;
use crate::server;

/// How long a stopping service still accepts requests, in order to reject them.
const GRACE: Duration = Duration::from_millis(500);

/// Serves these routes on this listener until `stop` resolves, then lets running requests finish. `refused` resolves with
/// the reason when the service may not continue, such as a rejected schema.
///
/// # Errors
/// When `refused` resolves, a part of the service fails, or the HTTP server fails or ends.
pub async fn serve_until<R>(
    stop: impl Future,
    listener: TcpListener,
    service: &'static str,
    access: &AccessConfig,
    refused: impl Future<Output = String>,
    supervisor: &Supervisor,
    routes: R,
) -> anyhow::Result<()>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let address = listener.local_addr().context("reading the server's address")?;
    let server = server::serve(listener, service, supervisor, access, routes)?;
    let handle = server.handle();
    #[expect(clippy::disallowed_methods, reason = "its end is awaited below")]
    let mut served = tokio::spawn(server);
    tracing::info!(service, port = address.port(), %address, "listening");
    let failed = tokio::select! {
        _ = stop => None,
        reason = refused => Some(reason),
        reason = supervisor.failed() => Some(reason),
        ended = &mut served => {
            ended.context("the HTTP server panicked")?.context("the HTTP server failed")?;
            bail!("the HTTP server stopped unexpectedly");
        }
    };
    tracing::info!("stopping");
    supervisor.begin_shutdown();
    // A grace period, not a condition: readiness probes see that it stops, and new connections still get a response.
    tokio::time::sleep(GRACE).await;
    handle.stop(true).await;
    served
        .await
        .context("the HTTP server panicked")?
        .context("the HTTP server failed")?;
    // A part may also have failed while the service was stopping.
    let failed = failed.or_else(|| supervisor.failure());
    failed.map_or(Ok(()), |reason| Err(anyhow!(reason)))
}
