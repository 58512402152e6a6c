//! Why an order is unresolved.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::UnreadRecord;
use super::uptime::Moment;

/// At most this many schema ids are kept for one order: any of them is reason enough to re-read.
const MAX_SCHEMA_IDS: usize = 8;

/// Why an order is unresolved. JSON on disk, under the order's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnresolvedOrder {
    /// The schema ids that the registry did not know.
    pub schema_ids: Vec<u32>,
    /// The order's partition.
    pub partition: i32,
    /// Offset of the first such record.
    pub offset: i64,
    /// When the last such record was read. Rows of earlier releases have none; their time counts from our startup.
    #[serde(default)]
    pub(super) since: Moment,
}

impl UnresolvedOrder {
    /// The row after another record was skipped. Re-reading starts at the first one.
    pub(super) fn after(before: Option<Self>, record: UnreadRecord<'_>, now: Moment) -> Self {
        let mut schema_ids = before
            .as_ref()
            .map(|order| order.schema_ids.clone())
            .unwrap_or_default();
        schema_ids.retain(|id| *id != record.schema_id);
        schema_ids.insert(0, record.schema_id);
        schema_ids.truncate(MAX_SCHEMA_IDS);
        Self {
            schema_ids,
            partition: record.partition,
            offset: before.map_or(record.offset, |order| order.offset.min(record.offset)),
            since: now,
        }
    }
}

impl fmt::Display for UnresolvedOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a record of this order (partition {}, offset {}) could not be read: the schema registry does not know schema id {}; it is queried again every few seconds",
            self.partition,
            self.offset,
            self.schema_ids.first().copied().unwrap_or_default()
        )
    }
}
