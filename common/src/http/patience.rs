//! Ends connections on which nothing whole comes for too long. actix-web bounds the time of a connection's first head and
//! of silence between requests; neither that of a later head that comes byte by byte, nor that of an answer that nobody
//! reads, nor that of a body that no handler wants.

use std::any::Any;
use std::cell::Cell;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::rt::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// What is known of a connection. The HTTP server keeps it for as long as the connection lives.
struct Watched {
    clock: Rc<Clock>,
    watch: JoinHandle<()>,
}

struct Clock {
    /// Requests that are being answered.
    running: Cell<usize>,
    /// When that was last none: at the beginning, and after each answer was handed to the connection.
    idle_since: Cell<Instant>,
}

/// Watches a new connection: for `HttpServer::on_connect`. So long it may be without a request that is being answered.
pub(super) fn watch(connection: &dyn Any, data: &mut Extensions, patience: Duration) {
    // A second handle to the same socket: the connection itself belongs to the server.
    let socket = connection
        .downcast_ref::<TcpStream>()
        .and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
    let Some(socket) = socket.map(std::net::TcpStream::from) else {
        // One that cannot be watched is not served: there may be many, and nobody would end them.
        tracing::debug!("a connection is closed: no file descriptor is left to watch it");
        if let Some(stream) = connection.downcast_ref::<TcpStream>() {
            let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Both);
        }
        return;
    };
    let clock = Rc::new(Clock {
        running: Cell::new(0),
        idle_since: Cell::new(Instant::now()),
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with its connection, and serves nobody else"
    )]
    let watch = actix_web::rt::spawn(end_when_idle(socket, clock.clone(), patience));
    data.insert(Watched { clock, watch });
}

async fn end_when_idle(socket: std::net::TcpStream, clock: Rc<Clock>, patience: Duration) {
    loop {
        let now = Instant::now();
        let end = match clock.running.get() {
            0 => clock.idle_since.get() + patience,
            _ => now + patience,
        };
        if end <= now {
            // An error means that the client was faster.
            let _ = socket.shutdown(Shutdown::Both);
            return;
        }
        sleep_until(end).await;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// Middleware for `actix_web::middleware::from_fn`: tells the watch that a request is being answered.
///
/// # Errors
/// Only what an inner middleware fails with.
pub async fn answering<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let clock = request.conn_data::<Watched>().map(|watched| watched.clock.clone());
    let _running = clock.map(Running::begin);
    next.call(request).await
}

/// A request that is being answered, or is dropped with its connection.
struct Running(Rc<Clock>);

impl Running {
    fn begin(clock: Rc<Clock>) -> Self {
        clock.running.set(clock.running.get() + 1);
        Self(clock)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
        self.0.idle_since.set(Instant::now());
    }
}
