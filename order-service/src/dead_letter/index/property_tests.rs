use proptest::prelude::*;

use super::super::tests::open;
use super::tests::{JOB, discarded, id, letter, mark, replayed};
use super::*;
use crate::dead_letter::lists::Filter;

/// What a record of the topic is, as the property needs it.
#[derive(Clone, Debug)]
enum Given {
    /// A dead letter of the record at that offset of the event topic: a second one is a copy.
    Letter(i64, u32),
    Mark(bool, Vec<(i32, i64)>),
}

fn given() -> impl Strategy<Value = Given> {
    let ids = prop::collection::vec((0..2i32, 0..14i64), 1..4);
    prop_oneof![
        3 => (0..8i64, 0..5u32).prop_map(|(offset, replays)| Given::Letter(offset, replays)),
        1 => (any::<bool>(), ids).prop_map(|(is_replay, ids)| Given::Mark(is_replay, ids)),
    ]
}

fn entry_of(given: &Given, at: DeadLetterId) -> Entry {
    match given {
        // Each partition has copies of its own: which copy is the first must not depend on the reader.
        Given::Letter(offset, replays) => letter(at, &format!("t-{}-{offset}", at.partition), *replays, *offset),
        Given::Mark(is_replay, ids) => {
            let ids: Vec<DeadLetterId> = ids.iter().map(|(partition, offset)| id(*partition, *offset)).collect();
            mark(at, if *is_replay { replayed(&ids) } else { discarded(&ids) })
        }
    }
}

/// Everything that can be read of an index.
type Contents = (
    Vec<Vec<(DeadLetterId, DeadLetterRow)>>,
    Summary,
    BTreeMap<i64, u64>,
    u64,
);

fn contents(index: &Index) -> Contents {
    let states = DeadLetterState::ALL.map(Some).into_iter().chain([None]);
    let pages = states.map(|state| {
        let filter = Filter {
            state,
            ..Filter::default()
        };
        index.page(None, 1_000, &filter).expect("reads").dead_letters
    });
    let pages = pages.collect();
    let mut summary = index.summary().expect("reads");
    summary.by_state.retain(|_, count| *count > 0);
    summary.generation = Uuid::nil();
    let mut hours = index.by_hour(i64::MIN, i64::MAX).expect("reads");
    hours.retain(|_, count| *count > 0);
    let replayed = index.replayed_by(JOB).expect("reads");
    (pages, summary, hours, replayed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_reader_of_the_topic_arrives_at_the_same_index(
        partitions in prop::collection::vec(prop::collection::vec(given(), 0..12), 2),
        order in prop::collection::vec((0..2usize, any::<bool>()), 0..40),
    ) {
        let mut waiting: Vec<_> = (0..).zip(&partitions).map(|(partition, records)| {
            (0..).zip(records).map(move |(offset, given)| entry_of(given, id(partition, offset)))
        }).collect();
        let dir = tempfile::tempdir().expect("a directory");
        let store = super::super::tests::open_store(&dir);
        let interleaved = Index::open(&store, "dlq").expect("opens");
        let mut batch = Vec::new();
        for (partition, is_last) in order {
            batch.extend(waiting[partition].next());
            if is_last {
                interleaved.add(std::mem::take(&mut batch)).expect("adds");
            }
        }
        batch.extend(waiting.into_iter().flatten());
        interleaved.add(batch).expect("adds");
        let interleaved = contents(&interleaved);

        let other = tempfile::tempdir().expect("a directory");
        let sequential = open(&other, "dlq");
        for (partition, records) in (0..).zip(&partitions) {
            for (offset, given) in (0..).zip(records) {
                sequential.add(vec![entry_of(given, id(partition, offset))]).expect("adds");
            }
        }
        prop_assert_eq!(&interleaved, &contents(&sequential));

        let (pages, summary, hours, _) = interleaved;
        let unsettled = (pages[0].len() + pages[1].len()) as u64;
        prop_assert_eq!(summary.count, unsettled);
        prop_assert_eq!(summary.by_code.values().sum::<u64>(), unsettled);
        prop_assert_eq!(hours.values().sum::<u64>(), unsettled);
        prop_assert_eq!(pages[..4].iter().map(Vec::len).sum::<usize>(), pages[4].len());
    }
}
