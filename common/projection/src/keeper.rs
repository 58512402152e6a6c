//! Keeps the store: brings it to the disk once a second, and looks whether it can be written. Where it cannot, nothing is
//! begun that would end in it, and what is known is still told.

use std::sync::mpsc;
use std::time::Duration;

use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::{Command, Progress, Waiters};
use crate::store::{Store, Unwritable};

const EVERY: Duration = Duration::from_secs(1);

/// The task that keeps the store.
pub(super) struct Keeper {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

struct Task {
    store: Store,
    progress: watch::Sender<Progress>,
    seen: watch::Receiver<Progress>,
    waiters: Waiters,
    commands: mpsc::Sender<Command>,
    life: Supervisor,
}

impl Keeper {
    /// Starts it. Call it within a tokio runtime.
    pub fn start(
        store: Store,
        progress: watch::Sender<Progress>,
        waiters: Waiters,
        commands: mpsc::Sender<Command>,
        life: &Supervisor,
    ) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let mut task = Task {
            seen: progress.subscribe(),
            store,
            progress,
            waiters,
            commands,
            life: life.clone(),
        };
        let keep = async move {
            let mut tick = tokio::time::interval(EVERY);
            let mut stopping = false;
            // Once more at the end.
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
            task: life.spawn("keeping the store", keep),
        }
    }

    /// Brings the store to the disk a last time and ends. Then this holds it no more.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        // A panic was told when it happened.
        let _ = (&mut self.task).await;
    }
}

impl Task {
    async fn turn(&mut self, last: bool) {
        let changed = last || self.seen.has_changed().unwrap_or(false);
        self.seen.mark_unchanged();
        if changed && let Err(error) = self.store.sync().await {
            tracing::error!(error = format!("{error:#}"), "store fsync failed");
        }
        match self.store.check_writable().await {
            Ok(()) => self.tell(None),
            Err(Unwritable::ForNow(reason)) => self.tell(Some(reason)),
            Err(Unwritable::UntilReopened { reason, has_disk_space }) => self.give_up(reason, has_disk_space),
        }
    }

    fn tell(&self, unwritable: Option<String>) {
        let news = |progress: &mut Progress| {
            // How much room there is changes all the time, and is no news.
            let news = progress.unwritable.is_some() != unwritable.is_some();
            if news {
                match &unwritable {
                    Some(reason) => tracing::error!(reason, "nothing can be written to the store"),
                    None => tracing::info!("the store can be written again"),
                }
                progress.unwritable = unwritable;
            }
            news
        };
        self.progress.send_if_modified(news);
    }

    /// Such a store can still be read. When there is room to open it anew, the service ends, to be started again.
    fn give_up(&self, reason: String, room: bool) {
        let news = |progress: &mut Progress| {
            let news = progress.halted.is_none();
            if news {
                progress.halted = Some(reason.clone());
            }
            news
        };
        if self.progress.send_if_modified(news) {
            tracing::error!(reason, "consumption halted");
            self.waiters.close();
            // The thread may be caught in that write, and hear of it never.
            let _ = self.commands.send(Command::Halt(reason.clone()));
        }
        if room {
            self.life.fail(reason);
        }
    }
}
