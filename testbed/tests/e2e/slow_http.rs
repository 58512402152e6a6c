//! Two thousand slow clients, next to others that are not.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::try_join_all;
use testbed::raw;
use testbed::service::Service;
use testbed::wait::{LONG, until};
use testbed::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::hostile_http::unharmed;

/// Slow clients of each service.
const SLOW_CLIENTS: usize = 2_000;
/// How much a service's memory may grow because of them, in KiB: 48 for each, two thirds of which are the connection's
/// buffers.
const MAX_GROWTH_KIB: u64 = 48 * SLOW_CLIENTS as u64;
/// Delay between two bytes of a slow client.
const DRIP: Duration = Duration::from_secs(1);
/// All slow clients connect within that time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the others are observed: longer than the timeouts of a first head or a body.
const OBSERVATION_TIME: Duration = Duration::from_secs(12);

/// How long latencies are measured at a time, and how often.
const ROUND: Duration = Duration::from_secs(7);
const ROUNDS: usize = 5;
/// By what factor the others' p99 may grow.
const MAX_RATIO: f64 = 2.0;

/// A slow client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slow {
    /// Connects, and sends nothing.
    Silent,
    /// Its first head comes byte by byte.
    Head,
    /// Its second head comes byte by byte.
    LaterHead,
    /// Its body comes byte by byte.
    Body,
    /// Asks for more than the buffers of both sides hold, and never reads.
    Deaf,
}

const SLOW: [Slow; 5] = [Slow::Silent, Slow::Head, Slow::LaterHead, Slow::Body, Slow::Deaf];

impl Slow {
    /// The bytes that are sent at once.
    fn first(self) -> &'static [u8] {
        match self {
            Self::Silent | Self::Head => b"",
            Self::LaterHead => b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n",
            Self::Body => {
                b"POST /create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{"
            }
            Self::Deaf => b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n",
        }
    }

    /// Continues until the connection is closed.
    async fn run(self, to: SocketAddr) -> Slow {
        // Not all at the same moment of each second: the other clients share this process.
        tokio::time::sleep(CONNECT_TIMEOUT.mul_f64(fastrand::f64())).await;
        if let Ok(mut stream) = TcpStream::connect(to).await {
            // Any error means that the connection has ended.
            let _ = self.drip(&mut stream).await;
        }
        self
    }

    async fn drip(self, stream: &mut TcpStream) -> std::io::Result<()> {
        stream.write_all(self.first()).await?;
        let bytes: &[u8] = match self {
            Self::Head | Self::LaterHead => b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nx-slow: ",
            Self::Body => b" ",
            // Waits for the end; the buffered answer stays unread.
            Self::Silent => return stream.read(&mut [0; 64]).await.map(|_| ()),
            Self::Deaf => return std::future::pending().await,
        };
        for byte in bytes.iter().cycle() {
            tokio::time::sleep(DRIP).await;
            stream.write_all(&[*byte]).await?;
        }
        Ok(())
    }
}

/// Two thousand slow clients for each service, in equal parts of every kind.
fn attack(services: &[&Service]) -> anyhow::Result<JoinSet<Slow>> {
    let mut throttle = JoinSet::new();
    for service in services {
        let to = service.address()?;
        for n in 0..SLOW_CLIENTS {
            throttle.spawn(SLOW[n % SLOW.len()].run(to));
        }
    }
    Ok(throttle)
}

/// Creates an order, updates it, and reads it.
async fn one_order(cart: &Service, order: &Service, id: &str) -> anyhow::Result<()> {
    cart.http.created(id).await?;
    cart.http.updated(id, "confirmed").await?;
    order.http.order(id, 2).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_slow_clients_lock_nobody_out_and_are_disconnected() -> anyhow::Result<()> {
    let world = World::new("slow-http")?;
    let (cart, order) = world.pair().await?;
    one_order(&cart, &order, "BEFORE").await?;
    let memory = [cart.peak_memory()?, order.peak_memory()?];
    let mut throttle = attack(&[&cart, &order])?;
    let begun = Instant::now();
    let mut served = 0;
    while begun.elapsed() < OBSERVATION_TIME {
        one_order(&cart, &order, &format!("A-{served}"))
            .await
            .with_context(|| format!("order {served}"))?;
        served += 1;
    }
    assert!(served >= 10, "only {served} orders got through");
    // Silence, a first head and a body have timeouts; the other clients may stay a while longer.
    let bounded = [Slow::Silent, Slow::Head, Slow::Body];
    let mut gone = 0;
    let shown = until("the slow ones are gone", LONG, async || {
        while let Some(ended) = throttle.try_join_next() {
            gone += usize::from(bounded.contains(&ended?));
        }
        let all = 2 * SLOW_CLIENTS * bounded.len() / SLOW.len();
        anyhow::ensure!(gone == all, "{gone} of {all} are gone");
        Ok(())
    });
    shown.await?;
    unharmed(&cart, memory[0], MAX_GROWTH_KIB).await?;
    unharmed(&order, memory[1], MAX_GROWTH_KIB).await
}

/// Sends requests to both services on a few connections for that long. Returns the sorted latencies of creations and of
/// reads.
async fn latencies(cart: &Service, order: &Service, name: &str, time: Duration) -> anyhow::Result<[Vec<Duration>; 2]> {
    let client = async |n: usize| {
        let (mut creations, mut reads) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while begun.elapsed() < time {
            let id = format!("{name}-{n}-{}", creations.len());
            let asked = Instant::now();
            cart.http.created(&id).await?;
            creations.push(asked.elapsed());
            let asked = Instant::now();
            order.http.details("BEFORE").await?;
            reads.push(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::Ok([creations, reads])
    };
    let mut all = [Vec::new(), Vec::new()];
    for some in try_join_all((0..4).map(client)).await? {
        for (all, some) in all.iter_mut().zip(some) {
            all.extend(some);
        }
    }
    all.iter_mut().for_each(|all| all.sort());
    Ok(all)
}

/// A measurement is meaningful on an idle machine and for optimized builds only, so it is not part of the normal tests.
/// With the variables that `scripts/test.sh` sets for the tests, after `cargo build --release --workspace --all-targets
/// --all-features`: `cargo test --release -p testbed --all-features --test e2e -- --ignored slow_and_hostile`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures: run it alone, with release builds of the services"]
async fn slow_and_hostile_clients_at_most_double_the_latency_of_others() -> anyhow::Result<()> {
    let world = World::new("slow-http-latency")?;
    let (cart, order) = world.pair().await?;
    one_order(&cart, &order, "BEFORE").await?;
    latencies(&cart, &order, "WARM", ROUND).await?;
    // Alternating, because the machine may be busy with other work; the median round counts.
    let mut ratios = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let calm = latencies(&cart, &order, &format!("CALM-{round}"), ROUND).await?;
        let throttle = attack(&[&cart, &order])?;
        let hostile = tokio::spawn(nag(cart.address()?, order.address()?));
        tokio::time::sleep(CONNECT_TIMEOUT).await;
        let beset = latencies(&cart, &order, &format!("BESET-{round}"), ROUND).await?;
        hostile.abort();
        drop(throttle);
        for (n, what) in ["create", "read"].into_iter().enumerate() {
            let (calm, beset) = (p99(&calm[n]), p99(&beset[n]));
            println!("{what}: p99 {:.2} -> {:.2} ms", calm * 1000.0, beset * 1000.0);
            ratios[n].push(beset / calm);
        }
    }
    for (what, mut ratios) in ["create", "read"].into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        println!(
            "{what}: p99 times {:.2}, from {:.2} to {:.2}",
            ratios[ROUNDS / 2],
            ratios[0],
            ratios[ROUNDS - 1]
        );
        assert!(ratios[ROUNDS / 2] <= MAX_RATIO, "{what}: {ratios:?}");
    }
    let memory = [cart.peak_memory()?, order.peak_memory()?];
    println!("peak memory: {memory:?} KiB");
    Ok(())
}

/// The 99th percentile of sorted latencies, in seconds.
fn p99(sorted: &[Duration]) -> f64 {
    sorted[(sorted.len() - 1) * 99 / 100].as_secs_f64()
}

/// Sends hostile requests to both, some fifty a second, without end.
async fn nag(cart: SocketAddr, order: SocketAddr) {
    let deep = "[".repeat(60_000);
    let requests = [
        raw::json("POST", "/create-order", &deep),
        raw::json("POST", "/create-order", r#"{"orderId":"X","itemsCount":1e400}"#),
        raw::request("GET", "/order-details?orderId=a%00b", &[], ""),
        vec![0xff; 4096],
    ];
    for request in requests.iter().cycle() {
        // The answers are checked elsewhere.
        let _ = raw::exchange(cart, request, LONG).await;
        let _ = raw::exchange(order, request, LONG).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}
