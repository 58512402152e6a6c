//! Time by this process's monotonic clock, which a wrong or adjusted wall clock does not affect.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// When something happened, by the clock of some process. Kept on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moment {
    /// The process, by a random number.
    process: u64,
    /// Milliseconds since its start.
    ms: u64,
}

/// This process's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uptime {
    process: u64,
    begun: Instant,
}

impl Uptime {
    /// Starts now.
    pub fn begin() -> Self {
        Self {
            process: fastrand::u64(1..),
            begun: Instant::now(),
        }
    }

    /// Now.
    pub fn now(&self) -> Moment {
        Moment {
            process: self.process,
            ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// How long ago that was, within this process's lifetime: a time from another process counts as our startup.
    pub fn since(&self, moment: Moment) -> Duration {
        let begin = if moment.process == self.process { moment.ms } else { 0 };
        self.begun.elapsed().saturating_sub(Duration::from_millis(begin))
    }

    #[cfg(test)]
    pub fn begun_ago(self, ago: Duration) -> Self {
        let begun = self.begun.checked_sub(ago).expect("this machine has run as long");
        Self { begun, ..self }
    }
}
