//! The life of a service from its first request to its last, which both services share: serve until told to stop, until
//! the registry refuses the schema, until a part of the service has failed, or until the HTTP server ends by itself. What
//! comes before and after is their own.

use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use anyhow::{Context, anyhow, bail};
use orderlog_runtime::supervisor::Supervisor;

use crate::edge::EdgeConfig;
use crate::server;

/// How long a service that is ending goes on to take requests, and refuses them.
const GRACE: Duration = Duration::from_millis(500);

/// Serves those routes on that listener until `stop` resolves, then lets running requests end. `refused` resolves with the
/// reason when the registry refuses the schema.
///
/// # Errors
/// When the registry refuses the schema, a part of the service has failed, or the HTTP server fails or ends by itself.
pub async fn serve_until<R>(
    stop: impl Future,
    listener: TcpListener,
    service: &'static str,
    edge: &EdgeConfig,
    refused: impl Future<Output = String>,
    life: &Supervisor,
    routes: R,
) -> anyhow::Result<()>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let address = listener.local_addr().context("asking for the address")?;
    let server = server::serve(listener, service, life, edge, routes)?;
    let handle = server.handle();
    #[expect(clippy::disallowed_methods, reason = "its end is awaited below")]
    let mut served = tokio::spawn(server);
    tracing::info!(port = address.port(), %address, "{service} listens");
    let failed = tokio::select! {
        _ = stop => None,
        reason = refused => Some(advice(&reason)),
        reason = life.failed() => Some(reason),
        ended = &mut served => {
            ended.context("the HTTP server panicked")?.context("the HTTP server failed")?;
            bail!("the HTTP server ended by itself");
        }
    };
    tracing::info!("stopping");
    life.end();
    // The time is what it is about: who asks for readiness hears of it, and whoever has just connected gets an answer.
    tokio::time::sleep(GRACE).await;
    handle.stop(true).await;
    served
        .await
        .context("the HTTP server panicked")?
        .context("the HTTP server failed")?;
    // A part may also have failed while the service was ending.
    let failed = failed.or_else(|| life.failure());
    failed.map_or(Ok(()), |reason| Err(anyhow!(reason)))
}

fn advice(reason: &str) -> String {
    format!(
        "{reason}\nBring schema and subject together (check-schemas tells how they stand), or give this service a topic of its own (--kafka-topic / KAFKA_TOPIC)"
    )
}
