//! One partition's records of a batch, each classified, up to the first whose schema is not known yet. Pure, given what
//! is known about schemas.

use std::collections::{HashMap, HashSet};

use orderlog_contract::event::OrderEvent;
use orderlog_contract::frame::SchemaRef;
use orderlog_contract::order::OrderState;

use super::classify::{ClassifiedRecord, SchemaUnknown, classify};
use super::fold_partition::{FoldOptions, PartitionChanges, fold_partition};
use super::placement::Placement;
use super::record::LogRecord;
use crate::schema_lookup::KnownSchema;
use crate::schema_wait::SchemaWait;
use crate::store::PartitionRow;

/// Maximum number of schemas in one wait. Those of later records are looked up in the next one.
const MAX_AWAITED_SCHEMAS: usize = 1_000;

/// One partition's records of a batch.
pub(crate) struct PartitionBatch<'a> {
    placement: Placement,
    /// How far the partition was read before.
    row: PartitionRow,
    /// The offset of the next record; one below it was read before.
    next: i64,
    records: Vec<ClassifiedRecord<'a>>,
    ending: Ending,
}

/// Where a partition's records of a batch end, and what comes next.
#[derive(Default)]
pub(crate) struct Ending {
    /// What the registry answered about the schemas of these records, if it was queried.
    pub schema_answers: Option<SchemaWait>,
    /// The schemas that must be known first, if it ends early.
    pub awaited: Option<AwaitedSchemas>,
    /// Whether there were any records.
    pub had_records: bool,
    /// Timestamp of the last of them, in milliseconds since 1970; `None` if it has none.
    pub last_timestamp: Option<i64>,
    /// The partition's end offset, if it was reached.
    pub end: Option<i64>,
    /// Whether the end was reached after the last record.
    pub at_end: bool,
}

/// Schemas that are not known yet.
pub(crate) struct AwaitedSchemas {
    /// The schema of the first record that is not in the batch.
    pub first: SchemaRef,
    /// The schemas of the records after it, in record order.
    pub further: Vec<SchemaRef>,
    seen: HashSet<SchemaRef>,
    /// The offset after the last of these records.
    pub to: i64,
}

impl<'a> PartitionBatch<'a> {
    /// A batch of that partition, which was read as far as `row` says. `schema_answers`: what the registry
    /// answered about the schemas of its next records.
    pub fn new(placement: Placement, row: PartitionRow, schema_answers: Option<SchemaWait>) -> Self {
        Self {
            placement,
            next: row.next,
            row,
            records: Vec::new(),
            ending: Ending {
                schema_answers,
                ..Ending::default()
            },
        }
    }

    /// Its partition.
    pub fn partition(&self) -> i32 {
        self.placement.partition
    }

    /// Adds the next record. After a record that must wait, a further one only adds its schema to those that are awaited. `known`
    /// tells what is known of a schema without asking. Returns the record if it is part of the batch now.
    pub fn push(
        &mut self,
        record: LogRecord<'a>,
        known: impl Fn(SchemaRef) -> Option<KnownSchema>,
    ) -> Option<&mut ClassifiedRecord<'a>> {
        // What was on its way when the breaker opened is read again after the resume.
        if record.offset < self.next || self.row.is_breaker_open() {
            return None;
        }
        if let Some(awaited) = &mut self.ending.awaited {
            awaited.look_ahead(&record, known);
            return None;
        }
        let answered = |schema| {
            let reason = self.ending.schema_answers.as_ref()?.missing(schema, record.offset)?;
            Some(KnownSchema::Missing(reason.to_owned()))
        };
        match classify(&record, self.placement, |schema| {
            known(schema).or_else(|| answered(schema))
        }) {
            Ok(classified) => {
                self.next = record.offset + 1;
                self.ending.had_records = true;
                self.ending.at_end = false;
                self.records.push(ClassifiedRecord { record, classified });
                self.records.last_mut()
            }
            Err(SchemaUnknown(first)) => {
                self.ending.awaited = Some(AwaitedSchemas {
                    first,
                    further: Vec::new(),
                    seen: HashSet::from([first]),
                    to: record.offset + 1,
                });
                None
            }
        }
    }

    /// Notes that the end of the partition was reached, at that offset.
    pub fn reached_end(&mut self, offset: i64) {
        // We have not reached an end that comes after a waiting record.
        if self.ending.awaited.is_none() && !self.row.is_breaker_open() {
            self.ending.end = Some(offset);
            self.ending.at_end = true;
        }
    }

    /// The orders whose state the fold must know.
    pub fn order_ids(&self) -> impl Iterator<Item = &str> {
        self.records.iter().filter_map(ClassifiedRecord::order_id)
    }

    /// What its records do, given the orders as the store has them, and what comes after them. `is_awaited` tells whether
    /// a request waits for that very event. It ends early at the record that opens the partition's breaker.
    pub fn fold(
        self,
        loaded: &HashMap<String, OrderState>,
        is_awaited: impl Fn(&OrderEvent) -> bool,
        options: FoldOptions<'_>,
    ) -> (PartitionChanges, Ending) {
        let mut ending = self.ending;
        let changes = fold_partition(
            self.placement.partition,
            self.row,
            self.records,
            loaded,
            is_awaited,
            options,
        );
        ending.last_timestamp = changes.last_timestamp;
        if changes.breaker_opened {
            // Whatever came after that record comes again.
            ending.awaited = None;
            ending.end = None;
            ending.at_end = false;
        }
        // Only records that were requested and are still to come need the answers.
        ending.schema_answers = ending.schema_answers.filter(|answers| answers.to() > changes.row.next);
        (changes, ending)
    }
}

impl AwaitedSchemas {
    /// Adds the schema of a record after the waiting one. They are requested together: a flood of new ids would
    /// otherwise cost a round trip each.
    fn look_ahead(&mut self, record: &LogRecord<'_>, known: impl FnOnce(SchemaRef) -> Option<KnownSchema>) {
        if let Some(schema) = record.schema()
            && self.further.len() < MAX_AWAITED_SCHEMAS
            && known(schema).is_none()
        {
            self.to = record.offset + 1;
            if self.seen.insert(schema) {
                self.further.push(schema);
            }
        }
    }
}

#[cfg(test)]
#[path = "partition_batch_tests.rs"]
mod tests;
