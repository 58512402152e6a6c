use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::*;

fn timed_out() -> BarrierError {
    WriteError::from(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut)).into()
}

/// A manual clock.
fn at(ms: u64) -> Instant {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    *BEGIN + Duration::from_millis(1_000 + ms)
}

#[test]
fn a_barrier_serves_all_requests_that_arrived_before_it_was_sent_and_no_others() {
    let mut state = State::default();
    assert_eq!(state.step(at(0), at(1)), Step::Send(at(1)));
    assert_eq!(
        state.step(at(1), at(2)),
        Step::Wait(None),
        "it shares the one in flight"
    );
    assert_eq!(
        state.step(at(2), at(2)),
        Step::Wait(None),
        "it needs the next one, and only one is in flight at a time"
    );
    state.acknowledged(at(1), 7);
    assert_eq!(state.step(at(0), at(3)), Step::Acknowledged(7));
    assert_eq!(state.step(at(1), at(3)), Step::Acknowledged(7));
    assert_eq!(state.step(at(2), at(3)), Step::Wait(Some(at(11))), "a hundred a second");
    assert_eq!(state.step(at(2), at(11)), Step::Send(at(11)));
    state.acknowledged(at(11), 9);
    assert_eq!(state.step(at(2), at(12)), Step::Acknowledged(9));
}

#[test]
fn an_event_that_was_sent_after_the_request_arrived_serves_and_one_that_was_sent_before_does_not() {
    let mut state = State {
        sent: Some(at(0)),
        ..State::default()
    };
    // Acknowledged after the request arrived: it may be followed by another instance's event that was acknowledged
    // before.
    state.acknowledged(at(0), 3);
    assert_eq!(state.step(at(1), at(2)), Step::Wait(Some(at(10))));
    state.sent = Some(at(5));
    state.acknowledged(at(5), 4);
    assert_eq!(state.step(at(1), at(6)), Step::Acknowledged(4));
    // Delivery reports of a replaced producer may arrive out of order.
    state.acknowledged(at(4), 2);
    assert_eq!(state.step(at(5), at(6)), Step::Acknowledged(4));
}

#[test]
fn a_failed_barrier_fails_the_requests_it_was_sent_for() {
    let mut state = State::default();
    assert_eq!(state.step(at(0), at(0)), Step::Send(at(0)));
    state.barrier_failed(at(0), timed_out());
    assert_eq!(state.step(at(0), at(20)), Step::Failed(timed_out()));
    assert_eq!(
        state.step(at(1), at(20)),
        Step::Send(at(20)),
        "a later request gets a barrier of its own"
    );
    assert_eq!(state.problem(at(20)), Some(&timed_out()));
    state.acknowledged(at(20), 5);
    assert_eq!(
        state.step(at(0), at(21)),
        Step::Acknowledged(5),
        "a newer acknowledgment serves too"
    );
    assert_eq!(state.problem(at(21)), None);
}

#[test]
fn a_barrier_without_a_delivery_report_does_not_block_forever() {
    let mut state = State::default();
    assert_eq!(state.step(at(0), at(0)), Step::Send(at(0)));
    assert_eq!(state.step(at(1), at(59_999)), Step::Wait(None));
    assert_eq!(state.step(at(1), at(60_000)), Step::Send(at(60_000)));
}

#[test]
fn a_failure_is_reported_for_some_time() {
    let mut state = State::default();
    state.barrier_failed(at(0), timed_out());
    assert!(state.problem(at(10_000)).is_some());
    assert_eq!(state.problem(at(10_001)), None);
}

#[tokio::test]
async fn many_waiting_requests_share_few_barriers() {
    let of = Arc::new(Acknowledgments::default());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let waiting = (0..200).map(|_| {
        let (of, sent) = (of.clone(), sent.clone());
        let report = of.clone();
        async move {
            let send = |at: Instant| {
                lock(&sent).push(at);
                let report = report.clone();
                tokio::spawn(async move { report.acknowledged(at, 1) });
                Ok(())
            };
            of.wait_for_ack_after(Instant::now(), send).await
        }
    });
    let waiting: Vec<_> = waiting.map(tokio::spawn).collect();
    for waiting in waiting {
        assert_eq!(waiting.await.expect("no panic"), Ok(1));
    }
    let sent = lock(&sent);
    assert!(sent.len() <= 3, "{}", sent.len());
    assert!(sent.windows(2).all(|pair| pair[1] >= pair[0] + MIN_BARRIER_INTERVAL));
}

#[tokio::test]
async fn a_barrier_that_cannot_be_sent_fails_at_once() {
    let of = Acknowledgments::default();
    let refused = of
        .wait_for_ack_after(Instant::now(), |_| Err(WriteError::QueueFull))
        .await;
    assert_eq!(refused, Err(WriteError::QueueFull.into()));
}
