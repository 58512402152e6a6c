//! Several cart-services on one topic: the log decides between them, and every refusal is certain.

use reqwest::Method;
use serde_json::json;
use testbed::expected::{self, Expected};
use testbed::service::Service;
use testbed::world::World;

async fn two(world: &World) -> anyhow::Result<(Service, Service)> {
    let (mut one, mut two) = (world.cart()?.spawn()?, world.cart()?.spawn()?);
    one.ready().await?;
    two.ready().await?;
    Ok((one, two))
}

#[tokio::test]
async fn exactly_one_of_two_creates_of_an_order_wins_whichever_process_they_are_sent_to() -> anyhow::Result<()> {
    let world = World::new("replicas-conflict")?;
    let (one, two) = two(&world).await?;
    let mut winners = Vec::new();
    for n in 0..50 {
        let id = format!("A-{n}");
        let (a, b) = tokio::try_join!(one.http.create_short(&id), two.http.create_short(&id))?;
        let (won, lost) = if a.status == 201 { (&a, &b) } else { (&b, &a) };
        winners.push(won.read::<testbed::api_types::Written>(201)?);
        assert_eq!(
            (lost.status, lost.problem().as_str()),
            (409, "order-exists"),
            "{id}: {lost:?}"
        );
    }
    let log = world.log().await?;
    for won in winners {
        let events = log.iter().map(expected::event).collect::<anyhow::Result<Vec<_>>>()?;
        let first = events
            .iter()
            .find(|event| event.order.order_id == won.order_id)
            .expect("an event");
        assert_eq!(
            first.event_id, won.event_id,
            "the client that was told so is the first in the log"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_order_created_through_one_process_is_updated_through_the_other() -> anyhow::Result<()> {
    let world = World::new("replicas-update")?;
    let (one, two) = two(&world).await?;
    for n in 0..20 {
        let id = format!("A-{n}");
        assert_eq!(one.http.created(&id).await?.order.version, 1);
        assert_eq!(two.http.updated(&id, "confirmed").await?.order.version, 2);
        assert_eq!(one.http.updated(&id, "shipped").await?.order.version, 3);
        assert_eq!(two.http.update(&id, "confirmed").await?.status, 409, "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn simultaneous_updates_of_an_order_through_both_make_one_history() -> anyhow::Result<()> {
    let world = World::new("replicas-history")?;
    let (one, two) = two(&world).await?;
    one.http.created("A-1").await?;
    let order = world.order()?.start().await?;
    let mut told = Vec::new();
    for statuses in [
        ("pending", "confirmed"),
        ("confirmed", "processing"),
        ("processing", "shipped"),
        ("delivered", "delivered"),
    ] {
        let (a, b) = tokio::try_join!(one.http.update("A-1", statuses.0), two.http.update("A-1", statuses.1))?;
        for answer in [a, b] {
            // A step that the other instance has overtaken is illegal by then; every answer is certain.
            assert!([200, 409].contains(&answer.status), "{answer:?}");
            if answer.status == 200 {
                told.push(answer.read::<testbed::api_types::Written>(200)?);
            }
        }
    }
    let log = world.log().await?;
    for written in &told {
        let record = log
            .iter()
            .find(|record| record.place() == (written.partition, written.offset))
            .expect("a record");
        let event = expected::event(record)?;
        assert_eq!(
            (event.event_id, event.order.version),
            (written.event_id, written.order.version)
        );
    }
    let stats = world.caught_up(&order).await?;
    let expected = Expected::of(&log, &Default::default())?;
    assert_eq!(stats.totals, expected.outcomes());
    let shown = order.http.order("A-1", 1).await?;
    let last = &expected.orders["A-1"];
    assert_eq!(
        (shown.event_id, shown.version, shown.status.as_str()),
        (Some(last.event_id), last.order.version, "delivered")
    );
    Ok(())
}

#[tokio::test]
async fn a_lagging_process_refuses_nothing_wrongly() -> anyhow::Result<()> {
    let world = World::new("replicas-lag")?;
    let one = world.cart()?.start().await?;
    let lagging = world.lagging_cart().await?;
    for n in 0..2 {
        let id = format!("A-{n}");
        one.http.created(&id).await?;
        let updated = lagging.http.updated(&id, "confirmed").await?;
        assert_eq!(
            updated.order.version, 2,
            "it has not read the order yet, but does not answer 404"
        );
        one.http.updated(&id, "cancelled").await?;
        let refused = lagging.http.update(&id, "confirmed").await?;
        assert_eq!(
            refused.status, 409,
            "it has not read the cancellation yet, but does not answer that nothing changes: {refused:?}"
        );
        let twice = lagging.http.create_short(&id).await?;
        assert_eq!(
            (twice.status, twice.problem().as_str()),
            (409, "order-exists"),
            "{twice:?}"
        );
    }
    for (n, version) in [(3, "1"), (4, "2")] {
        let id = format!("A-{n}");
        one.http.created(&id).await?;
        one.http.updated(&id, "confirmed").await?;
        // With If-Match of that version: it has not read the second one yet, but only that version is accepted.
        let tag = format!("\"{version}\"");
        let body = json!({"orderId": id, "status": "shipped"});
        let headers = [("If-Match", tag.as_str())];
        let sent = lagging.http.send_with(Method::PUT, "/update-order", &headers, &body);
        let answer = sent.await?;
        assert_eq!(answer.status, if version == "1" { 412 } else { 200 }, "{answer:?}");
    }
    Ok(())
}
