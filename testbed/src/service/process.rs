//! A service's process as the system sees it: what it takes, and suspending it.

use anyhow::Context;

use super::Service;
use crate::servers::Suspended;

impl Service {
    /// The memory that it has taken so far at the most, in KiB (`VmHWM` of proc(5)). Linux only.
    ///
    /// # Errors
    /// When it does not run, or the system does not tell.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        self.memory_as("VmHWM:")
    }

    /// The memory that it takes now, in KiB (`VmRSS` of proc(5)). Linux only.
    ///
    /// # Errors
    /// When it does not run, or the system does not tell.
    pub fn memory(&self) -> anyhow::Result<u64> {
        self.memory_as("VmRSS:")
    }

    fn memory_as(&self, name: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .with_context(|| format!("no {name}"))?
            .parse()
            .context("a number")
    }

    /// Suspends it until the guard is dropped.
    ///
    /// # Errors
    /// When it does not run.
    pub fn suspend(&self) -> anyhow::Result<Suspended> {
        Suspended::new(self.pid()?)
    }

    fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.child.as_ref().context("it does not run")?.id())
    }
}
