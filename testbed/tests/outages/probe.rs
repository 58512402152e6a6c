//! Clients that write and read all the time. Every answer must arrive in time and be true.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use testbed::api_types::{Order, Written};
use testbed::client::{Answer, Client};
use testbed::expected;
use testbed::log::Record;
use testbed::service::Service;

/// The services' default, plus a second for the answer to arrive.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5 + 1);
/// Reads do not wait.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// How much later an answer may arrive when all cores are busy for a moment, which may happen to each client at most
/// once in a hundred answers.
const MAX_STALL: Duration = Duration::from_secs(2);
/// Pause between two requests of one client: enough requests to hit every moment of a fault, and no load.
const PACE: Duration = Duration::from_millis(20);
const WRITERS: usize = 4;

/// What the clients were told.
#[derive(Debug, Default)]
pub struct ClientLog {
    acknowledged: Vec<Written>,
    /// Orders whose creation was answered 504: each exists once, or not at all.
    unknown: HashSet<String>,
    /// Orders whose creation was answered 503: none exists.
    refused: HashSet<String>,
    /// How many answers there were of each kind.
    pub answers: BTreeMap<(&'static str, u16), usize>,
    slowest: BTreeMap<&'static str, Duration>,
    /// How many answers arrived too late.
    late: usize,
}

/// Lets clients write and read until `fault` is over. Returns what they were told.
pub async fn while_clients_work(
    cart: &Service,
    order: &Service,
    fault: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<ClientLog> {
    let (cart, order) = (cart.http.url().to_owned(), order.http.url().to_owned());
    let over = AtomicBool::new(false);
    let writers = futures::future::try_join_all((0..WRITERS).map(|n| writer(n, &cart, &over)));
    let fault = async {
        let result = fault.await;
        over.store(true, Ordering::Relaxed);
        result
    };
    let (writers, asker, reader, ()) = tokio::try_join!(writers, asker(&cart, &over), reader(&order, &over), fault)?;
    let mut told = ClientLog::default();
    for one in writers.into_iter().chain([asker, reader]) {
        told.add(one);
    }
    println!("{:?}, slowest {:?}, {} late", told.answers, told.slowest, told.late);
    let all: usize = told.answers.values().sum();
    let clients = WRITERS + 2;
    anyhow::ensure!(told.late <= clients + all / 100, "{} of {all} were late", told.late);
    Ok(told)
}

/// Creates order after order, and updates each.
async fn writer(n: usize, cart: &str, over: &AtomicBool) -> anyhow::Result<ClientLog> {
    let (client, mut told) = (Client::new(cart)?, ClientLog::default());
    // Orders of one fault must not collide with those of the next one.
    let name = format!("P{n}-{:08x}", fastrand::u32(..));
    for m in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("{name}-{m}");
        let answer = told.ask("create", WRITE_TIMEOUT, client.create_short(&id)).await?;
        match answer.status {
            201 => told.acknowledged.push(answer.read(201)?),
            503 => drop(told.refused.insert(id.clone())),
            504 => drop(told.unknown.insert(id.clone())),
            _ => anyhow::bail!("creating {id}: {answer:?}"),
        }
        if answer.status == 201 {
            let answer = told
                .ask("update", WRITE_TIMEOUT, client.update(&id, "confirmed"))
                .await?;
            match answer.status {
                200 => told.acknowledged.push(answer.read(200)?),
                503 | 504 => {}
                _ => anyhow::bail!("updating {id}: {answer:?}"),
            }
        }
        tokio::time::sleep(PACE).await;
    }
    Ok(told)
}

/// Updates an order that does not exist: refused only when that is certain.
async fn asker(cart: &str, over: &AtomicBool) -> anyhow::Result<ClientLog> {
    let (client, mut told) = (Client::new(cart)?, ClientLog::default());
    while !over.load(Ordering::Relaxed) {
        let answer = told
            .ask("refuse", WRITE_TIMEOUT, client.update("nobody-s", "confirmed"))
            .await?;
        anyhow::ensure!(matches!(answer.status, 404 | 503), "{answer:?}");
        tokio::time::sleep(PACE).await;
    }
    Ok(told)
}

/// Reads an order, whose version never decreases, and the service's health. Once the order was returned, it always is;
/// a service that has just started may not know it yet.
async fn reader(order: &str, over: &AtomicBool) -> anyhow::Result<ClientLog> {
    let (client, mut told, mut version) = (Client::new(order)?, ClientLog::default(), 0);
    while !over.load(Ordering::Relaxed) {
        let shown = told.ask("read", READ_TIMEOUT, client.details("A-1")).await?;
        if version > 0 || shown.status == 200 {
            let shown: Order = shown.read(200)?;
            anyhow::ensure!(shown.version >= version, "{version} before {shown:?}");
            version = shown.version;
        } else {
            anyhow::ensure!(matches!(shown.status, 404 | 503), "{shown:?}");
        }
        for path in ["/stats", "/health", "/health/ready"] {
            let answer = told.ask("read", READ_TIMEOUT, client.get(path)).await?;
            let early = version == 0 && answer.status == 503;
            anyhow::ensure!(early || answer.status == 200, "{path}: {answer:?}");
        }
        tokio::time::sleep(PACE).await;
    }
    Ok(told)
}

impl ClientLog {
    /// Sends a request, and records the answer.
    async fn ask(
        &mut self,
        what: &'static str,
        limit: Duration,
        request: impl Future<Output = anyhow::Result<Answer>>,
    ) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        let answer = request.await.with_context(|| format!("{what}: no answer"))?;
        let took = begun.elapsed();
        anyhow::ensure!(took <= limit + MAX_STALL, "{what} took {took:?}: {answer:?}");
        self.late += usize::from(took > limit);
        // "Not now" has a time to retry; "unknown" has the event in question.
        let helps = match answer.status {
            503 => !answer.header("retry-after").is_empty(),
            504 => answer.value()["eventId"].is_string(),
            _ => true,
        };
        anyhow::ensure!(helps, "{what}: {answer:?}");
        *self.answers.entry((what, answer.status)).or_default() += 1;
        let slowest = self.slowest.entry(what).or_default();
        *slowest = took.max(*slowest);
        Ok(answer)
    }

    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.unknown.extend(other.unknown);
        self.refused.extend(other.refused);
        self.late += other.late;
        for (kind, count) in other.answers {
            *self.answers.entry(kind).or_default() += count;
        }
        for (what, took) in other.slowest {
            let slowest = self.slowest.entry(what).or_default();
            *slowest = took.max(*slowest);
        }
    }

    /// How many writes were acknowledged.
    pub fn successes(&self) -> usize {
        self.acknowledged.len()
    }

    /// Checks that no acknowledged event is in that log, which is not the one that the events were written to.
    pub fn check_other(&self, log: &[Record]) -> anyhow::Result<()> {
        for record in log {
            let event = expected::event(record)?;
            let told = self
                .acknowledged
                .iter()
                .find(|written| written.event_id == event.event_id);
            anyhow::ensure!(told.is_none(), "{told:?} is in another topic: {record:?}");
        }
        println!("{} events are in the other topic, none of them acknowledged", log.len());
        Ok(())
    }

    /// Checks the answers against the log: what was acknowledged is where the answer said, what was refused is nowhere,
    /// and nothing is there twice.
    pub fn check(&self, log: &[Record]) -> anyhow::Result<()> {
        let mut events = HashSet::new();
        let mut by_place = HashMap::new();
        let mut orders = HashSet::new();
        for record in log {
            let event = expected::event(record)?;
            anyhow::ensure!(events.insert(event.event_id), "{} exists twice", event.event_id);
            let order = event.order.order_id.clone();
            anyhow::ensure!(
                orders.insert((order.clone(), event.order.version)),
                "two versions {} of {order}, which only one client writes",
                event.order.version
            );
            by_place.insert(record.place(), event);
        }
        for written in &self.acknowledged {
            let event = by_place.get(&(written.partition, written.offset));
            let event = event.with_context(|| format!("acknowledged, but missing: {written:?}"))?;
            anyhow::ensure!(event.event_id == written.event_id, "{event:?} in place of {written:?}");
        }
        let created = |id: &String| orders.contains(&(id.clone(), 1));
        if let Some(id) = self.refused.iter().find(|id| created(id)) {
            anyhow::bail!("{id} was refused, but is there");
        }
        let there = self.unknown.iter().filter(|id| created(id)).count();
        println!(
            "{} acknowledged, all there; {} refused, none there; {} unknown, {there} there",
            self.acknowledged.len(),
            self.refused.len(),
            self.unknown.len()
        );
        Ok(())
    }
}
