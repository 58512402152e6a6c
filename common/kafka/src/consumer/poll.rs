//! Polls a consumer, and serves its callbacks.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;

use super::ReaderContext;

/// The next record or error, waiting for it up to `wait`. All pending callbacks are served on the way: rdkafka's own `poll`
/// serves one per call if it is not to wait, and the rest piles up. A client that knows no broker is bootstrapped again.
pub(crate) fn poll(consumer: &BaseConsumer<ReaderContext>, wait: Duration) -> Option<KafkaResult<BorrowedMessage<'_>>> {
    let context = consumer.context();
    let mut wait = whole_millis(wait);
    loop {
        let before = context.callbacks();
        let next = consumer.poll(wait);
        if next.is_some() || context.callbacks() == before {
            context.bootstrap(consumer.client());
            return next;
        }
        wait = Duration::ZERO;
    }
}

/// That time in whole milliseconds, rounded up: librdkafka takes whole ones, and rdkafka's `poll` would spin for the rest.
fn whole_millis(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::connection::ConnectionState;
    use crate::testing::an_absent_cluster;

    #[test]
    fn one_poll_serves_all_pending_callbacks() {
        let context =
            ReaderContext::new(&an_absent_cluster(), ConnectionState::default(), "orders").expect("no zero byte");
        let mut config = an_absent_cluster().reader();
        config.set("statistics.interval.ms", "1");
        let consumer: BaseConsumer<ReaderContext> = config.create_with_context(context).expect("a client");
        let until = Instant::now() + Duration::from_secs(10);
        let mut most = 0;
        // That nobody listens causes an error and log lines, in addition to statistics.
        while most < 2 {
            assert!(Instant::now() < until, "never more than {most} at once");
            let before = consumer.context().callbacks();
            assert!(poll(&consumer, Duration::ZERO).is_none_or(|next| next.is_err()));
            most = most.max(consumer.context().callbacks() - before);
        }
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_milliseconds() {
        let rounded = |micros| whole_millis(Duration::from_micros(micros)).as_micros();
        assert_eq!(
            [0, 1, 999, 1_000, 19_001].map(rounded),
            [0, 1_000, 1_000, 1_000, 20_000]
        );
    }
}
