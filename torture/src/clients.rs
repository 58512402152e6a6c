//! Clients: each carries out its intents one after another, and records what it requested and what it was told. They
//! follow the documentation ([`conclusion`]): a request with an unknown outcome is repeated under the same key until
//! the outcome is known.

mod later;

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use anyhow::Context;
use futures::{TryStreamExt, stream};
use later::Later;
use reqwest::RequestBuilder;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use crate::conclusion::{self, Conclusion};
use crate::history::{Action, After, Class, Clock, InjectedRecord, Op, Recorder};
use crate::intent::{ActionKind, Intent, intents};
use crate::requests::{Request, body, elsewhere, misused};

/// Number of clients. With their pauses, they send about 30 requests a second, which debug builds on two busy cores can
/// handle.
pub const CLIENTS: usize = 6;
/// Maximum time that a client waits: a write is answered within 5 s, and a process may be suspended for as long.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);
/// How long the contended orders stay the same: an order has at most six versions.
const TERM_US: u64 = 3_000_000;
/// How many of its own orders a client keeps using.
const OWN_ORDERS: usize = 8;
/// How long order-service waits for a version, in milliseconds.
const WAIT_MS: u64 = 8_000;
/// The two cart-services, by name.
const CARTS: [&str; 2] = ["cart-service a", "cart-service b"];
/// How long to avoid a cart-service that did not answer or answered "not now".
const AVOID_US: u64 = 4_000_000;
/// How many pauses after an unknown outcome the request is repeated: some seconds later.
const FINDING_OUT: u64 = 20;
/// When a key is misused again.
const MISUSED_LATE_MS: u64 = 30_000;

/// One client.
pub struct Client<'a> {
    pub n: usize,
    pub seed: u64,
    /// The two cart-services and order-service.
    pub urls: &'a [String; 3],
    pub history: &'a Recorder<Op>,
    /// What others wrote meanwhile.
    pub copies: &'a Recorder<InjectedRecord>,
    pub clock: Clock,
}

/// The state of a client.
#[derive(Default)]
struct Known {
    /// The orders it created, and the last version of each that it was told.
    own: VecDeque<(String, i32)>,
    /// The acknowledged requests.
    acknowledged: Vec<Request>,
    /// Until when to avoid each cart-service.
    avoided: [u64; 2],
}

impl Client<'_> {
    /// Carries out intents until told to stop, and delayed requests in parallel. Then finishes what has begun: unknown
    /// outcomes are resolved, and requests whose events were copied meanwhile are repeated.
    ///
    /// # Errors
    /// When the history cannot be written.
    pub async fn run(&self, stop: &watch::Receiver<bool>) -> anyhow::Result<()> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(REQUEST_TIMEOUT)
            .build()
            .context("an HTTP client")?;
        let (later, coming) = mpsc::unbounded_channel();
        let coming = stream::unfold(coming, async |mut coming: mpsc::UnboundedReceiver<Later>| {
            coming.recv().await.map(|next| (anyhow::Ok(next), coming))
        });
        let follow = coming.try_for_each_concurrent(None, |next| self.follow(&http, next, stop.clone()));
        tokio::try_join!(self.act(&http, later, stop), follow)?;
        Ok(())
    }

    /// The end of `later` is the end of this.
    async fn act(
        &self,
        http: &reqwest::Client,
        later: mpsc::UnboundedSender<Later>,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let mut known = Known::default();
        for (step, intent) in intents(self.seed, self.n).enumerate() {
            if *stop.borrow() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(intent.pause)).await;
            self.step(http, step, intent, &mut known, &later).await?;
            known.own.truncate(OWN_ORDERS);
        }
        let copied: HashSet<String> = self
            .copies
            .ask(|copies| copies.iter().map(InjectedRecord::idempotency_key).collect());
        for (n, request) in known.acknowledged.into_iter().enumerate() {
            if copied.contains(&request.key) {
                self.schedule_later(&later, Duration::ZERO, n % 2, &request, Vec::new())?;
            }
        }
        Ok(())
    }

    async fn step(
        &self,
        http: &reqwest::Client,
        step: usize,
        mut intent: Intent,
        known: &mut Known,
        later: &mpsc::UnboundedSender<Later>,
    ) -> anyhow::Result<()> {
        let contended = intent
            .contended
            .map(|n| (format!("ALL-{}-{n}", self.clock.now() / TERM_US), 1));
        let own = &known.own;
        let existing = contended.clone().or_else(|| own.get(step % own.len().max(1)).cloned());
        let (order, version) = match intent.what {
            ActionKind::Create => contended.unwrap_or((format!("C{}-{step}", self.n), 0)),
            _ => existing.unwrap_or((format!("C{}-{step}", self.n), 0)),
        };
        let key = format!("{}-{step}", self.n);
        let action = match intent.what {
            ActionKind::Read => return self.read(http, &order, None).await.map(drop),
            ActionKind::Create => Action::Create {
                body: body(&order, &key, &intent.basket),
            },
            ActionKind::Update => {
                let if_match = intent.conditional.then_some(version.max(1));
                Action::Update {
                    status: intent.status.to_owned(),
                    if_match,
                }
            }
        };
        let request = Request { order, action, key };
        if known.avoided[intent.cart] > self.clock.now() && !intent.stubborn {
            intent.cart = 1 - intent.cart;
        }
        let ops = self.carry_out(http, &intent, &request).await?;
        for op in ops
            .iter()
            .filter(|op| op.class == Class::Unknown || op.status == Some(503))
        {
            known.avoided[usize::from(op.instance == CARTS[1])] = op.ended + AVOID_US;
        }
        if conclusion::of(&ops.iter().collect::<Vec<_>>()) == Conclusion::Unknown {
            let wait = Duration::from_millis(intent.pause * FINDING_OUT);
            return self.schedule_later(later, wait, intent.cart, &request, ops);
        }
        let Some((version, told)) = ops.iter().find_map(|op| Some((op.written()?.order.version, op.ended))) else {
            return Ok(());
        };
        known.acknowledged.push(request.clone());
        if let Some(status) = intent.then.elsewhere {
            let asked = ops.iter().rfind(|op| op.class == Class::Ok);
            let cart = usize::from(asked.is_some_and(|op| op.instance == CARTS[0]));
            let other = elsewhere(&request, status, intent.conditional.then_some(version));
            self.schedule_later(later, Duration::ZERO, cart, &other, Vec::new())?;
        }
        if let Some(ms) = intent.then.late {
            self.schedule_later(later, Duration::from_millis(ms), 1 - intent.cart, &request, Vec::new())?;
        }
        if intent.contended.is_none() {
            known.own.retain(|(order, _)| *order != request.order);
            known.own.push_front((request.order.clone(), version));
        }
        if intent.then.look {
            self.read(http, &request.order, Some(After { version, told })).await?;
        }
        if intent.then.repeat {
            self.write(http, 1 - intent.cart, &request).await?;
        }
        if intent.then.misuse
            && let Some(other) = misused(&request, &intent.basket)
        {
            self.write(http, intent.cart, &other).await?;
            // Even if the key was forgotten.
            let wait = Duration::from_millis(intent.then.late.unwrap_or(MISUSED_LATE_MS));
            self.schedule_later(later, wait, 1 - intent.cart, &other, Vec::new())?;
        }
        Ok(())
    }

    /// Sends a write, and repeats it at once with the same key unless it succeeds.
    async fn carry_out(&self, http: &reqwest::Client, intent: &Intent, request: &Request) -> anyhow::Result<Vec<Op>> {
        let mut ops = Vec::new();
        if intent.hedged {
            let both = tokio::try_join!(self.write(http, 0, request), self.write(http, 1, request))?;
            ops.extend([both.0, both.1]);
        } else {
            ops.push(self.write(http, intent.cart, request).await?);
        }
        for retry in 1..=intent.then.retries {
            // A retry would only get the same 4xx again.
            if ops.iter().any(|op| op.class == Class::Ok) || ops.last().is_some_and(conclusion::refuses) {
                break;
            }
            ops.push(self.write(http, (intent.cart + retry) % 2, request).await?);
        }
        Ok(ops)
    }

    async fn write(&self, http: &reqwest::Client, cart: usize, request: &Request) -> anyhow::Result<Op> {
        let url = &self.urls[cart];
        let Request { order, action, key } = request;
        let sent = match action {
            Action::Create { body } => http.post(format!("{url}/create-order")).body(body.clone()),
            Action::Update { status, if_match } => {
                let body = json!({"orderId": order, "status": status}).to_string();
                let sent = http.put(format!("{url}/update-order")).body(body);
                if_match
                    .iter()
                    .fold(sent, |sent, version| sent.header("if-match", format!("\"{version}\"")))
            }
            Action::Read { .. } => anyhow::bail!("a read is not a write"),
        };
        let sent = sent
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        self.ask(sent, CARTS[cart], request).await
    }

    async fn read(&self, http: &reqwest::Client, order: &str, after: Option<After>) -> anyhow::Result<Op> {
        let newer = after
            .map(|after| format!("&minVersion={}&waitMs={WAIT_MS}", after.version))
            .unwrap_or_default();
        let sent = http.get(format!("{}/order-details?orderId={order}{newer}", self.urls[2]));
        let request = Request {
            order: order.to_owned(),
            action: Action::Read { after },
            key: String::new(),
        };
        self.ask(sent, "order-service", &request).await
    }

    async fn ask(&self, sent: RequestBuilder, instance: &str, request: &Request) -> anyhow::Result<Op> {
        let begun = self.clock.now();
        let (mut status, mut replayed) = (None, false);
        let answer = async {
            let response = sent.send().await?;
            let (told, again) = (
                response.status().as_u16(),
                response.headers().contains_key("idempotency-replayed"),
            );
            let text = response.text().await?;
            // Only a complete answer counts.
            (status, replayed) = (Some(told), again);
            reqwest::Result::Ok(text)
        };
        let answer = answer.await.unwrap_or_else(|error| format!("{error:?}"));
        let op = Op {
            client: self.n,
            instance: instance.to_owned(),
            order: request.order.clone(),
            action: request.action.clone(),
            key: Some(request.key.clone()).filter(|key| !key.is_empty()),
            begun,
            ended: self.clock.now(),
            class: Class::of(status),
            status,
            replayed,
            answer,
        };
        self.history.push(op.clone())?;
        Ok(op)
    }
}
