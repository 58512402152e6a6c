//! Which keys are kept, and what they cost.

use super::*;

#[test]
fn the_oldest_keys_are_forgotten_and_counting_continues_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let known = |store: &Embedded| -> Vec<&str> {
        let is_known = |key: &&str| key_use(store, key, "A").is_some();
        ["a", "b", "c", "d", "e", "f"].into_iter().filter(is_known).collect()
    };
    {
        let store = Embedded::open(dir.path()).expect("opens");
        for (n, key) in (0..).zip(["a", "b", "c", "d"]) {
            remember(&store, &[(key, "A", n)], 3);
        }
        assert_eq!(known(&store), ["b", "c", "d"]);
    }
    let store = Embedded::open(dir.path()).expect("opens again");
    assert_eq!((known(&store), store.key_count()), (vec!["b", "c", "d"], 3));
    remember(&store, &[("e", "A", 4), ("f", "A", 5)], 2);
    assert_eq!(
        (known(&store), store.key_count()),
        (vec!["e", "f"], 2),
        "fewer are kept now"
    );
}

#[test]
fn a_batch_of_more_keys_than_are_kept_is_cut_down() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    remember(&store, &[("a", "A", 0), ("b", "A", 1), ("c", "A", 2)], 1);
    assert_eq!(store.key_count(), 1);
    assert!(key_use(&store, "c", "A").is_some() && key_use(&store, "b", "A").is_none());
}

/// Reads partitions one after the other, in that order, as a new replica may. Returns which keys it knows.
fn known_after_reading(partitions: &[i32], max_keys: usize) -> Vec<i64> {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    // Of four keys in turn, each of the partitions has one. Two of them share a millisecond.
    let keys = 0..40;
    for partition in partitions {
        let own: Vec<i64> = keys.clone().filter(|n| n % 4 == i64::from(*partition)).collect();
        for batch in own.chunks(3) {
            let change = |n: &i64| {
                let key = format!("k-{n}");
                let row = KeyRow {
                    partition: *partition,
                    ..row(&key, *n)
                };
                applied(&key, "A", row, n / 2)
            };
            commit(&store, batch.iter().map(change).collect(), max_keys);
        }
    }
    drop(store);
    let store = Embedded::open(dir.path()).expect("opens again");
    let known: Vec<i64> = keys
        .filter(|n| key_use(&store, &format!("k-{n}"), "A").is_some())
        .collect();
    assert_eq!(store.key_count(), known.len() as u64);
    known
}

#[test]
fn which_keys_are_kept_does_not_depend_on_the_order_in_which_partitions_are_read() {
    for partitions in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        assert_eq!(known_after_reading(&partitions, 7), (33..40).collect::<Vec<i64>>());
        assert_eq!(known_after_reading(&partitions, 100), (0..40).collect::<Vec<i64>>());
    }
}

/// Twice as many keys as are kept: the newer half is known, the older half is not, and no more disk space is used.
fn keeps_this_many(most: usize) {
    const BATCH: usize = 1_000;
    // Two journals, which hold what is not in tables yet.
    const JOURNALS: u64 = 128 * 1024 * 1024;
    let dir = tempfile::tempdir().expect("a directory");
    let begun = std::time::Instant::now();
    let fill = |store: &Embedded, from: usize, to: usize| {
        for batch in (from..to).step_by(BATCH) {
            let change = |n: usize| {
                let key = format!("key-of-a-client-{n}");
                let row = row(&key, i64::try_from(n).expect("small"));
                applied(&key, &format!("ORDER-{n}"), row, n as i64)
            };
            commit(store, (batch..(batch + BATCH).min(to)).map(change).collect(), most);
        }
        store.sync().expect("syncs");
        let took = begun.elapsed();
        let disk = size(dir.path());
        println!("{to} keys of which {most} are kept: {disk} bytes after {took:?}");
        disk
    };
    let store = Embedded::open(dir.path()).expect("opens");
    let once = fill(&store, 0, most);
    assert_eq!(store.key_count(), most as u64);
    let twice = fill(&store, most, 2 * most);
    assert!(twice < 2 * once + JOURNALS, "{once} bytes became {twice}");
    drop(store);
    let store = Embedded::open(dir.path()).expect("opens again");
    assert_eq!(store.key_count(), most as u64);
    let known = |n: usize| key_use(&store, &format!("key-of-a-client-{n}"), &format!("ORDER-{n}"));
    for n in (0..most).step_by(most / 100).chain([most - 1]) {
        assert_eq!(known(n), None, "{n}");
        let young = most + n;
        let offset = i64::try_from(young).expect("small");
        let row = row(&format!("key-of-a-client-{young}"), offset);
        assert_eq!(known(young), Some(KeyUse::ThisOrder(row)));
    }
}

/// Size of all files there, in bytes.
fn size(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).expect("a directory").flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => size(&entry.path()),
            // It may have been merged into another in the meantime.
            data => data.map_or(0, |data| data.len()),
        })
        .sum()
}

#[test]
fn twice_as_many_keys_as_are_kept_cost_no_more_disk_space() {
    keeps_this_many(10_000);
}

/// The default of `IDEMPOTENCY_KEYS`: `cargo test --release -p orderlog-projection two_million -- --ignored --nocapture` prints the time
/// and the disk space that it takes.
#[test]
#[ignore = "takes minutes without optimization"]
fn two_million_keys_of_which_a_million_are_kept_cost_no_more_disk_space() {
    keeps_this_many(1_000_000);
}
