//! A registry that does not answer is an outage, never a reason to reject a record: the partition waits, the others
//! continue, and nothing is dead-lettered.

use testbed::events;
use testbed::proxy::Proxy;
use testbed::registry::Registry;
use testbed::service::Setup;
use testbed::wait::{LONG, until};
use testbed::world::World;

/// Partitions of a topic that the services create.
const PARTITIONS: i32 = 6;

/// What must hold in any outage. `begin` starts it and `end` ends it.
async fn waits_it_out<O>(
    world: &World,
    order: Setup,
    begin: impl FnOnce() -> anyhow::Result<O>,
    end: impl FnOnce(O),
) -> anyhow::Result<()> {
    let cart = world.cart()?.start().await?;
    let order = order.start().await?;
    let registry = Registry::new(&world.servers.registry)?;
    for partition in 0..PARTITIONS {
        cart.http.created(&events::id_in(partition, "before")).await?;
    }
    let before = world.caught_up(&order).await?;
    let (ours, twin) = (registry.ours(&world.topic).await?, registry.twin(&world.topic).await?);

    let outage = begin()?;
    let waiting = events::first(&events::id_in(0, "waits"));
    let behind = events::first(&events::id_in(0, "behind"));
    let writer = world.writer()?;
    writer.write(&events::record(twin, &waiting)?).await?;
    writer.write(&events::record(ours, &behind)?).await?;
    until("the partition waits and says so", LONG, async || {
        let paused = order.http.stats().await?.partitions[0]
            .paused
            .clone()
            .unwrap_or_default();
        anyhow::ensure!(
            paused.contains("schema registry") && paused.contains(&format!("schema id {twin}")),
            "{paused}"
        );
        Ok(())
    })
    .await?;
    for partition in 1..PARTITIONS {
        let id = events::id_in(partition, "meanwhile");
        cart.http.created(&id).await?;
        order.http.order(&id, 1).await?;
    }
    for name in ["waits", "behind"] {
        let details = order.http.details(&events::id_in(0, name)).await?;
        assert_eq!(
            details.status, 404,
            "{name}: nothing overtakes a record that waits: {details:?}"
        );
    }
    assert!(
        order.http.order(&events::id_in(0, "before"), 1).await.is_ok(),
        "what was known is still served"
    );
    let health = order.http.health().await?;
    assert_eq!((health.status.as_str(), health.ready), ("degraded", true), "{health:?}");
    assert!(health.why().contains("partition 0 is paused"), "{health:?}");
    let stats = order.http.stats().await?;
    assert_eq!(
        (stats.partitions[0].position, stats.totals.dead_lettered),
        (before.partitions[0].position, 0),
        "{stats:?}"
    );

    end(outage);
    for name in ["waits", "behind"] {
        order.http.order(&events::id_in(0, name), 1).await?;
    }
    let after = world.caught_up(&order).await?;
    assert_eq!(
        (after.totals.applied, after.totals.dead_lettered),
        (6 + 2 + 5, 0),
        "{after:?}"
    );
    assert!(
        after.partitions.iter().all(|partition| partition.paused.is_none()),
        "{after:?}"
    );
    assert!(world.dead_letters().await?.is_empty());
    order.await_healthy().await
}

async fn behind_a_proxy(world: &World, begin: impl FnOnce(&Proxy)) -> anyhow::Result<()> {
    let proxy = Proxy::in_front_of(&world.servers.registry).await?;
    let order = world
        .order()?
        .with("SCHEMA_REGISTRY_URL", proxy.url(&world.servers.registry)?);
    let begin = || {
        begin(&proxy);
        Ok(())
    };
    waits_it_out(world, order, begin, |()| proxy.heal()).await
}

#[tokio::test]
async fn a_registry_that_cannot_be_reached_is_waited_for() -> anyhow::Result<()> {
    behind_a_proxy(&World::new("outage-cut")?, Proxy::cut).await
}

#[tokio::test]
async fn a_registry_that_hangs_is_waited_for() -> anyhow::Result<()> {
    behind_a_proxy(&World::new("outage-hang")?, Proxy::hang).await
}

#[tokio::test]
async fn a_registry_that_fails_is_waited_for() -> anyhow::Result<()> {
    let answer = "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 22\r\nconnection: close\r\n\r\n{\"error_code\": 50001 }";
    behind_a_proxy(&World::new("outage-500")?, |proxy| proxy.answer(answer)).await
}

#[tokio::test]
async fn a_404_that_is_not_from_a_registry_is_waited_out() -> anyhow::Result<()> {
    let answer =
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 9\r\nconnection: close\r\n\r\nnot here\n";
    behind_a_proxy(&World::new("outage-404")?, |proxy| proxy.answer(answer)).await
}

#[tokio::test]
async fn a_registry_whose_process_is_suspended_is_waited_for() -> anyhow::Result<()> {
    let world = World::new("outage-suspended")?;
    let order = world.order()?;
    waits_it_out(&world, order, || world.servers.suspend_registry(), drop).await
}

#[tokio::test]
async fn services_that_start_without_a_registry_say_so_and_work_once_it_is_there() -> anyhow::Result<()> {
    let world = World::new("outage-start")?;
    let proxy = Proxy::in_front_of(&world.servers.registry).await?;
    proxy.cut();
    let url = proxy.url(&world.servers.registry)?;
    let mut cart = world.cart()?.with("SCHEMA_REGISTRY_URL", &url).spawn()?;
    let mut order = world.order()?.with("SCHEMA_REGISTRY_URL", &url).spawn()?;
    for service in [&cart, &order] {
        until("it says what is wrong", LONG, async || {
            let health = service.http.health().await?;
            anyhow::ensure!(
                health.kafka == "connected" && health.registry == "disconnected",
                "{health:?}"
            );
            anyhow::ensure!(health.why().contains("the schema is not registered yet"), "{health:?}");
            Ok(())
        })
        .await?;
    }
    let refused = cart.http.create_short("A-1").await?;
    assert_eq!(
        (refused.status, refused.header("retry-after").is_empty()),
        (503, false),
        "{refused:?}"
    );
    assert_eq!(cart.http.get("/health/ready").await?.status, 503);
    // The registry may still reject our schema, and then nothing must be left behind.
    order
        .await_reason(&["is not created until our schema is registered"])
        .await?;
    proxy.heal();
    cart.ready().await?;
    order.ready().await?;
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    let level = Registry::new(&world.servers.registry)?
        .level(&format!("{}-value", world.topic))
        .await?;
    assert_eq!(level, "FULL_TRANSITIVE");
    cart.await_healthy().await?;
    order.await_healthy().await
}
