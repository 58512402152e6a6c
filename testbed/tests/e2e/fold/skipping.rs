//! The program that skips what order-service has rejected, at a topic of which order-service has not read everything, and at
//! a dead-letter topic that others write to.

use testbed::events;
use testbed::poison::{Kind, Poisoner};
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::{NewRecord, Writer};

use super::ours::Read;
use super::programs;

/// Longer than any test.
const FOREVER_MS: &str = "3600000";

#[tokio::test]
async fn the_documented_program_stops_where_order_service_stands_and_skips_only_what_it_has_rejected()
-> anyhow::Result<()> {
    let world = World::new("fold-skipping")?;
    let order = world
        .order()?
        .with("UNKNOWN_SCHEMA_GRACE_MS", FOREVER_MS)
        .start()
        .await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    let writer = world.writer()?;
    let (id, other) = (events::id_in(0, "A"), events::id_in(1, "B"));
    let first = events::record(poisoner.schema_id(), &events::first(&id))?;
    let (partition, offset) = writer.write(&first).await?;
    writer
        .write(&events::record(poisoner.schema_id(), &events::first(&other))?)
        .await?;
    // Rejected, and read: that is a dead letter.
    let mut wrong = events::first(&id);
    (wrong.order.version, wrong.order.total_minor) = (2, wrong.order.total_minor + 1);
    let wrong = |version: i32| {
        let mut event = wrong.clone();
        event.order.version = version;
        events::record(poisoner.schema_id(), &event)
    };
    writer.write(&wrong(2)?).await?;
    // Its partition waits here, so what comes behind it has no dead letter yet.
    let waits = poisoner.write(Kind::UnknownSchemaId, &id, &[]).await?.place;
    assert_eq!(waits.0, partition);
    writer.write(&wrong(3)?).await?;
    until("order-service waits for the schema", LONG, async || {
        let stats = order.http.stats().await?;
        let here = stats.partitions.iter().find(|here| here.partition == partition);
        anyhow::ensure!(
            here.is_some_and(|here| here.position == waits.1 && here.paused.is_some()) && stats.orders == 2,
            "{stats:?}"
        );
        Ok(())
    })
    .await?;

    // Letters of others: without headers, with one that is ours only by name, and about records of other topics.
    let dead_letters = Writer::new(&world.servers.kafka, &world.dead_letter_topic())?;
    let at = |topic: &str| Some(format!("{topic}-{partition}-{offset}").into_bytes());
    let foreign = [
        None,
        Some(None),
        Some(Some(b"nowhere".to_vec())),
        Some(Some(vec![0xff])),
        Some(at("other")),
        Some(at(&format!("not-{}", world.topic))),
        Some(at(&world.topic).map(|mut at| {
            at.push(b'x');
            at
        })),
    ];
    for header in foreign {
        let headers = header.map(|value| ("orderlog.at".to_owned(), value));
        let letter = NewRecord {
            headers: headers.into_iter().collect(),
            ..NewRecord::of("foreign", "letter")
        };
        dead_letters.write(&letter).await?;
    }

    let printed = programs::skip((&world).into(), order.http.url()).await?;
    let orders = Read::printed(&printed)?.orders;
    assert_eq!(orders.keys().collect::<Vec<_>>(), [&id, &other]);
    for (id, printed) in &orders {
        let shown = order.http.order(id, 1).await?;
        assert_eq!(
            (shown.version, shown.event_id),
            (printed.version, Some(printed.event_id)),
            "{id}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_documented_program_refuses_an_order_service_of_another_topic() -> anyhow::Result<()> {
    let (world, elsewhere) = (
        World::new("fold-skipping-here")?,
        World::new("fold-skipping-elsewhere")?,
    );
    let order = elsewhere.order()?.start().await?;
    let refused = programs::skip((&world).into(), order.http.url()).await;
    let error = format!("{:#}", refused.expect_err("it reads another topic"));
    assert!(
        error.contains(&format!("reads {}, not {}", elsewhere.topic, world.topic)),
        "{error}"
    );
    drop(order);
    let refused = programs::skip(
        (&world).into(),
        &format!("http://127.0.0.1:{}", testbed::ports::free()?),
    )
    .await;
    let error = format!("{:#}", refused.expect_err("nobody answers"));
    assert!(error.contains("no order-service answers at"), "{error}");
    Ok(())
}
