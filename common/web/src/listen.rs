//! Binds a listener, with an error that names the setting to change.

use std::io;
use std::net::{SocketAddr, TcpListener};

use anyhow::Context;

/// Length of the accept queue.
// why: with std's 128, clients in a burst wait a second for the retransmitted SYN
const BACKLOG: u32 = 1_024;

/// Binds to that host and port; port 0 takes a free one. `setting` names the setting of the port, for the error message:
/// `--api-port / API_PORT`.
///
/// # Errors
/// The host cannot be resolved, or the address is in use, reserved, or not this machine's.
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
            "cannot listen on {host}:{port}: the port is in use; stop the process that listens there, or choose another port with {setting}"
        ),
        io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "cannot listen on {host}:{port}: permission denied (ports below 1024 are reserved); choose another port with {setting}"
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {host}:{port}")),
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        tokio::net::TcpSocket::new_v4()
    } else {
        tokio::net::TcpSocket::new_v6()
    }?;
    // why: as std does; a restart need not wait until the last run's connections time out
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
