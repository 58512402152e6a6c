use std::time::Duration;

use super::*;

fn partition(records: Option<i64>, unknown_since: Option<Instant>) -> ShownPartition {
    let counters = Counters {
        applied: 3,
        dead_lettered: 2,
        orders: 1,
        ..Counters::default()
    };
    ShownPartition {
        partition: 0,
        progress: PartitionProgress {
            next: 5,
            counters,
            ..PartitionProgress::default()
        },
        lag: Lag {
            end: Some(9),
            records,
            unknown_since,
        },
        open: None,
        paused: None,
    }
}

#[test]
fn every_record_is_in_the_sums() {
    let stats = build_stats("t", vec![partition(Some(4), None), partition(Some(1), None)], None);
    assert_eq!(
        (
            stats.orders,
            stats.records,
            stats.totals.applied,
            stats.totals.dead_lettered
        ),
        (2, 10, 6, 4)
    );
    assert_eq!((stats.lag, stats.lag_unknown_since), (Some(5), None));
}

#[test]
fn the_total_lag_is_unknown_since_the_first_partitions_lag_is() {
    let now = Instant::now();
    let earlier = now - Duration::from_secs(60);
    let partitions = [(Some(4), None), (None, Some(now)), (None, Some(earlier))];
    let partitions = partitions.map(|(records, since)| partition(records, since)).into();
    let stats = build_stats("t", partitions, None);
    let [known, later, first] = &stats.partitions[..] else {
        panic!("three partitions");
    };
    assert_eq!(stats.lag, None);
    assert_eq!((known.lag, &known.lag_unknown_since), (Some(4), &None));
    assert_eq!((later.lag, later.end), (None, Some(9)), "the last known end");
    assert!(stats.lag_unknown_since < later.lag_unknown_since, "{stats:?}");
    assert!(first.lag_unknown_since.is_some());
}

#[test]
fn lag_is_unknown_before_any_partition_is_known() {
    let stats = build_stats("t", vec![], Some(Instant::now()));
    assert_eq!(stats.lag, None);
    assert!(stats.lag_unknown_since.is_some());
}

#[test]
fn an_open_transaction_is_shown_for_its_partition() {
    let open = OpenTransaction {
        partition: 0,
        offset: 5,
        open_for: Duration::from_secs(3),
        since: Some("2026-01-02T03:04:05.006Z".to_owned()),
    };
    let blocked = ShownPartition {
        open: Some(open),
        ..partition(Some(4), None)
    };
    let shown = PartitionStats::from(blocked).open_transaction.expect("it is open");
    assert_eq!(
        (shown.offset, shown.since.as_deref()),
        (5, Some("2026-01-02T03:04:05.006Z"))
    );
}
