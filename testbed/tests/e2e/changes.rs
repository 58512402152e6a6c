//! Changes that an operator makes to a topic while it is read: they are noticed and reported, and no answer claims
//! anything that may be wrong.

use testbed::api_types::Order;
use testbed::service::Service;
use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::world::World;

/// Both services, on a topic with one order.
async fn start(world: &World) -> anyhow::Result<(Service, Service)> {
    let (cart, order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    Ok((cart, order))
}

/// Waits until both report that, and checks that cart-service refuses writes and order-service still serves what it
/// knows.
async fn both_stop(cart: &Service, order: &Service, why: &str) -> anyhow::Result<()> {
    for service in [cart, order] {
        until(&format!("it says: {why}"), LONG, async || {
            let health = service.http.health().await?;
            anyhow::ensure!(health.why().contains(why) && health.status == "degraded", "{health:?}");
            Ok(())
        })
        .await?;
    }
    let refused = cart.http.update("A-1", "confirmed").await?;
    assert!(refused.status == 503 && refused.text.contains(why), "{refused:?}");
    assert_eq!(cart.http.get("/health/ready").await?.status, 503);
    let known: Order = order.http.details("A-1").await?.read(200)?;
    assert_eq!(known.version, 1);
    Ok(())
}

#[tokio::test]
async fn a_partition_that_is_added_while_they_run_stops_both() -> anyhow::Result<()> {
    let world = World::new("changes-grown")?;
    let (cart, order) = start(&world).await?;
    Topics::new(&world.servers.kafka)?.grow(&world.topic, 7).await?;
    both_stop(&cart, &order, "has 7 partitions, but had 6").await
}

#[tokio::test]
async fn a_topic_that_is_deleted_while_they_run_stops_both() -> anyhow::Result<()> {
    let world = World::new("changes-deleted")?;
    let (cart, order) = start(&world).await?;
    Topics::new(&world.servers.kafka)?.delete(&world.topic).await?;
    both_stop(&cart, &order, "is missing").await
}

#[tokio::test]
async fn a_deleted_dead_letter_topic_is_recreated_and_no_dead_letter_is_lost() -> anyhow::Result<()> {
    let world = World::new("changes-letters")?;
    let (_cart, order) = start(&world).await?;
    let topics = Topics::new(&world.servers.kafka)?;
    topics.delete(&world.dead_letter_topic()).await?;
    let place = world
        .writer()?
        .write(&testbed::writer::NewRecord::of("A-2", "poison"))
        .await?;
    let stats = world.caught_up(&order).await?;
    assert_eq!(stats.totals.dead_lettered, 1, "{stats:?}");
    let dead_letters = world.dead_letters().await?;
    let places = dead_letters
        .iter()
        .map(testbed::poison::origin)
        .collect::<anyhow::Result<Vec<_>>>()?;
    assert_eq!(
        places,
        [place],
        "acknowledged before the offset moved: {dead_letters:?}"
    );
    world.await_dead_letters(&order, 1).await
}
