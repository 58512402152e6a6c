//! The brokers: who leads a partition, whether all of them are in sync, and faults of the connection to them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use futures::future::{join_all, try_join_all};

use super::{Cluster, TOPIC};
use crate::faults::Fault;
use crate::network;
use crate::stack::Stack;
use testbed::leaders;
use testbed::wait::until;

/// Longest time that a partition may be without a leader while no fault is active.
const LEADER_TIMEOUT: Duration = Duration::from_secs(10);

impl Cluster {
    /// Checks that all brokers agree about every partition: who leads it, and that all brokers are in sync. A broker
    /// that does not know yet that it was deposed would truncate its log later.
    ///
    /// # Errors
    /// If they do not; the error shows what they say.
    pub async fn is_in_sync(&self) -> anyhow::Result<()> {
        let brokers = self.stack.brokers();
        let told = try_join_all(brokers.iter().map(|broker| leaders::of(broker, TOPIC))).await?;
        let whole = told.iter().flatten().all(|led| led.in_sync.len() == brokers.len());
        let agreed = told.windows(2).all(|two| two[0] == two[1]);
        anyhow::ensure!(whole && agreed, "the brokers disagree about their partitions: {told:?}");
        Ok(())
    }

    /// With three brokers, the one that leads that partition, according to the newest leader epoch.
    pub(super) async fn leader_of(&self, partition: u8) -> anyhow::Result<u8> {
        until("a partition has a leader", LEADER_TIMEOUT, async || {
            let brokers = self.stack.brokers();
            let told = join_all(brokers.iter().map(|broker| leaders::of(broker, TOPIC))).await;
            let told = told.into_iter().flatten().flatten();
            let newest = told
                .filter(|led| led.partition == i32::from(partition))
                .max_by_key(|led| led.epoch);
            let leader = newest.context("no broker answers")?.leader;
            u8::try_from(leader).context("it has no leader")
        })
        .await
    }

    /// Begins a fault of the connection to the brokers.
    pub(super) async fn disturb_brokers(&self, fault: &Fault) -> anyhow::Result<()> {
        match (&self.broker, fault) {
            (Some(proxy), Fault::SlowBroker(ms)) => proxy.throttle(Duration::from_millis(*ms)),
            (Some(proxy), _) => proxy.cut(),
            (None, _) => {
                let rules = network::rules(fault, self.leader.load(Ordering::SeqCst));
                self.with_stack(move |stack| stack.cut(&rules)).await?;
            }
        }
        Ok(())
    }

    /// Ends it.
    pub(super) async fn heal_brokers(&self) -> anyhow::Result<()> {
        match &self.broker {
            Some(proxy) => proxy.heal(),
            None => self.with_stack(Stack::heal).await?,
        }
        Ok(())
    }
}
