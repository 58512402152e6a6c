//! The registry as another producer sees it: subjects, ids, and schemas of others.

use std::time::Duration;

use anyhow::Context;
use orderlog_contract::lineage;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::http_client;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A schema of something else: a record with one string.
pub const GREETING: &str = r#"{"type":"record","name":"Greeting","namespace":"com.ecommerce.other","fields":[{"name":"text","type":"string"}]}"#;

/// A client of one registry.
pub struct Registry {
    http: reqwest::Client,
    url: String,
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

impl Registry {
    /// A client of the registry at that URL.
    ///
    /// # Errors
    /// If no HTTP client can be created.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            http: http_client(TIMEOUT)?,
            url: url.to_owned(),
        })
    }

    /// Registers a schema under a subject, and returns its id.
    ///
    /// # Errors
    /// If the registry refuses it.
    pub async fn register(&self, subject: &str, schema: &str) -> anyhow::Result<u32> {
        self.register_with(subject, schema, &json!([])).await
    }

    /// Registers a schema with references, and returns its id.
    ///
    /// # Errors
    /// If the registry refuses it.
    pub async fn register_with(&self, subject: &str, schema: &str, references: &Value) -> anyhow::Result<u32> {
        let url = format!("{}/subjects/{subject}/versions", self.url);
        let body = json!({"schema": schema, "references": references});
        let response = self.http.post(&url).json(&body).send().await?;
        Ok(response.error_for_status()?.json::<Registered>().await?.id)
    }

    /// The versions of a subject; empty if there is no such subject.
    ///
    /// # Errors
    /// If the registry does not answer.
    pub async fn versions(&self, subject: &str) -> anyhow::Result<Vec<u32>> {
        let response = self
            .http
            .get(format!("{}/subjects/{subject}/versions", self.url))
            .send()
            .await?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        Ok(response.error_for_status()?.json().await?)
    }

    /// Registers every version of our schema for a topic, as a deploy pipeline would, and returns the id of the newest.
    ///
    /// # Errors
    /// If the registry refuses it.
    pub async fn ours(&self, topic: &str) -> anyhow::Result<u32> {
        let mut newest = None;
        for version in lineage::LINEAGE {
            newest = Some(self.register(&lineage::subject(topic), version).await?);
        }
        newest.context("the lineage is empty")
    }

    /// Registers a schema that writes the same bytes as ours but is another text, and returns its id, which is a new
    /// one.
    ///
    /// # Errors
    /// If the registry refuses it.
    pub async fn twin(&self, name: &str) -> anyhow::Result<u32> {
        let newest = lineage::LINEAGE.last().context("the lineage is empty")?;
        let mut schema: Value = serde_json::from_str(newest)?;
        schema["doc"] = format!("the twin of {name}").into();
        self.register(&format!("{name}-twin-value"), &schema.to_string()).await
    }

    /// Registers a schema of something else, and returns its id.
    ///
    /// # Errors
    /// If the registry refuses it.
    pub async fn greeting(&self) -> anyhow::Result<u32> {
        self.register("greetings-value", GREETING).await
    }

    /// The compatibility level of a subject.
    ///
    /// # Errors
    /// If the registry does not answer.
    pub async fn level(&self, subject: &str) -> anyhow::Result<String> {
        let response = self.http.get(format!("{}/config/{subject}", self.url)).send().await?;
        let body: Value = response.error_for_status()?.json().await?;
        Ok(body["compatibilityLevel"].as_str().unwrap_or_default().to_owned())
    }
}
