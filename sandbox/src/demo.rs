//! Demo traffic: orders are created and updated, and now and then an invalid record is written.

use std::time::Duration;

use clap::ValueEnum;
use orderlog_contract::event::OrderStatus;
use orderlog_kafka::partition::Partitioner;
use reqwest::{Client, RequestBuilder};
use serde_json::json;

use crate::pipeline::{Pipeline, TOPIC};
use crate::poison::{Kind, Poisoner};

/// Pause between two commands.
const PACE: Duration = Duration::from_millis(250);
/// Once in this many turns, an invalid record is written instead of a command.
const POISON_EVERY: u64 = 20;
/// Once in this many turns, progress is printed.
const PROGRESS_EVERY: u64 = 40;
/// At most this many orders are open at the same time.
const MAX_OPEN: usize = 20;

/// Where the demo sends its commands and its invalid records.
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

/// What has been done so far.
#[derive(Default)]
struct Progress {
    created: u64,
    updates: u64,
    invalid: u64,
}

/// Sends commands until it is dropped.
///
/// # Errors
/// If the broker does not answer at first.
pub async fn run(demo: &Demo) -> anyhow::Result<()> {
    let poisoner = Poisoner::connect(&demo.bootstrap_servers, TOPIC, demo.partitioner, &demo.registry_url).await?;
    // The services run in this process: no proxy is involved.
    let client = Client::builder().no_proxy().build()?;
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut kinds = Kind::value_variants().iter().cycle();
    let mut pace = tokio::time::interval(PACE);
    let mut done = Progress::default();
    for turn in 1_u64.. {
        pace.tick().await;
        if turn.is_multiple_of(PROGRESS_EVERY) {
            println!("{}", done.text());
        }
        if turn.is_multiple_of(POISON_EVERY) {
            if let Some(kind) = kinds.next() {
                done.invalid += u64::from(poison(&poisoner, *kind, &format!("POISON-{turn}")).await);
            }
        } else if open.len() < MAX_OPEN && (open.is_empty() || fastrand::bool()) {
            let id = format!("DEMO-{turn}");
            let body = json!({"orderId": id, "itemsCount": fastrand::u8(1..6)});
            let request = client.post(format!("{}/create-order", demo.cart_url)).json(&body);
            if succeeds(request).await {
                open.push((id, 0));
                done.created += 1;
            }
        } else {
            let n = fastrand::usize(..open.len());
            let (id, step) = &mut open[n];
            let status = OrderStatus::SETTABLE[*step + 1];
            let body = json!({"orderId": id, "status": status.as_str()});
            let request = client.put(format!("{}/update-order", demo.cart_url)).json(&body);
            if succeeds(request).await {
                *step += 1;
                done.updates += 1;
                if status.is_final() {
                    open.swap_remove(n);
                }
            }
        }
    }
    Ok(())
}

impl Progress {
    fn text(&self) -> String {
        let plural = |n: u64| if n == 1 { "" } else { "s" };
        format!(
            "So far: {} order{} created, {} update{}, {} invalid record{}.",
            self.created,
            plural(self.created),
            self.updates,
            plural(self.updates),
            self.invalid,
            plural(self.invalid)
        )
    }
}

/// Writes an invalid record. Returns whether that worked.
async fn poison(poisoner: &Poisoner, kind: Kind, order_id: &str) -> bool {
    match poisoner.write(kind, order_id).await {
        Ok(written) => {
            println!(
                "Wrote an invalid record ({kind}, key {}) for order-service to dead-letter as {}.",
                written.key,
                kind.code()
            );
            true
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the invalid record could not be written");
            false
        }
    }
}

/// Sends a command, and logs a failure.
async fn succeeds(request: RequestBuilder) -> bool {
    match request.send().await {
        Ok(response) if response.status().is_success() => return true,
        Ok(response) => tracing::warn!(
            status = response.status().as_u16(),
            path = response.url().path(),
            "command failed"
        ),
        Err(error) => tracing::warn!(%error, "no response"),
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_is_counted_as_one() {
        let done = Progress {
            created: 20,
            updates: 0,
            invalid: 1,
        };
        assert_eq!(done.text(), "So far: 20 orders created, 0 updates, 1 invalid record.");
    }
}
