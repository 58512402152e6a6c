//! Invalid records: each becomes one dead letter, byte for byte, and delays no other record.

use orderlog_contract::event::OrderEvent;
use orderlog_contract::rejection::Code;
use testbed::events;
use testbed::poison::{Kind, Poisoner, ValueEnum};
use testbed::service::Service;
use testbed::world::World;
use testbed::writer::NewRecord;

use crate::dead_letter_format::{added_headers, own_headers, reason, shown};

/// An order-service that soon gives up on unknown schema ids, and a writer of invalid records.
async fn start(world: &World) -> anyhow::Result<(Service, Poisoner)> {
    let order = world.order()?.with_short_grace().start().await?;
    Ok((order, Poisoner::new(&world.servers, &world.topic).await?))
}

#[tokio::test]
async fn every_kind_becomes_one_dead_letter_and_the_next_good_record_is_applied() -> anyhow::Result<()> {
    let world = World::new("dead-letters-kinds")?;
    let (mut order, poisoner) = start(&world).await?;
    let writer = world.writer()?;
    let mut poisoned = Vec::new();
    let mut next: Vec<OrderEvent> = Vec::new();
    for kind in Kind::value_variants() {
        let one = poisoner.write(*kind, &format!("P-{kind:?}"), &own_headers()).await?;
        let event = events::first(&events::id_in(one.place.0, &format!("G-{kind:?}")));
        let good = writer.write(&events::record(poisoner.schema_id(), &event)?).await?;
        assert_eq!(good, (one.place.0, one.place.1 + 1), "right after the invalid record");
        poisoned.push((*kind, one));
        next.push(event);
    }
    let before = world.caught_up(&order).await?;
    for event in &next {
        assert_eq!(
            order.http.order(&event.order.order_id, 1).await?.event_id,
            Some(event.event_id)
        );
    }
    let count = poisoned.len();
    assert_eq!(before.totals.dead_lettered, count as u64, "{before:?}");

    let log = world.log().await?;
    let dead_letters = world.dead_letters().await?;
    assert_eq!(dead_letters.len(), count, "{dead_letters:?}");
    for (kind, one) in &poisoned {
        let place = format!("{}-{}-{}", world.topic, one.place.0, one.place.1);
        let dead_letter = dead_letters
            .iter()
            .find(|dead_letter| dead_letter.header("orderlog.at") == place);
        let dead_letter = dead_letter.unwrap_or_else(|| panic!("{kind:?}: no dead letter of {place}"));
        assert_eq!(
            (&dead_letter.key, &dead_letter.value),
            (&one.record.key, &one.record.value),
            "{kind:?}"
        );
        let source = log
            .iter()
            .find(|record| record.place() == one.place)
            .expect("the record");
        let why = dead_letter.header("__connect.errors.exception.message");
        assert!(why.contains(reason(*kind)), "{kind:?}: {why}");
        let value = one.record.value.as_deref().expect("a value");
        let named = value.get(1..5).filter(|_| one.code != Code::NotFramed);
        let schema_id = named.map(|id| id.try_into().map(u32::from_be_bytes)).transpose()?;
        let mut expected = one.record.headers.clone();
        expected.extend(added_headers(one, source, &world.topic, &why, schema_id));
        assert_eq!(dead_letter.headers, expected, "{kind:?}");
    }
    shown(&world, &order, &poisoned, &dead_letters).await?;

    order.restart().await?;
    assert_eq!(world.caught_up(&order).await?, before, "after a restart");
    order.terminate().await?;
    order.start_again(&["--rebuild"]).await?;
    assert_eq!(world.caught_up(&order).await?, before, "after a rebuild");
    assert_eq!(world.dead_letters().await?, dead_letters, "nothing was sent again");
    shown(&world, &order, &poisoned, &dead_letters).await
}

#[tokio::test]
async fn binary_keys_and_large_values_are_copied_whole() -> anyhow::Result<()> {
    let world = World::new("dead-letters-bytes")?;
    let (order, poisoner) = start(&world).await?;
    let record = |key: Option<&[u8]>, value: Vec<u8>| NewRecord {
        partition: Some(0),
        key: key.map(<[u8]>::to_vec),
        value: Some(value),
        headers: Vec::new(),
    };
    // Just below the default limit of a topic.
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251 + 1) as u8).collect();
    let cases = [
        (record(None, vec![1]), None),
        (record(Some(&[0xff, 0]), vec![1]), Some("hex:ff00")),
        (record(Some(b"hex:ff00"), vec![1]), Some("hex:6865783a66663030")),
        (record(Some(b""), vec![1]), Some("")),
        (record(Some("Zoë".as_bytes()), large), Some("Zoë")),
    ];
    for (record, _) in &cases {
        poisoner.write_as_is(record.clone(), Code::NotFramed).await?;
    }
    world.caught_up(&order).await?;
    world.await_dead_letters(&order, cases.len()).await?;
    let dead_letters = world.dead_letters().await?;
    let shown = order.http.dead_letters(100).await?;
    for ((record, key), (dead_letter, shown)) in cases.iter().zip(dead_letters.iter().zip(shown.iter().rev())) {
        assert_eq!(dead_letter.key, record.key);
        assert!(dead_letter.value == record.value, "the value of {key:?} differs");
        let size = record.value.as_ref().map_or(0, Vec::len) as u64;
        assert_eq!((shown.key.as_deref(), shown.size), (*key, size));
    }
    Ok(())
}

#[tokio::test]
async fn a_null_value_is_ignored_and_an_aborted_transaction_did_not_happen() -> anyhow::Result<()> {
    let world = World::new("dead-letters-none")?;
    let (order, poisoner) = start(&world).await?;
    let event = events::first("A-1");
    let record = events::record(poisoner.schema_id(), &event)?;
    let aborted = testbed::writer::Writer::in_transaction(&world.servers.kafka, &world.topic)?;
    aborted.write(&record).await?;
    aborted.write(&NewRecord::of("A-1", "poison")).await?;
    aborted.abort()?;
    let writer = world.writer()?;
    writer
        .write(&NewRecord {
            value: None,
            ..record.clone()
        })
        .await?;
    let committed = testbed::writer::Writer::in_transaction(&world.servers.kafka, &world.topic)?;
    committed.write(&record).await?;
    committed.commit()?;
    // The last record is followed by a marker, which consumers never see and skip.
    let stats = world.caught_up(&order).await?;
    assert_eq!(
        (stats.totals.ignored, stats.totals.applied, stats.totals.dead_lettered),
        (1, 1, 0),
        "{stats:?}"
    );
    assert_eq!(order.http.order("A-1", 1).await?.event_id, Some(event.event_id));
    assert!(world.dead_letters().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn dead_letters_can_be_read_with_kafkas_own_tools() -> anyhow::Result<()> {
    let world = World::new("dead-letters-tools")?;
    let (order, poisoner) = start(&world).await?;
    let one = poisoner
        .write(Kind::NotAvro, "A-1", &[("mine".into(), Some(b"yes".to_vec()))])
        .await?;
    world.caught_up(&order).await?;
    let topic = world.dead_letter_topic();
    let servers = world.servers.clone();
    let printed = tokio::task::spawn_blocking(move || {
        let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
        let show = ["print.key=true", "print.headers=true"]
            .map(|option| ["--formatter-property", option])
            .concat();
        let read = [
            "--topic",
            &topic,
            "--from-beginning",
            "--max-messages",
            "1",
            "--timeout-ms",
            "30000",
        ];
        servers.kafka_tool(class, &[&read[..], &show[..]].concat())
    });
    let printed = printed.await??;
    let place = format!("orderlog.at:{}-{}-{}", world.topic, one.place.0, one.place.1);
    for part in [
        "mine:yes",
        "orderlog.code:not_framed",
        "__connect.errors.stage:VALUE_CONVERTER",
        &place,
        "A-1",
        "this is not Avro",
    ] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    Ok(())
}
