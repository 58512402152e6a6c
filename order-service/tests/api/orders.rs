//! `GET /orders`, `GET /orders/{id}/history`, and the dead letters that an order waits for.

use orderlog_contract::event::OrderStatus;
use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{App, DLQ, TOPIC, World, created, event, id_where, partition_of};

/// The ids of the orders at that path, and where the next page begins.
async fn ids(app: &App, path: &str) -> (Vec<String>, Value) {
    let (status, page) = app.get(path).await;
    assert_eq!(status, 200, "{page}");
    let orders = page["orders"].as_array().expect("orders");
    let id = |order: &Value| order["orderId"].as_str().expect("an id").to_owned();
    (orders.iter().map(id).collect(), page["next"].clone())
}

#[tokio::test]
async fn orders_are_listed_by_status_and_customer_page_by_page() {
    let world = World::new().await;
    for (id, customer) in [("A", "CUST-1"), ("B", "CUST-2"), ("C", "CUST-1"), ("D", "CUST-10")] {
        let mut event = created(id);
        event.order.customer_id = customer.into();
        world.write_event(&event);
    }
    let mut confirmed = event("C", 2, OrderStatus::Confirmed);
    confirmed.order.customer_id = "CUST-1".into();
    world.write_event(&confirmed);
    let app = world.spawn_app().await;
    app.await_read(5, 0).await;

    let (_, page) = app.get("/orders?limit=1").await;
    let (_, mut details) = app.details("A").await;
    details["partition"] = json!(partition_of("A"));
    details["offset"] = page["orders"][0]["offset"].clone();
    assert_eq!(page, json!({"orders": [details], "next": "A"}));
    for (path, expected, next) in [
        ("/orders", &["A", "B", "C", "D"][..], Value::Null),
        ("/orders?after=A&limit=2", &["B", "C"], json!("C")),
        ("/orders?after=C&limit=2", &["D"], Value::Null),
        ("/orders?customerId=CUST-1", &["A", "C"], Value::Null),
        ("/orders?customer_id=CUST-1&limit=1", &["A"], json!("A")),
        ("/orders?customerId=CUST-1&after=A", &["C"], Value::Null),
        ("/orders?customerId=CUST-1&status=confirmed", &["C"], Value::Null),
        ("/orders?customerId=CUST", &[], Value::Null),
        ("/orders?status=new", &["A", "B", "D"], Value::Null),
        ("/orders?status=shipped", &[], Value::Null),
        ("/orders?after=Z", &[], Value::Null),
    ] {
        let (found, more) = ids(&app, path).await;
        assert_eq!(
            (found.as_slice(), more),
            (expected.map_ids().as_slice(), next),
            "{path}"
        );
    }
    let (status, problem) = app.get("/orders?status=unheard").await;
    assert_eq!(
        (status.as_u16(), &problem["errors"][0]["field"]),
        (400, &json!("status"))
    );
    let (_, enveloped) = app.get("/api/orders?limit=1").await;
    assert_eq!(enveloped["data"]["orders"][0]["orderId"], "A");
}

trait MapIds {
    fn map_ids(&self) -> Vec<String>;
}

impl MapIds for &[&str] {
    fn map_ids(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn customers_are_found_after_a_restart_and_a_rebuild() {
    let world = World::new().await;
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    app.await_read(1, 0).await;
    let customer = app.details("A").await.1["customerId"]
        .as_str()
        .expect("text")
        .to_owned();
    let path = format!("/orders?customerId={customer}");
    assert_eq!(ids(&app, &path).await.0, ["A"]);
    let app = world.respawn_app(app.stop().await, |_| ()).await;
    assert_eq!(ids(&app, &path).await.0, ["A"]);
    let app = world
        .respawn_app(app.stop().await, |config| config.pipeline.rebuild = true)
        .await;
    app.await_read(1, 0).await;
    assert_eq!(ids(&app, &path).await.0, ["A"]);
    assert_eq!(app.get("/orders/A/history").await.1["complete"], true);
}

#[tokio::test]
async fn a_history_shows_what_became_of_each_event() {
    let world = World::new().await;
    let first = created("A");
    let confirmed = event("A", 2, OrderStatus::Confirmed);
    world.write_event(&first); // applied
    world.write_event(&first); // duplicate
    world.write_event(&confirmed); // applied
    world.write_event(&created("A")); // superseded
    let here = partition_of("A");
    world.write_with(TOPIC, here, Some(b"A"), Some(b"junk"), &[]); // dead-lettered
    world.write_event(&event("A", 3, OrderStatus::New)); // dead-lettered: an illegal step
    let app = world.spawn_app().await;
    app.await_read(6, 2).await;

    let (status, history) = app.get("/orders/A/history").await;
    assert_eq!(status, 200, "{history}");
    assert_eq!((&history["orderId"], &history["complete"]), (&json!("A"), &json!(true)));
    let expected = [
        (
            5,
            json!(3),
            "dead_lettered",
            json!("illegal_transition"),
            json!("new"),
            json!(1),
        ),
        (
            4,
            Value::Null,
            "dead_lettered",
            json!("not_framed"),
            Value::Null,
            Value::Null,
        ),
        (3, json!(1), "superseded", Value::Null, json!("new"), json!(1)),
        (2, json!(2), "applied", Value::Null, json!("confirmed"), json!(1)),
        (1, json!(1), "duplicate", Value::Null, json!("new"), json!(1)),
        (0, json!(1), "applied", Value::Null, json!("new"), json!(1)),
    ];
    let events = history["events"].as_array().expect("events");
    assert_eq!(events.len(), expected.len(), "{history}");
    for (event, (offset, version, outcome, code, status, schema_version)) in events.iter().zip(expected) {
        let found = (
            &event["offset"],
            &event["version"],
            &event["outcome"],
            &event["code"],
            &event["status"],
        );
        let expected = (&json!(offset), &version, &json!(outcome), &code, &status);
        assert_eq!(found, expected, "{event}");
        assert_eq!(
            (&event["partition"], &event["schemaVersion"]),
            (&json!(here), &schema_version),
            "{event}"
        );
    }
    assert_eq!(events[3]["eventId"], json!(confirmed.event_id));
    assert_eq!(events[3]["timestamp"], "2023-11-14T22:13:20.123Z");
    let letter = |n: usize| events[n]["deadLetter"].as_str().expect("a dead letter").to_owned();
    assert_eq!((letter(0), letter(1)), ("0-1".into(), "0-0".into()));
    assert_eq!(events[2]["deadLetter"], Value::Null);

    // Both wait after version 2: no later event has made up for them.
    assert_eq!(app.details("A").await.1["deadLetters"], 2);
    world.write_event(&event("A", 3, OrderStatus::Shipped));
    app.await_read(7, 2).await;
    assert_eq!(app.details("A").await.1["deadLetters"], 0);
    assert_eq!(app.get("/orders?limit=1").await.1["orders"][0]["deadLetters"], 0);
}

#[tokio::test]
async fn a_record_that_strayed_into_another_partition_is_part_of_the_history_and_never_made_up_for() {
    let world = World::new().await;
    let order_id = id_where(|partition| partition == 3);
    world.write_event(&created(&order_id));
    world.write_poison(Kind::WrongPartition, &order_id);
    let app = world.spawn_app().await;
    app.await_read(2, 1).await;
    let (_, history) = app.get(&format!("/orders/{order_id}/history")).await;
    let codes: Vec<_> = history["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| &event["code"])
        .collect();
    assert!(codes.contains(&&json!("wrong_partition")), "{history}");
    world.write_event(&event(&order_id, 2, OrderStatus::Confirmed));
    app.await_read(3, 1).await;
    assert_eq!(app.details(&order_id).await.1["deadLetters"], 1);
}

#[tokio::test]
async fn an_order_of_which_there_are_only_dead_letters_has_a_history() {
    let world = World::new().await;
    world.write_with(TOPIC, partition_of("ORD-1"), Some(b"ORD-1"), Some(b"junk"), &[]);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    let (status, history) = app.get("/orders/1/history").await;
    assert_eq!(
        (status.as_u16(), &history["orderId"]),
        (200, &json!("ORD-1")),
        "{history}"
    );
    assert_eq!(history["events"][0]["deadLetter"], "0-0");
    assert_eq!(world.read(DLQ).len(), 1);
    let (status, problem) = app.get("/orders/nobody/history").await;
    assert_eq!(
        (status.as_u16(), &problem["orderId"]),
        (404, &json!("nobody")),
        "{problem}"
    );
    assert_eq!(app.get("/orders/a%00/history").await.0, 400);
}

#[tokio::test]
async fn the_schema_versions_are_those_of_the_registry() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (_, schemas) = app.get("/schemas").await;
    let version = &schemas["versions"][0];
    assert_eq!(
        (&schemas["subject"], &schemas["compatibility"], &schemas["error"]),
        (&json!("order-events-value"), &json!("FULL_TRANSITIVE"), &Value::Null)
    );
    assert_eq!(
        (
            &version["version"],
            &version["id"],
            &version["ours"],
            &version["written"]
        ),
        (&json!(1), &json!(world.facts.schema_id), &json!(true), &json!(true))
    );
    assert!(version["schema"].as_str().expect("text").contains("OrderEvent"));
}

#[tokio::test]
async fn the_console_knows_its_surroundings() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (_, facts) = app.get("/console.json").await;
    let expected = json!({
        "service": "order-service", "version": env!("CARGO_PKG_VERSION"), "topic": TOPIC, "deadLetterTopic": DLQ,
        "bootstrapServers": world.broker.bootstrap_servers(), "registryUrl": world.registry_url, "subject": "order-events-value",
        "cartServiceUrl": "http://localhost:8000/", "adminKeyRequired": false, "sandbox": null
    });
    assert_eq!(facts, expected);
}
