use super::*;

/// Records that are no events, from offset 0.
fn garbage(records: i64) -> Vec<ClassifiedRecord<'static>> {
    let classified = || Classified::Rejected(Rejection::new(Code::NotFramed, "why"));
    let record = |offset| ClassifiedRecord {
        record: record(offset, Some(b"A-1"), Some(b"?")),
        classified: classified(),
    };
    (0..records).map(record).collect()
}

#[test]
fn a_record_that_opens_the_breaker_is_the_last_of_its_batch() {
    let options = FoldOptions {
        breaker: Some(&|_| true),
        ..FoldOptions::default()
    };
    let mut records = garbage(1_010);
    records.insert(500, event_record(500, &an_event("A-1", 1)));
    for (offset, record) in (0..).zip(&mut records) {
        record.record.offset = offset;
        record.record.timestamp_ms = offset;
    }
    let changes = fold_partition(3, PartitionRow::default(), records, &HashMap::new(), |_| false, options);
    assert!(changes.breaker_opened && changes.row.is_breaker_open());
    let last = changes.row.last.expect("a record").offset;
    assert_eq!(
        (changes.row.next, last, changes.last_timestamp),
        (1_002, 1_001, Some(1_001))
    );
    assert_eq!(
        (changes.rejected.len(), changes.row.counters.dead_lettered),
        (1_001, 1_001)
    );
}

#[test]
fn dead_letters_that_the_service_exempts_neither_open_the_breaker_nor_leave_its_window() {
    let mut records = garbage(3_000);
    for (index, record) in records.iter_mut().enumerate() {
        record.record.index = index;
    }
    let exempts = |index| !(500..2_500).contains(&index);
    let options = FoldOptions {
        breaker: Some(&exempts),
        ..FoldOptions::default()
    };
    let changes = fold_partition(3, PartitionRow::default(), records, &HashMap::new(), |_| false, options);
    assert!(!changes.breaker_opened);
    assert_eq!(changes.row.counters.dead_lettered, 3_000);
    let breaker = changes.row.breaker.expect("it has counted");
    assert_eq!(breaker.progress().dead_letters, 1_000);
}

#[test]
fn a_service_without_a_breaker_keeps_nothing_of_one() {
    let changes = folded(PartitionRow::default(), garbage(1_010), &[]);
    assert!(!changes.breaker_opened);
    assert_eq!((changes.row.next, changes.row.breaker), (1_010, None));
}

#[test]
fn records_that_are_read_again_after_a_rewind_do_not_count_for_the_breaker() {
    let options = FoldOptions {
        breaker: Some(&|_| true),
        ..FoldOptions::default()
    };
    let row = PartitionRow {
        counted_to: 10,
        ..PartitionRow::default()
    };
    let changes = fold_partition(3, row, garbage(11), &HashMap::new(), |_| false, options);
    let breaker = changes.row.breaker.expect("one dead letter").progress();
    assert_eq!(breaker.dead_letters, 1);
}
