//! Where a partition ends, asked of the broker. A refusal ("there is no such order") is only as sure as the newest thing
//! that was read, so it asks first.
//!
//! Questions are asked one at a time, on a thread of their own (librdkafka blocks). A request may share an answer only
//! when the question was put after the request came: that is what the channel gives, as a question is put for those
//! who are already in it.

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::oneshot;

use super::config::Cluster;
use crate::crash_point::{self, Point};
use crate::life::Life;

const TIMEOUT: Duration = Duration::from_secs(2);

type Asker = oneshot::Sender<Result<i64, String>>;

/// Asks for the ends of one topic's partitions.
#[derive(Clone)]
pub struct Ends(mpsc::Sender<(i32, Asker)>);

impl Ends {
    /// Starts the thread; it ends when the last handle is dropped.
    ///
    /// # Errors
    /// When the client or the thread cannot be made.
    pub fn start(cluster: &Cluster, topic: &str, life: &Life) -> anyhow::Result<Self> {
        let consumer: BaseConsumer = cluster
            .ends()
            .create()
            .context("making the Kafka client that asks for ends")?;
        let topic = topic.to_owned();
        let (sender, receiver) = mpsc::channel();
        life.thread("kafka-ends", move || answer(&consumer, &topic, &receiver))
            .context("starting the thread that asks for ends")?;
        Ok(Self(sender))
    }

    /// The offset behind the partition's last record, as the broker had it at some time after this call began.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn ask(&self, partition: i32) -> Result<i64, String> {
        let (asker, answer) = oneshot::channel();
        self.0
            .send((partition, asker))
            .map_err(|_| "the client that asks for ends has stopped".to_owned())?;
        answer
            .await
            .unwrap_or_else(|_| Err("the client that asks for ends has stopped".to_owned()))
    }
}

fn answer(consumer: &BaseConsumer, topic: &str, questions: &mpsc::Receiver<(i32, Asker)>) {
    while let Ok(first) = questions.recv() {
        crash_point::reached(Point::EndsTurn);
        let mut askers: HashMap<i32, Vec<Asker>> = HashMap::new();
        for (partition, asker) in std::iter::once(first).chain(questions.try_iter()) {
            askers.entry(partition).or_default().push(asker);
        }
        for (partition, askers) in askers {
            let end = consumer
                .fetch_watermarks(topic, partition, TIMEOUT)
                .map(|(_, end)| end)
                .map_err(|e| format!("the broker does not say where partition {partition} ends: {e}"));
            for asker in askers {
                // Who has given up waiting is not interested any more.
                let _ = asker.send(end.clone());
            }
        }
    }
}
