//! A service's process as the system sees it: its address, its memory, and suspending it.

use std::net::SocketAddr;

use anyhow::Context;

use super::Service;
use crate::servers::Suspended;

impl Service {
    /// Its address, for tests that send bytes.
    ///
    /// # Errors
    /// If its URL contains no address.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        let address = self.http.url().trim_start_matches("http://");
        address.parse().with_context(|| format!("{address} is not an address"))
    }

    /// Its peak memory so far, in KiB (`VmHWM` of proc(5)). Linux only.
    ///
    /// # Errors
    /// If it is not running, or the system does not tell.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.context("VmHWM is missing")?.parse().context("a number")
    }

    /// Suspends it until the guard is dropped.
    ///
    /// # Errors
    /// If it is not running.
    pub fn suspend(&self) -> anyhow::Result<Suspended> {
        Suspended::new(self.pid()?)
    }

    fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.child.as_ref().context("it is not running")?.id())
    }
}
