//! The HTTP server of both services: the App around a service's routes, the limits of the server, and binding. No route
//! ever lives here.

use std::io;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error, HttpServer};
use anyhow::Context;
use orderlog_runtime::descriptors;
use orderlog_runtime::supervisor::Supervisor;
use tracing_actix_web::TracingLogger;

use super::connections::{self, Connections};
use super::edge::{self, Edge, EdgeConfig};
use super::{ending, envelope, errors, metrics, routes};

/// Longest that a client may take to send a request's head.
// why: idle half-open connections (slowloris) are closed; a real client sends its head at once
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
// why: longer than the 60 s that load balancers usually keep theirs, so that it is they who close first
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long running requests may take to end when the server stops, in seconds.
// why: longer than a write's deadline (5 s); what comes after it must fit into the 10 s after which Docker kills
const SHUTDOWN_TIMEOUT: u64 = 6;
/// How long a connection may be without a request that is being answered.
// why: a little longer than the server itself waits, which can tell silence from a request that does not end
const PATIENCE: Duration = KEEP_ALIVE.saturating_add(Duration::from_secs(5));
/// One in so many connections is kept for those that come when there are too many: they are taken while another one ends,
/// and, where none is idle, to ask for the service's health.
const SPARE: usize = 16;
/// Connections that wait to be accepted.
// why: std's 128 makes a burst of clients wait a second for the retransmitted SYN
const BACKLOG: u32 = 1_024;

/// The App around a service's routes. `routes` is called twice, for the root and for `/api`, so whatever it shares
/// (`app_data`) must be a clone of the same thing. The default [`Edge`] lets every request in.
pub fn app(
    service: &'static str,
    life: Supervisor,
    edge: Edge,
    routes: impl Fn(&mut ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .service(web::scope(envelope::ENVELOPE_PREFIX).configure(&routes))
        .configure(&routes)
        .default_service(web::to(routes::not_found))
        // The last one sees a request first and its answer last.
        .wrap(from_fn(move |request, next| {
            ending::refuse(life.clone(), request, next)
        }))
        .wrap(from_fn(move |request, next| edge::admit(edge.clone(), request, next)))
        .wrap(from_fn(errors::render))
        .wrap(metrics::measure(service))
        .wrap(from_fn(connections::answering))
        .wrap(TracingLogger::default())
}

/// How much a server takes.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// How long a connection may be idle.
    patience: Duration,
    /// Connections at once.
    connections: usize,
}

/// Serves those routes on that listener until the returned server's handle stops it. Await it to run it. Call it within a
/// tokio runtime.
///
/// # Errors
/// What the system says against listening.
pub fn serve<R>(
    listener: TcpListener,
    service: &'static str,
    life: &Supervisor,
    edge: &EdgeConfig,
    routes: R,
) -> io::Result<Server>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let limits = Limits {
        patience: PATIENCE,
        connections: descriptors::connections(),
    };
    serve_with(listener, service, life, edge, routes, limits)
}

fn serve_with<R>(
    listener: TcpListener,
    service: &'static str,
    life: &Supervisor,
    edge: &EdgeConfig,
    routes: R,
    limits: Limits,
) -> io::Result<Server>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let each = (limits.connections / workers).max(1);
    let all = each * workers;
    let connections = Connections::new(all - (all / SPARE).max(1));
    let end_idle = Connections::end_idle(Arc::downgrade(&connections), limits.patience);
    // It ends with the server.
    drop(life.task("ending idle connections", end_idle));
    let edge = Edge::new(edge, listener.local_addr()?.ip());
    let life = life.clone();
    let server = HttpServer::new(move || app(service, life.clone(), edge.clone(), routes.clone()))
        .workers(workers)
        .on_connect(move |stream, data| connections.add(stream, data))
        .client_request_timeout(REQUEST_TIMEOUT)
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .shutdown_timeout(SHUTDOWN_TIMEOUT)
        // why: never reached, unless those that were ended are not gone yet; then more wait in the backlog
        .max_connections(each)
        // why: an answer is small; Nagle's algorithm would only hold it back
        .tcp_nodelay(true)
        // why: main decides what a signal means, for all parts of the process in the right order
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

/// Binds to that host and port; port 0 takes a free one. `setting` names what chooses the port, for the error:
/// `--api-port / API_PORT`.
///
/// # Errors
/// The address cannot be resolved, is in use, or is not this machine's.
pub async fn bind(host: &str, port: u16, setting: &str) -> anyhow::Result<TcpListener> {
    let addresses: Vec<_> = tokio::net::lookup_host((host, port))
        .await
        .with_context(|| format!("cannot listen on {host}:{port}: the host cannot be resolved"))?
        .collect();
    let mut result = Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    for address in addresses {
        result = listen(address);
        if result.is_ok() {
            break;
        }
    }
    result.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {host}:{port}: the port is in use; stop what listens there, or choose another port with {setting}"
        ),
        io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "cannot listen on {host}:{port}: the system does not permit it (ports below 1024 are reserved); choose another port with {setting}"
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {host}:{port}")),
    })
}

fn listen(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        tokio::net::TcpSocket::new_v4()
    } else {
        tokio::net::TcpSocket::new_v6()
    }?;
    // why: as std does; a restart need not wait for connections of the last run to time out
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

#[cfg(test)]
#[path = "server_live_tests.rs"]
mod live_tests;
#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
