//! Health of cart-service. It is ready when it can write.

use orderlog_web::health::{Connection, HealthReport, Reporter};

use crate::SERVICE;
use crate::state::State;

impl Reporter for State {
    async fn report(&self) -> HealthReport {
        let progress = self.view.progress();
        let connection = self.view.connection();
        let stopping = self.supervisor.stopping_reason();
        let ready = stopping.is_none()
            && progress.is_caught_up()
            && progress.starting.is_none()
            && progress.stop_reason().is_none()
            && progress.unwritable.is_none()
            && self.view.denied().is_none()
            && connection.is_connected()
            // Statistics about a partition may arrive after its records: a client that waited for readiness must not be refused.
            && connection.have_leaders_been_connected(progress.partitions.len())
            && self.registration.schema_id().is_some();
        let mut reasons = self.view.problems();
        reasons.extend(self.commands.problems());
        reasons.extend(stopping);
        reasons.extend(self.registration.problem());
        reasons.extend(self.unresolved.problem());
        HealthReport::new(
            SERVICE,
            env!("CARGO_PKG_VERSION"),
            Connection::of(Some(connection.is_connected())),
            Connection::of(self.registry.reachability().answered()),
            ready,
            reasons,
        )
    }
}
