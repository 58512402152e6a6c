//! Many clients at once, each on its own connection, who remember their answers. A client that gets 503, or cannot
//! connect, tries another instance; one that gets 504, or no answer, repeats the request until the outcome is certain.

use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;

use crate::api_types::Written;
use crate::client::{Answer, Client};

/// How long a request is repeated at most.
const TIMEOUT: Duration = Duration::from_secs(90);
/// Pause between two attempts. Shorter than the second that a 503 asks for: a test has less time.
const PAUSE: Duration = Duration::from_millis(50);

/// What the clients do.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// The instances of cart-service.
    pub urls: Vec<String>,
    /// How many orders are created, each with its own id.
    pub orders: usize,
    /// On how many connections.
    pub connections: usize,
    /// Whether each order is also updated, to confirmed.
    pub update: bool,
}

/// How many orders the clients have done, and how many they may do.
#[derive(Clone, Debug)]
pub struct Pace {
    done: watch::Sender<usize>,
    allowed: watch::Sender<usize>,
}

impl Pace {
    /// Lets that many more orders through.
    pub fn new(allowed: usize) -> Self {
        Self {
            done: watch::Sender::new(0),
            allowed: watch::Sender::new(allowed),
        }
    }

    /// Lets that many orders through in total.
    pub fn allow(&self, allowed: usize) {
        self.allowed.send_replace(allowed);
    }

    /// Waits until that many orders are through.
    pub async fn reached(&self, count: usize) {
        // The sender is a field of this struct, so it still exists.
        let _ = self.done.subscribe().wait_for(|done| *done >= count).await;
    }

    async fn turn(&self, order: usize) {
        let _ = self.allowed.subscribe().wait_for(|allowed| order < *allowed).await;
    }

    fn count(&self) {
        self.done.send_modify(|done| *done += 1);
    }
}

/// What a client was told about one order.
#[derive(Clone, Debug)]
pub struct ClientLog {
    /// The order.
    pub order_id: String,
    /// The answer to its creation. `None`: an answer was lost, and a later one said that the order exists.
    pub created: Option<Written>,
    /// The answer to its update.
    pub updated: Option<Written>,
    /// What it was told instead of a certain answer.
    pub unknown: Vec<String>,
}

impl Traffic {
    /// Runs to the end, at that pace. Returns what each client was told.
    ///
    /// # Errors
    /// An answer that is not allowed, or none in time.
    pub async fn run(&self, pace: &Pace) -> anyhow::Result<Vec<ClientLog>> {
        // Concurrent requests have a connection each.
        let clients = self.urls.iter().map(Client::new);
        let clients = clients.collect::<anyhow::Result<Vec<_>>>()?;
        let connection = async |n: usize| {
            let mut told = Vec::new();
            for order in (n..self.orders).step_by(self.connections) {
                pace.turn(order).await;
                told.push(
                    self.order(&clients, order)
                        .await
                        .with_context(|| format!("order {order}"))?,
                );
                pace.count();
            }
            anyhow::Ok(told)
        };
        let told = futures::future::try_join_all((0..self.connections).map(connection)).await?;
        Ok(told.into_iter().flatten().collect())
    }

    async fn order(&self, clients: &[Client], n: usize) -> anyhow::Result<ClientLog> {
        let order_id = format!("ORD-{n}");
        let mut told = ClientLog {
            order_id: order_id.clone(),
            created: None,
            updated: None,
            unknown: Vec::new(),
        };
        // Each order begins at another instance.
        let create = json!({"orderId": order_id, "itemsCount": 1 + n % 3}).to_string();
        let answer = ask(clients, n, (Method::POST, "/create-order", create), &mut told.unknown).await?;
        // Only this client creates the order: if it exists, a request whose answer was lost created it.
        if answer.status != 409 || told.unknown.is_empty() {
            told.created = Some(answer.read(201)?);
        }
        if self.update {
            let update = json!({"orderId": order_id, "status": "confirmed"}).to_string();
            let answer = ask(
                clients,
                n + 1,
                (Method::PUT, "/update-order", update),
                &mut told.unknown,
            )
            .await?;
            told.updated = Some(answer.read(200)?);
        }
        Ok(told)
    }
}

/// Asks one instance after another until an answer is certain.
async fn ask(
    clients: &[Client],
    first: usize,
    request: (Method, &str, String),
    unknown: &mut Vec<String>,
) -> anyhow::Result<Answer> {
    let (method, path, body) = request;
    let begun = Instant::now();
    for client in clients.iter().cycle().skip(first % clients.len()) {
        let seen = match client
            .send(method.clone(), path, Some(("application/json", body.clone())))
            .await
        {
            Ok(answer) if answer.status == 503 => answer.text,
            Ok(answer) if answer.status == 504 => {
                unknown.push(answer.text.clone());
                answer.text
            }
            Ok(answer) => return Ok(answer),
            Err(error) => {
                let seen = format!("{error:?}");
                if !error.is_connect() {
                    unknown.push(seen.clone());
                }
                seen
            }
        };
        anyhow::ensure!(
            begun.elapsed() < TIMEOUT,
            "{method} {path} {body}: no certain answer in time; last: {seen}"
        );
        tokio::time::sleep(PAUSE).await;
    }
    anyhow::bail!("no instance was given")
}
