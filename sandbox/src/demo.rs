//! Demo traffic: orders are created and updated, and now and then an invalid record is written.

use std::time::Duration;

use clap::ValueEnum;
use orderlog_contract::event::OrderStatus;
use orderlog_kafka::partition::Partitioner;
use serde_json::json;

use crate::pipeline::{Pipeline, TOPIC};
use crate::poison::{Kind, Poisoner};

/// Pause between two commands.
const PACE: Duration = Duration::from_millis(250);
/// Every how many commands a poisoned record is written.
const POISON_EVERY: u64 = 20;
/// Every how many commands progress is printed.
const TELL_EVERY: u64 = 40;
/// How many orders are open at the same time.
const OPEN: usize = 20;

/// Where the demo sends its commands and its poison.
pub struct Demo {
    cart_url: String,
    registry_url: String,
    bootstrap_servers: String,
    partitioner: Partitioner,
}

impl Demo {
    /// A demo for that pipeline.
    pub fn of(pipeline: &Pipeline) -> Self {
        Self {
            cart_url: pipeline.cart_url.clone(),
            registry_url: pipeline.registry_url.clone(),
            bootstrap_servers: pipeline.broker.bootstrap_servers(),
            partitioner: pipeline.partitioner,
        }
    }
}

/// Sends commands until it is dropped.
///
/// # Errors
/// If the broker or the registry does not answer at the start.
pub async fn run(demo: &Demo) -> anyhow::Result<()> {
    let poisoner = Poisoner::connect(&demo.bootstrap_servers, TOPIC, &demo.registry_url).await?;
    let poisoner = poisoner.partitioned_by(demo.partitioner);
    // The services run in this process: no proxy is involved.
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut kinds = Kind::value_variants().iter().cycle();
    let mut pace = tokio::time::interval(PACE);
    let (mut created, mut updated, mut poisoned) = (0_u64, 0_u64, 0_u64);
    for turn in 1_u64.. {
        pace.tick().await;
        if turn.is_multiple_of(TELL_EVERY) {
            println!("so far: {created} orders created, {updated} updates, {poisoned} poisoned records");
        }
        if turn.is_multiple_of(POISON_EVERY) {
            if let Some(kind) = kinds.next() {
                poisoned += 1;
                let id = format!("POISON-{turn}");
                // The broker is in this process: a write takes a millisecond, so it may block the runtime.
                match poisoner.write(*kind, &id) {
                    Ok(_) => tracing::warn!(order.id = id, ?kind, code = kind.code().as_str(), "poison written"),
                    Err(error) => tracing::error!(%error, "poison not written"),
                }
            }
            continue;
        }
        if open.len() < OPEN && (open.is_empty() || fastrand::bool()) {
            let id = format!("DEMO-{turn}");
            let body = json!({"orderId": id, "itemsCount": fastrand::u8(1..6)});
            report(
                client
                    .post(format!("{}/create-order", demo.cart_url))
                    .json(&body)
                    .send()
                    .await,
            );
            open.push((id, 0));
            created += 1;
        } else {
            let n = fastrand::usize(..open.len());
            let (id, step) = &mut open[n];
            *step += 1;
            let status = OrderStatus::SETTABLE[*step];
            let body = json!({"orderId": id, "status": status.as_str()});
            report(
                client
                    .put(format!("{}/update-order", demo.cart_url))
                    .json(&body)
                    .send()
                    .await,
            );
            updated += 1;
            if status.is_final() {
                open.swap_remove(n);
            }
        }
    }
    Ok(())
}

fn report(answer: reqwest::Result<reqwest::Response>) {
    match answer {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => tracing::warn!(
            status = answer.status().as_u16(),
            path = answer.url().path(),
            "command failed"
        ),
        Err(error) => tracing::warn!(%error, "no answer"),
    }
}
