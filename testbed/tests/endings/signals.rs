//! SIGTERM: no new work, a true answer to all that was accepted, and exit code 0 within the time that supervisors give,
//! whatever hangs; a second signal ends at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use testbed::broker::Broker;
use testbed::proxy::Proxy;
use testbed::service::Service;
use testbed::wait::{LONG, until};
use testbed::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Docker kills after 10 s.
const SUPERVISORS_WAIT: Duration = Duration::from_secs(10);
const REQUESTS: usize = 500;

/// Ends a service, which must take less than supervisors wait.
async fn terminate(service: &mut Service) -> anyhow::Result<()> {
    let begun = Instant::now();
    service.terminate().await?;
    let took = begun.elapsed();
    anyhow::ensure!(took < SUPERVISORS_WAIT, "it took {took:?}{}", service.log_tail());
    Ok(())
}

/// A connection of its own, on which that was sent.
async fn send(service: &Service, request: &str) -> anyhow::Result<TcpStream> {
    let address = service.http.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.context("connecting")?;
    stream.write_all(request.as_bytes()).await.context("sending")?;
    Ok(stream)
}

fn creation(order_id: &str) -> String {
    let body = format!(r#"{{"orderId": "{order_id}", "itemsCount": 2}}"#);
    format!(
        "POST /create-order HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The status that is answered on a connection; `None` when it is closed without an answer.
async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.ok()?;
    std::str::from_utf8(&head).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

/// Sends a creation for each id at once, each on a connection of its own.
async fn send_all(service: &Service, ids: &[String]) -> anyhow::Result<Vec<(String, TcpStream)>> {
    let mut sent = Vec::new();
    for id in ids {
        sent.push((id.clone(), send(service, &creation(id)).await?));
    }
    Ok(sent)
}

async fn statuses(sent: Vec<(String, TcpStream)>) -> Vec<(String, Option<u16>)> {
    let mut reading = JoinSet::new();
    for (id, mut stream) in sent {
        reading.spawn(async move { (id, status(&mut stream).await) });
    }
    reading.join_all().await
}

/// Checks that no answer was untrue. Returns how many were given.
async fn all_true(world: &World, answers: &[(String, Option<u16>)]) -> anyhow::Result<usize> {
    let written: HashSet<String> = world
        .log()
        .await?
        .iter()
        .filter_map(|record| String::from_utf8(record.key.clone()?).ok())
        .collect();
    for (id, status) in answers {
        match status {
            Some(201) => anyhow::ensure!(written.contains(id), "{id} was created, and is not there"),
            // One that was not answered was not begun.
            Some(503) | None => anyhow::ensure!(!written.contains(id), "{id} is there, and the answer was {status:?}"),
            Some(504) => {}
            Some(other) => anyhow::bail!("{id}: {other}"),
        }
    }
    Ok(answers.iter().filter(|(_, status)| status.is_some()).count())
}

fn ids(prefix: &str) -> Vec<String> {
    (0..REQUESTS).map(|n| format!("{prefix}-{n}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_answered_truly_and_nothing_new_is_begun() -> anyhow::Result<()> {
    let world = World::new("endings-signal")?;
    let mut cart = world.cart()?.start().await?;
    let mut idle = Vec::new();
    for _ in 0..50 {
        let mut stream = send(&cart, "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await?;
        assert_eq!(status(&mut stream).await, Some(200));
        idle.push(stream);
    }
    // It never sends the rest of its body.
    let mut slow = send(
        &cart,
        &creation("slow").replace("\r\ncontent-length: ", "\r\ncontent-length: 1"),
    )
    .await?;
    let sent = send_all(&cart, &ids("A")).await?;
    let begun = Instant::now();
    cart.signal("TERM")?;
    let mut refused = 0;
    for stream in &mut idle {
        // It may be closed already.
        let _ = stream.write_all(creation("late").as_bytes()).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        let said = String::from_utf8_lossy(&rest);
        assert!(!said.contains("HTTP/1.1 2") || !said.contains("late"), "{said}");
        refused += 1;
    }
    assert_eq!(refused, 50);
    let ready = cart.http.get("/health/ready").await;
    assert!(
        ready.is_err() || ready.as_ref().is_ok_and(|ready| ready.status == 503),
        "{ready:?}"
    );
    let answers = statuses(sent).await;
    assert_eq!(cart.ended().await?, Some(0), "{}", cart.log_tail());
    assert!(begun.elapsed() < SUPERVISORS_WAIT, "it took {:?}", begun.elapsed());
    let answered = all_true(&world, &answers).await?;
    assert!(
        answered > REQUESTS / 2,
        "{answered} of {REQUESTS} requests were answered"
    );
    assert!(!matches!(status(&mut slow).await, Some(201)), "it was never sent whole");
    let late = world
        .log()
        .await?
        .iter()
        .any(|record| record.key.as_deref() == Some(b"late"));
    assert!(!late, "new work was begun");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_broker_that_hangs_the_end_comes_in_time_and_a_second_signal_at_once() -> anyhow::Result<()> {
    let broker = Broker::new().await?;
    broker.up().await?;
    let mut world = World::new("endings-hanging-broker")?;
    world.servers.kafka = broker.behind_proxy();
    let (mut cart, mut order) = world.pair().await?;
    let mut other = world.cart()?.start().await?;
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    broker.proxy.hang();
    let sent = send_all(&cart, &ids("B")).await?;
    let mut under_way = send(&other, &creation("C-1")).await?;
    let waiting = "GET /order-details?orderId=A-1&minVersion=2&waitMs=30000 HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut waiting = send(&order, waiting).await?;
    until("the broker is missed", LONG, async || {
        let health = order.http.health().await?;
        anyhow::ensure!(health.kafka == "disconnected", "{health:?}");
        Ok(())
    })
    .await?;

    other.signal("TERM")?;
    let begun = Instant::now();
    other.signal("TERM")?;
    assert_eq!(other.ended().await?, Some(143));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(status(&mut under_way).await, None);

    let (ended, answers, told) = tokio::join!(
        async { tokio::try_join!(terminate(&mut cart), terminate(&mut order)) },
        statuses(sent),
        status(&mut waiting)
    );
    ended?;
    assert_eq!(told, Some(504), "who waits is told so");
    assert!(
        answers.iter().all(|(_, status)| matches!(status, Some(503 | 504))),
        "{answers:?}"
    );
    broker.proxy.heal();
    all_true(&world, &answers).await?;

    // Stopped altogether.
    cart.start_again(&[]).await?;
    order.start_again(&[]).await?;
    let sent = send_all(&cart, &ids("D")).await?;
    broker.kill()?;
    let (ended, answers) = tokio::join!(
        async { tokio::try_join!(terminate(&mut cart), terminate(&mut order)) },
        statuses(sent)
    );
    ended?;
    broker.up().await?;
    all_true(&world, &answers).await?;
    Ok(())
}

#[tokio::test]
async fn with_a_registry_that_hangs_the_end_comes_in_time() -> anyhow::Result<()> {
    let world = World::new("endings-hanging-registry")?;
    let proxy = Proxy::before(&world.servers.registry).await?;
    proxy.hang();
    let url = proxy.url(&world.servers.registry)?;
    let mut cart = world.cart()?.with("SCHEMA_REGISTRY_URL", &url).spawn()?;
    let mut order = world.order()?.with("SCHEMA_REGISTRY_URL", &url).start().await?;
    until("cart-service answers", LONG, async || cart.http.health().await).await?;
    assert_eq!(cart.http.create_short("A-1").await?.status, 503);
    tokio::try_join!(terminate(&mut cart), terminate(&mut order))?;
    Ok(())
}
