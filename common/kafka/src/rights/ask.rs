//! Asks a broker what the account may do with a topic (KIP-430). The Kafka client can, and its Rust wrapper has no call
//! for it.

use std::ffi::{CString, c_int};
use std::ptr::null_mut;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

/// What a broker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The account may not even see the topic.
    Nothing,
    /// It may see the topic, and read or write it or not.
    May { read: bool, write: bool },
}

/// Asks about one topic, and waits so long. `None` when there is no such topic, when no broker answers, and when it does
/// not tell rights (before Kafka 2.3).
#[expect(unsafe_code, reason = "rdkafka has no safe call for it")]
pub(super) fn ask<C: ClientContext>(client: &Client<C>, topic: &str, timeout: Duration) -> Option<Told> {
    let name = CString::new(topic).ok()?;
    let mut names = [name.as_ptr()];
    let timeout = c_int::try_from(timeout.as_millis()).ok()?;
    // SAFETY: the handle is valid as long as the client, which is borrowed. All that is made here is destroyed here, after
    // its last use; the names are copied by the call that takes them. The queue is our own, so nobody else takes what comes
    // on it, and an answer that comes too late is dropped with it (rdkafka.h).
    unsafe {
        let rk = client.native_ptr();
        let options = sys::rd_kafka_AdminOptions_new(rk, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        // They say no only to options of other calls and to times out of range.
        let _ = sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout, null_mut(), 0);
        let refused = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
        if !refused.is_null() {
            sys::rd_kafka_error_destroy(refused);
        }
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let queue = sys::rd_kafka_queue_new(rk);
        sys::rd_kafka_DescribeTopics(rk, topics, options, queue);
        let event = sys::rd_kafka_queue_poll(queue, timeout);
        let told = if event.is_null() { None } else { read(event) };
        if !event.is_null() {
            sys::rd_kafka_event_destroy(event);
        }
        sys::rd_kafka_queue_destroy(queue);
        sys::rd_kafka_TopicCollection_destroy(topics);
        sys::rd_kafka_AdminOptions_destroy(options);
        told
    }
}

/// What an answer says of its one topic.
///
/// # Safety
/// `event` is a valid event; what is read of it belongs to it.
#[expect(unsafe_code, reason = "rdkafka has no safe call for it")]
unsafe fn read(event: *mut sys::rd_kafka_event_t) -> Option<Told> {
    // SAFETY: the event is valid. Each call gives null where there is nothing of that kind, or a pointer into the event and
    // the length of what lies there.
    unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return None;
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count == 0 {
            return None;
        }
        let topic = *topics;
        let error = sys::rd_kafka_TopicDescription_error(topic);
        let code = if error.is_null() {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
        } else {
            sys::rd_kafka_error_code(error)
        };
        match RDKafkaErrorCode::from(code) {
            RDKafkaErrorCode::NoError => {}
            RDKafkaErrorCode::TopicAuthorizationFailed => return Some(Told::Nothing),
            _ => return None,
        }
        let mut count = 0;
        let operations = sys::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
        if operations.is_null() {
            return None;
        }
        let operations = std::slice::from_raw_parts(operations, count);
        let may = |operation: sys::rd_kafka_AclOperation_t| operations.contains(&operation);
        // A broker that shows the topic, and does not say that it may be seen, tells no rights.
        may(sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_DESCRIBE).then(|| Told::May {
            read: may(sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_READ),
            write: may(sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_WRITE),
        })
    }
}
