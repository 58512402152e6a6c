//! How the service is. It is ready when it can answer: the store is open and the first catch-up is done. Outages and
//! pauses later on make it degraded, never unready: what it knows, it still tells.

use orderlog_projection::Progress;
use orderlog_web::health::{Connection, HealthReport, add_forbidden};

use crate::SERVICE;
use crate::app::State;

/// Why orders are not answered for yet; `None` when they are.
pub(crate) fn not_ready(state: &State) -> Option<String> {
    judge(&state.view.progress(), || {
        state.view.store().partitions().is_ok_and(|rows| !rows.is_empty())
    })
}

/// A projection that has stopped is as far as it comes for now: what it knows is told until an operator acts. One that never
/// read anything knows nothing, and "there is no such order" would be a guess.
fn judge(progress: &Progress, has_read: impl FnOnce() -> bool) -> Option<String> {
    if progress.is_caught_up() {
        return None;
    }
    if let Some(reason) = progress.stopped() {
        return (!has_read()).then(|| format!("nothing was read yet: {reason}"));
    }
    let why = match &progress.starting {
        Some(reason) => format!("the topic is not read yet: {reason}"),
        None => "the topic is still being read after the start".to_owned(),
    };
    Some(why)
}

/// The report for `/health` and its kin.
pub(crate) fn report(state: &State) -> HealthReport {
    let progress = state.view.progress();
    let link = state.view.link();
    let not_ready = not_ready(state);
    let mut reasons = progress.reasons();
    if progress.starting.is_none() && progress.stopped().is_none() {
        reasons.extend(not_ready.clone());
    }
    add_forbidden(&mut reasons, state.view.rights().reasons());
    reasons.extend(link.silence().or_else(|| link.minority()));
    reasons.extend(state.view.open_transactions().iter().map(ToString::to_string));
    let trouble = state.life.trouble();
    reasons.extend(trouble.clone());
    reasons.extend(state.registration.trouble());
    reasons.extend(state.dead_letter_condition.reasons());
    let registry = Connection::of(state.registry.reachability().answered());
    HealthReport::new(
        SERVICE,
        env!("CARGO_PKG_VERSION"),
        Connection::of(Some(link.is_connected())),
        registry,
        not_ready.is_none() && trouble.is_none(),
        reasons,
    )
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
    fn orders_are_answered_for_once_every_partition_was_read_to_its_end() {
        assert_eq!(judge(&progress(true), || true), None);
        assert!(
            judge(&progress(false), || true)
                .expect("a reason")
                .contains("still being read")
        );
        let starting = Progress {
            starting: Some("no broker answers".into()),
            ..Progress::default()
        };
        assert!(
            judge(&starting, || true)
                .expect("a reason")
                .contains("no broker answers")
        );
    }

    #[test]
    fn a_pause_or_a_halt_does_not_take_back_what_is_known() {
        let mut paused = progress(true);
        paused.partitions[0].paused = Some("the registry is away".into());
        assert_eq!(judge(&paused, || true), None);
        let halted = Progress {
            halted: Some("another topic".into()),
            ..Progress::default()
        };
        assert_eq!(judge(&halted, || true), None);
        let nothing_known = judge(&halted, || false).expect("a reason");
        assert!(nothing_known.contains("another topic"), "{nothing_known}");
    }
}
