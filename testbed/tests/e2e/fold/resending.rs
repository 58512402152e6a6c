//! docs/dead-letters.md: the program that sends a record again, at the sandbox.

use sandbox::pipeline::TOPIC;
use sandbox::testing::documents::only_block_run_by;
use sandbox::testing::start_sandbox;
use testbed::client::Client;
use testbed::poison::{Kind, Poisoner};
use testbed::servers::Servers;
use testbed::wait::{LONG, until};

use super::programs::{self, Topic};

const DEAD_LETTERS: &str = include_str!("../../../../docs/dead-letters.md");
/// As the marker of the block names this test.
const THIS: &str = "testbed/tests/e2e/fold/resending.rs";

async fn await_dead_letters(order: &Client, expected: u64) -> anyhow::Result<()> {
    until("the dead letters are listed", LONG, async || {
        let count = order.dlq().await?.count;
        anyhow::ensure!(count == expected, "{count} dead letters");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_sent_again_as_documented_goes_to_its_partition_or_is_recognized() -> anyhow::Result<()> {
    let pipeline = start_sandbox(&[]).await?;
    let order = Client::new(&pipeline.order_url)?;
    let servers = Servers {
        kafka: pipeline.bootstrap_servers.clone(),
        registry: pipeline.registry_url.clone(),
        ..Servers::from_env()?
    };
    let poisoner = Poisoner::new(&servers, TOPIC).await?;
    poisoner.write(Kind::WrongPartition, "P-1", &[]).await?;
    poisoner.write(Kind::WrongTotal, "P-2", &[]).await?;
    await_dead_letters(&order, 2).await?;

    let printed = only_block_run_by(THIS, DEAD_LETTERS)?;
    for letter in order.dead_letters(10).await? {
        let line = printed.text.trim_end().replace(" 0-10", &format!(" {}", letter.id));
        anyhow::ensure!(line.ends_with(&letter.id), "{line}");
        let topic = Topic {
            servers: &servers,
            kafka: &servers.kafka,
            registry: &servers.registry,
            name: TOPIC,
        };
        let said = programs::run_line(topic, &line).await?;
        assert!(said.starts_with("written to order-events, partition "), "{said}");
    }
    assert_eq!(order.order("P-1", 1).await?.version, 1);
    await_dead_letters(&order, 3).await?;
    let letters = order.dead_letters(10).await?;
    let replayed: Vec<_> = letters.iter().filter(|letter| letter.replays == 1).collect();
    assert!(
        replayed.len() == 1 && replayed[0].key.as_deref() == Some("P-2"),
        "{letters:#?}"
    );
    pipeline.stop().await
}
