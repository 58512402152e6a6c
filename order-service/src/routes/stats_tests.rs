use super::*;

fn partition(next: i64, at_end: bool) -> PartitionProgress {
    let counters = Counters {
        applied: 3,
        dead_lettered: 2,
        orders: 1,
        ..Counters::default()
    };
    PartitionProgress {
        next,
        counters,
        at_end,
        ..PartitionProgress::default()
    }
}

#[test]
fn every_record_is_in_the_sums() {
    let stats = build_stats(
        "t",
        vec![(0, partition(5, true)), (1, partition(5, true))],
        None,
        |_| None,
        &[],
    );
    assert_eq!(
        (
            stats.orders,
            stats.records,
            stats.totals.applied,
            stats.totals.dead_lettered
        ),
        (2, 10, 6, 4)
    );
}

#[test]
fn lag_is_zero_at_the_end_and_unknown_without_a_broker() {
    let stats = |progress, end| {
        let stats = build_stats("t", vec![(0, progress)], None, |_| end, &[]);
        (stats.partitions[0].end, stats.partitions[0].lag)
    };
    // A transaction marker follows the last record.
    assert_eq!(stats(partition(5, true), Some(6)), (Some(6), Some(0)));
    assert_eq!(stats(partition(5, true), None), (Some(5), Some(0)));
    assert_eq!(stats(partition(5, false), Some(9)), (Some(9), Some(4)));
    assert_eq!(stats(partition(5, false), Some(3)), (Some(5), Some(0)));
    assert_eq!(stats(partition(5, false), None), (None, None));
}

#[test]
fn records_behind_an_open_transaction_are_lag() {
    let open = OpenTransaction {
        partition: 0,
        offset: 5,
        open_for: std::time::Duration::from_secs(3),
        since: Some("2026-01-02T03:04:05.006Z".to_owned()),
    };
    let partitions = vec![(0, partition(5, true)), (1, partition(5, true))];
    let stats = build_stats("t", partitions, None, |_| Some(9), &[open]);
    let shown: Vec<_> = stats
        .partitions
        .iter()
        .map(|p| (p.lag, p.open_transaction.is_some()))
        .collect();
    assert_eq!(shown, [(Some(4), true), (Some(0), false)]);
}

#[test]
fn a_halt_shows_on_every_partition() {
    let stats = build_stats(
        "t",
        vec![(0, partition(5, false))],
        Some("another topic"),
        |_| None,
        &[],
    );
    assert_eq!(stats.partitions[0].paused.as_deref(), Some("another topic"));
}
