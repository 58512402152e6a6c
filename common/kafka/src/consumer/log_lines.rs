//! What librdkafka reports as text only: its log lines and the reasons of errors.

/// A log line without the name of the thread.
pub(super) fn without_thread(line: &str) -> &str {
    line.split_once("]: ").map_or(line, |(_thread, reason)| reason)
}

/// The end offset of a partition, from the reason that comes with its end: rdkafka passes on the partition only.
/// (librdkafka 2.12, `rd_kafka_fetch_reply_handle_partition_error`: "Fetch from broker 1 reached end of partition at
/// offset 5 (HighwaterMark 6)".)
pub(super) fn end_offset(reason: &str) -> Option<i64> {
    let (_, rest) = reason.split_once("end of partition at offset ")?;
    rest.split_once(' ')?.0.parse().ok()
}

/// What librdkafka shows if a broker reports no topic id: one before 2.8, or a gateway. It says nothing about the topic.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// The topic's new id, if that is what the line says. librdkafka notices that a topic was deleted and created again, goes
/// on with the new one at the old one's offset (2.12: "an offset reset must be triggered", says a note in
/// `rd_kafka_topic_metadata_update0`), and reports it in its debug log only.
pub(super) fn new_topic_id<'a>(line: &'a str, topic: &str) -> Option<&'a str> {
    let (before, ids) = line.split_once(" changed id from ")?;
    let named = before.rsplit_once("Topic ").is_some_and(|(_, name)| name == topic);
    ids.split_once(" to ")
        .map(|(_, id)| id)
        .filter(|id| named && *id != NO_ID)
}

/// Whether a commit that nobody waits for was denied: only the log says so.
pub(super) fn is_commit_denied(fac: &str, line: &str) -> bool {
    fac == "COMMITFAIL" && line.contains("Group authorization failed")
}
