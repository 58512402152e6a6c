use std::sync::Arc;

use orderlog_contract::decode::WriterSchema;
use orderlog_contract::encode::record_value;
use orderlog_contract::lineage;
use orderlog_contract::testing::an_event;

use super::testing::{home, record};
use super::*;
use crate::schema_lookup::KnownSchema;

/// A value of each of these orders' first events.
fn values<const N: usize>(order_ids: [&str; N]) -> [Vec<u8>; N] {
    order_ids.map(|id| record_value(9, &an_event(id, 1)).expect("encodes"))
}

/// What the first of these orders' partition has queued up.
fn batch<'a>(records: &[(&'a str, &'a [u8])]) -> PartitionBatch<'a> {
    let writer = Arc::new(WriterSchema::new(&lineage::newest_text()));
    let mut batch = PartitionBatch::new(home(records[0].0), PartitionRow::default(), None);
    for (offset, (key, value)) in (0..).zip(records) {
        batch.push(record(offset, Some(key.as_bytes()), Some(value)), |_| {
            Some(KnownSchema::Writer(9, writer.clone()))
        });
    }
    batch
}

#[test]
fn a_partition_with_an_unhandled_record_stays_where_it_was() {
    let unhandled = |index| Unhandled {
        index,
        reason: anyhow::anyhow!("record {index}"),
    };
    let stays = |given: Vec<Unhandled>| {
        let stays = unhandled_partitions(&[3, 5, 3], given);
        stays
            .into_iter()
            .map(|(partition, reason)| (partition, reason.to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(stays(vec![]), []);
    assert_eq!(stays(vec![unhandled(2)]), [(3, "record 2".to_owned())]);
    assert_eq!(
        stays(vec![unhandled(0), unhandled(1)]),
        [(3, "record 0".to_owned()), (5, "record 1".to_owned())]
    );
}

#[test]
#[should_panic(expected = "an index of a rejected record")]
fn an_answer_about_a_record_that_was_not_rejected_moves_no_offset() {
    let reason = anyhow::anyhow!("a record of nobody");
    unhandled_partitions(&[3], vec![Unhandled { index: 1, reason }]);
}

/// A batch of that order's partition without records.
fn empty<'a>(order_id: &str) -> PartitionBatch<'a> {
    PartitionBatch::new(home(order_id), PartitionRow::default(), None)
}

#[test]
fn each_order_of_a_batch_is_loaded_once_and_in_the_order_of_ids() {
    let [a, b] = values(["A-1", "B-1"]);
    let batches = [batch(&[("B-1", &b)]), batch(&[("A-1", &a), ("A-1", &a)])];
    assert_eq!(order_ids(&batches).into_iter().collect::<Vec<_>>(), ["A-1", "B-1"]);
}

#[test]
fn one_commit_has_the_changes_of_all_partitions_that_had_records() {
    let [a, b] = values(["A-1", "B-1"]);
    let partitions = ["A-1", "B-1", "C-1"].map(|id| home(id).partition);
    assert!(partitions[0] != partitions[1] && !partitions[..2].contains(&partitions[2]));
    let batches = vec![batch(&[("A-1", &a)]), batch(&[("B-1", &b)]), empty("C-1")];
    let (changes, committed) = changes(fold(batches, &HashMap::new(), |_| true, FoldOptions::default()), 100);
    assert_eq!(changes.orders.keys().collect::<Vec<_>>(), ["A-1", "B-1"]);
    assert!(changes.orders.values().all(Option::is_some));
    let mut written: Vec<i32> = changes.partitions.keys().copied().collect();
    let mut expected = partitions[..2].to_vec();
    expected.sort_unstable();
    written.sort_unstable();
    assert_eq!(written, expected);
    assert_eq!(changes.keys.map(|keys| keys.max_keys), Some(100));
    assert_eq!(
        committed.iter().map(|(partition, _)| *partition).collect::<Vec<_>>(),
        partitions
    );
}

#[test]
fn a_commit_reports_what_it_changes() {
    let [a] = values(["A-1"]);
    let (changes, committed) = changes(
        fold(
            vec![batch(&[("A-1", &a)])],
            &HashMap::new(),
            |_| true,
            FoldOptions::default(),
        ),
        0,
    );
    let [(partition, committed)] = committed.as_slice() else {
        panic!("one partition")
    };
    assert_eq!(changes.partitions.get(partition), Some(&committed.row));
    assert_eq!(committed.versions, [("A-1".to_owned(), 1)]);
    assert_eq!(committed.outcomes.len(), 1);
    assert!(changes.keys.is_none(), "no keys are kept");
}
