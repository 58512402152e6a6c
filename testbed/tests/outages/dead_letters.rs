//! The dead-letter topic deleted alone, and made again longer than it was: a matter of that topic, and of no order.

use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::writer::{NewRecord, Writer};

use crate::probe::throughout;
use crate::scene::{KEPT, Scene, healthy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_dead_letter_topic_is_made_again_and_holds_up_no_order() -> anyhow::Result<()> {
    let scene = Scene::new("outages-letters").await?;
    let (cart, order) = scene.pair().await?;
    let topics = Topics::new(&scene.broker.address())?;
    let dead_letters = scene.world.dead_letter_topic();
    let writer = scene.world.writer()?;
    writer.write(&NewRecord::of("A-1", "poison")).await?;
    scene.world.letters_indexed(&order, 1).await?;

    let told = throughout(&cart, &order, async {
        topics.delete(&dead_letters).await?;
        until("it is followed again", LONG, async || {
            anyhow::ensure!(topics.partitions(&dead_letters)? == 1, "it is not made again");
            let info = order.http.dlq().await?;
            anyhow::ensure!(info.count == 0, "{info:?}");
            Ok(())
        })
        .await?;
        healthy(&order).await?;
        writer.write(&NewRecord::of("A-1", "more poison")).await?;
        scene.world.letters_indexed(&order, 1).await?;

        // Another one, longer than the one that was followed, with nothing of ours in it.
        topics.delete(&dead_letters).await?;
        topics.create(&dead_letters, 1, &[KEPT]).await?;
        let others = Writer::new(&scene.broker.address(), &dead_letters)?;
        for n in 0..5 {
            others.write(&NewRecord::of("other", format!("{n}"))).await?;
        }
        scene.world.letters_indexed(&order, 5).await?;
        healthy(&order).await
    })
    .await?;
    assert_eq!(told.answers.get(&("create", 503)), None, "{:?}", told.answers);
    assert_eq!(told.answers.get(&("create", 504)), None, "{:?}", told.answers);
    Ok(())
}
