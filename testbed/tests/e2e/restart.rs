//! What a restart preserves, and how a process ends.

use testbed::proxy::Proxy;
use testbed::traffic::{Pace, Traffic};
use testbed::wait::{LONG, until};
use testbed::world::World;

#[tokio::test]
async fn both_services_come_back_with_everything_they_knew() -> anyhow::Result<()> {
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
async fn records_that_were_written_while_order_service_was_down_are_read_when_it_is_back() -> anyhow::Result<()> {
    let world = World::new("restart-down")?;
    let (cart, mut order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    order.terminate().await?;
    cart.http.updated("A-1", "confirmed").await?;
    cart.http.created("A-2").await?;
    order.start_again(&[]).await?;
    // It is ready only once it has caught up, so there is nothing to wait for.
    let stats = order.http.stats().await?;
    assert_eq!(
        (stats.orders, stats.records, stats.totals.applied),
        (2, 3, 3),
        "{stats:?}"
    );
    let shown: testbed::api_types::Order = order.http.details("A-1").await?.read(200)?;
    assert_eq!((shown.version, shown.status.as_str()), (2, "confirmed"));
    Ok(())
}

#[tokio::test]
async fn without_a_registry_a_restarted_service_continues_with_the_schemas_that_it_has_seen() -> anyhow::Result<()> {
    let world = World::new("restart-no-registry")?;
    let proxy = Proxy::in_front_of(&world.servers.registry).await?;
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
    until("it is healthy again", LONG, async || {
        let health = order.http.health().await?;
        anyhow::ensure!(health.status == "healthy", "{health:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_when_cart_service_is_stopped_are_answered() -> anyhow::Result<()> {
    let world = World::new("restart-under-way")?;
    let (mut cart, mut other) = (world.cart()?.spawn()?, world.cart()?.spawn()?);
    cart.ready().await?;
    other.ready().await?;
    let urls = [&cart, &other].map(|service| service.http.url().to_owned()).to_vec();
    let traffic = Traffic {
        urls,
        orders: 900,
        connections: 64,
        update: false,
    };
    let pace = Pace::new(300);
    let restarting = async {
        for round in 1..=3 {
            pace.reached(round * 300 - 200).await;
            cart.restart().await?;
            pace.allow((round + 1) * 300);
        }
        Ok(())
    };
    let (told, ()) = tokio::try_join!(traffic.run(&pace), restarting)?;
    // A request on a closing connection may get no answer; then it was not carried out.
    for told in &told {
        assert!(told.created.is_some(), "it was created without an answer: {told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn services_that_find_no_broker_report_it_and_stop_when_told_to() -> anyhow::Result<()> {
    let world = World::new("restart-no-broker")?;
    // Port 9 (discard): nothing listens.
    let nobody = "127.0.0.1:9";
    let mut cart = world.cart()?.with("KAFKA_BOOTSTRAP_SERVERS", nobody).spawn()?;
    let mut order = world.order()?.with("KAFKA_BOOTSTRAP_SERVERS", nobody).spawn()?;
    for service in [&mut cart, &mut order] {
        until("it says what is wrong", LONG, async || {
            let health = service.http.health().await?;
            anyhow::ensure!(!health.ready && health.kafka == "disconnected", "{health:?}");
            anyhow::ensure!(health.why().contains(nobody), "{health:?}");
            Ok(())
        })
        .await?;
    }
    assert_eq!(cart.http.create_short("A-1").await?.status, 503);
    assert_eq!(order.http.details("A-1").await?.status, 503);
    tokio::try_join!(cart.terminate(), order.terminate())?;
    Ok(())
}
