//! What librdkafka tells its owner: statistics, errors and log lines, which come while a client is polled.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::brokers::KnownBrokers;
use super::config::Cluster;
use super::link::Link;
use super::rights::{Right, Rights};

/// Longer than between two commits of progress.
const COMMITS_APART: Duration = Duration::from_secs(4);

/// The context of a consumer that feeds a [`Link`].
pub struct LinkContext {
    link: Link,
    topic: String,
    brokers: KnownBrokers,
    rights: Rights,
    read: Right,
    commit: Right,
    /// When a commit was last refused, as long as that holds.
    commit_refused: Mutex<Option<Instant>>,
    /// How much the client has said.
    said: AtomicU64,
    /// Where the partition ended whose end was met last.
    end: AtomicI64,
}

impl LinkContext {
    /// Feeds `link` with what is heard of `topic`.
    ///
    /// # Errors
    /// When the cluster's servers cannot be passed on.
    pub fn new(cluster: &Cluster, link: Link, topic: &str) -> anyhow::Result<Self> {
        Ok(Self {
            link,
            topic: topic.to_owned(),
            brokers: KnownBrokers::new(cluster)?,
            rights: cluster.rights.clone(),
            read: Right::Read(topic.to_owned()),
            commit: Right::Commit(cluster.client_id.clone()),
            commit_refused: Mutex::default(),
            said: AtomicU64::new(0),
            end: AtomicI64::new(NO_END),
        })
    }

    /// The offset at which the end of a partition was met that [`poll`] has returned last; below every offset where the
    /// client has not told one.
    pub fn end(&self) -> i64 {
        self.end.load(Ordering::Relaxed)
    }

    fn hear(&self) {
        self.said.fetch_add(1, Ordering::Relaxed);
    }

    fn refuse_commit(&self) {
        self.rights.lack(&self.commit);
        *self.commit_refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Commits are allowed when this client has found its group's coordinator and no commit has failed since. (librdkafka
    /// tells nobody of those that succeed.)
    fn look_at_group(&self, statistics: &Statistics) {
        let mut refused = self.commit_refused.lock().unwrap_or_else(PoisonError::into_inner);
        let has_coordinator = statistics.cgrp.as_ref().is_some_and(|group| group.state == "up");
        if has_coordinator && refused.is_some_and(|at| at.elapsed() > COMMITS_APART) {
            self.rights.grant(&self.commit);
            *refused = None;
        }
    }
}

impl ClientContext for LinkContext {
    fn stats(&self, statistics: Statistics) {
        self.hear();
        self.link.update(&self.topic, &statistics);
        self.brokers.learn(&statistics);
        self.look_at_group(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.hear();
        match error.rdkafka_error_code() {
            // The end of a partition comes this way too, and is none.
            Some(RDKafkaErrorCode::PartitionEOF) => {
                return self.end.store(end_of(reason).unwrap_or(NO_END), Ordering::Relaxed);
            }
            // That is known; why they are is told in the log.
            Some(RDKafkaErrorCode::AllBrokersDown) => {}
            // Both are told once, and tried again in silence.
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => self.rights.lack(&self.read),
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => self.refuse_commit(),
            Some(RDKafkaErrorCode::Authentication) => self.link.complain(&unauthenticated(reason)),
            _ => self.link.complain(bare(reason)),
        }
        tracing::debug!(%error, reason, "kafka client");
    }

    fn log(&self, level: RDKafkaLogLevel, fac: &str, log_message: &str) {
        self.hear();
        if let Some(id) = new_topic_id(log_message, &self.topic) {
            self.link.learn_topic_id(id);
        }
        if fac == "FAIL" {
            let reason = log_message
                .split_once("]: ")
                .map_or(log_message, |(_thread, reason)| reason);
            self.link.complain(bare(reason));
        }
        // Of a commit that nobody waits for it tells only so.
        if fac == "COMMITFAIL" && log_message.contains("Group authorization failed") {
            self.refuse_commit();
        }
        log(level, fac, log_message);
    }
}

impl ConsumerContext for LinkContext {
    fn commit_callback(&self, _: KafkaResult<()>, _: &TopicPartitionList) {
        self.hear();
    }
}

/// What went wrong, without how long it took: the same fault again is to be the same words.
fn bare(reason: &str) -> &str {
    reason.split_once(" (after ").map_or(reason, |(what, _)| what)
}

/// A broker that does not believe who we are, which is another thing than a broker that is away.
fn unauthenticated(reason: &str) -> String {
    format!(
        "the broker refuses to authenticate this client; look at sasl.mechanisms, sasl.username and sasl.password in the file of KAFKA_CONFIG: {}",
        bare(reason)
    )
}

/// What comes next, a record or an error, waiting for it up to that time. What the client says of itself is served on the
/// way, as much as there is: rdkafka's own `poll` serves one thing a call when it is not to wait, and the rest piles up.
/// A client that hears no broker is given its servers again.
pub fn poll(consumer: &BaseConsumer<LinkContext>, wait: Duration) -> Option<KafkaResult<BorrowedMessage<'_>>> {
    let said = || consumer.context().said.load(Ordering::Relaxed);
    let mut wait = whole_millis(wait);
    loop {
        let before = said();
        let next = consumer.poll(wait);
        if next.is_some() || said() == before {
            consumer.context().brokers.find_again(consumer.client());
            return next;
        }
        wait = Duration::ZERO;
    }
}

/// That time in whole milliseconds, rounded up: librdkafka is told whole ones, and rdkafka's `poll` asks it without waiting,
/// again and again, for as long as a part of one is left.
fn whole_millis(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// Below every offset.
const NO_END: i64 = -1;

/// Where a partition ended, from the sentence that comes with its end: rdkafka passes on the partition only. (librdkafka
/// 2.12, `rd_kafka_fetch_reply_handle_partition_error`: "Fetch from broker 1 reached end of partition at offset 5
/// (HighwaterMark 6)".)
fn end_of(reason: &str) -> Option<i64> {
    let (_, rest) = reason.split_once("end of partition at offset ")?;
    rest.split_once(' ')?.0.parse().ok()
}

/// What librdkafka shows where a broker tells no id: one before 2.8, or a gateway. It says nothing of the topic.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// The id that a topic has now, when that is what librdkafka's line says. It notices that a topic was deleted and made
/// again, goes on with the new one at the old one's offset (2.12: "an offset reset must be triggered", says a note in
/// `rd_kafka_topic_metadata_update0`), and tells nobody but its debug log.
fn new_topic_id<'a>(line: &'a str, topic: &str) -> Option<&'a str> {
    let (before, ids) = line.split_once(" changed id from ")?;
    let named = before.rsplit_once("Topic ").is_some_and(|(_, name)| name == topic);
    ids.split_once(" to ")
        .map(|(_, id)| id)
        .filter(|id| named && *id != NO_ID)
}

/// librdkafka's log lines, one level lower: its "error" is mostly a broker that is away, which health tells better.
pub fn log(level: RDKafkaLogLevel, fac: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", fac, "{message}");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => tracing::info!(target: "librdkafka", fac, "{message}"),
        _ => tracing::debug!(target: "librdkafka", fac, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rdkafka::statistics::ConsumerGroup;

    use super::*;
    use crate::testing::an_absent_cluster;

    #[test]
    fn a_topic_that_was_made_anew_is_told_once_and_only_when_its_name_was_known_before() {
        let link = Link::default();
        let context = LinkContext::new(&an_absent_cluster(), link.clone(), "orders").expect("no zero byte");
        let says = |line: &str| context.log(RDKafkaLogLevel::Debug, "METADATA", line);
        says("[thrd:main]: Topic orders changed id from AAAAAAAAAAAAAAAAAAAAAA to 7xT0");
        says("[thrd:main]: Topic other-orders changed id from 7xT0 to 9yU1");
        says("[thrd:main]: Topic orders changed id from 7xT0 to 7xT0");
        assert!(!link.take_made_anew());
        says("[thrd:main]: Topic orders changed id from 7xT0 to AAAAAAAAAAAAAAAAAAAAAA");
        says("[thrd:main]: Topic orders changed id from AAAAAAAAAAAAAAAAAAAAAA to 7xT0");
        assert!(!link.take_made_anew(), "another broker tells no ids");
        says("[thrd:main]: Topic orders changed id from 7xT0 to 8zV2");
        assert!(link.take_made_anew());
        assert!(!link.take_made_anew());
    }

    #[test]
    fn the_end_of_a_partition_is_told_with_its_offset_and_is_no_trouble() {
        let link = Link::default();
        let context = LinkContext::new(&an_absent_cluster(), link.clone(), "orders").expect("no zero byte");
        assert!(context.end() < 0);
        let met = |reason| context.error(KafkaError::Global(RDKafkaErrorCode::PartitionEOF), reason);
        met("Fetch from broker 1 reached end of partition at offset 5 (HighwaterMark 6)");
        assert_eq!((context.end(), link.trouble()), (5, None));
        met("no more messages");
        assert!(context.end() < 0, "an end that is not understood proves nothing");
    }

    #[test]
    fn why_a_broker_is_away_is_told_by_the_log() {
        let link = Link::default();
        let context = LinkContext::new(&an_absent_cluster(), link.clone(), "orders").expect("no zero byte");
        let refused = "127.0.0.1:9/1: Connect to ipv4#127.0.0.1:9 failed: Connection refused";
        context.log(
            RDKafkaLogLevel::Error,
            "FAIL",
            &format!("[thrd:127.0.0.1:9/1]: {refused}"),
        );
        let all_down = KafkaError::Global(RDKafkaErrorCode::AllBrokersDown);
        context.error(all_down, "1/1 brokers are down");
        assert_eq!(link.silence(), Some(format!("no Kafka broker is heard: {refused}")));
    }

    #[test]
    fn a_refused_password_is_told_as_such_and_in_the_same_words_each_time() {
        let link = Link::default();
        let context = LinkContext::new(&an_absent_cluster(), link.clone(), "orders").expect("no zero byte");
        let told = |ms: u32| {
            let reason = format!(
                "sasl_plaintext://kafka:9092/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after {ms}ms in state AUTH_REQ)"
            );
            context.log(RDKafkaLogLevel::Error, "FAIL", &format!("[thrd:kafka]: {reason}"));
            context.error(KafkaError::Global(RDKafkaErrorCode::Authentication), &reason);
            link.silence().expect("nobody is heard")
        };
        let silence = told(5);
        assert!(
            silence.contains("refuses to authenticate") && silence.ends_with("Invalid username or password"),
            "{silence}"
        );
        assert_eq!(told(312), silence);
    }

    #[test]
    fn what_the_authorizer_refuses_a_consumer_is_a_right_that_is_missing_until_it_works() {
        let cluster = an_absent_cluster();
        let context = LinkContext::new(&cluster, Link::default(), "orders").expect("no zero byte");
        let refuses = |code| context.error(KafkaError::Global(code), "refused");
        refuses(RDKafkaErrorCode::TopicAuthorizationFailed);
        let refusal = cluster.rights.refusal("orders");
        assert_eq!(refusal, Some(Right::Read("orders".to_owned()).to_string()));
        cluster.rights.grant(&context.read);
        refuses(RDKafkaErrorCode::GroupAuthorizationFailed);
        let commit = [Right::Commit("test".to_owned()).to_string()];
        assert_eq!(cluster.rights.reasons(), commit);
        let in_state = |state: &str| {
            context.stats(Statistics {
                cgrp: Some(ConsumerGroup {
                    state: state.to_owned(),
                    ..ConsumerGroup::default()
                }),
                ..Statistics::default()
            });
            cluster.rights.reasons()
        };
        let since = |ago: Duration| *context.commit_refused.lock().expect("no panic") = Instant::now().checked_sub(ago);
        assert_eq!(in_state("up"), commit, "a commit may still fail");
        since(COMMITS_APART * 2);
        assert_eq!(in_state("query-coord"), commit);
        assert!(in_state("up").is_empty());
        let failed = "[thrd:main]: Offset commit (manual) failed for 6/6 partition(s) in join-state init: Broker: Group authorization failed: …";
        context.log(RDKafkaLogLevel::Warning, "COMMITFAIL", failed);
        assert_eq!(cluster.rights.reasons(), commit);
    }

    #[test]
    fn one_poll_serves_all_that_the_client_has_said() {
        let context = LinkContext::new(&an_absent_cluster(), Link::default(), "orders").expect("no zero byte");
        let mut config = an_absent_cluster().reader();
        config.set("statistics.interval.ms", "1");
        let consumer: BaseConsumer<LinkContext> = config.create_with_context(context).expect("a client");
        let said = || consumer.context().said.load(Ordering::Relaxed);
        let until = Instant::now() + Duration::from_secs(10);
        let mut most = 0;
        // It says that nobody listens by an error and by lines of its log, besides its statistics.
        while most < 2 {
            assert!(Instant::now() < until, "never more than {most} at once");
            let before = said();
            assert!(poll(&consumer, Duration::ZERO).is_none_or(|next| next.is_err()));
            most = most.max(said() - before);
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
