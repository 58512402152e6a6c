use super::*;

/// A topic as its producers fill it: taking turns, a millisecond apart.
struct Topic {
    now: Partitioning,
    random: fastrand::Rng,
    time: i64,
    heads: Vec<PartitionHead>,
}

impl Topic {
    fn new(partitioner: Partitioner, partitions: i32, seed: u64) -> Self {
        let empty = |_| PartitionHead {
            records: Vec::new(),
            is_whole: true,
        };
        Self {
            now: Partitioning {
                partitioner,
                partitions,
            },
            random: fastrand::Rng::with_seed(seed),
            time: 0,
            heads: (0..partitions).map(empty).collect(),
        }
    }

    fn six(seed: u64) -> Self {
        Self::new(Partitioner::Murmur2, 6, seed)
    }

    fn id(&mut self) -> Vec<u8> {
        format!("ORD-{:08x}", self.random.u32(..)).into_bytes()
    }

    fn write(&mut self, key: Vec<u8>, partition: i32) {
        self.time += 1;
        let records = &mut self.heads[usize::try_from(partition).expect("a partition")].records;
        records.push(OldRecord {
            timestamp: self.time,
            offset: i64::try_from(records.len()).expect("a few"),
            key,
        });
    }

    /// Orders by producers that know this many partitions.
    fn good(&mut self, orders: u32, partitions: i32) {
        for _ in 0..orders {
            let key = self.id();
            let partition = self.now.partitioner.of_key(&key, partitions);
            self.write(key, partition);
        }
    }

    /// Orders by a producer with another rule.
    fn anywhere(&mut self, orders: u32) {
        for _ in 0..orders {
            let (key, partition) = (self.id(), self.random.i32(0..self.now.partitions));
            self.write(key, partition);
        }
    }

    fn verdict(&self) -> Option<i32> {
        added_partitions(self.now, &self.heads).map(|fewer| fewer.before)
    }
}

const SIZES: [(i32, i32); 12] = [
    (1, 2),
    (1, 6),
    (2, 3),
    (3, 6),
    (5, 6),
    (6, 7),
    (6, 8),
    (6, 12),
    (6, 50),
    (12, 13),
    (30, 60),
    (99, 100),
];

#[test]
fn a_topic_that_has_grown_is_detected_with_the_number_that_it_had() {
    for partitioner in Partitioner::ALL {
        for (before, now) in SIZES {
            let mut topic = Topic::new(partitioner, now, 1);
            topic.good(40, before);
            assert_eq!(topic.verdict(), Some(before), "{partitioner}: {before} to {now}");
            topic.good(1000, now);
            assert_eq!(
                topic.verdict(),
                Some(before),
                "{partitioner}: {before} to {now}, and on"
            );
        }
    }
}

#[test]
fn a_dozen_orders_from_before_are_enough() {
    let found = |seed| {
        let mut topic = Topic::new(Partitioner::Murmur2, 12, seed);
        topic.good(12, 6);
        topic.good(100, 12);
        u32::from(topic.verdict() == Some(6))
    };
    let found: u32 = (0..1000).map(found).sum();
    assert!(found > 980, "{found} of 1000");
}

#[test]
fn the_record_that_is_named_belongs_elsewhere_now() {
    let mut topic = Topic::new(Partitioner::Murmur2, 12, 1);
    topic.good(40, 6);
    let shown = added_partitions(topic.now, &topic.heads).expect("it has grown");
    let head = &topic.heads[usize::try_from(shown.partition).expect("a partition")];
    let record = &head.records[usize::try_from(shown.offset).expect("an offset")];
    assert_eq!(topic.now.of_key(&record.key), shown.home);
    assert_ne!(shown.home, shown.partition);
}

#[test]
fn poison_among_the_oldest_records_hides_nothing() {
    for (before, now) in SIZES {
        let mut topic = Topic::new(Partitioner::Murmur2, now, 3);
        topic.anywhere(1);
        for _ in 0..10 {
            topic.good(10, before);
            topic.anywhere(1);
        }
        assert!(topic.verdict().is_some(), "{before} to {now}");
    }
}

#[test]
fn a_topic_that_has_not_grown_is_fine_even_with_stray_records() {
    for (_, now) in SIZES {
        for seed in 0..200 {
            let mut topic = Topic::new(Partitioner::Murmur2, now, seed);
            for _ in 0..20 {
                topic.good(5, now);
                topic.anywhere(1);
            }
            assert_eq!(topic.verdict(), None, "{now} partitions, seed {seed}");
        }
    }
}

#[test]
fn one_misplaced_record_is_not_evidence_even_if_it_is_the_first() {
    for seed in 0..1000 {
        let mut topic = Topic::six(seed);
        topic.anywhere(1);
        assert_eq!(topic.verdict(), None, "alone, seed {seed}");
        topic.good(30, 6);
        assert_eq!(topic.verdict(), None, "seed {seed}");
    }
}

#[test]
fn a_repeated_key_counts_as_one_key() {
    let mut topic = Topic::six(1);
    // It is where a topic with one partition would have it, and does not belong there.
    assert_ne!(topic.now.of_key(b"A-1"), 0);
    for _ in 0..1000 {
        topic.write(b"A-1".to_vec(), 0);
    }
    assert_eq!(topic.verdict(), None);
}

#[test]
fn a_producer_with_another_rule_that_comes_first_is_hardly_ever_mistaken_for_a_smaller_topic() {
    for partitions in [2, 3, 6, 7, 12, 50] {
        let mistaken = |seed| {
            let mut topic = Topic::new(Partitioner::Murmur2, partitions, seed);
            topic.anywhere(30);
            u32::from(topic.verdict().is_some())
        };
        let mistaken: u32 = (0..1000).map(mistaken).sum();
        assert!(mistaken <= 5, "{mistaken} of 1000 with {partitions} partitions");
    }
}

#[test]
fn what_later_producers_write_does_not_matter() {
    let mut topic = Topic::six(1);
    topic.good(20, 6);
    topic.good(1000, 3);
    assert_eq!(topic.verdict(), None);
}

#[test]
fn nothing_is_concluded_beyond_what_was_read() {
    let mut topic = Topic::six(1);
    topic.good(40, 3);
    // Partition 0 has more, all older than any record but the first.
    topic.heads[0].is_whole = false;
    topic.heads[0].records.truncate(1);
    topic.heads[0].records[0].timestamp = 0;
    assert_eq!(topic.verdict(), None);
}

#[test]
fn an_empty_topic_has_not_grown() {
    assert_eq!(Topic::six(1).verdict(), None);
}

/// Orders by a producer with that rule.
fn placed_by(topic: &mut Topic, rule: Partitioner, orders: u32) {
    for _ in 0..orders {
        let key = topic.id();
        let partition = rule.of_key(&key, topic.now.partitions);
        topic.write(key, partition);
    }
}

#[test]
fn a_topic_that_was_filled_by_another_partitioner_is_detected_with_that_partitioner() {
    for ours in Partitioner::ALL {
        for theirs in Partitioner::ALL {
            for partitions in [2, 3, 6, 12, 50] {
                let mut topic = Topic::new(ours, partitions, 1);
                placed_by(&mut topic, theirs, 60);
                topic.anywhere(2);
                let expected = (theirs != ours).then_some(theirs);
                let told = other_partitioner(topic.now, &topic.heads);
                assert_eq!(told, expected, "{ours}, placed by {theirs}, {partitions} partitions");
            }
        }
    }
}

#[test]
fn a_few_records_placed_by_another_rule_or_by_none_are_not_evidence() {
    for partitions in [2, 3, 6, 12, 50] {
        for seed in 0..200 {
            let mut few = Topic::new(Partitioner::Murmur2, partitions, seed);
            placed_by(&mut few, Partitioner::Crc32, 9);
            assert_eq!(other_partitioner(few.now, &few.heads), None, "nine of them");
            let mut fewer = Topic::new(Partitioner::Murmur2, partitions, seed);
            placed_by(&mut fewer, Partitioner::Crc32, 40);
            fewer.good(80, partitions);
            assert_eq!(other_partitioner(fewer.now, &fewer.heads), None, "most are ours");
            let mut none = Topic::new(Partitioner::Murmur2, partitions, seed);
            none.anywhere(100);
            assert_eq!(other_partitioner(none.now, &none.heads), None, "by no rule");
            let mut grown = Topic::new(Partitioner::Murmur2, partitions, seed);
            grown.good(60, partitions / 2 + 1);
            assert_eq!(other_partitioner(grown.now, &grown.heads), None, "by ours, in fewer");
        }
    }
}
