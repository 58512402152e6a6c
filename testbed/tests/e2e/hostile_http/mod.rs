//! Hostile HTTP, sent as bytes to both services: every request gets a problem in the standard shape, or its connection
//! is closed, within a bound; nothing is produced, nothing breaks, and memory stays flat.

mod bodies;
mod case;
mod protocol;
mod queries;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use case::{CLOSED, Case};
use futures::future::join_all;
use testbed::log;
use testbed::raw::{self, Raw};
use testbed::service::{Program, Service};
use testbed::world::World;

/// Maximum time until an answer or a closed connection: a body may take 10 s to arrive.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// How much a service's memory may grow during the attack, in KiB. With 64 requests at a time, it grows by half of
/// that; if the body of 100 MB were kept, it would grow by more.
const MAX_GROWTH_KIB: u64 = 80 * 1024;

/// Sends everything, several at a time, and checks every answer. Returns what was wrong.
async fn send(to: SocketAddr, cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    for some in cases.chunks(64) {
        let sent = join_all(some.iter().map(|case| raw::exchange(to, &case.bytes, ANSWER_TIMEOUT))).await;
        for (case, answer) in some.iter().zip(sent) {
            let judged = answer.and_then(|answer| judge(case, answer));
            wrong.extend(judged.err().map(|why| format!("{}: {why:#}", case.name)));
        }
    }
    wrong
}

fn judge(case: &Case, answer: Option<Raw>) -> anyhow::Result<()> {
    let Some(answer) = answer else {
        anyhow::ensure!(case.allowed.contains(&CLOSED), "closed without an answer");
        return Ok(());
    };
    let text = String::from_utf8_lossy(&answer.body);
    let shown = || format!("{}\n{}", answer.head, &text[..text.len().min(300)]);
    anyhow::ensure!(case.allowed.contains(&answer.status), "{}", shown());
    anyhow::ensure!(answer.body.len() <= 64 * 1024, "{} bytes of answer", answer.body.len());
    // Before a request is parsed, nothing can produce a problem: there is a bare status, and the connection is closed.
    if answer.status == 200 || (answer.body.is_empty() && case.allowed.contains(&CLOSED)) {
        return Ok(());
    }
    let value: serde_json::Value = serde_json::from_slice(&answer.body).with_context(shown)?;
    let problem = match value.get("success") {
        Some(success) => {
            anyhow::ensure!(success == false && value["error"].is_string(), "{}", shown());
            &value["details"]
        }
        None => &value,
    };
    let status = problem["status"].as_u64();
    let named = problem["type"].is_string() && problem["title"].is_string();
    anyhow::ensure!(named && status == Some(u64::from(answer.status)), "{}", shown());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_request_is_refused_in_one_shape_and_nothing_is_produced() -> anyhow::Result<()> {
    let world = World::new("hostile-http")?;
    let (cart, order) = world.pair().await?;
    cart.http.created("BEFORE").await?;
    order.http.order("BEFORE", 1).await?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    let memory = [cart.peak_memory()?, order.peak_memory()?];
    let (for_cart, for_order) = (protocol::cases(Program::Cart), protocol::cases(Program::Order));
    let (to_cart, to_order) = (cart.address()?, order.address()?);
    let (bodies, queries) = (bodies::bodies(), queries::queries(&world.topic));
    let wrong = tokio::join!(
        async { [send(to_cart, &for_cart).await, send(to_cart, &bodies).await].concat() },
        async { [send(to_order, &for_order).await, send(to_order, &queries).await].concat() },
    );
    assert!(
        wrong.0.is_empty() && wrong.1.is_empty(),
        "cart-service:\n{}\norder-service:\n{}",
        wrong.0.join("\n"),
        wrong.1.join("\n")
    );
    assert_eq!(
        log::ends(&world.servers.kafka, &world.topic).await?,
        ends,
        "nothing was produced"
    );
    for (service, memory) in [(&cart, memory[0]), (&order, memory[1])] {
        unharmed(service, memory, MAX_GROWTH_KIB).await?;
    }
    cart.http.created("AFTER").await?;
    Ok(())
}

/// Checks that it is healthy, has not panicked, has no forged log lines, and has not grown by that much (in KiB).
pub async fn unharmed(service: &Service, memory: u64, most: u64) -> anyhow::Result<()> {
    let health = service.http.health().await?;
    assert!(health.ready && health.status == "healthy", "{health:?}");
    let log = service.log();
    assert!(!log.contains("panicked"), "{}", service.log_tail());
    assert!(!log.contains('\u{1b}'), "an escape sequence reached the log");
    for line in log.lines() {
        assert!(line.starts_with("20"), "not one of our log lines: {line}");
        assert!(!line.contains(" ERROR "), "{line}");
    }
    let grown = service.peak_memory()?.saturating_sub(memory);
    println!("its peak memory has grown by {grown} KiB from {memory} KiB");
    assert!(grown < most, "it has grown by {grown} KiB");
    Ok(())
}
