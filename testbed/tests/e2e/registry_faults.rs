//! Everything that can answer in place of a registry. None of it counts as the registry's answer: the record waits, and
//! is applied when the registry is back. Only a registry's own "no such id" may lead to a dead letter.

use testbed::events;
use testbed::proxy::Proxy;
use testbed::registry::Registry;
use testbed::wait::{LONG, until};
use testbed::world::World;

/// An HTTP response with that status line, additional headers, and body.
fn response(status: &str, headers: &str, body: &str) -> &'static str {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}").leak()
}

/// Begins a fault.
type Fault = Box<dyn Fn(&Proxy)>;

fn faults() -> Vec<(&'static str, Fault)> {
    let html = "<html>no such page</html>";
    let answers = [
        (
            "401",
            "401 Unauthorized",
            "",
            r#"{"error_code":401,"message":"who are you"}"#,
        ),
        (
            "403",
            "403 Forbidden",
            "",
            r#"{"error_code":40301,"message":"not you"}"#,
        ),
        ("404 of a proxy", "404 Not Found", "content-type: text/html\r\n", html),
        (
            "404 of another kind",
            "404 Not Found",
            "",
            r#"{"error_code":40401,"message":"no such subject"}"#,
        ),
        ("408", "408 Request Timeout", "", ""),
        ("429", "429 Too Many Requests", "retry-after: 1\r\n", ""),
        (
            "500",
            "500 Internal Server Error",
            "",
            r#"{"error_code":50001,"message":"the backend store"}"#,
        ),
        ("502", "502 Bad Gateway", "content-type: text/html\r\n", html),
        ("503", "503 Service Unavailable", "", ""),
        ("504", "504 Gateway Timeout", "", ""),
        ("200 with garbage", "200 OK", "", "\u{1}\u{2}"),
        ("200 with another answer", "200 OK", "", r#"{"status":"up"}"#),
        ("a redirect to itself", "302 Found", "location: /schemas/ids/1\r\n", ""),
    ];
    let mut faults: Vec<(&'static str, Fault)> = answers
        .into_iter()
        .map(|(name, status, headers, body)| {
            let answer = response(status, headers, body);
            (name, Box::new(move |proxy: &Proxy| proxy.answer(answer)) as Fault)
        })
        .collect();
    let long = response("200 OK", "", &"x".repeat(10 * 1024 * 1024));
    faults.push(("200 with 10 MB", Box::new(move |proxy| proxy.answer(long))));
    faults.push(("connections that are reset", Box::new(Proxy::cut)));
    faults
}

#[tokio::test]
async fn whatever_answers_in_place_of_the_registry_is_waited_out() -> anyhow::Result<()> {
    let world = World::new("faults")?;
    let proxy = Proxy::in_front_of(&world.servers.registry).await?;
    let order = world.order_behind(&proxy).await?;
    let registry = Registry::new(&world.servers.registry)?;
    let writer = world.writer()?;
    for (n, (name, begin)) in faults().into_iter().enumerate() {
        let twin = registry.twin(&format!("{}-{n}", world.topic)).await?;
        begin(&proxy);
        let event = events::first(&events::id_in(0, &format!("F{n}")));
        writer.write(&events::record(twin, &event)?).await?;
        until(&format!("{name}: the partition waits"), LONG, async || {
            let paused = order.http.stats().await?.partitions[0]
                .paused
                .clone()
                .unwrap_or_default();
            anyhow::ensure!(paused.contains(&format!("schema id {twin}")), "{paused}");
            Ok(())
        })
        .await?;
        proxy.heal();
        let shown = order.http.order(&event.order.order_id, 1).await?;
        assert_eq!(shown.event_id, Some(event.event_id), "{name}");
    }
    assert_eq!(order.http.stats().await?.totals.dead_lettered, 0);
    assert!(world.dead_letters().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_registry_that_takes_five_seconds_is_slow_and_not_unavailable() -> anyhow::Result<()> {
    let world = World::new("faults-slow")?;
    let proxy = Proxy::in_front_of(&world.servers.registry).await?;
    let order = world.order_behind(&proxy).await?;
    let twin = Registry::new(&world.servers.registry)?.twin(&world.topic).await?;
    proxy.delay(std::time::Duration::from_secs(5));
    let event = events::first("A-1");
    world.writer()?.write(&events::record(twin, &event)?).await?;
    order.http.order("A-1", 1).await?;
    assert!(!order.log().contains("does not answer"), "{}", order.log_tail());
    Ok(())
}
