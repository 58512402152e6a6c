//! Starts that are meant to fail: at a crash point, or at a file that cannot grow.

use std::os::unix::process::ExitStatusExt;

use orderlog_runtime::crash_point;

use super::{EXIT_TIMEOUT, Service};

/// The signal that kills a process at a crash point.
const SIGABRT: i32 = 6;

impl Service {
    /// Restarts it with these additional arguments, to die at a crash point: `event-sent`, or `event-sent:3` for the
    /// third time that it is reached. Does not wait. A later start has no crash point.
    ///
    /// # Errors
    /// If it is running, or cannot be started.
    pub fn spawn_to_crash(&mut self, at: &str, arguments: &[&str]) -> anyhow::Result<()> {
        self.setup = self.setup.clone().with(crash_point::CRASH_AT, at);
        let spawned = self.spawn(arguments);
        self.setup.environment.retain(|(name, _)| name != crash_point::CRASH_AT);
        spawned
    }

    /// Restarts it with files that cannot grow beyond that many KiB: the write that crosses the limit fails in the
    /// middle, as on a faulty disk. Does not wait. A later start has no limit.
    ///
    /// # Errors
    /// If it is running, or cannot be started.
    pub fn spawn_with_file_limit(&mut self, kib: u64) -> anyhow::Result<()> {
        self.setup.file_limit = Some(kib);
        let spawned = self.spawn(&[]);
        self.setup.file_limit = None;
        spawned
    }

    /// Waits until it has died at its crash point.
    ///
    /// # Errors
    /// If it continues, or ends in another way.
    pub async fn await_crash(&mut self) -> anyhow::Result<()> {
        let status = self.ended_within(EXIT_TIMEOUT).await?;
        anyhow::ensure!(
            status.signal() == Some(SIGABRT),
            "it ended with {status}{}",
            self.log_tail()
        );
        Ok(())
    }
}
