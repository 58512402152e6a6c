//! A test's own broker, both services on it, and the checks of every outage.

use std::time::{Duration, Instant};

use testbed::api_types::Order;
use testbed::broker::Broker;
use testbed::events;
use testbed::service::Service;
use testbed::wait::until;
use testbed::world::World;

/// Maximum time until both services fully work again after a fault.
const RECOVERY: Duration = Duration::from_secs(20);

/// The settings that a topic created here needs to be accepted.
pub const KEPT: (&str, &str) = ("retention.ms", "-1");

/// A world on a test's own broker. (Tests that only harm topics use the shared one.)
pub struct Scene {
    pub broker: Broker,
    pub world: World,
}

impl Scene {
    /// A running broker, and no service yet. Services reach it through the proxy.
    pub async fn new(test: &str) -> anyhow::Result<Self> {
        let scene = Self::without_broker(test).await?;
        scene.broker.up().await?;
        Ok(scene)
    }

    /// The same with a broker that is not running.
    pub async fn without_broker(test: &str) -> anyhow::Result<Self> {
        let mut world = World::new(test)?;
        let broker = Broker::new().await?;
        world.servers.kafka = broker.behind_proxy();
        Ok(Self { broker, world })
    }
}

/// Both services, ready, and an order.
pub async fn pair(world: &World) -> anyhow::Result<(Service, Service)> {
    let (cart, order) = world.pair().await?;
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    Ok((cart, order))
}

/// Creates that many orders in each partition; their ids begin with that name.
pub async fn fill(cart: &Service, name: &str, each: i32) -> anyhow::Result<()> {
    for partition in 0..6 {
        for n in 0..each {
            let id = events::id_in(partition, &format!("{name}{n}"));
            cart.http.created(&id).await?;
        }
    }
    Ok(())
}

/// Waits until both do all their work again, and prints how long it took.
pub async fn recovered(after: &str, cart: &Service, order: &Service) -> anyhow::Result<()> {
    let begun = Instant::now();
    let id = format!("R-{:08x}", fastrand::u32(..));
    until(
        &format!("both services work again after {after}"),
        RECOVERY,
        async || {
            anyhow::ensure!(cart.http.get("/health/ready").await?.status == 200);
            let told = cart.http.create_short(&id).await?;
            // An earlier attempt got 504, so it may exist.
            anyhow::ensure!(matches!(told.status, 201 | 409), "{told:?}");
            order.http.order(&id, 1).await
        },
    )
    .await?;
    println!("{after}: both worked again after {} ms", begun.elapsed().as_millis());
    cart.await_healthy().await?;
    order.await_healthy().await
}

/// Checks that no broker is connected: cart-service is not ready and refuses; order-service continues.
pub async fn without_a_broker(cart: &Service, order: &Service) -> anyhow::Result<()> {
    for service in [cart, order] {
        service.await_reason(&["not connected to Kafka"]).await?;
    }
    cart.refuses("not connected").await?;
    assert_eq!(order.http.get("/health/ready").await?.status, 200);
    Ok(())
}

/// Checks that both have halted for that reason: nothing is read or written until an operator acts, and known orders
/// are served.
pub async fn both_stopped(cart: &Service, order: &Service, why: &[&str]) -> anyhow::Result<()> {
    for service in [cart, order] {
        assert_eq!(service.await_reason(why).await?.status, "degraded");
    }
    cart.refuses("--rebuild").await?;
    let known: Order = order.http.details("A-1").await?.read(200)?;
    assert_eq!(known.version, 1);
    assert_eq!(order.http.get("/health/ready").await?.status, 200);
    let stats = order.http.stats().await?;
    assert!(
        stats.partitions.iter().all(|partition| partition.paused.is_some()),
        "{stats:?}"
    );
    Ok(())
}

/// Stops both as an operator would, restarts them with that flag, and waits until they are ready.
pub async fn start_with(cart: &mut Service, order: &mut Service, flag: &str) -> anyhow::Result<()> {
    tokio::try_join!(cart.terminate(), order.terminate())?;
    let flags = [flag];
    tokio::try_join!(cart.start_again(&flags), order.start_again(&flags))?;
    Ok(())
}
