//! Health of the service. It is ready once it has caught up with the topic for the first time. Later outages and pauses make
//! it degraded, never unready: it still answers with what it has read.

use orderlog_projection::{CATCHING_UP, Progress};
use orderlog_web::health::{Connection, HealthReport, Reporter};

use crate::SERVICE;
use crate::state::State;

/// Why requests for orders are refused; `None` when they are answered.
pub(crate) async fn not_ready(state: &State) -> Option<String> {
    let progress = state.view.progress();
    // Read only where it matters: liveness must not wait for a disk that hangs.
    let has_read = !progress.is_caught_up()
        && progress.stop_reason().is_some()
        && state.view.store().partitions().await.is_ok_and(|rows| !rows.is_empty());
    readiness_problem(&progress, has_read)
}

/// A halted projection gets no further until an operator acts, so it answers with what it has read. If that is nothing,
/// "there is no such order" would be a guess.
fn readiness_problem(progress: &Progress, has_read: bool) -> Option<String> {
    if progress.is_caught_up() {
        return None;
    }
    if let Some(reason) = progress.stop_reason() {
        return (!has_read).then(|| format!("no record of the topic has been read: {reason}"));
    }
    Some(match &progress.starting {
        Some(reason) => format!("not reading the topic yet: {reason}"),
        None => CATCHING_UP.to_owned(),
    })
}

impl Reporter for State {
    async fn report(&self) -> HealthReport {
        let not_ready = not_ready(self).await;
        let stopping = self.supervisor.stopping_reason();
        let ready = not_ready.is_none() && stopping.is_none();
        let mut reasons = self.view.problems();
        reasons.extend(stopping);
        reasons.extend(self.registration.problem());
        reasons.extend(self.dlq_status.problems());
        HealthReport::new(
            SERVICE,
            env!("CARGO_PKG_VERSION"),
            Connection::of(Some(self.view.connection().is_connected())),
            Connection::of(self.registry.reachability().answered()),
            ready,
            reasons,
        )
    }
}

#[cfg(test)]
mod tests {
    use orderlog_projection::PartitionProgress;

    use super::*;

    fn progress(caught_up: bool) -> Progress {
        let partition = PartitionProgress {
            caught_up,
            ..PartitionProgress::default()
        };
        Progress {
            partitions: vec![partition; 2],
            ..Progress::default()
        }
    }

    #[test]
    fn requests_are_answered_once_every_partition_was_read_to_its_end() {
        assert_eq!(readiness_problem(&progress(true), true), None);
        assert!(
            readiness_problem(&progress(false), true)
                .expect("a reason")
                .contains("still catching up")
        );
        let starting = Progress {
            starting: Some("no broker answers".into()),
            ..Progress::default()
        };
        assert!(
            readiness_problem(&starting, true)
                .expect("a reason")
                .contains("no broker answers")
        );
    }

    #[test]
    fn a_pause_or_a_halt_does_not_make_the_service_unready() {
        let mut paused = progress(true);
        paused.partitions[0].paused = Some("the registry is away".into());
        assert_eq!(readiness_problem(&paused, true), None);
        let halted = Progress {
            halted: Some("another topic".into()),
            ..Progress::default()
        };
        assert_eq!(readiness_problem(&halted, true), None);
        let nothing_known = readiness_problem(&halted, false).expect("a reason");
        assert!(nothing_known.contains("another topic"), "{nothing_known}");
    }
}
