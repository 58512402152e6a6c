//! The projection: what both services know of the orders, and how they come to know it.
//!
//! [`LogReader`](orderlog_kafka::log_reader) → `judge` → [`fold`](orderlog_contract::order::fold) → [`Store`] → [`Waiters`]. One thread
//! does all of it, a batch at a time. A batch is what has queued up; a partition's share of it ends at its first record
//! that must wait. Changed orders, offsets and counters become one atomic write, and only then is anybody told.
//!
//! The services differ in one thing: what happens to a record that cannot be used ([`RejectionHandler`]).

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod batch;
pub mod check_schemas;
pub mod config;
mod grown;
mod holds;
mod identity;
mod judge;
mod keeper;
mod lookup;
mod open_transaction;
mod part;
mod passed_over;
pub mod pipeline;
mod prepare;
mod progress;
pub mod registration;
mod rejections;
mod reread;
mod run;
pub mod schema_id_audit;
mod schema_wait;
mod settings;
mod share;
mod show;
pub mod store;
mod view;
mod waiters;

use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use keeper::Keeper;
use lookup::Lookup;
pub use open_transaction::OpenTransaction;
use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::end_offsets::EndOffsets;
use orderlog_kafka::log_reader::LogReader;
use orderlog_runtime::supervisor::Supervisor;
pub use progress::{CATCHING_UP, PartitionProgress, Progress};
pub use rejections::{Refused, RejectionHandler};
pub use reread::{PassedOver, Reread};
pub use settings::Settings;
use tokio::sync::{oneshot, watch};
pub use view::{Arrival, NotFresh, View};
pub use waiters::{EventWaiter, Settled, Waiters};

use crate::schema_id_audit::{SchemaIdAudit, Verdict};
use crate::store::Store;

/// A running projection.
pub struct Projection {
    view: View,
    commands: mpsc::Sender<Command>,
    thread: oneshot::Receiver<()>,
    keeper: Keeper,
    identity: tokio::task::JoinHandle<()>,
}

/// How long the thread may take to end. Only a broker that hangs makes it take longer, and then there is nothing left to
/// be finished.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the thread can be told.
enum Command {
    /// Read records again that were passed over because their schema was not known.
    Reread(Reread),
    /// Go by what was found of the registry.
    Audited(Verdict),
    /// Read nothing more, and say why.
    Halt(String),
    /// Finish the batch and end.
    Stop,
}

impl Projection {
    /// Starts the thread. It waits by itself for a broker or a topic that is not there yet. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub fn start(
        settings: Settings,
        store: Store,
        audit: SchemaIdAudit,
        unusables: impl RejectionHandler,
        life: &Supervisor,
    ) -> anyhow::Result<Self> {
        let connection = ConnectionState::default();
        let reader = LogReader::new(&settings.cluster, &settings.topic.name, connection.clone())?;
        let ends = EndOffsets::new(&settings.cluster, &settings.topic.name, life)?;
        let waiters = Waiters::default();
        let (progress, seen) = watch::channel(Progress::default());
        let (commands, orders) = mpsc::channel();
        let runtime = tokio::runtime::Handle::current();
        let identity = identity::watch(audit.clone(), settings.schema_check, commands.clone());
        let lookup = Lookup::new(audit, store.clone(), runtime.clone(), life.clone());
        let keeper = Keeper::start(store.clone(), progress.clone(), waiters.clone(), commands.clone(), life);
        let view = View::new(
            store.clone(),
            waiters.clone(),
            seen,
            connection.clone(),
            ends,
            commands.clone(),
            &settings,
        );
        let runner = run::Runner::new(settings, store, lookup, waiters, progress, connection, unusables);
        let thread = life
            .spawn_thread("projection", move || runner.run(&reader, &orders, &runtime))
            .context("starting the projection's thread")?;
        let identity = life.spawn("comparing what schema ids mean", identity);
        Ok(Self {
            view,
            commands,
            thread,
            keeper,
            identity,
        })
    }

    /// A handle for those who ask.
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// Finishes the batch in work, waits for the thread to end, and brings the store to the disk. What cannot be brought
    /// there is lost to nobody: it is read from the topic again.
    pub async fn stop(mut self) {
        // The thread may have ended by itself; then there is nobody to tell.
        let _ = self.commands.send(Command::Stop);
        self.identity.abort();
        let _ = (&mut self.identity).await;
        // An error says that it has ended.
        if tokio::time::timeout(PATIENCE, &mut self.thread).await.is_err() {
            tracing::warn!("the projection is still waiting for a server: ending without it");
        }
        self.keeper.stop().await;
    }
}

impl Drop for Projection {
    /// A projection that is dropped without being stopped ends too.
    fn drop(&mut self) {
        self.identity.abort();
        let _ = self.commands.send(Command::Stop);
    }
}
