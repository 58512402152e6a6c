//! What order-service did with a record, from its own answers.

use std::time::{Duration, Instant};

use orderlog_registry::proxy_for;
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::time::sleep;

use super::Written;

/// How long the outcome is awaited. An unknown schema id is given 10 s to appear.
const LIMIT: Duration = Duration::from_secs(20);
/// How long a dead letter may take to be listed after its record was read.
const LISTING: Duration = Duration::from_secs(5);
/// Pause between two checks.
const PAUSE: Duration = Duration::from_millis(100);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a dead letter.
    DeadLettered {
        /// The code.
        code: String,
        /// Why.
        reason: String,
    },
    /// It was read, and is not a dead letter.
    Accepted,
    /// It was not read in time.
    NotRead {
        /// Why its partition is paused, if it is.
        paused: Option<String>,
    },
    /// order-service reads another topic.
    OtherTopic(String),
    /// order-service does not answer, and why.
    NoAnswer(String),
}

/// A running order-service.
pub struct OrderService {
    url: String,
    client: Client,
}

impl OrderService {
    /// The order-service at that address.
    ///
    /// # Errors
    /// If no HTTP client can be built.
    pub fn at(url: &Url) -> anyhow::Result<Self> {
        let url = url.as_str().trim_end_matches('/').to_owned();
        let mut client = Client::builder().timeout(REQUEST_TIMEOUT);
        if proxy_for(&url).is_none() {
            client = client.no_proxy();
        }
        Ok(Self {
            url,
            client: client.build()?,
        })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the outcome of that record.
    pub async fn outcome_of(&self, written: &Written) -> Outcome {
        match self.try_outcome(written).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::NoAnswer(error.to_string()),
        }
    }

    async fn try_outcome(&self, written: &Written) -> anyhow::Result<Outcome> {
        let until = Instant::now() + LIMIT;
        let mut listed_until = None;
        loop {
            let stats = self.get("/stats").await?;
            if let Some(topic) = stats["topic"].as_str()
                && topic != written.topic
            {
                return Ok(Outcome::OtherTopic(topic.to_owned()));
            }
            let page = format!("/dlq/messages?orderId={}", written.key);
            if let Some(outcome) = dead_letter_of(written, &self.get(&page).await?) {
                return Ok(outcome);
            }
            let partition = partition_of(written, &stats);
            let was_read = partition["position"].as_i64() > Some(written.offset);
            let now = Instant::now();
            if was_read && now >= *listed_until.get_or_insert(now + LISTING) {
                return Ok(Outcome::Accepted);
            }
            if !was_read && now >= until {
                let paused = partition["paused"].as_str().map(str::to_owned);
                return Ok(Outcome::NotRead { paused });
            }
            sleep(PAUSE).await;
        }
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.client.get(format!("{}{path}", self.url)).send().await;
        let response = response.map_err(|error| match error.is_timeout() {
            true => anyhow::anyhow!("no response within {REQUEST_TIMEOUT:?}"),
            false => anyhow::anyhow!("cannot connect"),
        })?;
        let status = response.status();
        anyhow::ensure!(
            status.is_success(),
            "it answers {} with {status}",
            path.split('?').next().unwrap_or_default()
        );
        response
            .json()
            .await
            .map_err(|_| anyhow::anyhow!("its answer to {path} is not JSON"))
    }
}

fn partition_of<'s>(written: &Written, stats: &'s Value) -> &'s Value {
    let partitions = stats["partitions"].as_array();
    let mut partitions = partitions.into_iter().flatten();
    partitions
        .find(|partition| partition["partition"] == written.partition)
        .unwrap_or(&Value::Null)
}

fn dead_letter_of(written: &Written, page: &Value) -> Option<Outcome> {
    let messages = page["messages"].as_array()?;
    let message = messages.iter().find(|message| {
        let origin = &message["origin"];
        origin["topic"] == written.topic.as_str()
            && origin["partition"] == written.partition
            && origin["offset"] == written.offset
    })?;
    let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
    Some(Outcome::DeadLettered {
        code: text("code"),
        reason: text("reason"),
    })
}
