//! A broker that, as one does for a moment while it shuts down, reports a cluster without brokers. librdkafka 2.12 then
//! no longer knows any broker, not even its bootstrap servers (confluentinc/librdkafka, issue 5301).

use testbed::writer::NewRecord;

use crate::probe::while_clients_work;
use crate::scene::{Scene, pair, recovered, without_a_broker};

const POISON: &str = "poison";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_learned_of_no_brokers_find_them_again() -> anyhow::Result<()> {
    let scene = Scene::new("outages-brokerless").await?;
    let (cart, order) = pair(&scene.world).await?;
    let told = while_clients_work(&cart, &order, async {
        for round in 1..=3 {
            let before = scene.broker.metadata_proxy.answers_without_brokers();
            scene.broker.metadata_proxy.hide_brokers(true);
            without_a_broker(&cart, &order).await?;
            assert!(
                scene.broker.metadata_proxy.answers_without_brokers() > before,
                "no client was told so"
            );
            scene.broker.metadata_proxy.hide_brokers(false);
            recovered(&format!("no brokers, round {round}"), &cart, &order).await?;
            // The clients of the dead-letter topic were told the same.
            let poison = NewRecord::of(POISON, "not an event");
            scene.world.writer()?.write(&poison).await?;
            scene.world.await_dead_letters(&order, round).await?;
        }
        Ok(())
    })
    .await?;
    for service in [&cart, &order] {
        assert!(service.log().contains("no brokers known; bootstrapping again"));
    }
    scene.world.caught_up(&order).await?;
    let mut log = scene.world.log().await?;
    log.retain(|record| record.key.as_deref() != Some(POISON.as_bytes()));
    told.check(&log)
}
