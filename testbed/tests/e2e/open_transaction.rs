//! Another producer's open transaction: nothing after its first record can be read until it ends.

use std::time::{Duration, Instant};

use orderlog_kafka::partition::Partitioner;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::{NewRecord, Writer};

fn home(order_id: &str) -> i32 {
    Partitioner::default().of_key(order_id.as_bytes(), 6)
}

#[tokio::test]
async fn a_hanging_transaction_costs_one_504_and_is_reported_until_it_ends() -> anyhow::Result<()> {
    let world = World::new("open-transaction")?;
    let mut cart = world.cart()?.with("WRITE_DEADLINE_MS", "3000").spawn()?;
    let mut order = world.order()?.spawn()?;
    cart.ready().await?;
    order.ready().await?;
    cart.http.created("A-1").await?;
    let elsewhere = (0..).map(|n| format!("B-{n}")).find(|id| home(id) != home("A-1"));
    let elsewhere = elsewhere.expect("an id");
    let other = Writer::in_transaction(&world.servers.kafka, &world.topic)?;
    let (blocked, offset) = other
        .write(&NewRecord {
            value: None,
            ..NewRecord::of("A-1", "")
        })
        .await?;
    assert_eq!(blocked, home("A-1"));

    let first = cart.http.update("A-1", "confirmed").await?;
    assert_eq!(first.status, 504, "{first:?}");
    let names =
        format!("partition {blocked} is blocked by another producer's open transaction at offset {offset}, since 2");
    assert!(first.text.contains(&names), "{first:?}");
    for _ in 0..3 {
        let asked = Instant::now();
        let next = cart.http.update("A-1", "confirmed").await?;
        assert_eq!(next.status, 503, "{next:?}");
        assert!(next.text.contains(&names), "{next:?}");
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "the open transaction is known by now"
        );
    }
    for service in [&cart, &order] {
        let health = service.await_reason(&[&names]).await?;
        assert!(health.ready, "{health:?}");
    }
    let stats = order.http.stats().await?;
    for shown in &stats.partitions {
        let open = shown
            .open_transaction
            .as_ref()
            .map(|open| (open.offset, open.since.is_some()));
        assert_eq!(open.is_some(), shown.partition == blocked, "{shown:?}");
        assert!(open.is_none_or(|open| open == (offset, true)), "{shown:?}");
        assert_eq!(shown.lag != Some(0), shown.partition == blocked, "{shown:?}");
    }
    // Reads continue, and so do the other partitions.
    assert_eq!(order.http.order("A-1", 1).await?.status, "new");
    cart.http.created(&elsewhere).await?;
    assert_eq!(order.http.order(&elsewhere, 1).await?.version, 1);
    assert_eq!(
        world.log().await?.len(),
        2,
        "of all requests for it, one event was produced, which nobody can read yet"
    );

    other.abort()?;
    cart.await_healthy().await?;
    order.await_healthy().await?;
    // The event of the 504 was written.
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    cart.http.updated("A-1", "shipped").await?;
    Ok(())
}

#[tokio::test]
async fn a_hanging_transaction_on_the_dead_letter_topic_is_reported_until_it_ends() -> anyhow::Result<()> {
    let world = World::new("open-dead-letters")?;
    let mut order = world.order()?.spawn()?;
    order.ready().await?;
    let topic = world.dead_letter_topic();
    let other = Writer::in_transaction(&world.servers.kafka, &topic)?;
    let (partition, offset) = other.write(&NewRecord::of("A-1", "junk")).await?;
    let names = format!(
        "partition {partition} of the dead-letter topic {topic} is blocked by an open transaction at offset {offset}"
    );
    let health = order.await_reason(&[&names]).await?;
    assert!(health.ready, "{health:?}");
    let info = order.http.dlq().await?;
    assert!(!info.complete, "{info:?}");

    other.abort()?;
    order.await_healthy().await?;
    until("the index is complete", LONG, async || {
        let info = order.http.dlq().await?;
        anyhow::ensure!(info.complete && info.count == 0, "{info:?}");
        Ok(())
    })
    .await
}
