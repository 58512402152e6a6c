//! Barriers (docs/quorum.md): records that cart-service writes to find out whether a partition's leader still has a quorum.
//! A barrier has neither key nor value, so it concerns no order, and every reader counts it as ignored. A header tells it
//! from other null values.

use rdkafka::message::{Header, OwnedHeaders};

/// The header that marks a barrier. Its value is the name of the service that wrote it.
pub const HEADER: &str = "orderlog.barrier";

/// The headers of a barrier that `service` writes.
pub fn headers(service: &str) -> OwnedHeaders {
    OwnedHeaders::new_with_capacity(1).insert(Header {
        key: HEADER,
        value: Some(service),
    })
}
