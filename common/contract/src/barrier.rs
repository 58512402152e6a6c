//! Barriers (docs/quorum.md): records that cart-service writes to find out whether a partition's leader still has a quorum.
//! A barrier has neither key nor value, so it concerns no order, and every reader counts it as ignored. A header tells it
//! from other null values.

/// The header that marks a barrier. Its value is the name of the service that wrote it.
pub const HEADER: &str = "orderlog.barrier";
