//! Barriers (docs/quorum.md): records by which cart-service finds out whether a partition's leader still has the quorum behind it. One has
//! neither key nor value, so it says nothing of any order, and every reader counts it as ignored; a header tells it from
//! other null values.

/// Header that marks a barrier; its value is the name of the service that wrote it.
pub const HEADER: &str = "orderlog.barrier";
