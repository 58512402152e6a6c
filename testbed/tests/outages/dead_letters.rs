//! Only the dead-letter topic is deleted, and recreated with more records than before: this affects that topic, and no
//! order.

use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::{NewRecord, Writer};

use crate::probe::while_clients_work;
use crate::scene::{KEPT, pair};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_dead_letter_topic_is_recreated_and_delays_no_order() -> anyhow::Result<()> {
    let world = World::new("outages-letters")?;
    let (cart, order) = pair(&world).await?;
    let topics = Topics::new(&world.servers.kafka)?;
    let dead_letters = world.dead_letter_topic();
    let writer = world.writer()?;
    writer.write(&NewRecord::of("A-1", "poison")).await?;
    world.await_dead_letters(&order, 1).await?;

    let told = while_clients_work(&cart, &order, async {
        topics.delete(&dead_letters).await?;
        until("it is followed again", LONG, async || {
            anyhow::ensure!(topics.partitions(&dead_letters)? == 1, "it has not been recreated");
            let info = order.http.dlq().await?;
            anyhow::ensure!(info.count == 0, "{info:?}");
            Ok(())
        })
        .await?;
        order.await_healthy().await?;
        writer.write(&NewRecord::of("A-1", "more poison")).await?;
        world.await_dead_letters(&order, 1).await?;

        // A different topic, with more records than the previous one, and none of ours.
        topics.delete(&dead_letters).await?;
        topics.create(&dead_letters, 1, &[KEPT]).await?;
        let others = Writer::new(&world.servers.kafka, &dead_letters)?;
        for n in 0..5 {
            others.write(&NewRecord::of("other", format!("{n}"))).await?;
        }
        until("the index is that of the new topic", LONG, async || {
            let info = order.http.dlq().await?;
            anyhow::ensure!(info.count == 5 && info.by_code.is_empty(), "{info:?}");
            Ok(())
        })
        .await?;
        order.await_healthy().await
    })
    .await?;
    assert_eq!(told.answers.get(&("create", 503)), None, "{:?}", told.answers);
    assert_eq!(told.answers.get(&("create", 504)), None, "{:?}", told.answers);
    Ok(())
}
