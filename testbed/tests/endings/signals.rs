//! SIGTERM: no new work, a true answer to everything that was accepted, and exit code 0 within the time that
//! supervisors allow ([`Service::terminate`] checks that), whatever hangs; a second signal ends it at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures::future::{join_all, try_join_all};
use testbed::broker::Broker;
use testbed::proxy::Proxy;
use testbed::raw;
use testbed::service::Service;
use testbed::wait::{LONG, until};
use testbed::world::World;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const REQUESTS: usize = 500;
const IDLE: usize = 50;
/// Maximum time until a process exits after a second signal, on a busy machine. The exit code shows that the signal was
/// the reason.
const MAX_DELAY: Duration = Duration::from_secs(3);

/// A request's order, its connection, and later the status of its answer.
type Sent = (String, TcpStream);
type Answered = (String, Option<u16>);

fn get(target: &str) -> Vec<u8> {
    raw::request("GET", target, &[], "")
}

fn creation(order_id: &str) -> Vec<u8> {
    let body = format!(r#"{{"orderId": "{order_id}", "itemsCount": 2}}"#);
    raw::json("POST", "/create-order", body)
}

/// The status that is answered on a connection; `None` if it is closed without an answer.
async fn status(stream: &mut TcpStream) -> anyhow::Result<Option<u16>> {
    let answer = raw::answer(stream, LONG).await?;
    Ok(answer.map(|answer| answer.status))
}

/// A connection that the service has accepted: it has already answered on it.
async fn accepted(service: &Service) -> anyhow::Result<TcpStream> {
    let mut stream = raw::send(service.address()?, &get("/health/live")).await?;
    anyhow::ensure!(status(&mut stream).await? == Some(200));
    Ok(stream)
}

/// Sends a creation for each id at once, each on its own accepted connection.
async fn send_all(service: &Service, ids: Vec<String>) -> anyhow::Result<Vec<Sent>> {
    let streams = try_join_all(ids.iter().map(|_| accepted(service))).await?;
    let sent = ids.into_iter().zip(streams).map(async |(id, mut stream)| {
        stream.write_all(&creation(&id)).await?;
        anyhow::Ok((id, stream))
    });
    try_join_all(sent).await
}

async fn statuses(sent: Vec<Sent>) -> anyhow::Result<Vec<Answered>> {
    let reading = sent
        .into_iter()
        .map(async |(id, mut stream)| anyhow::Ok((id, status(&mut stream).await?)));
    try_join_all(reading).await
}

/// Checks that no answer was untrue, and that everything that had begun was answered. A request that was not yet read
/// when its connection was closed had no effect; on busy cores there are a few.
async fn all_true(world: &World, answers: &[Answered]) -> anyhow::Result<()> {
    let written: HashSet<String> = world
        .log()
        .await?
        .iter()
        .filter_map(|record| String::from_utf8(record.key.clone()?).ok())
        .collect();
    for (id, status) in answers {
        match status {
            Some(201) => anyhow::ensure!(written.contains(id), "{id} was answered with 201, but is missing"),
            Some(503) => anyhow::ensure!(!written.contains(id), "{id} was refused, but is there"),
            Some(504) => {}
            None => anyhow::ensure!(!written.contains(id), "{id} was in progress, but was not answered"),
            _ => anyhow::bail!("{id} was answered {status:?}"),
        }
    }
    let unread = answers.iter().filter(|(_, status)| status.is_none()).count();
    anyhow::ensure!(unread * 10 <= answers.len(), "{unread} requests were not answered");
    Ok(())
}

fn ids(prefix: &str) -> Vec<String> {
    (0..REQUESTS).map(|n| format!("{prefix}-{n}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_requests_get_true_answers_and_nothing_new_is_begun() -> anyhow::Result<()> {
    let world = World::new("endings-signal")?;
    let mut cart = world.cart()?.start().await?;
    let mut idle = try_join_all((0..IDLE).map(|_| accepted(&cart))).await?;
    // The rest of its body never arrives.
    let cut = creation("slow");
    let mut throttle = raw::send(cart.address()?, &cut[..cut.len() - 1]).await?;
    let not_ready = until("it is not ready", LONG, async || {
        let ready = cart.http.get("/health/ready").await?;
        anyhow::ensure!(ready.status == 503, "{ready:?}");
        Ok(ready)
    });
    let ending = async {
        let sent = send_all(&cart, ids("A")).await?;
        cart.signal("TERM")?;
        Ok((sent, Instant::now()))
    };
    let (not_ready, (sent, begun)) = tokio::try_join!(not_ready, ending)?;
    assert!(not_ready.text.contains("the service is stopping"), "{not_ready:?}");
    // Every request from now on is new.
    let late = join_all(idle.iter_mut().map(async |stream| {
        // It may be closed already.
        let _ = stream.write_all(&creation("late")).await;
        status(stream).await
    }))
    .await;
    for answer in late {
        let answer = answer?;
        assert!(matches!(answer, Some(503) | None), "{answer:?}");
    }
    let answers = statuses(sent).await?;
    assert_eq!(cart.ended().await?, Some(0), "{}", cart.log_tail());
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "it took {:?}",
        begun.elapsed()
    );
    all_true(&world, &answers).await?;
    let created = answers.iter().filter(|(_, status)| *status == Some(201)).count();
    println!("{created} of {REQUESTS} were created");
    assert!(created > 0, "no request was in progress");
    let throttle = status(&mut throttle).await?;
    assert_ne!(throttle, Some(201), "its body was never complete");
    let of_others = |record: &testbed::log::Record| {
        let key = record.key.as_deref().unwrap_or_default();
        !key.starts_with(b"A-")
    };
    assert!(!world.log().await?.iter().any(of_others), "new work was begun");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_hanging_broker_it_exits_in_time_and_at_once_on_a_second_signal() -> anyhow::Result<()> {
    let broker = Broker::new().await?;
    broker.up().await?;
    let mut world = World::new("endings-hanging-broker")?;
    world.servers.kafka = broker.behind_proxy();
    let (mut cart, mut order) = world.pair().await?;
    let mut other = world.cart()?.start().await?;
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    broker.proxy.hang();
    let sent = send_all(&cart, ids("B")).await?;
    let mut under_way = raw::send(other.address()?, &creation("C-1")).await?;
    let waiting = get("/order-details?orderId=A-1&minVersion=2&waitMs=30000");
    let mut waiting = raw::send(order.address()?, &waiting).await?;
    until("the lost broker is noticed", LONG, async || {
        let health = order.http.health().await?;
        anyhow::ensure!(health.kafka == "disconnected", "{health:?}");
        Ok(())
    })
    .await?;

    other.signal("TERM")?;
    let begun = Instant::now();
    other.signal("TERM")?;
    assert_eq!(other.ended().await?, Some(143));
    assert!(begun.elapsed() < MAX_DELAY, "{:?}", begun.elapsed());
    assert_eq!(status(&mut under_way).await?, None);

    let (ended, answers, told) = tokio::join!(
        async { tokio::try_join!(cart.terminate(), order.terminate()) },
        statuses(sent),
        status(&mut waiting)
    );
    ended?;
    let answers = answers?;
    assert_eq!(told?, Some(504), "waiting requests are told so");
    assert!(
        answers.iter().all(|(_, status)| matches!(status, Some(503 | 504))),
        "{answers:?}"
    );
    broker.proxy.heal();
    all_true(&world, &answers).await?;

    // Suspended.
    cart.start_again(&[]).await?;
    order.start_again(&[]).await?;
    let sent = send_all(&cart, ids("D")).await?;
    broker.kill()?;
    let (ended, answers) = tokio::join!(
        async { tokio::try_join!(cart.terminate(), order.terminate()) },
        statuses(sent)
    );
    ended?;
    let answers = answers?;
    broker.up().await?;
    all_true(&world, &answers).await?;
    Ok(())
}

#[tokio::test]
async fn with_a_hanging_registry_it_exits_in_time() -> anyhow::Result<()> {
    let world = World::new("endings-hanging-registry")?;
    let proxy = Proxy::in_front_of(&world.servers.registry).await?;
    proxy.hang();
    let url = proxy.url(&world.servers.registry)?;
    let mut cart = world.cart()?.with("SCHEMA_REGISTRY_URL", &url).spawn()?;
    let mut order = world.order()?.with("SCHEMA_REGISTRY_URL", &url).spawn()?;
    // Neither is ready: topics are created once the registry has accepted the schema.
    for service in [&cart, &order] {
        until("both answer", LONG, async || service.http.health().await).await?;
    }
    assert_eq!(cart.http.create_short("A-1").await?.status, 503);
    tokio::try_join!(cart.terminate(), order.terminate())?;
    Ok(())
}
