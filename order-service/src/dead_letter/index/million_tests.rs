use std::time::Instant;

use orderlog_contract::rejection::Code;

use super::super::tests::{open, row};
use super::tests::{discarded, id};
use super::*;
use crate::dead_letter::lists::Filter;

/// As many as the tailer reads at once.
const BATCH: i64 = 2_000;
const KEYS: i64 = 100_000;
const PAGE: usize = 100;
/// Caches and buffers of the store, in MiB; the rows themselves are several times as large.
const MAX_GROWTH: u64 = 256;

/// One dead letter a second.
fn letter(n: i64) -> Entry {
    let code = Code::ALL[n.unsigned_abs() as usize % Code::ALL.len()];
    let mut row = row(
        Some(code),
        &format!("ORD-{}", n % KEYS),
        i32::try_from(n % 6).expect("a partition"),
    );
    row.timestamp = Some(n * 1_000);
    let content = Content::DeadLetter {
        position: Some((format!("order-events-{}-{n}", n % 6), format!("{n:064x}"))),
        row,
    };
    Entry { id: id(0, n), content }
}

/// Memory of this process in MiB, without what it has merely mapped.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon:"))
        .expect("RssAnon");
    line.split_whitespace()
        .nth(1)
        .expect("a number")
        .parse::<u64>()
        .expect("a number")
        / 1024
}

/// The deepest page, of the oldest dead letters, must be as cheap as the first, whatever selects it.
fn deepest(index: &Index, name: &str, filter: &Filter, expected: &[i64]) {
    let after = id(0, expected.first().expect("a dead letter") + 1);
    let begin = Instant::now();
    let first = index.page(None, PAGE, filter).expect("reads");
    let first_took = begin.elapsed();
    assert_eq!(first.dead_letters.len(), expected.len(), "{name}");
    let begin = Instant::now();
    let page = index.page(Some(after), PAGE, filter).expect("reads");
    println!(
        "{name:<24} first page {first_took:>10.1?}, deepest page {:>10.1?}",
        begin.elapsed()
    );
    let found: Vec<i64> = page.dead_letters.iter().map(|(id, _)| id.offset).collect();
    assert_eq!(found, expected, "{name}");
    if let Some(next) = page.next {
        let rest = index.page(Some(next), PAGE, filter).expect("reads");
        assert!(rest.dead_letters.is_empty() && rest.next.is_none(), "{name}");
    }
}

#[test]
fn the_deepest_page_of_any_list_is_found() {
    // Other tests use memory meanwhile.
    index_and_list(20_000, u64::MAX);
}

/// `cargo test --release -p order-service --lib million -- --ignored --nocapture` prints how long it takes.
#[test]
#[ignore = "takes minutes"]
fn a_million_dead_letters_are_indexed_and_listed_without_being_in_memory() {
    index_and_list(1_000_000, MAX_GROWTH);
}

fn index_and_list(letters: i64, max_growth: u64) {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let begin = Instant::now();
    let mut early = 0;
    for first in (0..letters).step_by(BATCH as usize) {
        index.add((first..first + BATCH).map(letter).collect()).expect("adds");
        if (first + BATCH) % (letters / 5) == 0 {
            let memory = resident();
            println!(
                "{:>9} dead letters after {:>6.1?}, {memory} MiB",
                first + BATCH,
                begin.elapsed()
            );
            early = if early == 0 { memory } else { early };
            assert!(
                memory.saturating_sub(early) < max_growth,
                "{memory} MiB after {early} MiB"
            );
        }
    }
    let oldest = |step: i64, first: i64| -> Vec<i64> {
        (0..PAGE as i64)
            .map(|n| first + n * step)
            .filter(|n| *n < letters)
            .rev()
            .collect()
    };
    let all = Filter::default();
    let open = Filter {
        state: Some(DeadLetterState::Open),
        ..all.clone()
    };
    deepest(&index, "any state", &all, &oldest(1, 0));
    deepest(&index, "open", &open, &oldest(1, 0));
    let of_code = Filter {
        code: Some(Code::ALL[3]),
        ..open.clone()
    };
    deepest(&index, "one code", &of_code, &oldest(8, 3));
    let of_key = Filter {
        key: Some("ORD-7".into()),
        ..open.clone()
    };
    deepest(&index, "one key", &of_key, &oldest(KEYS, 7));
    let of_partition = Filter {
        partition: Some(5),
        ..open.clone()
    };
    deepest(&index, "one partition", &of_partition, &oldest(6, 5));
    let in_time = Filter {
        since: Some(letters / 2 * 1_000),
        until: Some(letters * 4 / 5 * 1_000),
        ..open.clone()
    };
    deepest(&index, "a time", &in_time, &oldest(1, letters / 2));

    let begin = Instant::now();
    let ids: Vec<DeadLetterId> = (0..letters / 10).map(|n| id(0, n)).collect();
    let marks = (letters..).zip(ids.chunks(500)).map(|(n, ids)| {
        let (mark, at) = (discarded(ids), Some(n * 1_000));
        let content = Content::Mark { mark, at };
        Entry { id: id(0, n), content }
    });
    index.add(marks.collect()).expect("adds");
    println!(
        "{} dead letters discarded in {:.1?}, {} MiB",
        ids.len(),
        begin.elapsed(),
        resident()
    );
    assert!(resident().saturating_sub(early) < max_growth);
    deepest(&index, "open, some discarded", &open, &oldest(1, letters / 10));
    let discarded = Filter {
        state: Some(DeadLetterState::Discarded),
        ..all.clone()
    };
    deepest(&index, "discarded", &discarded, &oldest(1, 0));
    let begin = Instant::now();
    let summary = index.summary().expect("reads");
    let hours = index.by_hour(0, i64::MAX).expect("reads");
    println!("counts in {:.1?}, {} hours", begin.elapsed(), hours.len());
    let left = (letters - letters / 10).unsigned_abs();
    assert_eq!((summary.count, hours.values().sum::<u64>()), (left, left));
    let begin = Instant::now();
    let (mut after, mut found) = (None, 0);
    let below = index.next_offsets().expect("reads");
    loop {
        let page = index.oldest_first(after, &below, 1_000, &of_code).expect("reads");
        found += page.dead_letters.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    println!("{found} of one code, oldest first, in {:.1?}", begin.elapsed());
    assert_eq!(found as i64, (letters - letters / 10) / 8);
}
