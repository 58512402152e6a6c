//! Closes a server's idle connections: those on which no complete request arrives for too long, and the longest idle ones
//! when there are too many. actix-web limits how long a connection's first head and the silence between requests may take,
//! but not a later head that trickles in byte by byte, a response that nobody reads, or one client holding every connection.

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
    /// How many may be open before the longest idle one is closed.
    max: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next_id: u64,
    by_id: HashMap<u64, Arc<Connection>>,
}

/// One connection.
struct Connection {
    /// A second handle to the socket, to close it with: the server owns the first.
    socket: TcpStream,
    began: Instant,
    /// Requests being answered, without those whose bodies the client is still sending.
    answering: AtomicUsize,
    /// When `answering` last became zero, in milliseconds after `began`.
    idle_since: AtomicU64,
}

/// A request's handle to its connection. The server keeps it as long as the connection is open.
struct Handle {
    id: u64,
    connection: Arc<Connection>,
    /// Whether it was opened while all others were busy: it can only be used for health checks.
    over_limit: bool,
    all: Arc<Connections>,
}

impl Connections {
    /// No connections yet; `max` may be open before the longest idle one is closed.
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            open: Mutex::default(),
        })
    }

    /// Adds a new connection; for `HttpServer::on_connect`.
    pub(super) fn add(self: &Arc<Self>, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<ServedStream>() else {
            return;
        };
        let Ok(socket) = stream.as_fd().try_clone_to_owned() else {
            // A connection that we could not close later is not served: a client could pile them up.
            tracing::debug!("connection closed: out of file descriptors");
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
        let over_limit = open.by_id.len() >= self.max && !open.close_longest_idle();
        let id = open.next_id;
        open.next_id += 1;
        open.by_id.insert(id, connection.clone());
        drop(open);
        data.insert(Handle {
            id,
            connection,
            over_limit,
            all: self.clone(),
        });
    }

    /// Closes each connection that has been idle for that long. Returns when the server has been dropped.
    pub(super) async fn close_idle(all: Weak<Self>, idle_timeout: Duration) {
        loop {
            tokio::time::sleep(idle_timeout / 16).await;
            let Some(all) = all.upgrade() else { return };
            all.open().by_id.retain(|_, connection| {
                let keep = connection.idle().is_none_or(|idle| idle < idle_timeout);
                if !keep {
                    connection.close();
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
    /// Closes the connection that has been idle longest. `false` when none is idle.
    fn close_longest_idle(&mut self) -> bool {
        let idle = self
            .by_id
            .iter()
            .filter_map(|(id, connection)| Some((connection.idle()?, *id)));
        let longest = idle.max().and_then(|(_, id)| self.by_id.remove(&id));
        longest.map(|connection| connection.close()).is_some()
    }
}

impl Connection {
    /// How long no request has been in progress; `None` while one is.
    fn idle(&self) -> Option<Duration> {
        // Read in the opposite order of `stop_answering`'s writes.
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

    fn close(&self) {
        // An error means that the client has closed it already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.all.open().by_id.remove(&self.id);
    }
}

/// Middleware for `actix_web::middleware::from_fn`: a connection is not idle while one of its requests is being answered.
/// A connection over the limit is closed after its response. So is one whose client offered to upgrade: we decline by
/// answering normally (RFC 9110, section 7.8), and actix-web closes such a connection, so `Connection: close` must say so.
///
/// # Errors
/// Only errors of the inner service.
pub async fn track_request<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let close = is_over_limit(&request) || request.head().upgrade() || request.headers().contains_key(header::UPGRADE);
    let connection = request.conn_data::<Handle>().map(|handle| handle.connection.clone());
    let _answering = connection.map(InFlight::begin);
    let mut response = next.call(request).await?;
    if close {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Whether the request came over a connection beyond the limit.
pub(super) fn is_over_limit(request: &ServiceRequest) -> bool {
    request.conn_data::<Handle>().is_some_and(|handle| handle.over_limit)
}

/// Marks a request as being answered until dropped.
struct InFlight(Arc<Connection>);

impl InFlight {
    fn begin(connection: Arc<Connection>) -> Self {
        connection.begin_answering();
        Self(connection)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.stop_answering();
    }
}

/// A response that is sent piece by piece, for as long as its client reads it: its connection is idle since the last piece was
/// taken, so one whose client has stopped reading is closed like any other.
pub struct Streamed(Option<Arc<Connection>>);

impl Streamed {
    /// The response to that request.
    pub fn of(request: &HttpRequest) -> Self {
        Self(request.conn_data::<Handle>().map(|handle| handle.connection.clone()))
    }

    /// Ends the response, whether or not the client takes what was sent before, by closing its connection.
    pub fn close(&self) {
        if let Some(connection) = &self.0 {
            connection.close();
        }
    }

    /// The server asks for the next piece: the client has taken the ones before.
    pub fn piece_taken(&self) {
        if let Some(connection) = &self.0 {
            connection.begin_answering();
            connection.stop_answering();
        }
    }
}

/// Marks a request whose body is still arriving: until dropped, its connection counts as idle.
pub(super) struct ReceivingBody(Arc<Connection>);

/// Begins waiting for a request's body; ends when dropped.
pub(super) fn track_body(request: &HttpRequest) -> Option<ReceivingBody> {
    let connection = request.conn_data::<Handle>()?.connection.clone();
    connection.stop_answering();
    Some(ReceivingBody(connection))
}

impl Drop for ReceivingBody {
    fn drop(&mut self) {
        self.0.begin_answering();
    }
}
