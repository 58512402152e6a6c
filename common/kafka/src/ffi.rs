//! The calls of librdkafka that rdkafka does not wrap, and the only unsafe code of this crate. Nothing is decided here.
#![expect(unsafe_code, reason = "rdkafka has no safe wrapper for these calls")]

use std::ffi::{CStr, CString, c_int};
use std::ptr::null_mut;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

/// Adds brokers to bootstrap from; librdkafka ignores those that it knows.
pub(crate) fn add_brokers<C: ClientContext>(client: &Client<C>, servers: &CStr) {
    // SAFETY: the handle is valid as long as the client, which is borrowed, and the list is copied within the call. Any
    // thread may call it (librdkafka 2.12, `rd_kafka_brokers_add0` in rdkafka_broker.c: "locality any thread, locks none").
    // rdkafka.h calls it deprecated in favor of `bootstrap.servers`, which it repeats here.
    unsafe { sys::rd_kafka_brokers_add(client.native_ptr(), servers.as_ptr()) };
}

/// What a broker reports about an account and a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicAccess {
    /// The account may not even describe the topic.
    Denied,
    /// It may describe the topic, and perhaps read or write it.
    Described { read: bool, write: bool },
}

/// Asks a broker what the account may do with a topic (KIP-430), waiting up to `timeout`. `None` when there is no such
/// topic, when no broker answers, and when the broker does not report authorized operations (before Kafka 2.3).
pub(crate) fn topic_access<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Option<TopicAccess> {
    let name = CString::new(topic).ok()?;
    let mut names = [name.as_ptr()];
    let timeout = c_int::try_from(timeout.as_millis()).ok()?;
    // SAFETY: the handle is valid as long as the client, which is borrowed. Everything created here is destroyed here,
    // after its last use; the names are copied by the call that takes them. The queue is our own, so nobody else consumes
    // from it, and a response that comes too late is dropped with it (rdkafka.h).
    unsafe {
        let rk = client.native_ptr();
        let options = sys::rd_kafka_AdminOptions_new(rk, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        // These fail only for options of other calls and for timeouts out of range.
        let _ = sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout, null_mut(), 0);
        let refused = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
        if !refused.is_null() {
            sys::rd_kafka_error_destroy(refused);
        }
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let queue = sys::rd_kafka_queue_new(rk);
        sys::rd_kafka_DescribeTopics(rk, topics, options, queue);
        let event = sys::rd_kafka_queue_poll(queue, timeout);
        let access = if event.is_null() { None } else { read_access(event) };
        if !event.is_null() {
            sys::rd_kafka_event_destroy(event);
        }
        sys::rd_kafka_queue_destroy(queue);
        sys::rd_kafka_TopicCollection_destroy(topics);
        sys::rd_kafka_AdminOptions_destroy(options);
        access
    }
}

/// What a response says of its one topic.
///
/// # Safety
/// `event` must be a valid event; what is read belongs to it.
unsafe fn read_access(event: *mut sys::rd_kafka_event_t) -> Option<TopicAccess> {
    // SAFETY: the event is valid. Each call returns null where there is nothing of that kind, or a pointer into the event
    // together with a length.
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
            RDKafkaErrorCode::TopicAuthorizationFailed => return Some(TopicAccess::Denied),
            _ => return None,
        }
        let mut count = 0;
        let operations = sys::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
        if operations.is_null() {
            return None;
        }
        let operations = std::slice::from_raw_parts(operations, count);
        let may = |operation: sys::rd_kafka_AclOperation_t| operations.contains(&operation);
        // A broker that returns the topic without saying that it may be described reports no operations at all.
        may(sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_DESCRIBE).then(|| TopicAccess::Described {
            read: may(sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_READ),
            write: may(sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_WRITE),
        })
    }
}

/// The partition that librdkafka's partitioner of that name picks for a key.
#[cfg(test)]
pub(crate) fn partition_of(partitioner: &str, key: &[u8], partitions: i32) -> i32 {
    let of_key = match partitioner {
        "murmur2_random" => sys::rd_kafka_msg_partitioner_murmur2,
        "consistent_random" => sys::rd_kafka_msg_partitioner_consistent,
        "fnv1a_random" => sys::rd_kafka_msg_partitioner_fnv1a,
        other => panic!("{other} is no partitioner"),
    };
    // SAFETY: these functions read only the key's bytes and the number of partitions (librdkafka 2.12, rdkafka_msg.c).
    unsafe {
        of_key(
            null_mut(),
            key.as_ptr().cast(),
            key.len(),
            partitions,
            null_mut(),
            null_mut(),
        )
    }
}
