//! More invalid records in one partition than are tolerated: the partition is paused, order-service is killed and
//! restarted, and the partition is resumed. Its dead letters are discarded: they would trip the breaker again.

use anyhow::Context;
use serde_json::{Value, json};

use crate::cluster::{Cluster, TOPIC};
use crate::faults::{Fault, Target};
use crate::history::Recorder;
use crate::management::Flooding;
use crate::operator::Operator;
use testbed::client::Client;
use testbed::log;
use testbed::wait::{LONG, until};

/// How many invalid records are written: 1,000 are tolerated.
const RECORDS: usize = 1_100;
/// The code of their dead letters.
const CODE: &str = "not_framed";

/// Pauses that partition and resumes it. What is seen is recorded; a check judges it.
///
/// # Errors
/// If order-service cannot be killed or started, or it cannot be recorded.
pub async fn flood(
    cluster: &Cluster,
    operator: &Operator<'_>,
    floods: &Recorder<Flooding>,
    partition: i32,
) -> anyhow::Result<()> {
    // Replays would write them again.
    let _turn = operator.turn.lock().await;
    let client = Client::new(operator.url)?;
    operator.settle(&client).await;
    operator.injector.flood(partition, RECORDS).await?;
    let ends = log::ends(&operator.kafka, TOPIC).await?;
    let end = *ends.get(usize::try_from(partition)?).context("no such partition")?;
    let paused = until("the partition is paused", LONG, async || {
        paused_at(&client, partition).await?.context("it is not paused")
    });
    let paused = paused.await.ok();
    let kill = Fault::Kill(Target::Order);
    cluster.begin(&kill).await?;
    cluster.heal(&kill).await?;
    let client = Client::new(operator.url)?;
    let after_kill = until("it is ready again", LONG, async || {
        let ready = client.get("/health/ready").await?;
        anyhow::ensure!(ready.status == 200, "{}", ready.text);
        // Only once it knows the end of the partition could it read on.
        let seen = position(&client, partition).await?;
        anyhow::ensure!(seen.1.is_some(), "it does not know the end");
        paused_at(&client, partition).await
    });
    let after_kill = after_kill.await.ok().flatten();
    let resumed = until("the partition is resumed", LONG, async || {
        let answer = operator
            .ask(&client, "/dlq/resume", json!({"partition": partition}))
            .await?;
        answer.context("it is refused")
    });
    let resumed = resumed.await.unwrap_or_default();
    let reached = until("the partition is read to its end", LONG, async || {
        let (position, _) = position(&client, partition).await?;
        anyhow::ensure!(position >= end, "{position} of {end}");
        Ok(position)
    });
    let reached = match reached.await {
        Ok(reached) => reached,
        Err(_) => position(&client, partition).await.map_or(0, |(position, _)| position),
    };
    floods.push(Flooding {
        partition,
        paused,
        after_kill,
        resumed: serde_json::from_value(resumed["resumed"].clone()).unwrap_or_default(),
        end,
        reached,
    })?;
    let mut attempt = 0;
    let discarded = until("its dead letters are discarded", LONG, async || {
        let info = client.get("/dlq/info").await?.value();
        if info["byCode"][CODE].as_u64().unwrap_or(0) == 0 {
            return Ok(());
        }
        attempt += 1;
        let body = json!({"code": CODE, "reason": format!("the flood, attempt {attempt}")});
        operator.ask(&client, "/dlq/discard", body).await?;
        anyhow::bail!("{}", info["byCode"])
    });
    discarded.await
}

/// The position read to, and the end of the partition if that is known.
async fn position(client: &Client, partition: i32) -> anyhow::Result<(i64, Option<i64>)> {
    let stats = client.stats().await?;
    let seen = stats.partitions.iter().find(|seen| seen.partition == partition);
    let seen = seen.context("the partition is not known")?;
    Ok((seen.position, seen.end))
}

/// Where that partition is paused because it has too many dead letters; `None` if it is not.
async fn paused_at(client: &Client, partition: i32) -> anyhow::Result<Option<i64>> {
    let info: Value = client.get("/dlq/info").await?.read(200)?;
    let breakers = info["breaker"]["partitions"].as_array().context("no breakers")?;
    let is_open = breakers
        .iter()
        .any(|breaker| breaker["partition"] == partition && breaker["open"] == true);
    if !is_open {
        return Ok(None);
    }
    position(client, partition).await.map(|(position, _)| Some(position))
}
