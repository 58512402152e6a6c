//! What a restart keeps, and how a process ends.

use testbed::proxy::Proxy;
use testbed::world::World;

#[tokio::test]
async fn both_services_come_back_with_all_they_knew() -> anyhow::Result<()> {
    let world = World::new("restart-both")?;
    let (mut cart, mut order) = world.pair().await?;
    for n in 0..20 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    let before = world.caught_up(&order).await?;
    let shown = order.http.order("A-7", 1).await?;
    tokio::try_join!(cart.restart(), order.restart())?;
    assert_eq!(order.http.order("A-7", 1).await?, shown);
    assert_eq!(
        world.caught_up(&order).await?,
        before,
        "nothing is counted a second time"
    );
    for n in 0..20 {
        let id = format!("A-{n}");
        assert_eq!(cart.http.create_short(&id).await?.status, 409, "{id}");
        assert_eq!(cart.http.updated(&id, "pending").await?.order.version, 2, "{id}");
    }
    assert_eq!(world.caught_up(&order).await?.totals.applied, 40);
    Ok(())
}

#[tokio::test]
async fn what_was_written_while_order_service_was_down_is_read_when_it_is_back() -> anyhow::Result<()> {
    let world = World::new("restart-down")?;
    let (cart, mut order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    order.terminate().await?;
    cart.http.updated("A-1", "confirmed").await?;
    cart.http.created("A-2").await?;
    order.start_again(&[]).await?;
    // It is ready only now that it has caught up, so there is nothing to wait for.
    let stats = order.http.stats().await?;
    assert_eq!(
        (stats.orders, stats.records, stats.totals.applied),
        (2, 3, 3),
        "{stats:?}"
    );
    let shown: testbed::views::Order = order.http.details("A-1").await?.read(200)?;
    assert_eq!((shown.version, shown.status.as_str()), (2, "confirmed"));
    Ok(())
}

#[tokio::test]
async fn without_a_registry_a_restarted_service_goes_on_with_the_schemas_that_it_has_seen() -> anyhow::Result<()> {
    let world = World::new("restart-no-registry")?;
    let proxy = Proxy::before(&world.servers.registry).await?;
    let cart = world.cart()?.start().await?;
    let behind = world
        .order()?
        .with("SCHEMA_REGISTRY_URL", proxy.url(&world.servers.registry)?);
    let mut order = behind.start().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    order.terminate().await?;
    proxy.cut();
    cart.http.updated("A-1", "confirmed").await?;
    order.start_again(&[]).await?;
    cart.http.created("A-2").await?;
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    assert_eq!(order.http.order("A-2", 1).await?.status, "new");
    let health = order.http.health().await?;
    assert_eq!((health.status.as_str(), health.ready), ("degraded", true), "{health:?}");
    proxy.heal();
    testbed::wait::until("it is healthy again", testbed::wait::LONG, async || {
        let health = order.http.health().await?;
        anyhow::ensure!(health.status == "healthy", "{health:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_second_process_on_one_store_ends_with_what_to_do() -> anyhow::Result<()> {
    let world = World::new("restart-locked")?;
    let store = tempfile::tempdir()?;
    let store = format!("embedded:{}", store.path().display());
    let _order = world.order()?.with("STORE", &store).start().await?;
    let mut second = world.order()?.with("STORE", &store).spawn()?;
    assert_eq!(second.ended().await?, Some(1));
    let log = second.log();
    assert!(
        log.contains("in use by another process") && log.contains("STORE"),
        "{log}"
    );
    Ok(())
}
