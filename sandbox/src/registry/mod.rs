//! An in-memory schema registry in this process, with Confluent's REST API. Clients cannot tell the difference for Avro
//! schemas; what it leaves out is below.
//!
//! The rules know nothing about HTTP and do no I/O, from the inside out:
//!
//! - `normal_form`: when two texts are the same schema;
//! - `schema`: one schema, parsed, and validated like Java's (`docs/schemas.md`);
//! - `compatibility`: whether a new schema may follow the earlier ones, as [`orderlog_avro::compatibility`] compares them;
//! - `mode`: what may be done; `version_selector`: which version is meant;
//! - `state`: what is registered, and what is allowed;
//! - `error`: every refusal with its code.
//!
//! Around them `http` and `routes` translate, and this file starts and stops the server. Nothing is written to disk.
//!
//! Left out: schema types other than Avro, contexts, importing schemas with their ids, metadata and rule sets, exporters,
//! encryption keys, authentication. Schemas are always compared in normal form, so `normalize` changes nothing.

mod compatibility;
mod error;
mod http;
mod mode;
mod normal_form;
mod routes;
mod schema;
mod state;
mod version_selector;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{NormalizePath, from_fn};
use actix_web::{App, HttpServer, web};
use orderlog_web::access::{AccessConfig, AccessPolicy};
use state::State;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Stopping takes milliseconds; this bounds the wait.
const LONGEST_STOP: Duration = Duration::from_secs(5);

/// A running registry. Dropping it stops it like [`Registry::stop`], without waiting.
pub struct Registry {
    address: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    /// Closed when the worker and every connection have ended: each holds the other end.
    gone: mpsc::Receiver<Infallible>,
    contents: Contents,
}

/// The contents of a registry. Another registry can continue with those of a stopped one.
#[derive(Clone, Default)]
pub struct Contents(Arc<Mutex<State>>);

impl Registry {
    /// Starts an empty registry; port 0 takes a free one. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// If it cannot listen on the address; the kind is `AddrInUse` if somebody else does.
    pub fn start(address: impl ToSocketAddrs) -> io::Result<Registry> {
        Registry::start_with(address, Contents::default())
    }

    /// The same with the contents of another registry, for example to end an outage on the same port.
    ///
    /// # Errors
    /// As [`Registry::start`].
    pub fn start_with(address: impl ToSocketAddrs, contents: Contents) -> io::Result<Registry> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let state = web::Data::from(contents.0.clone());
        let access = AccessPolicy::new(&AccessConfig::default(), address.ip());
        let (alive, gone) = mpsc::channel::<Infallible>(1);
        let app = move || {
            App::new()
                .app_data(state.clone())
                .app_data(alive.clone())
                .app_data(web::PayloadConfig::new(http::LARGEST_BODY))
                .wrap(NormalizePath::trim()) // `/subjects/` is `/subjects`
                .wrap(from_fn({
                    let access = access.clone();
                    move |request, next| http::admit(access.clone(), request, next)
                }))
                .configure(routes::configure)
        };
        let server = HttpServer::new(app)
            .workers(1) // one lock, and answers take microseconds
            .disable_signals() // they belong to whoever started the process
            .shutdown_timeout(1)
            .listen(listener)?
            .run();
        Ok(Registry {
            address,
            handle: server.handle(),
            server: tokio::spawn(server),
            gone,
            contents,
        })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What clients set as the registry's URL, without a slash at the end.
    pub fn url(&self) -> String {
        let mut reachable = self.address;
        match reachable {
            SocketAddr::V4(address) if address.ip().is_unspecified() => reachable.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(address) if address.ip().is_unspecified() => reachable.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("http://{reachable}")
    }

    /// Stops at once: when this returns the port is closed and connections are broken. Returns the contents.
    pub async fn stop(mut self) -> Contents {
        // Not gracefully: that would wait for idle connections, which clients keep open for a minute.
        self.handle.stop(false).await;
        if let Err(error) = (&mut self.server).await {
            tracing::warn!(%error, "the registry's server failed");
        }
        // The server does not wait for its worker, which may answer on a connection for another moment.
        if timeout(LONGEST_STOP, self.gone.recv()).await.is_err() {
            tracing::warn!("the registry's connections are still open");
        }
        self.contents.clone()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.handle.stop(false)); // the call itself stops it; only the end is not awaited
    }
}
