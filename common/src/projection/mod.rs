//! The projection: what both services know of the orders, and how they come to know it.
//!
//! [`LogReader`](crate::kafka::log_reader) → `judge` → [`fold`](crate::order::fold) → [`Store`] → [`Waiters`]. One thread
//! does all of it, a batch at a time. A batch is what has queued up; a partition's share of it ends at its first record
//! that must wait. Changed orders, offsets and counters become one atomic write, and only then is anybody told.
//!
//! The services differ in one thing: what happens to a record that cannot be used ([`Unusables`]).

mod batch;
mod holds;
mod identity;
mod judge;
mod lookup;
mod part;
mod prepare;
mod progress;
mod reread;
mod run;
mod settings;
mod share;
mod show;
mod unusables;
mod view;
mod waiters;

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;

pub use progress::{PartitionProgress, Progress};
pub use reread::{PassedOver, Reread};
pub use settings::Settings;
pub use unusables::{Refused, Unusables};
pub use view::{NotFresh, View};
pub use waiters::{EventWaiter, Settled, Waiters};

use crate::kafka::ends::Ends;
use crate::kafka::link::Link;
use crate::kafka::log_reader::LogReader;
use crate::registry::Registry;
use crate::store::Store;

/// A running projection.
pub struct Projection {
    view: View,
    commands: mpsc::Sender<Command>,
    thread: Option<std::thread::JoinHandle<()>>,
    sync: tokio::task::JoinHandle<()>,
    identity: tokio::task::JoinHandle<()>,
}

/// What the thread can be told.
enum Command {
    /// Read on from where the partition stands, and say when its end was met after that.
    Recheck(i32, tokio::sync::oneshot::Sender<()>),
    /// Read records again that were passed over because their schema was not known.
    Reread(Reread),
    /// Say that the registry has lost these schema ids.
    Lost(Vec<u32>),
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
        registry: Arc<Registry>,
        unusables: impl Unusables,
    ) -> anyhow::Result<Self> {
        let link = Link::default();
        let reader = LogReader::new(&settings.cluster, &settings.topic.name, link.clone())?;
        let ends = Ends::new(&settings.cluster, &settings.topic.name)?;
        let waiters = Waiters::default();
        let (progress, seen) = watch::channel(Progress::default());
        let (commands, orders) = mpsc::channel();
        let runtime = tokio::runtime::Handle::current();
        let identity = identity::watch(registry.clone(), store.clone(), settings.schema_check, commands.clone());
        let runner = run::Runner::new(
            settings,
            store.clone(),
            registry,
            waiters.clone(),
            progress,
            link.clone(),
            unusables,
        );
        let thread = std::thread::Builder::new()
            .name("projection".to_owned())
            .spawn(move || runner.run(&reader, &orders, &runtime))
            .context("starting the projection's thread")?;
        let identity = tokio::spawn(identity);
        let sync = tokio::spawn(sync_every_second(store.clone(), seen.clone()));
        let view = View::new(store, waiters, seen, link, ends, commands.clone());
        Ok(Self {
            view,
            commands,
            thread: Some(thread),
            sync,
            identity,
        })
    }

    /// A handle for those who ask.
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// Finishes the batch in work, waits for the thread to end, and brings the store to the disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        // The thread may have ended by itself; then there is nobody to tell.
        let _ = self.commands.send(Command::Stop);
        self.identity.abort();
        let _ = (&mut self.identity).await;
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the projection's thread panicked");
            }
        }
        // It ends with the thread, whose progress it watches; only then is the store free.
        let _ = (&mut self.sync).await;
        let store = self.view.store().clone();
        tokio::task::spawn_blocking(move || store.sync())
            .await
            .context("syncing the store")?
            .context("syncing the store")
    }
}

impl Drop for Projection {
    /// A projection that is dropped without being stopped ends too.
    fn drop(&mut self) {
        self.identity.abort();
        let _ = self.commands.send(Command::Stop);
    }
}

/// fsync once a second: the log is the truth, so the tail that a crash of the machine takes is read again.
async fn sync_every_second(store: Store, mut progress: watch::Receiver<Progress>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    while progress.changed().await.is_ok() {
        tick.tick().await;
        progress.mark_unchanged();
        let store = store.clone();
        match tokio::task::spawn_blocking(move || store.sync()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the store could not be synced to disk"),
            Err(error) => tracing::error!(%error, "syncing the store failed"),
        }
    }
}
