//! What order-service did with a record, from its own answers. They count only if they name the record: an order-service of
//! another Kafka has positions, too, and they say nothing about it.

use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_registry::proxy_for;
use reqwest::{Client, Response, StatusCode, Url};
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
    /// It is what the order's state is from.
    Accepted,
    /// It was not read in time.
    NotRead {
        /// Why its partition is paused, if it is.
        paused: Option<String>,
    },
    /// order-service is past its offset, and shows neither a dead letter nor an order that is from it.
    NotShown,
    /// What order-service reads does not have the record's offset.
    NotThere,
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
            Err(error) => Outcome::NoAnswer(format!("{error:#}")),
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
            if was_read && self.has_applied(written).await? {
                return Ok(Outcome::Accepted);
            }
            let now = Instant::now();
            if was_read && now >= *listed_until.get_or_insert(now + LISTING) {
                return Ok(Outcome::NotShown);
            }
            if !was_read && now >= until {
                return Ok(unread(written, &stats));
            }
            sleep(PAUSE).await;
        }
    }

    /// Whether the order's state is from the record's event.
    async fn has_applied(&self, written: &Written) -> anyhow::Result<bool> {
        let Some(event_id) = written.event_id else {
            return Ok(false);
        };
        let path = format!("/order-details?orderId={}", written.order_id);
        let response = self.send(&path).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        let order = json(&path, response).await?;
        Ok(order["eventId"] == event_id.to_string())
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        json(path, self.send(path).await?).await
    }

    async fn send(&self, path: &str) -> anyhow::Result<Response> {
        let response = self.client.get(format!("{}{path}", self.url)).send().await;
        response.map_err(|error| match error.is_timeout() {
            true => anyhow::anyhow!("no response within {REQUEST_TIMEOUT:?}"),
            // Its sources say what failed: the name, the connection, TLS, the proxy.
            false => error.without_url().into(),
        })
    }
}

/// The JSON of a successful answer to that path.
async fn json(path: &str, response: Response) -> anyhow::Result<Value> {
    let path = path.split('?').next().unwrap_or_default();
    let status = response.status();
    anyhow::ensure!(status.is_success(), "it answers {path} with {status}");
    let body = response.json().await;
    body.map_err(reqwest::Error::without_url)
        .with_context(|| format!("its answer to {path} is not JSON"))
}

/// Why the record has not been read yet.
fn unread(written: &Written, stats: &Value) -> Outcome {
    let partition = partition_of(written, stats);
    if let Some(paused) = partition["paused"].as_str() {
        // Its end may be as old as the pause.
        return Outcome::NotRead {
            paused: Some(paused.to_owned()),
        };
    }
    let has_others = partition.is_null() && stats["partitions"].as_array().is_some_and(|all| !all.is_empty());
    // Once the lag is known, so is the end.
    let ends_before = partition["lag"].is_i64() && partition["end"].as_i64() <= Some(written.offset);
    match has_others || ends_before {
        true => Outcome::NotThere,
        false => Outcome::NotRead { paused: None },
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

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
