//! Services that are configured with a different partitioner than the topic's producers use.

use testbed::world::World;

#[tokio::test]
async fn a_new_replica_whose_partitioner_is_not_the_producers_reads_and_writes_nothing_and_names_theirs()
-> anyhow::Result<()> {
    let world = World::new("partitioners-other")?;
    let (cart, order) = world.pair().await?;
    for n in 0..24 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    world.caught_up(&order).await?;
    let mut new_cart = world.cart()?.with("KAFKA_PARTITIONER", "crc32").spawn()?;
    let mut new_order = world.order()?.with("KAFKA_PARTITIONER", "crc32").spawn()?;
    for service in [&new_cart, &new_order] {
        let health = service.await_reason(&["KAFKA_PARTITIONER=murmur2"]).await?;
        assert_eq!(health.status, "degraded");
        assert!(service.log().contains("KAFKA_PARTITIONER=murmur2"));
    }
    for id in ["A-1", "B-1"] {
        let refused = new_cart.http.create_short(id).await?;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(refused.text.contains("KAFKA_PARTITIONER=murmur2"), "{refused:?}");
        assert_eq!(new_order.http.details(id).await?.status, 503);
    }
    assert_eq!(
        world.dead_letters().await?.len(),
        0,
        "valid records are not dead-lettered"
    );
    // Nothing was stored under the wrong rule.
    tokio::try_join!(new_cart.terminate(), new_order.terminate())?;
    let right = ["--kafka-partitioner=murmur2"];
    tokio::try_join!(new_cart.start_again(&right), new_order.start_again(&right))?;
    assert_eq!(new_cart.http.create_short("A-1").await?.status, 409);
    assert_eq!(world.caught_up(&new_order).await?.totals.applied, 24);
    Ok(())
}
