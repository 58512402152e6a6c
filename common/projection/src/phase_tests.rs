use super::*;
use orderlog_contract::testing::an_event;
use tokio::sync::oneshot::error::TryRecvError;

fn owner() -> (PhaseOwner, watch::Receiver<Progress>, Waiters) {
    let (progress, seen) = watch::channel(Progress::default());
    let waiters = Waiters::default();
    let owner = PhaseOwner::starting("orders".to_owned(), progress, waiters.clone());
    (owner, seen, waiters)
}

fn reading() -> (PhaseOwner, watch::Receiver<Progress>, Waiters) {
    let (mut owner, seen, waiters) = owner();
    owner.reading();
    (owner, seen, waiters)
}

#[test]
fn a_thread_that_is_starting_says_why_until_it_reads() {
    let (mut owner, seen, _) = owner();
    assert!(!owner.is_reading() && seen.borrow().starting.is_some());
    owner.start_failed("no broker".to_owned());
    assert_eq!(seen.borrow().starting.as_deref(), Some("no broker"));
    owner.reading();
    assert!(owner.is_reading());
    assert_eq!(seen.borrow().starting, None);
}

#[test]
fn a_failure_to_start_again_is_not_logged_as_if_nothing_had_been_read() {
    let (mut owner, ..) = owner();
    assert_eq!(owner.what_failed(), "consumption not started");
    owner.reading();
    owner.request_restart(RestartReason::TopicMissing);
    owner.restart();
    assert!(owner.is_starting());
    assert_eq!(owner.what_failed(), "consumption interrupted");
}

#[test]
fn a_restart_goes_back_to_starting_once() {
    let (mut owner, ..) = reading();
    assert_eq!(owner.restart(), None);
    owner.request_restart(RestartReason::TopicMissing);
    owner.request_restart(RestartReason::OffsetOutOfRange);
    assert!(owner.is_reading(), "the batch is finished first");
    assert_eq!(
        owner.restart(),
        Some(RestartReason::OffsetOutOfRange),
        "the latest reason"
    );
    assert!(!owner.is_reading());
    owner.request_restart(RestartReason::TopicMissing);
    owner.reading();
    assert_eq!(owner.restart(), None, "it has just started");
}

#[tokio::test]
async fn a_suspended_thread_reads_nothing_and_restarts_afterwards() {
    let (mut owner, seen, waiters) = reading();
    let mut event = waiters.event(&an_event("A-1", 1));
    let mut order = waiters.order("A-1", 1);
    owner.request_restart(RestartReason::TopicMissing);
    owner.suspend("another registry".to_owned());
    assert!(owner.is_suspended() && !owner.is_reading());
    assert_eq!(seen.borrow().suspended.as_deref(), Some("another registry"));
    assert_eq!(event.outcome().await, None, "it will not be read soon");
    assert_eq!(order.try_recv(), Err(TryRecvError::Empty), "its order may still be");
    assert_eq!(owner.restart(), None, "not while suspended");
    owner.resume();
    assert_eq!(seen.borrow().suspended, None);
    assert_eq!(owner.restart(), Some(RestartReason::RegistryMatches));
}

#[test]
fn a_thread_that_is_suspended_before_it_reads_just_continues_starting() {
    let (mut owner, seen, _) = owner();
    owner.suspend("another registry".to_owned());
    assert!(owner.is_suspended());
    assert_eq!(seen.borrow().starting, None, "one reason is enough");
    owner.resume();
    owner.reading();
    assert!(owner.is_reading());
    assert_eq!(owner.restart(), None);
}

#[test]
fn a_registry_that_keeps_matching_changes_nothing() {
    let (mut owner, ..) = reading();
    owner.resume();
    assert!(owner.is_reading());
    assert_eq!(owner.restart(), None);
}

#[tokio::test]
async fn a_halted_thread_stays_halted_and_keeps_its_first_reason() {
    for reads in [false, true] {
        let (mut owner, seen, waiters) = if reads { reading() } else { owner() };
        let (mut event, order) = (waiters.event(&an_event("A-1", 1)), waiters.order("A-1", 1));
        owner.halt("the first".to_owned());
        owner.halt("the second".to_owned());
        owner.request_restart(RestartReason::TopicMissing);
        owner.reading();
        assert!(owner.is_halted() && !owner.is_reading());
        assert_eq!(owner.restart(), None);
        assert_eq!(seen.borrow().halted.as_deref(), Some("the first"));
        assert_eq!(seen.borrow().starting, None);
        assert_eq!(
            (event.outcome().await, order.await.is_err()),
            (None, true),
            "no waiter is left"
        );
    }
}

#[test]
fn an_audit_of_a_halted_thread_is_reported_and_starts_nothing() {
    let (mut owner, seen, _) = reading();
    owner.halt("why".to_owned());
    owner.suspend("another registry".to_owned());
    assert!(seen.borrow().suspended.is_some() && owner.is_halted());
    owner.resume();
    assert!(seen.borrow().suspended.is_none() && owner.is_halted());
    assert_eq!(owner.restart(), None);
}
