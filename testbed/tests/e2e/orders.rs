//! The path of an order: created and updated through cart-service, in the topic as an event, shown by order-service.

use std::time::{Duration, Instant};

use orderlog_contract::event::{EventType, OrderItem, OrderStatus};
use orderlog_kafka::partition::Partitioner;
use serde_json::json;
use testbed::api_types::Order;
use testbed::expected;
use testbed::world::World;

#[tokio::test]
async fn an_order_is_in_the_topic_and_in_the_details_with_every_field_exact() -> anyhow::Result<()> {
    let world = World::new("orders-fields")?;
    let (cart, order) = world.pair().await?;
    // 2^53 + 1 cents: a float would lose the last one.
    let body = r#"{"orderId":"A-1","customerId":"Zoë","currency":"USD","items":[{"itemId":"I-1","quantity":1,"price":90071992547409.93},{"itemId":"I-2","quantity":1000000,"price":0.01}],"totalAmount":90071992557409.930}"#;
    let answer = cart.http.create_text(body.to_owned()).await?;
    let created: testbed::api_types::Written = answer.read(201)?;
    assert_eq!(
        (answer.header("etag"), created.order_id.as_str(), created.order.version),
        ("\"1\"", "A-1", 1)
    );
    assert!(
        answer.header("location").ends_with("/order-details?orderId=A-1"),
        "{answer:?}"
    );
    assert_eq!(created.order.total_amount, "90071992557409.93");

    let log = world.log().await?;
    let [record] = log.as_slice() else {
        panic!("one record: {log:?}")
    };
    let event = expected::event(record)?;
    assert_eq!((record.partition, record.offset), (created.partition, created.offset));
    assert_eq!(record.key.as_deref(), Some(&b"A-1"[..]));
    assert_eq!(record.partition, Partitioner::default().of_key(b"A-1", 6));
    assert_eq!((event.event_id, event.previous_event_id), (created.event_id, None));
    assert_eq!(event.event_type, EventType::OrderCreated);
    let item = |item_id: &str, quantity, unit_price_minor| OrderItem {
        item_id: item_id.into(),
        quantity,
        unit_price_minor,
    };
    assert_eq!(
        event.order.items,
        [item("I-1", 1, 9_007_199_254_740_993), item("I-2", 1_000_000, 1)]
    );
    assert_eq!(
        (event.order.total_minor, event.order.status),
        (9_007_199_255_740_993, OrderStatus::New)
    );
    assert_eq!(
        (event.order.customer_id.as_str(), event.order.currency.as_str()),
        ("Zoë", "USD")
    );

    let shown = order.http.order("A-1", 1).await?;
    assert_eq!(shown.event_id, Some(created.event_id));
    // 2 % of the total, rounded half up.
    assert_eq!(shown.shipping_cost.clone().expect("a cost"), "1801439851148.20");
    assert_eq!(
        Order {
            event_id: None,
            shipping_cost: None,
            dead_letters: None,
            ..shown.clone()
        },
        created.order
    );
    let prices: Vec<_> = shown.items.iter().map(|item| item.price.0.as_str()).collect();
    assert_eq!(prices, ["90071992547409.93", "0.01"]);
    Ok(())
}

#[tokio::test]
async fn shipping_is_rounded_half_up_to_the_minor_unit_of_the_currency() -> anyhow::Result<()> {
    let world = World::new("orders-shipping")?;
    let (cart, order) = world.pair().await?;
    for (n, (currency, price, shipping)) in [
        ("USD", "999.99", "20.00"),
        ("USD", "0.24", "0.00"),
        ("USD", "0.25", "0.01"),
        ("JPY", "74", "1"),
        ("JPY", "75", "2"),
        ("KWD", "1.025", "0.021"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("A-{n}");
        let body = format!(
            r#"{{"orderId":"{id}","customerId":"C","currency":"{currency}","items":[{{"itemId":"I","quantity":1,"price":{price}}}]}}"#
        );
        cart.http
            .create_text(body)
            .await?
            .read::<testbed::api_types::Written>(201)?;
        let shown = order.http.order(&id, 1).await?;
        let amounts = (
            shown.total_amount.0.as_str(),
            shown.shipping_cost.as_ref().map(|cost| cost.0.as_str()),
        );
        assert_eq!(amounts, (price, Some(shipping)), "{currency}");
    }
    Ok(())
}

#[tokio::test]
async fn an_order_goes_through_its_statuses_and_each_step_is_an_event() -> anyhow::Result<()> {
    let world = World::new("orders-way")?;
    let (cart, order) = world.pair().await?;
    let created = cart.http.created("A-1").await?;
    let mut previous = created.event_id;
    for (version, status) in (2..).zip(["pending", "confirmed", "processing", "shipped", "delivered"]) {
        let answer = cart.http.update("A-1", status).await?;
        let updated: testbed::api_types::Written = answer.read(200)?;
        assert_eq!(answer.header("etag"), format!("\"{version}\""));
        // A client that was told a version can ask for it at once.
        let shown = order.http.order("A-1", version).await?;
        assert_eq!(
            (shown.version, shown.status.as_str(), shown.event_id),
            (version, status, Some(updated.event_id))
        );
        assert_eq!(shown.items, created.order.items);
        let again: testbed::api_types::Written = cart.http.update("A-1", status).await?.read(200)?;
        assert_eq!(
            (again.event_id, again.offset),
            (updated.event_id, updated.offset),
            "no change: no event"
        );
        let log = world.log().await?;
        let event = expected::event(log.last().expect("a record"))?;
        assert_eq!(
            (event.event_id, event.previous_event_id),
            (updated.event_id, Some(previous))
        );
        assert_eq!(log.len(), usize::try_from(version)?);
        previous = event.event_id;
    }
    let refused = cart.http.update("A-1", "cancelled").await?;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (409, "illegal-transition"),
        "{refused:?}"
    );
    let missing = cart.http.update("A-2", "confirmed").await?;
    assert_eq!(
        (missing.status, missing.problem().as_str()),
        (404, "order-not-found"),
        "{missing:?}"
    );
    let twice = cart.http.create_short("A-1").await?;
    assert_eq!(
        (twice.status, twice.problem().as_str()),
        (409, "order-exists"),
        "{twice:?}"
    );
    assert_eq!(order.http.details("A-2").await?.status, 404);
    assert_eq!(world.log().await?.len(), 6, "refused requests wrote nothing");
    Ok(())
}

#[tokio::test]
async fn a_read_of_a_version_waits_until_it_arrives_or_time_runs_out() -> anyhow::Result<()> {
    let world = World::new("orders-wait")?;
    let (cart, order) = world.pair().await?;
    let waiting = order.http.order("A-1", 2);
    let coming = async {
        cart.http.created("A-1").await?;
        cart.http.updated("A-1", "confirmed").await
    };
    let (shown, updated) = tokio::try_join!(waiting, coming)?;
    assert_eq!((shown.version, shown.event_id), (2, Some(updated.event_id)));
    let asked = Instant::now();
    let late = order
        .http
        .get("/order-details?orderId=A-1&minVersion=3&waitMs=300")
        .await?;
    assert_eq!(
        (late.status, late.problem().as_str()),
        (504, "wait-timed-out"),
        "{late:?}"
    );
    assert!(asked.elapsed() >= Duration::from_millis(300), "{:?}", asked.elapsed());
    let none = order
        .http
        .get("/order-details?orderId=A-2&minVersion=1&waitMs=0")
        .await?;
    assert_eq!(
        (none.status, none.problem().as_str()),
        (504, "wait-timed-out"),
        "{none:?}"
    );
    Ok(())
}

#[tokio::test]
async fn ids_are_listed_page_by_page_and_each_one_once() -> anyhow::Result<()> {
    let world = World::new("orders-ids")?;
    let (cart, order) = world.pair().await?;
    let mut ids: Vec<String> = (0..23).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        cart.http.created(id).await?;
    }
    world.caught_up(&order).await?;
    let pages = order.http.order_ids(&world.topic, 10).await?;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    ids.sort();
    assert_eq!(pages.concat(), ids);
    let unknown = order.http.get("/getAllOrderIdsFromTopic?topic=nobodys").await?;
    assert_eq!(
        (unknown.status, unknown.problem().as_str()),
        (404, "unknown-topic"),
        "{unknown:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_id_of_digits_means_the_same_order_in_both_services() -> anyhow::Result<()> {
    let world = World::new("orders-digits")?;
    let (cart, order) = world.pair().await?;
    let created = cart.http.create(json!({"order_id": "42", "numberOfItems": 3})).await?;
    let created: testbed::api_types::Written = created.read(201)?;
    assert_eq!((created.order_id.as_str(), created.order.items.len()), ("ORD-42", 3));
    assert_eq!(cart.http.updated("42", "pending").await?.order_id, "ORD-42");
    assert_eq!(cart.http.updated("ORD-42", "confirmed").await?.order.version, 3);
    for id in ["42", "ORD-42"] {
        assert_eq!(order.http.order(id, 3).await?.order_id, "ORD-42", "{id}");
    }
    assert_eq!(order.http.order_ids(&world.topic, 1000).await?, [["ORD-42"]]);
    Ok(())
}
