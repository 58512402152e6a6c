//! The connections of a server, and which of them end when nothing whole comes on them for too long, or when there are
//! too many. actix-web bounds the time of a connection's first head and of silence between requests; neither that of a
//! later head that comes byte by byte, nor that of an answer that nobody reads, nor how long one client may keep all of
//! them.

use std::any::Any;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, header};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream as ServedStream;
use actix_web::{Error, HttpRequest};

/// The connections of one server.
pub(super) struct Connections {
    /// How many there may be before the longest idle one makes room.
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next_id: u64,
    by_id: HashMap<u64, Arc<Connection>>,
}

/// One connection.
struct Connection {
    /// A second handle to the socket: the connection itself belongs to the server.
    socket: TcpStream,
    began: Instant,
    /// Requests of it that are being answered, without those whose bodies the client is still sending.
    answering: AtomicUsize,
    /// When that was last none, in milliseconds after `began`.
    idle_since: AtomicU64,
}

/// What a request knows of its connection. The server keeps it for as long as the connection lives.
struct Handle {
    id: u64,
    connection: Arc<Connection>,
    /// Whether it came when all others were busy: it is there to ask for the service's health.
    spare: bool,
    all: Arc<Connections>,
}

impl Connections {
    /// None yet; `most` may be open before one is ended to make room.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            open: Mutex::default(),
        })
    }

    /// Takes up a new connection: for `HttpServer::on_connect`.
    pub(super) fn add(self: &Arc<Self>, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<ServedStream>() else {
            return;
        };
        let Ok(socket) = stream.as_fd().try_clone_to_owned() else {
            // One that cannot be ended is not served: there may be many.
            tracing::debug!("a connection is closed: no file descriptor is left to end it with");
            let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Both);
            return;
        };
        let connection = Arc::new(Connection {
            socket: socket.into(),
            began: Instant::now(),
            answering: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
        });
        let mut open = self.open();
        let spare = open.by_id.len() >= self.most && !open.end_longest_idle();
        let id = open.next_id;
        open.next_id += 1;
        open.by_id.insert(id, connection.clone());
        drop(open);
        data.insert(Handle {
            id,
            connection,
            spare,
            all: self.clone(),
        });
    }

    /// Ends each connection that has been idle for that long, until the server is gone.
    pub(super) async fn end_idle(all: Weak<Self>, patience: Duration) {
        loop {
            // So precise that it does not matter.
            tokio::time::sleep(patience / 16).await;
            let Some(all) = all.upgrade() else { return };
            all.open().by_id.retain(|_, connection| {
                let keep = connection.idle().is_none_or(|idle| idle < patience);
                if !keep {
                    connection.end();
                }
                keep
            });
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Ends the connection that has been idle longest. `false` when none is idle.
    fn end_longest_idle(&mut self) -> bool {
        let idle = self
            .by_id
            .iter()
            .filter_map(|(id, connection)| Some((connection.idle()?, *id)));
        let longest = idle.max().and_then(|(_, id)| self.by_id.remove(&id));
        longest.map(|connection| connection.end()).is_some()
    }
}

impl Connection {
    /// How long no request of it has been answered; `None` while one is.
    fn idle(&self) -> Option<Duration> {
        // In this order, as it is written in the other one.
        (self.answering.load(Ordering::Acquire) == 0).then(|| {
            let since = Duration::from_millis(self.idle_since.load(Ordering::Acquire));
            self.began.elapsed().saturating_sub(since)
        })
    }

    fn begin_answering(&self) {
        self.answering.fetch_add(1, Ordering::AcqRel);
    }

    fn stop_answering(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.idle_since.store(now, Ordering::Release);
        self.answering.fetch_sub(1, Ordering::AcqRel);
    }

    fn end(&self) {
        // An error means that the client was faster.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.all.open().by_id.remove(&self.id);
    }
}

/// Middleware for `actix_web::middleware::from_fn`: a connection is not idle while a request of it is being answered. A
/// spare connection is closed behind its answer; so is one whose client has offered to speak another protocol: the offer
/// is declined by an ordinary answer (RFC 9110, 7.8), and actix-web keeps no such connection, which a client must be told.
///
/// # Errors
/// Only what an inner middleware fails with.
pub async fn answering<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let close = is_spare(&request) || request.head().upgrade() || request.headers().contains_key(header::UPGRADE);
    let connection = request.conn_data::<Handle>().map(|handle| handle.connection.clone());
    let _answering = connection.map(Answering::begin);
    let mut response = next.call(request).await?;
    if close {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Whether the request came on a connection that is one too many.
pub(super) fn is_spare(request: &ServiceRequest) -> bool {
    request.conn_data::<Handle>().is_some_and(|handle| handle.spare)
}

/// A request that is being answered, or is dropped with its connection.
struct Answering(Arc<Connection>);

impl Answering {
    fn begin(connection: Arc<Connection>) -> Self {
        connection.begin_answering();
        Self(connection)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.stop_answering();
    }
}

/// The client is sending a body; until it has, the connection counts as idle.
pub(super) struct Receiving(Arc<Connection>);

/// Begins to wait for a request's body; ends when dropped.
pub(super) fn receiving(request: &HttpRequest) -> Option<Receiving> {
    let connection = request.conn_data::<Handle>()?.connection.clone();
    connection.stop_answering();
    Some(Receiving(connection))
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.begin_answering();
    }
}
