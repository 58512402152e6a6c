//! Another registry, or an empty one, at the address of the right one, for a minute or for good. Both services notice,
//! write nothing to it, learn nothing from it, and recover by themselves when the right one is back.

use orderlog_contract::lineage::subject;
use sandbox::registry::Registry as Server;
use testbed::events;
use testbed::proxy::Proxy;
use testbed::registry::Registry;
use testbed::service::Service;
use testbed::wait::{LONG, until};
use testbed::world::World;

/// A test's own registry, a second one behind it, and both services at the one that the proxy leads to.
struct Scene {
    world: World,
    proxy: Proxy,
    right: Server,
    other: Server,
    cart: Service,
    order: Service,
}

impl Scene {
    async fn new(test: &str) -> anyhow::Result<Self> {
        let world = World::new(test)?;
        let (right, other) = (Server::start(("127.0.0.1", 0))?, Server::start(("127.0.0.1", 0))?);
        let proxy = Proxy::in_front_of(&right.url()).await?;
        let url = proxy.url(&right.url())?;
        let watchful = |setup: testbed::service::Setup| {
            setup
                .with("SCHEMA_REGISTRY_URL", &url)
                .with("SCHEMA_CHECK_SECONDS", "1")
        };
        let (mut cart, mut order) = (watchful(world.cart()?).spawn()?, watchful(world.order()?).spawn()?);
        cart.ready().await?;
        order.ready().await?;
        Ok(Self {
            world,
            proxy,
            right,
            other,
            cart,
            order,
        })
    }

    /// The other registry contains nothing of ours.
    async fn other_is_untouched(&self) -> anyhow::Result<()> {
        let other = Registry::new(&self.other.url())?;
        let subject = subject(&self.world.topic);
        assert!(other.versions(&subject).await?.is_empty());
        assert!(other.level(&subject).await.is_err(), "its level was set");
        Ok(())
    }

    /// Brings back the right one, and does nothing else.
    async fn back(&self) -> anyhow::Result<()> {
        self.proxy.redirect_to(&self.right.url())?;
        self.cart.await_healthy().await?;
        self.order.await_healthy().await
    }
}

#[tokio::test]
async fn a_temporarily_wrong_registry_corrupts_no_store() -> anyhow::Result<()> {
    let scene = Scene::new("other-wrong").await?;
    let (cart, order) = (&scene.cart, &scene.order);
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    let other = Registry::new(&scene.other.url())?;
    for size in 1..=5 {
        let fixed = format!(r#"{{"type":"fixed","name":"F","size":{size}}}"#);
        other.register(&format!("others-{size}"), &fixed).await?;
    }
    for _ in 0..2 {
        scene.proxy.redirect_to(&scene.other.url())?;
        for service in [cart, order] {
            service.await_reason(&["a different schema"]).await?;
        }
        cart.refuses("a different schema").await?;
        assert_eq!(order.http.details("A-1").await?.status, 200, "what is known is served");
        scene.other_is_untouched().await?;
        scene.back().await?;
        cart.http.updated("A-1", "confirmed").await?;
    }
    cart.http.created("A-2").await?;
    order.http.order("A-2", 1).await?;
    assert!(scene.world.dead_letters().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_empty_registry_costs_no_acknowledged_order() -> anyhow::Result<()> {
    let scene = Scene::new("other-empty").await?;
    let (cart, order) = (&scene.cart, &scene.order);
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    let right = Registry::new(&scene.right.url())?;
    let (ours, twin) = (
        right.ours(&scene.world.topic).await?,
        right.twin(&scene.world.topic).await?,
    );
    scene.proxy.redirect_to(&scene.other.url())?;
    for service in [cart, order] {
        service.await_reason(&["lost its content", "ACCEPT_REGISTRY"]).await?;
    }
    cart.refuses("lost its content").await?;
    scene.other_is_untouched().await?;
    // Known ids are still read. An unknown one may be among those that were lost, and waits.
    let (known, waits) = (
        events::first(&events::id_in(0, "K")),
        events::first(&events::id_in(1, "W")),
    );
    let writer = scene.world.writer()?;
    writer.write(&events::record(ours, &known)?).await?;
    writer.write(&events::record(twin, &waits)?).await?;
    order.http.order(&known.order.order_id, 1).await?;
    until("the partition waits", LONG, async || {
        let paused = order.http.stats().await?.partitions[1]
            .paused
            .clone()
            .unwrap_or_default();
        anyhow::ensure!(paused.contains("lost its content"), "{paused}");
        Ok(())
    })
    .await?;
    scene.back().await?;
    order.http.order(&waits.order.order_id, 1).await?;
    cart.http.created("A-2").await?;
    order.http.order("A-2", 1).await?;
    assert!(scene.world.dead_letters().await?.is_empty());
    Ok(())
}
