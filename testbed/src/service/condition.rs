//! Waiting for the state that a service reports in `/health`.

use std::time::{Duration, Instant};

use super::Service;
use crate::api_types::Health;
use crate::wait::{LONG, until};

/// Maximum time that refusals may take, on a busy machine: less than one attempt to write, which would last until the
/// write deadline of 5 s.
const MAX_DELAY: Duration = Duration::from_secs(3);

impl Service {
    /// Waits until it gives a reason that contains all those parts.
    ///
    /// # Errors
    /// If it does not; the error shows what it reports.
    pub async fn await_reason(&self, parts: &[&str]) -> anyhow::Result<Health> {
        until(&format!("a reason with {parts:?}"), LONG, async || {
            let health = self.http.health().await?;
            anyhow::ensure!(parts.iter().all(|part| health.why().contains(part)), "{health:?}");
            Ok(health)
        })
        .await
    }

    /// Waits until it no longer gives a reason.
    ///
    /// # Errors
    /// If it still gives one; the error shows it.
    pub async fn await_healthy(&self) -> anyhow::Result<()> {
        until("it is healthy", LONG, async || {
            let health = self.http.health().await?;
            anyhow::ensure!(health.status == "healthy" && health.ready, "{health:?}");
            Ok(())
        })
        .await
    }

    /// For cart-service: checks that it creates no orders now, is not ready, and says why.
    ///
    /// # Errors
    /// Any answer that is not such a refusal.
    pub async fn refuses_with(&self, why: &str) -> anyhow::Result<()> {
        let told = self.http.create_short("refused").await?;
        anyhow::ensure!(
            told.status == 503 && told.text.contains(why),
            "no refusal with {why}: {told:?}"
        );
        let ready = self.http.get("/health/ready").await?;
        anyhow::ensure!(ready.status == 503, "{ready:?}");
        Ok(())
    }

    /// For cart-service: checks that it can write nothing now, and says so at once, with the reason. A-1 must be an
    /// order.
    ///
    /// # Errors
    /// Any answer that is not such a refusal.
    pub async fn refuses(&self, why: &str) -> anyhow::Result<()> {
        let asked = Instant::now();
        for answer in [
            self.http.create_short("refused").await?,
            self.http.update("A-1", "shipped").await?,
        ] {
            let told = answer.status == 503 && answer.text.contains(why);
            anyhow::ensure!(told, "no refusal with {why}: {answer:?}");
        }
        let ready = self.http.get("/health/ready").await?;
        anyhow::ensure!(ready.status == 503, "{ready:?}");
        let took = asked.elapsed();
        anyhow::ensure!(took < MAX_DELAY, "the refusals took {took:?}");
        Ok(())
    }
}
