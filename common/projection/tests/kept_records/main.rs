//! What a service is told of each record, and when: with the batch that it is part of, before and after the commit.

mod world;

use orderlog_contract::event::OrderStatus;
use orderlog_contract::order::Outcome;
use orderlog_contract::rejection::Code;
use orderlog_contract::testing::{an_event, next_event};
use orderlog_projection::FoldedRecord;
use world::{GARBAGE, SCHEMA_ID, WRITTEN, World, partition_of};

/// The outcome in words, and the version and the status of the event.
fn summary(record: &FoldedRecord) -> (String, Option<(i32, OrderStatus)>) {
    let outcome = match &record.outcome {
        Outcome::Rejected(rejection) => rejection.code.as_str().to_owned(),
        other => format!("{other:?}"),
    };
    (
        outcome,
        record.event.as_ref().map(|event| (event.version, event.status)),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_of_a_batch_comes_with_its_event_and_its_outcome() {
    let world = World::new().await;
    let first = an_event("A-1", 1);
    let confirmed = next_event(&first, OrderStatus::Delivered);
    let illegal = next_event(&confirmed, OrderStatus::New);
    world.write_event(&first);
    world.write_event(&first);
    world.write_event(&an_event("A-1", 1));
    world.write("A-1", None);
    world.write("A-1", GARBAGE);
    world.write_event(&confirmed);
    world.write_event(&illegal);
    world.until("A-1", |read| read.next == 7).await;
    let told = world.told();
    let summaries: Vec<_> = told.committed.iter().map(summary).collect();
    let said = |outcome: &str, event| (outcome.to_owned(), event);
    let new = Some((1, first.order.status));
    assert_eq!(
        summaries,
        [
            said("Applied { gap: false }", new),
            said("Duplicate", new),
            said("Superseded", new),
            said("Ignored", None),
            said(Code::NotFramed.as_str(), None),
            said("Applied { gap: false }", Some((2, OrderStatus::Delivered))),
            said(Code::IllegalTransition.as_str(), Some((3, OrderStatus::New))),
        ]
    );
    let extended: Vec<_> = told.extended.iter().map(|(_, record)| record.clone()).collect();
    assert_eq!(extended, told.committed);
    for (n, (header, record)) in told.extended.iter().enumerate() {
        assert_eq!((header, record.offset), (&n.to_string(), n as i64));
        assert_eq!(
            (record.partition, record.timestamp),
            (partition_of("A-1"), Some(WRITTEN))
        );
    }
    let schema_ids: Vec<_> = told.committed.iter().map(|record| record.schema_id).collect();
    let ours = Some(SCHEMA_ID);
    assert_eq!(schema_ids, [ours, ours, ours, None, None, ours, ours]);
    let event = told.committed[0].event.clone().expect("an event");
    assert_eq!(
        (event.event_id, event.order_id, event.customer_id),
        (first.event_id, "A-1".to_owned(), first.order.customer_id)
    );
    assert_eq!(
        (event.total_minor, event.currency),
        (first.order.total_minor, first.order.currency)
    );
    assert_eq!(world.rows().len(), 7, "they are in the same commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_of_a_partition_whose_rejected_records_were_not_handled_until_they_are() {
    let world = World::new().await;
    let (here, elsewhere) = ("A-1", "B-1");
    assert_ne!(partition_of(here), partition_of(elsewhere));
    world.told().unhandled = Some(partition_of(here));
    world.write_event(&an_event(here, 1));
    world.write(here, GARBAGE);
    world.until(here, |read| read.paused.is_some()).await;
    world.write_event(&an_event(elsewhere, 1));
    world.until(elsewhere, |read| read.next == 1).await;
    let is_elsewhere = |record: &FoldedRecord| record.partition == partition_of(elsewhere);
    {
        let told = world.told();
        // The event alone may have been read before the record after it was there.
        let of_here = told.extended.iter().filter(|(_, record)| !is_elsewhere(record));
        assert!(of_here.clone().all(|(_, record)| record.offset == 0));
        assert!(told.committed.iter().any(is_elsewhere));
        assert_eq!(told.committed.len(), told.extended.len());
    }
    world.told().unhandled = None;
    world.until(here, |read| read.next == 2).await;
    let told = world.told();
    let offsets: Vec<i64> = told
        .committed
        .iter()
        .filter(|record| !is_elsewhere(record))
        .map(|record| record.offset)
        .collect();
    assert_eq!(offsets, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_is_not_said_to_be() {
    let world = World::new().await;
    world.until("A-1", |read| read.caught_up).await;
    let (store, away) = (world.dir.path().join("store"), world.dir.path().join("away"));
    // How much space its disk has is no longer known, so nothing is written.
    std::fs::rename(&store, &away).expect("moved");
    world.write_event(&an_event("A-1", 1));
    world.until("A-1", |read| read.paused.is_some()).await;
    {
        let told = world.told();
        assert!(!told.extended.is_empty());
        assert_eq!(told.committed, []);
    }
    assert!(world.rows().is_empty());
    std::fs::rename(&away, &store).expect("moved back");
    world.until("A-1", |read| read.next == 1).await;
    assert_eq!(world.told().committed.len(), 1);
    assert_eq!(world.rows().len(), 1);
}
