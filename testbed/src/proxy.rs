//! A TCP proxy in front of a server, which can be cut or made to hang, so that only the service behind it sees the
//! outage. (In front of a broker, it must be on the port that the broker advertises: Kafka clients do not stay on the
//! bootstrap address.)

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Relays everything.
    Forward,
    /// The same, after that delay.
    Delay(Duration),
    /// Relays everything, each piece after that delay.
    Slow(Duration),
    /// Closes all connections, open and new ones.
    Cut,
    /// Keeps connections open and relays nothing.
    Hang,
    /// Answers each connection with that text, and closes it.
    Answer(&'static str),
}

/// A proxy in front of one server, on its own port. Dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    server: watch::Sender<String>,
    mode: watch::Sender<Mode>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy in front of `server`, which is `host:port`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// If there is no port for it.
    pub async fn start(server: &str) -> anyhow::Result<Self> {
        Self::start_at(("127.0.0.1", 0), server).await
    }

    /// The same at that address and port of this machine; 0 is any port.
    ///
    /// # Errors
    /// If it is taken.
    pub async fn start_at(place: (&str, u16), server: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(place)
            .await
            .with_context(|| format!("listening at {}:{} for a proxy", place.0, place.1))?;
        let address = listener.local_addr()?;
        let (mode, seen) = watch::channel(Mode::Forward);
        let (server, leads_to) = watch::channel(server.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, leads_to.clone(), seen.clone()));
            }
        });
        Ok(Self {
            address,
            server,
            mode,
            task,
        })
    }

    /// A proxy in front of the server of an `http` URL.
    ///
    /// # Errors
    /// As [`Self::start`], and if it is not such a URL.
    pub async fn in_front_of(url: &str) -> anyhow::Result<Self> {
        Self::in_front_of_at("127.0.0.1", url).await
    }

    /// The same at that address of this machine.
    ///
    /// # Errors
    /// As [`Self::in_front_of`].
    pub async fn in_front_of_at(address: &str, url: &str) -> anyhow::Result<Self> {
        Self::start_at((address, 0), server_of(url)?).await
    }

    /// That URL, with this proxy in place of its server.
    ///
    /// # Errors
    /// If it is not an `http` URL.
    pub fn url(&self, url: &str) -> anyhow::Result<String> {
        Ok(url.replacen(server_of(url)?, &self.address.to_string(), 1))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forwards to the server of that `http` URL from now on, and closes every connection to the previous one.
    ///
    /// # Errors
    /// If it is not such a URL.
    pub fn redirect_to(&self, url: &str) -> anyhow::Result<()> {
        self.server.send_replace(server_of(url)?.to_owned());
        Ok(())
    }

    /// Closes every connection, open and new ones.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Makes every connection hang, open and new ones.
    pub fn hang(&self) {
        self.mode.send_replace(Mode::Hang);
    }

    /// Answers every request with this HTTP response, as a load balancer or a broken server would.
    pub fn answer(&self, response: &'static str) {
        self.mode.send_replace(Mode::Answer(response));
    }

    /// Relays everything, but starts only after that delay.
    pub fn delay(&self, time: Duration) {
        self.mode.send_replace(Mode::Delay(time));
    }

    /// Relays everything, but delays each piece, also on open connections.
    pub fn throttle(&self, time: Duration) {
        self.mode.send_replace(Mode::Slow(time));
    }

    /// Relays everything again.
    pub fn heal(&self) {
        self.mode.send_replace(Mode::Forward);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

/// `host:port` of an `http` URL.
fn server_of(url: &str) -> anyhow::Result<&str> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} is not an http URL"))?;
    Ok(rest.split('/').next().unwrap_or(rest))
}

async fn serve(mut client: TcpStream, mut leads_to: watch::Receiver<String>, mut mode: watch::Receiver<Mode>) {
    // An error means that the proxy was dropped, and the connection with it.
    let now = mode.wait_for(|mode| *mode != Mode::Hang).await.map(|mode| *mode);
    match now {
        Ok(Mode::Forward | Mode::Slow(_)) => {}
        // The delay is the fault itself.
        Ok(Mode::Delay(time)) => tokio::time::sleep(time).await,
        Ok(Mode::Answer(response)) => return answer(client, response).await,
        _ => return,
    }
    let server = leads_to.borrow_and_update().clone();
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let seen = mode.clone();
    tokio::select! {
        _ = async { tokio::join!(pass(from_client, to_server, &seen), pass(from_server, to_client, &seen)) } => return,
        // The proxy was redirected or dropped.
        _ = leads_to.changed() => return,
        _ = mode.wait_for(|mode| !matches!(mode, Mode::Forward | Mode::Delay(_) | Mode::Slow(_))) => {}
    }
    // A hanging connection is closed at the end of the fault: pending requests are not answered late.
    let _ = mode.wait_for(|mode| *mode != Mode::Hang).await;
}

/// Relays one direction until it ends.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mode: &watch::Receiver<Mode>) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let now = *mode.borrow();
        if let Mode::Slow(time) = now {
            // The delay is the fault itself.
            tokio::time::sleep(time).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    // The other direction may still have data.
    let _ = to.shutdown().await;
}

/// Answers one request, which must fit into one read: those of a registry client do.
async fn answer(mut client: TcpStream, response: &str) {
    let mut request = [0; 16 * 1024];
    // A client that disconnected needs no answer.
    let _ = client.read(&mut request).await;
    let _ = client.write_all(response.as_bytes()).await;
    let _ = client.shutdown().await;
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
