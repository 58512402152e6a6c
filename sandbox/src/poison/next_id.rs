//! The id that a registry gives to the next schema. No registry tells it, but all of them count: so it is the one after the
//! highest that any version of any subject has, deleted ones included.

use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use orderlog_registry::proxy_for;
use reqwest::{Client, StatusCode};
use serde::de::DeserializeOwned;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at a time.
const CONCURRENCY: usize = 8;

/// Looks for the next id. What another client registers at the same time gets that id instead.
///
/// # Errors
/// If the registry does not answer.
pub(super) async fn next_schema_id(registry_url: &str) -> anyhow::Result<u32> {
    let url = registry_url.trim_end_matches('/');
    let mut client = Client::builder().timeout(TIMEOUT);
    if proxy_for(url).is_none() {
        client = client.no_proxy();
    }
    let registry = Source {
        client: client.build()?,
        url,
    };
    let subjects: Vec<String> = registry.get("/subjects?deleted=true").await?.unwrap_or_default();
    let highest = stream::iter(subjects)
        .map(|subject| registry.highest_of(subject))
        .buffer_unordered(CONCURRENCY)
        .try_fold(0, async |highest, id| Ok(highest.max(id)))
        .await?;
    Ok(highest + 1)
}

struct Source<'u> {
    client: Client,
    url: &'u str,
}

impl Source<'_> {
    /// The highest id among the versions of a subject.
    async fn highest_of(&self, subject: String) -> anyhow::Result<u32> {
        #[derive(serde::Deserialize)]
        struct Version {
            id: u32,
        }
        let mut path = format!("/subjects/{}/versions", escaped(&subject));
        let versions: Option<Vec<u32>> = self.get(&format!("{path}?deleted=true")).await?;
        path.push('/');
        let mut highest = 0;
        for version in versions.unwrap_or_default() {
            let version: Option<Version> = self.get(&format!("{path}{version}?deleted=true")).await?;
            highest = highest.max(version.map_or(0, |version| version.id));
        }
        Ok(highest)
    }

    /// The answer to that path; `None` for what was deleted meanwhile.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Option<T>> {
        let response = self.client.get(format!("{}{path}", self.url)).send().await;
        let response = response.map_err(reqwest::Error::without_url)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = response.error_for_status().map_err(reqwest::Error::without_url)?;
        let answer = response.json().await.map_err(reqwest::Error::without_url);
        answer.with_context(|| format!("its answer to {path}")).map(Some)
    }
}

/// A subject as one segment of a path; a subject may contain anything.
fn escaped(subject: &str) -> String {
    subject.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
        path
    })
}
