//! A TCP relay from a port of 127.0.0.1 that can be known in advance to the mock broker, which listens on a random one. It
//! is needed for bootstrapping only: the broker's metadata sends clients to its own port. It knows nothing of Kafka.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

const HOST: &str = "127.0.0.1";
/// Connections at a time; more wait in the accept queue. Each takes two file descriptors.
const MAX_CONNECTIONS: u32 = 256;
/// How many ports are tried if the first one is in use.
const MAX_PORTS: u16 = 100;
/// Pause after a failed accept, which is usually a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on that port of 127.0.0.1 or, if it is in use, on the next free one; port 0 takes any free one.
///
/// # Errors
/// If none of them can be used.
pub async fn bind(first: u16) -> anyhow::Result<TcpListener> {
    let last = first.saturating_add(MAX_PORTS - 1);
    for port in first..=last {
        match TcpListener::bind((HOST, port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            bound => {
                return bound.with_context(|| {
                    format!(
                        "cannot listen on {HOST}:{port}; choose another port with --kafka-port / SANDBOX_KAFKA_PORT"
                    )
                });
            }
        }
    }
    anyhow::bail!(
        "cannot listen on {HOST}: the ports {first} to {last} are all in use; choose another with --kafka-port / SANDBOX_KAFKA_PORT"
    )
}

/// A running relay. Dropping it ends it like [`Relay::stop`], without waiting.
pub struct Relay {
    port: u16,
    accepting: JoinHandle<()>,
    stop: watch::Sender<bool>,
    /// Every connection holds one of its permits.
    permits: Arc<Semaphore>,
}

impl Relay {
    /// Relays every connection to `target`.
    ///
    /// # Errors
    /// If the listener has no address.
    pub fn start(listener: TcpListener, target: SocketAddr, supervisor: &Supervisor) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let (stop, stopped) = watch::channel(false);
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
        let accepting = accept(listener, target, supervisor.clone(), permits.clone(), stopped);
        Ok(Self {
            port,
            accepting: supervisor.spawn("the relay to the broker", accepting),
            stop,
            permits,
        })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes the port and every connection.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // An error is a panic, which the supervisor has reported.
        let _ = self.accepting.await;
        // Never closed, so this cannot fail.
        let _ = self.permits.acquire_many(MAX_CONNECTIONS).await;
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    supervisor: Supervisor,
    permits: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
) {
    let accepting = async {
        while let Ok(permit) = permits.clone().acquire_owned().await {
            match listener.accept().await {
                Ok((client, _)) => {
                    let connection = connection(client, target, permit, stopped.clone());
                    supervisor.spawn("a connection to the broker", connection);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection to the broker");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = ended(stopped.clone()) => {}
    }
}

/// One client's connection, until either side closes it.
async fn connection(
    mut client: TcpStream,
    target: SocketAddr,
    _permit: OwnedSemaphorePermit,
    stopped: watch::Receiver<bool>,
) {
    let relayed = async {
        // During an outage of the broker this fails, and the client's connection is closed, as the broker's own would be.
        let mut broker = TcpStream::connect(target).await?;
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        copy_bidirectional(&mut client, &mut broker).await
    };
    tokio::select! {
        result = relayed => {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection to the broker ended");
            }
        }
        () = ended(stopped) => {}
    }
}

/// Resolves once the relay is stopped or dropped.
async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender was dropped: that is the end as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
