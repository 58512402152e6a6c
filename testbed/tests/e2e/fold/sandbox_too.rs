//! The Python programs of docs/consuming.md at the sandbox, whose broker and registry are not those of the other tests.

use sandbox::pipeline::TOPIC;
use sandbox::testing::start_sandbox;
use testbed::client::Client;
use testbed::poison::{Kind, Poisoner};
use testbed::servers::Servers;
use testbed::wait::{LONG, until};

use super::ours::Read;
use super::programs::{self, Topic};

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_python_programs_read_the_sandbox() -> anyhow::Result<()> {
    let pipeline = start_sandbox(&[]).await?;
    let (cart, order) = (Client::new(&pipeline.cart_url)?, Client::new(&pipeline.order_url)?);
    cart.created("A-1").await?;
    cart.updated("A-1", "confirmed").await?;
    let servers = Servers {
        kafka: pipeline.bootstrap_servers.clone(),
        registry: pipeline.registry_url.clone(),
        ..Servers::from_env()?
    };
    let poisoner = Poisoner::new(&servers, TOPIC).await?;
    poisoner.write(Kind::WrongTotal, "P-1", &[]).await?;
    until("the dead letter is listed", LONG, async || {
        let count = order.dlq().await?.count;
        anyhow::ensure!(count == 1, "{count} dead letters");
        Ok(())
    })
    .await?;

    let topic = || Topic {
        servers: &servers,
        kafka: &servers.kafka,
        registry: &servers.registry,
        name: TOPIC,
    };
    let folded = Read::printed(&programs::run(topic(), programs::FOLD_PY).await?)?;
    let counts = ["applied", "invalid_order"].map(|outcome| folded.count(&[outcome]));
    assert_eq!((counts, folded.outcomes.len()), ([2, 1], 3), "{folded:?}");
    let skipping = Read::printed(&programs::skip(topic(), &pipeline.order_url).await?)?;
    assert_eq!(skipping.orders, folded.orders);
    let shown = order.order("A-1", 2).await?;
    assert_eq!(shown.event_id, folded.orders.get("A-1").map(|order| order.event_id));
    let read = programs::read_until_ctrl_c(topic(), 3).await?;
    assert!(
        read.iter().any(|line| line.contains("'status': 'confirmed'")),
        "{read:#?}"
    );
    pipeline.stop().await
}
