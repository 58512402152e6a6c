//! A service from its first request to its last: serves until told to stop, until the registry refuses the schema, until a
//! part of the service fails, or until the HTTP server exits. Start-up and clean-up belong to the services.

use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use anyhow::{Context, anyhow, bail};
use orderlog_runtime::supervisor::Supervisor;

use crate::access::AccessConfig;
use crate::server;

/// How long a stopping service keeps accepting requests, in order to refuse them.
const GRACE: Duration = Duration::from_millis(500);

/// Serves those routes on that listener until `stop` resolves, then completes the requests in progress. `refused` resolves with the
/// reason when the registry refuses the schema.
///
/// # Errors
/// When the registry refuses the schema, a part of the service has failed, or the HTTP server fails or ends by itself.
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
    let address = listener.local_addr().context("asking for the address")?;
    let server = server::serve(listener, service, supervisor, access, routes)?;
    let handle = server.handle();
    #[expect(clippy::disallowed_methods, reason = "its end is awaited below")]
    let mut served = tokio::spawn(server);
    tracing::info!(port = address.port(), %address, "{service} listening");
    let failed = tokio::select! {
        _ = stop => None,
        reason = refused => Some(advice(&reason)),
        reason = supervisor.failed() => Some(reason),
        ended = &mut served => {
            ended.context("the HTTP server panicked")?.context("the HTTP server failed")?;
            bail!("the HTTP server exited unexpectedly");
        }
    };
    tracing::info!("stopping");
    supervisor.end();
    // Time for load balancers to see that the service is not ready, and for clients that just connected to get an answer.
    tokio::time::sleep(GRACE).await;
    handle.stop(true).await;
    served
        .await
        .context("the HTTP server panicked")?
        .context("the HTTP server failed")?;
    // A part may also have failed during shutdown.
    let failed = failed.or_else(|| supervisor.failure());
    failed.map_or(Ok(()), |reason| Err(anyhow!(reason)))
}

fn advice(reason: &str) -> String {
    format!(
        "{reason}\nMake the schema compatible with the subject (run check-schemas for details), or use another topic (--kafka-topic / KAFKA_TOPIC)"
    )
}
