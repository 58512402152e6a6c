//! Regular work on a client that no thread of ours polls.

use std::sync::Arc;
use std::time::Duration;

use orderlog_runtime::supervisor::Supervisor;
use tokio::time::MissedTickBehavior;

/// Calls `work` once a second until the last other handle of `client` is dropped. Call it within a tokio runtime.
///
/// If that handle is dropped during the call, the client is closed here; nothing waits for that.
pub(crate) fn every_second<T>(
    client: &Arc<T>,
    supervisor: &Supervisor,
    name: &'static str,
    work: impl Fn(&T) + Send + 'static,
) where
    T: Send + Sync + 'static,
{
    let client = Arc::downgrade(client);
    // The task ends with the client.
    drop(supervisor.spawn(name, async move {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(client) = client.upgrade() else { return };
            work(&client);
        }
    }));
}
