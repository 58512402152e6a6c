//! Syncs the store once a second, and checks whether it can be written to. If it cannot, nothing is started that would end
//! in a write, but everything known can still be read.

use std::sync::mpsc;
use std::time::Duration;

use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::control_message::ControlMessage;
use crate::progress::Progress;
use crate::store::{Store, Unwritable};
use crate::waiters::Waiters;

const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// The task that syncs the store.
pub(crate) struct StoreSync {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

struct Task {
    store: Store,
    progress: watch::Sender<Progress>,
    changes: watch::Receiver<Progress>,
    waiters: Waiters,
    control: mpsc::Sender<ControlMessage>,
    free_space: metrics::Gauge,
    supervisor: Supervisor,
}

impl StoreSync {
    /// Starts it. Call it within a tokio runtime.
    pub fn start(
        store: Store,
        progress: watch::Sender<Progress>,
        waiters: Waiters,
        control: mpsc::Sender<ControlMessage>,
        free_space: metrics::Gauge,
        supervisor: &Supervisor,
    ) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let mut task = Task {
            changes: progress.subscribe(),
            store,
            progress,
            waiters,
            control,
            free_space,
            supervisor: supervisor.clone(),
        };
        let run = async move {
            let mut tick = tokio::time::interval(SYNC_INTERVAL);
            let mut stopping = false;
            // One last time at the end.
            while !stopping {
                tokio::select! {
                    _ = tick.tick() => {}
                    // Also when it is dropped.
                    _ = &mut stopped => stopping = true,
                }
                crash_point::reached(Point::SyncTurn);
                task.turn(stopping).await;
            }
        };
        Self {
            stop: Some(stop),
            task: supervisor.spawn("syncing the store", run),
        }
    }

    /// Syncs the store one last time, and ends. After that, the task no longer holds the store.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        // A panic was reported when it happened.
        let _ = (&mut self.task).await;
    }
}

impl Task {
    async fn turn(&mut self, last: bool) {
        let changed = last || self.changes.has_changed().unwrap_or(false);
        self.changes.mark_unchanged();
        if changed && let Err(error) = self.store.sync().await {
            tracing::error!(error = format!("{error:#}"), "store fsync failed");
        }
        let free = self.store.free_bytes().await;
        self.free_space.set(free.map_or(f64::NAN, |bytes| bytes as f64));
        match self.store.check_writable().await {
            Ok(()) => self.set_unwritable(None),
            Err(Unwritable::ForNow(reason)) => self.set_unwritable(Some(reason)),
            Err(Unwritable::UntilReopened { reason, has_disk_space }) => self.give_up(reason, has_disk_space),
        }
    }

    fn set_unwritable(&self, unwritable: Option<String>) {
        let update = |progress: &mut Progress| {
            // The amount of free space changes all the time, so it is not logged again.
            let has_changed = progress.unwritable.is_some() != unwritable.is_some();
            if has_changed {
                match &unwritable {
                    Some(reason) => tracing::error!(reason, "store not writable"),
                    None => tracing::info!("store writable again"),
                }
                progress.unwritable = unwritable;
            }
            has_changed
        };
        self.progress.send_if_modified(update);
    }

    /// Such a store can still be read. Once there is space to reopen it, the service exits, to be restarted.
    fn give_up(&self, reason: String, has_disk_space: bool) {
        let update = |progress: &mut Progress| {
            let has_changed = progress.halted.is_none();
            if has_changed {
                progress.halted = Some(reason.clone());
            }
            has_changed
        };
        if self.progress.send_if_modified(update) {
            tracing::error!(reason, "consumption halted");
            self.waiters.close();
            // The thread may be stuck in that write, and never see this.
            let _ = self.control.send(ControlMessage::Halt(reason.clone()));
        }
        if has_disk_space {
            self.supervisor.fail(reason);
        }
    }
}
