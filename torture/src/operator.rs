//! The operator of order-service: replays and discards dead letters, stops replays, and repairs what can be repaired, while
//! order-service is killed. What it asks for and is told is recorded; a request without an answer is not repeated, except
//! at the end.

mod repairs;

use std::collections::BTreeMap;
use std::sync::{Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

use crate::history::{Clock, Recorder};
use crate::injector::Injector;
use crate::management::{ADMIN_KEY, Job, LateSchema, Managed};
use repairs::Pending;
use testbed::client::Client;
use testbed::wait::{LONG, until};

/// Maximum time that it waits for an answer; the process may be suspended for five seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);
/// How many dead letters it looks at when it chooses some.
const LOOKED_AT: usize = 50;
/// The codes that it selects by.
const CODES: [&str; 5] = [
    "unknown_schema_id",
    "wrong_partition",
    "not_framed",
    "undecodable",
    "illegal_transition",
];
/// The rates at which it replays, in records per second: slow enough to be killed or stopped, and the default.
const RATES: [u64; 4] = [2, 20, 200, 2000];

/// The operator.
pub struct Operator<'a> {
    pub seed: u64,
    /// Where order-service is.
    pub url: &'a str,
    /// Where the registry is.
    pub registry: String,
    pub kafka: String,
    pub injector: &'a Injector,
    pub managed: &'a Recorder<Managed>,
    /// Held for a step: two do not go together.
    pub turn: Mutex<()>,
    pub jobs: SyncMutex<BTreeMap<String, Job>>,
    pub late: Recorder<LateSchema>,
    pub clock: Clock,
}

impl Operator<'_> {
    /// Works until told to stop. Then, with everything healthy, it replays what is open until nothing is.
    ///
    /// # Errors
    /// When something cannot be recorded, or the registry does not take a schema.
    pub async fn run(&self, stop: &watch::Receiver<bool>) -> anyhow::Result<()> {
        let (mut rng, mut pending) = (Rng::with_seed(self.seed), None);
        let client = Client::new(self.url)?;
        for step in 0.. {
            if *stop.borrow() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(rng.u64(200..1200))).await;
            let _turn = self.turn.lock().await;
            self.step(&client, step, &mut rng, &mut pending).await?;
            self.look(&client).await;
        }
        let _turn = self.turn.lock().await;
        self.finish(&client, pending).await
    }

    async fn step(
        &self,
        client: &Client,
        step: u32,
        rng: &mut Rng,
        pending: &mut Option<Pending>,
    ) -> anyhow::Result<()> {
        match (step, rng.u8(0..16)) {
            (0 | 30, _) if pending.is_none() => *pending = self.write_late(step).await?,
            (1, _) | (_, 0..2) => self.misplace(step).await?,
            (_, 2..4) if pending.is_none() && self.late.ask(<[_]>::len) < repairs::MAX_LATE => {
                *pending = self.write_late(step).await?;
            }
            (_, 2..5) => {
                if let Some(waiting) = pending
                    && self.register(client, waiting).await?
                {
                    *pending = None;
                    let body = json!({"code": "unknown_schema_id"});
                    self.ask(client, "/dlq/replay", body).await?;
                }
            }
            (_, 5..8) => {
                let mut body = self.selection(client, rng).await;
                body["dryRun"] = true.into();
                self.ask(client, "/dlq/replay", body).await?;
            }
            (_, 8..12) => {
                let mut body = self.selection(client, rng).await;
                body["ratePerSecond"] = RATES[rng.usize(..RATES.len())].into();
                self.ask(client, "/dlq/replay", body).await?;
            }
            (_, 12..14) => {
                let jobs = self.jobs(client).await.unwrap_or_default();
                if let Some(job) = jobs.iter().find(|job| job.state == "running") {
                    self.ask(client, &format!("/dlq/replays/{}/stop", job.id), json!({}))
                        .await?;
                }
            }
            (_, 14) => {
                let body = json!({"ids": self.some_ids(client, rng).await, "reason": format!("step {step}")});
                self.ask(client, "/dlq/discard", body).await?;
            }
            _ => drop(self.ask(client, "/dlq/resume", json!({})).await?),
        }
        Ok(())
    }

    /// Which dead letters a request is about.
    async fn selection(&self, client: &Client, rng: &mut Rng) -> Value {
        match rng.u8(0..6) {
            0..3 => json!({"ids": self.some_ids(client, rng).await}),
            3..5 => json!({"code": CODES[rng.usize(..CODES.len())]}),
            _ => json!({"all": true}),
        }
    }

    /// Some ids, mostly of open dead letters; one that may not exist if there are none.
    async fn some_ids(&self, client: &Client, rng: &mut Rng) -> Vec<String> {
        let state = if rng.u8(0..4) == 0 { "any" } else { "open" };
        let path = format!("/dlq/messages?limit={LOOKED_AT}&state={state}");
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, client.get(&path)).await;
        let listed = answer.map_or(Value::Null, |answer| {
            answer.map_or(Value::Null, |answer| answer.value())
        });
        let mut ids: Vec<String> = listed["messages"].as_array().map_or_else(Vec::new, |all| {
            all.iter()
                .filter_map(|letter| Some(letter["id"].as_str()?.to_owned()))
                .collect()
        });
        rng.shuffle(&mut ids);
        ids.truncate(rng.usize(1..=5));
        if ids.is_empty() {
            ids.push("0-0".to_owned());
        }
        ids
    }

    /// Asks for something, and records the answer, which is returned if it is a success.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub async fn ask(&self, client: &Client, path: &str, body: Value) -> anyhow::Result<Option<Value>> {
        let begun = self.clock.now();
        let key = format!("Bearer {ADMIN_KEY}");
        let headers = [("authorization", key.as_str())];
        let sent = client.send_with(Method::POST, path, &headers, &body);
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, sent)
            .await
            .ok()
            .and_then(Result::ok);
        let status = answer.as_ref().map(|answer| answer.status);
        let answer = answer.map_or(Value::Null, |answer| answer.value());
        self.managed.push(Managed {
            path: path.to_owned(),
            body,
            begun,
            ended: self.clock.now(),
            status,
            answer: answer.clone(),
        })?;
        Ok(matches!(status, Some(200..=299)).then_some(answer))
    }

    /// The replays that order-service lists; `None` if it does not answer.
    async fn jobs(&self, client: &Client) -> Option<Vec<Job>> {
        #[derive(Deserialize)]
        struct Listed {
            replays: Vec<Job>,
        }
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, client.get("/dlq/replays")).await;
        let listed: Listed = answer.ok()?.ok()?.read(200).ok()?;
        Some(listed.replays)
    }

    /// Remembers how far the replays are. Returns how many are running; `None` if that is not known.
    async fn look(&self, client: &Client) -> Option<usize> {
        let jobs = self.jobs(client).await?;
        let running = jobs.iter().filter(|job| job.state == "running").count();
        let mut known = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(jobs.into_iter().map(|job| (job.id.clone(), job)));
        Some(running)
    }

    /// The replays, as they were shown last.
    pub fn take_jobs(&self) -> Vec<Job> {
        let mut known = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *known).into_values().collect()
    }

    /// Waits until no replay is running and everything that they wrote was read; a check reports those that do not end. Returns
    /// whether they did.
    pub async fn settle(&self, client: &Client) -> bool {
        let settled = until("every replay has ended", LONG, async || {
            anyhow::ensure!(self.look(client).await == Some(0), "some are running");
            anyhow::ensure!(self.is_read(client).await, "some records are not read");
            Ok(())
        });
        let settled = settled.await;
        if let Err(error) = &settled {
            eprintln!("torture: {error:#}");
        }
        self.look(client).await;
        settled.is_ok()
    }

    /// Asks until there is a success.
    async fn insist(&self, client: &Client, path: &str, body: &Value) -> anyhow::Result<()> {
        let done = until(path, LONG, async || {
            let answer = self.ask(client, path, body.clone()).await?;
            answer.map(drop).ok_or_else(|| anyhow::anyhow!("it is refused"))
        });
        if let Err(error) = done.await {
            eprintln!("torture: {error:#}");
        }
        Ok(())
    }

    /// Repairs what can be repaired, and replays everything as often as it can be replayed: what is still invalid is parked
    /// after that. One of those is discarded, and others are asked for once more.
    async fn finish(&self, client: &Client, pending: Option<Pending>) -> anyhow::Result<()> {
        self.misplace(u32::MAX).await?;
        if !self.settle(client).await {
            return Ok(());
        }
        let pending = match pending {
            None if self.late.ask(<[_]>::is_empty) => self.write_late(u32::MAX).await?,
            pending => pending,
        };
        if let Some(pending) = &pending {
            let registered = until("the late records are rejected", LONG, async || {
                anyhow::ensure!(self.register(client, pending).await?, "not yet");
                Ok(())
            });
            if let Err(error) = registered.await {
                eprintln!("torture: {error:#}");
            }
        }
        for _ in 0..crate::letters::MAX_REPLAYS {
            self.insist(client, "/dlq/replay", &json!({"all": true})).await?;
            if !self.settle(client).await {
                return Ok(());
            }
        }
        let parked = client.get("/dlq/messages?limit=3&state=parked").await?.value();
        let ids: Vec<&str> = parked["messages"].as_array().map_or_else(Vec::new, |all| {
            all.iter().filter_map(|letter| letter["id"].as_str()).collect()
        });
        if let [first, rest @ ..] = &ids[..] {
            self.insist(
                client,
                "/dlq/discard",
                &json!({"ids": [first], "reason": "the last one"}),
            )
            .await?;
            if !rest.is_empty() {
                self.insist(client, "/dlq/replay", &json!({"ids": rest})).await?;
            }
        }
        self.settle(client).await;
        Ok(())
    }
}
