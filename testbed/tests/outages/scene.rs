//! A broker of a test's own, both services on it, and what is asked of them in every outage.

use std::time::{Duration, Instant};

use testbed::broker::Broker;
use testbed::service::Service;
use testbed::views::{Health, Order};
use testbed::wait::{LONG, until};
use testbed::world::World;

/// How long both services may take to do all their work again after a fault is over.
const RECOVERY: Duration = Duration::from_secs(20);

/// What a topic that is made here needs, so that nothing is amiss with it.
pub const KEPT: (&str, &str) = ("retention.ms", "-1");

pub struct Scene {
    pub broker: Broker,
    pub world: World,
}

impl Scene {
    /// A broker that runs, and no service yet. What runs later reaches it through the proxy.
    pub async fn new(test: &str) -> anyhow::Result<Self> {
        let scene = Self::without_broker(test).await?;
        scene.broker.up().await?;
        Ok(scene)
    }

    /// The same with a broker that does not run.
    pub async fn without_broker(test: &str) -> anyhow::Result<Self> {
        let mut world = World::new(test)?;
        let broker = Broker::new().await?;
        world.servers.kafka = broker.behind_proxy();
        Ok(Self { broker, world })
    }

    /// Both services, ready, and an order.
    pub async fn pair(&self) -> anyhow::Result<(Service, Service)> {
        let (cart, order) = self.world.pair().await?;
        cart.http.created("A-1").await?;
        order.http.order("A-1", 1).await?;
        Ok((cart, order))
    }

    /// Waits until both do all their work again, and tells how long it took.
    pub async fn recovered(&self, after: &str, cart: &Service, order: &Service) -> anyhow::Result<()> {
        let begun = Instant::now();
        let id = format!("R-{:08x}", fastrand::u32(..));
        until(&format!("both work again after {after}"), RECOVERY, async || {
            anyhow::ensure!(cart.http.get("/health/ready").await?.status == 200);
            let told = cart.http.create_short(&id).await?;
            // Told 504 before, it may be there.
            anyhow::ensure!(matches!(told.status, 201 | 409), "{told:?}");
            order.http.order(&id, 1).await
        })
        .await?;
        println!("{after}: both worked again after {} ms", begun.elapsed().as_millis());
        healthy(cart).await?;
        healthy(order).await
    }
}

/// Waits until a service gives a reason that has all those parts.
pub async fn says(service: &Service, parts: &[&str]) -> anyhow::Result<Health> {
    until(&format!("a reason with {parts:?}"), LONG, async || {
        let health = service.http.health().await?;
        anyhow::ensure!(parts.iter().all(|part| health.why().contains(part)), "{health:?}");
        Ok(health)
    })
    .await
}

/// Waits until a service has nothing to complain of.
pub async fn healthy(service: &Service) -> anyhow::Result<()> {
    until("it is healthy", RECOVERY, async || {
        let health = service.http.health().await?;
        anyhow::ensure!(health.status == "healthy" && health.ready, "{health:?}");
        Ok(())
    })
    .await
}

/// Nothing is heard of the broker: the one that writes is not ready and refuses, the one that tells goes on.
pub async fn without_a_broker(cart: &Service, order: &Service) -> anyhow::Result<()> {
    for service in [cart, order] {
        says(service, &["no Kafka broker is heard"]).await?;
    }
    refuses(cart, "heard").await?;
    assert_eq!(order.http.get("/health/ready").await?.status, 200);
    Ok(())
}

/// A cart-service that can do nothing says so, and why.
pub async fn refuses(cart: &Service, why: &str) -> anyhow::Result<()> {
    let asked = Instant::now();
    let created = cart.http.create_short("refused").await?;
    assert!(
        created.status == 503 && created.text.contains(why),
        "{why}: {created:?}"
    );
    assert_eq!(cart.http.update("A-1", "shipped").await?.status, 503);
    assert_eq!(cart.http.get("/health/ready").await?.status, 503);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    Ok(())
}

/// Both have stopped for that reason until an operator acts: nothing is read or written, and what is known is told.
pub async fn both_stopped(cart: &Service, order: &Service, why: &[&str]) -> anyhow::Result<()> {
    for service in [cart, order] {
        assert_eq!(says(service, why).await?.status, "degraded");
    }
    refuses(cart, "--rebuild").await?;
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

/// Ends both as an operator would and starts them with that flag, and waits until they are ready.
pub async fn start_with(cart: &mut Service, order: &mut Service, flag: &str) -> anyhow::Result<()> {
    tokio::try_join!(cart.terminate(), order.terminate())?;
    let flags = [flag];
    tokio::try_join!(cart.start_again(&flags), order.start_again(&flags))?;
    Ok(())
}
