//! Carries out the schedule's faults, heals them, and waits each time until the system has recovered.

use std::time::Duration;

use anyhow::Context;
use futures::future::try_join_all;

use crate::cluster::{Cluster, TOPIC};
use crate::faults::Fault;
use crate::flood;
use crate::history::{Clock, Op, Recorder, Round};
use crate::injector::Injector;
use crate::management::Flooding;
use crate::operator::Operator;
use crate::schedule::Planned;
use testbed::client::Client;
use testbed::log;
use testbed::wait::until;

/// Maximum time until the services are ready and without lag after everything was healed. A killed broker needs some
/// seconds to lead its partitions again, and clients poll for that.
pub const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a round without faults is.
const CALM: Duration = Duration::from_secs(4);

/// Carries out the faults.
pub struct Nemesis<'a> {
    pub cluster: &'a Cluster,
    pub injector: &'a Injector,
    pub history: &'a Recorder<Op>,
    pub rounds: &'a Recorder<Round>,
    pub operator: &'a Operator<'a>,
    pub floods: &'a Recorder<Flooding>,
    pub clock: Clock,
}

impl Nemesis<'_> {
    /// Runs one round, and heals it. Returns whether the system recovered.
    ///
    /// # Errors
    /// If a fault cannot be carried out.
    pub async fn round(&self, planned: &[Planned]) -> anyhow::Result<bool> {
        if planned.is_empty() {
            // There is no condition to await: the point is that nothing happens for a while.
            tokio::time::sleep(CALM).await;
            self.cluster.restart_ended().await?;
            return Ok(true);
        }
        let begun = self.clock.now();
        try_join_all(planned.iter().map(|planned| self.fault(planned))).await?;
        let healed = self.clock.now();
        self.cluster.restart_ended().await?;
        let faults = planned.iter().map(|planned| planned.fault.clone()).collect();
        self.conclude(faults, begun, healed).await
    }

    /// Waits until the system has recovered, and records how that went. Returns whether it did.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub async fn conclude(&self, faults: Vec<Fault>, begun: u64, healed: u64) -> anyhow::Result<bool> {
        let settled = self
            .settle()
            .await
            .map(|()| self.clock.now())
            .map_err(|error| format!("{error:#}"));
        let is_settled = settled.is_ok();
        self.rounds.push(Round {
            faults,
            begun,
            healed,
            settled,
        })?;
        Ok(is_settled)
    }

    async fn fault(&self, planned: &Planned) -> anyhow::Result<()> {
        let Planned { after, lasts, fault } = planned;
        // The schedule says when, and for how long.
        tokio::time::sleep(Duration::from_millis(*after)).await;
        let what = || fault.kind();
        self.cluster.begin(fault).await.with_context(what)?;
        if let Fault::Flood(partition) = fault {
            let flooded = flood::flood(self.cluster, self.operator, self.floods, i32::from(*partition));
            return flooded.await.with_context(what);
        }
        if fault.is_record() {
            return self.injector.write(fault, self.history).await.with_context(what);
        }
        tokio::time::sleep(Duration::from_millis(*lasts)).await;
        self.cluster.heal(fault).await.with_context(what)
    }

    /// Waits until every service is ready, and order-service has read everything that was in the topic when this began.
    ///
    /// # Errors
    /// If that takes too long; the error shows the last state.
    async fn settle(&self) -> anyhow::Result<()> {
        let [a, b, order] = self.cluster.urls().clone().map(Client::new);
        let (services, mut ends) = ([a?, b?, order?], None);
        until("everything is ready and lag is 0", SETTLE_TIMEOUT, async || {
            // A service whose store failed on the full disk exits once there is space, which may be only now.
            self.cluster.restart_ended_services().await?;
            for service in &services {
                let answer = service.get("/health/ready").await?;
                anyhow::ensure!(answer.status == 200, "{}: {}", service.url(), answer.text);
            }
            if ends.is_none() {
                self.cluster.is_in_sync().await?;
                ends = Some(log::ends(&self.cluster.stack.kafka(), TOPIC).await?);
            }
            let ends = ends.as_deref().unwrap_or_default();
            let stats = services[2].stats().await?;
            let behind = |(n, end): (usize, &i64)| stats.partitions.get(n).is_none_or(|seen| seen.position < *end);
            let waits = stats
                .partitions
                .iter()
                .any(|seen| seen.paused.is_some() || seen.lag != Some(0));
            let behind = ends.iter().enumerate().any(behind);
            if behind || waits {
                let says = services[2].health().await?.why();
                anyhow::bail!(
                    "the topic ends at {ends:?}; {:?}; order-service says: {says}",
                    stats.partitions
                );
            }
            Ok(())
        })
        .await
    }
}
