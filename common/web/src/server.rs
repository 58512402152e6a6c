//! The HTTP server of both services: the middleware around a service's routes, and the server's limits. No route ever lives
//! here.

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
use orderlog_runtime::descriptors;
use orderlog_runtime::supervisor::Supervisor;
use tracing_actix_web::TracingLogger;

use super::access::{self, AccessConfig, AccessPolicy};
use super::connections::{self, Connections};
pub use super::listen::bind;
use super::{envelope, error_responses, metrics, routes, shutdown_gate};

/// How long a client may take to send a request's head.
// why: closes half-open connections (slowloris); a real client sends its head at once
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
// why: longer than the 60 s of common load balancers, so that they close first
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests in progress may take when the server stops, in seconds.
// why: longer than a write's deadline (5 s), yet leaves time for the rest of the shutdown before Docker kills us after 10 s
const SHUTDOWN_TIMEOUT: u64 = 6;
/// How long a connection may be idle, with no request being answered.
// why: a little longer than actix-web's keep-alive, so that a silent connection gets its regular end
const IDLE_TIMEOUT: Duration = KEEP_ALIVE.saturating_add(Duration::from_secs(5));
/// One in this many connections is kept in reserve: for the moment until an idle one is closed, and for health checks when
/// none is idle.
const RESERVED: usize = 16;
/// The App around a service's routes. `routes` is called twice, for the root and for `/api`, so shared state (`app_data`)
/// must be clones of one value. The default [`AccessPolicy`] admits every request.
pub fn app(
    service: &'static str,
    supervisor: Supervisor,
    access: AccessPolicy,
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
        // The last middleware sees a request first and its response last.
        .wrap(from_fn(move |request, next| {
            shutdown_gate::refuse(supervisor.clone(), request, next)
        }))
        .wrap(from_fn(move |request, next| {
            access::enforce(access.clone(), request, next)
        }))
        .wrap(from_fn(error_responses::render))
        .wrap(metrics::measure(service))
        .wrap(from_fn(connections::track_request))
        .wrap(TracingLogger::default())
}

/// Limits of a server.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// How long a connection may be idle.
    idle_timeout: Duration,
    /// Connections at once.
    connections: usize,
}

/// A server of those routes on that listener: await it to run it, stop it by its handle. Call this within a tokio runtime.
///
/// # Errors
/// The operating system refuses to listen.
pub fn serve<R>(
    listener: TcpListener,
    service: &'static str,
    supervisor: &Supervisor,
    access: &AccessConfig,
    routes: R,
) -> io::Result<Server>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let limits = Limits {
        idle_timeout: IDLE_TIMEOUT,
        connections: descriptors::max_connections(),
    };
    serve_with(listener, service, supervisor, access, routes, limits)
}

fn serve_with<R>(
    listener: TcpListener,
    service: &'static str,
    supervisor: &Supervisor,
    access: &AccessConfig,
    routes: R,
    limits: Limits,
) -> io::Result<Server>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let each = (limits.connections / workers).max(1);
    let all = each * workers;
    let connections = Connections::new(all - (all / RESERVED).max(1));
    let close_idle = Connections::close_idle(Arc::downgrade(&connections), limits.idle_timeout);
    // It returns when the server has been dropped.
    drop(supervisor.spawn("closing idle connections", close_idle));
    let access = AccessPolicy::new(access, listener.local_addr()?.ip());
    let supervisor = supervisor.clone();
    let server = HttpServer::new(move || app(service, supervisor.clone(), access.clone(), routes.clone()))
        .workers(workers)
        .on_connect(move |stream, data| connections.add(stream, data))
        .client_request_timeout(REQUEST_TIMEOUT)
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .shutdown_timeout(SHUTDOWN_TIMEOUT)
        // why: reached only while closed connections linger; further ones then wait in the accept queue
        .max_connections(each)
        // why: responses are small; Nagle's algorithm would only delay them
        .tcp_nodelay(true)
        // why: main handles signals and stops all parts of the process in order
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

#[cfg(test)]
#[path = "server_live_tests/mod.rs"]
mod live_tests;
#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
