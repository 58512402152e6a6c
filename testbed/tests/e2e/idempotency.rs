//! Requests that are repeated under their key, with real processes: after a crash, at another instance, at a lagging
//! one.

use anyhow::Context;
use orderlog_runtime::crash_point::Point;
use reqwest::Method;
use serde_json::json;
use testbed::api_types::Written;
use testbed::client::{Answer, Client};
use testbed::expected::Expected;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::NewRecord;

async fn create(http: &Client, key: &str, order_id: &str) -> reqwest::Result<Answer> {
    let body = json!({"orderId": order_id, "itemsCount": 2});
    http.send_with(Method::POST, "/create-order", &[("Idempotency-Key", key)], &body)
        .await
}

async fn update(http: &Client, key: &str, order_id: &str, status: &str) -> reqwest::Result<Answer> {
    let body = json!({"orderId": order_id, "status": status});
    http.send_with(Method::PUT, "/update-order", &[("Idempotency-Key", key)], &body)
        .await
}

fn is_replayed(answer: &Answer) -> bool {
    answer.status == 200 && answer.header("Idempotency-Replayed") == "true"
}

/// Creates the order, or confirms it, under a key that belongs to the order.
async fn send(http: &Client, order_id: &str, creates: bool) -> reqwest::Result<Answer> {
    let key = format!("k-{order_id}");
    if creates {
        create(http, &key, order_id).await
    } else {
        update(http, &key, order_id, "confirmed").await
    }
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_in_a_crash_is_carried_out_once() -> anyhow::Result<()> {
    let world = World::new("idempotency-crash")?;
    let (mut cart, other) = (world.cart()?.start().await?, world.cart()?.start().await?);
    for (point, creates) in [
        (Point::EventSent, true),
        (Point::EventReadBack, true),
        (Point::EventSent, false),
        (Point::EventReadBack, false),
    ] {
        let point = point.name();
        let id = format!("A-{point}-{creates}");
        if !creates {
            other.http.created(&id).await?;
        }
        cart.terminate().await?;
        cart.spawn_to_crash(&point, &[])?;
        cart.ready().await?;
        let client = cart.http.clone();
        let (unanswered, crashed) = tokio::join!(send(&client, &id, creates), cart.await_crash());
        crashed?;
        assert!(unanswered.is_err(), "{point}: {unanswered:?}");
        // Whichever instance takes the request now: one event, one answer.
        let answer = send(&other.http, &id, creates).await?;
        assert!(
            is_replayed(&answer) || point == Point::EventSent.name(),
            "it was in the log: {answer:?}"
        );
        let told: Written = answer.read(if is_replayed(&answer) || !creates { 200 } else { 201 })?;
        assert_eq!(told.order.version, if creates { 1 } else { 2 });
        cart.start_again(&[]).await?;
        let again = send(&cart.http, &id, creates).await?;
        assert!(is_replayed(&again), "{again:?}");
        assert_eq!(again.read::<Written>(200)?, told);
    }
    let expected = Expected::of(&world.log().await?, &Default::default())?;
    // Four orders, and two updates.
    assert_eq!(expected.outcomes().applied, 6, "{:?}", expected.outcomes());
    Ok(())
}

#[tokio::test]
async fn a_retry_through_a_lagging_process_gets_the_first_answer() -> anyhow::Result<()> {
    let world = World::new("idempotency-lag")?;
    let one = world.cart()?.start().await?;
    let lagging = world.lagging_cart().await?;
    for n in 0..3 {
        let id = format!("A-{n}");
        let created: Written = create(&one.http, &format!("c-{n}"), &id).await?.read(201)?;
        let retried = create(&lagging.http, &format!("c-{n}"), &id).await?;
        assert!(is_replayed(&retried), "{retried:?}");
        assert_eq!(retried.read::<Written>(200)?, created);
        let updated: Written = update(&one.http, &format!("u-{n}"), &id, "confirmed")
            .await?
            .read(200)?;
        one.http.updated(&id, "cancelled").await?;
        let retried = update(&lagging.http, &format!("u-{n}"), &id, "confirmed").await?;
        assert!(
            is_replayed(&retried),
            "it has not read the update, which is no longer a legal transition: {retried:?}"
        );
        assert_eq!(retried.read::<Written>(200)?, updated);
        let other = create(&lagging.http, &format!("u-{n}"), &format!("B-{n}")).await?;
        assert_eq!(
            (other.status, other.problem().as_str()),
            (422, "key-reused"),
            "{other:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn requests_that_are_hedged_to_two_processes_write_one_event_each() -> anyhow::Result<()> {
    let world = World::new("idempotency-hedged")?;
    let (one, two) = (world.cart()?.start().await?, world.cart()?.start().await?);
    for n in 0..30 {
        let (id, key) = (format!("A-{n}"), format!("k-{n}"));
        let (a, b) = tokio::try_join!(create(&one.http, &key, &id), create(&two.http, &key, &id))?;
        let (first, second) = if a.status == 201 { (a, b) } else { (b, a) };
        assert!(is_replayed(&second), "{second:?}");
        assert_eq!(first.read::<Written>(201)?, second.read::<Written>(200)?);
    }
    let log = world.log().await?;
    let expected = Expected::of(&log, &Default::default())?;
    assert_eq!(expected.outcomes().applied, 30, "{:?}", expected.outcomes());
    // The record tells every reader which request it was written for.
    let named = |name: &str| {
        log.iter()
            .filter(|record| record.headers.iter().any(|(found, _)| found == name))
            .count()
    };
    assert_eq!(
        (named("orderlog.idempotency-key"), named("orderlog.request-hash")),
        (log.len(), log.len())
    );
    Ok(())
}

#[tokio::test]
async fn a_504_says_how_to_find_out_the_outcome_and_the_same_key_does_that() -> anyhow::Result<()> {
    let world = World::new("idempotency-unknown")?;
    let other = world.cart()?.start().await?;
    // The delay exceeds its deadline, so it cannot read back in time what it writes.
    let hasty = world
        .cart()?
        .with_delayed_fetches()?
        .with("WRITE_DEADLINE_MS", "500")
        .start()
        .await?;
    let unknown = until("an answer is unknown", LONG, async || {
        let n = fastrand::u32(..);
        let answer = create(&hasty.http, &format!("k-{n}"), &format!("A-{n}")).await?;
        anyhow::ensure!(answer.status == 504, "{answer:?}");
        Ok((n, answer))
    });
    let (n, unknown) = unknown.await?;
    assert!(unknown.text.contains("same Idempotency-Key"), "{unknown:?}");
    let event_id = unknown.value()["eventId"].as_str().map(str::to_owned);
    let found = create(&other.http, &format!("k-{n}"), &format!("A-{n}")).await?;
    assert!(is_replayed(&found), "{found:?}");
    assert_eq!(found.value()["eventId"].as_str().map(str::to_owned), event_id);
    Ok(())
}

#[tokio::test]
async fn a_key_stays_known_when_its_record_is_produced_again_after_later_ones() -> anyhow::Result<()> {
    let world = World::new("idempotency-copies")?;
    let (mut cart, order) = world.pair().await?;
    let created: Written = create(&cart.http, "k1", "A-1").await?.read(201)?;
    let updated: Written = update(&cart.http, "k2", "A-1", "confirmed").await?.read(200)?;
    let log = world.log().await?;
    let copied = log
        .iter()
        .find(|record| record.place() == (created.partition, created.offset));
    let copied = copied.context("the create's record")?;
    let copy = NewRecord {
        partition: Some(copied.partition),
        key: copied.key.clone(),
        value: copied.value.clone(),
        headers: copied.headers.clone(),
    };
    world.writer()?.write(&copy).await?;
    let stats = world.caught_up(&order).await?;
    assert_eq!((stats.totals.applied, stats.totals.superseded), (2, 1), "{stats:?}");
    // An event of that partition after the copy was read after it.
    let behind = testbed::events::id_in(created.partition, "behind");
    cart.http.created(&behind).await?;
    let mut fresh = world.cart()?.start().await?;
    cart.restart().await?;
    for cart in [&cart, &fresh] {
        for (again, first) in [
            (create(&cart.http, "k1", "A-1").await?, &created),
            (update(&cart.http, "k2", "A-1", "confirmed").await?, &updated),
        ] {
            assert!(is_replayed(&again), "{again:?}");
            assert_eq!(again.read::<Written>(200)?, *first);
        }
    }
    fresh.terminate().await?;
    Ok(())
}
