//! `GET /order-details`.

use std::time::{Duration, Instant};

use orderlog_contract::event::OrderStatus;
use serde_json::json;

use crate::helpers::{World, created, event, fields};

#[tokio::test]
async fn an_order_is_shown_flat_with_exact_amounts_and_its_version_as_etag() {
    let world = World::new().await;
    let created = created("ORD-1");
    world.write_event(&created);
    let app = world.spawn_app().await;
    let response = app.response("/order-details?orderId=ORD-1").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["etag"], "\"1\"");
    let text = response.text().await.expect("text");
    let expected = format!(
        r#"{{"orderId":"ORD-1","customerId":"CUST-1","orderDate":"2023-11-14T22:13:20.000Z","items":[{{"itemId":"ITEM-1","quantity":3,"price":333.33}}],"totalAmount":999.99,"currency":"USD","status":"new","version":1,"eventId":"{}","shippingCost":20.00,"deadLetters":0}}"#,
        created.event_id
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn an_id_of_digits_is_looked_up_literally_and_then_with_its_prefix() {
    let world = World::new().await;
    for id in ["ORD-17", "ORD-18", "18"] {
        world.write_event(&created(id));
    }
    let app = world.spawn_app().await;
    for (asked, found) in [
        ("17", "ORD-17"),
        ("ORD-17", "ORD-17"),
        ("18", "18"),
        ("ORD-18", "ORD-18"),
    ] {
        assert_eq!(app.details(asked).await.1["orderId"], found);
    }
}

#[tokio::test]
async fn a_missing_order_is_a_404_and_an_invalid_id_a_400() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (status, problem) = app.details("A-1").await;
    assert_eq!(
        (status.as_u16(), &problem["type"]),
        (404, &json!("/problems/order-not-found"))
    );
    assert_eq!(problem["orderId"], "A-1");
    for (query, field) in [
        ("", "orderId"),
        ("orderId=", "orderId"),
        ("orderId=A&order_id=B", "orderId"),
        ("orderId=a%0Ab", "orderId"),
        ("orderId=caf%E9", "orderId"),
        ("orderId=A&minVersion=0", "minVersion"),
        ("orderId=A&minVersion=x", "minVersion"),
        ("orderId=A&minVersion=1&waitMs=30001", "waitMs"),
        ("orderId=A&waitMs=", "waitMs"),
    ] {
        let (status, problem) = app.get(&format!("/order-details?{query}")).await;
        assert_eq!(
            (status.as_u16(), &problem["type"]),
            (400, &json!("/problems/invalid-request")),
            "{query}"
        );
        assert_eq!(fields(&problem), [field], "{query}");
    }
    // Without a version it waits for the order.
    let (status, problem) = app.get("/order-details?orderId=A&waitMs=5").await;
    assert_eq!(
        (status.as_u16(), &problem["type"]),
        (504, &json!("/problems/wait-timed-out"))
    );
}

#[tokio::test]
async fn the_answer_waits_for_a_version_that_arrives() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    // It does not exist yet.
    let asked = app.get("/order-details?orderId=7&minVersion=1&waitMs=20000");
    let (answer, ()) = tokio::join!(asked, async { world.write_event(&created("ORD-7")) });
    assert_eq!((answer.0.as_u16(), &answer.1["version"]), (200, &json!(1)));
    // It exists, but is older.
    let asked = app.get("/order-details?orderId=ORD-7&minVersion=3&waitMs=20000");
    let (answer, ()) = tokio::join!(asked, async {
        world.write_event(&event("ORD-7", 2, OrderStatus::Pending));
        world.write_event(&event("ORD-7", 3, OrderStatus::Confirmed));
    });
    assert_eq!((answer.0.as_u16(), &answer.1["status"]), (200, &json!("confirmed")));
    // It exists already.
    let (status, _) = app.get("/order-details?orderId=ORD-7&minVersion=3&waitMs=0").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_version_that_does_not_arrive_in_time_is_a_504() {
    let world = World::new().await;
    world.write_event(&created("ORD-7"));
    let app = world.spawn_app().await;
    for (order, says) in [
        ("ORD-7", "order ORD-7 is at version 1"),
        ("7", "order ORD-7 is at version 1"),
        ("8", "order ORD-8 does not exist yet"),
    ] {
        let asked = Instant::now();
        let (status, problem) = app
            .get(&format!("/order-details?orderId={order}&minVersion=2&waitMs=120"))
            .await;
        assert!(
            (Duration::from_millis(120)..Duration::from_secs(3)).contains(&asked.elapsed()),
            "{:?}",
            asked.elapsed()
        );
        assert_eq!(
            (status.as_u16(), &problem["type"]),
            (504, &json!("/problems/wait-timed-out"))
        );
        assert!(
            problem["detail"].as_str().expect("a detail").starts_with(says),
            "{problem}"
        );
        let order_id = problem["orderId"].as_str().expect("an id");
        assert!(says.contains(order_id) && order_id.starts_with("ORD-"), "{problem}");
    }
}

#[tokio::test]
async fn under_api_every_answer_is_in_the_envelope() {
    let world = World::new().await;
    world.write_event(&created("ORD-1"));
    let app = world.spawn_app().await;
    let (status, answer) = app.get("/api/order-details?orderId=1").await;
    assert_eq!(
        (status.as_u16(), &answer["success"], &answer["message"]),
        (200, &json!(true), &json!("Order found"))
    );
    assert_eq!(answer["data"], app.details("1").await.1);
    let (status, answer) = app.get("/api/order-details?orderId=2").await;
    assert_eq!(
        (status.as_u16(), &answer["success"], &answer["error"]),
        (404, &json!(false), &json!("order ORD-2 does not exist"))
    );
    assert_eq!(answer["details"]["type"], "/problems/order-not-found");
}

#[tokio::test]
async fn a_client_that_has_the_version_gets_304_and_no_body() {
    let world = World::new().await;
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    app.await_read(1, 0).await;
    for path in ["/order-details?orderId=A", "/api/order-details?orderId=A"] {
        for (name, value, status) in [
            ("if-none-match", "\"1\"", 304),
            ("if-none-match", "W/\"1\", \"7\"", 304),
            ("if-none-match", "*", 304),
            ("if-none-match", "\"2\"", 200),
            ("if-none-match", "1", 400),
            ("if-match", "\"1\"", 200),
            ("if-match", "W/\"1\"", 412),
        ] {
            let response = reqwest::Client::new()
                .get(format!("{}{path}", app.url))
                .header(name, value)
                .send()
                .await;
            let response = response.expect("an answer");
            assert_eq!(response.status(), status, "{path} {name}: {value}");
            if status < 400 {
                assert_eq!(response.headers()["etag"], "\"1\"", "{path} {name}: {value}");
            }
            let body = response.text().await.expect("text");
            assert_eq!(body.is_empty(), status == 304, "{path} {name}: {value}: {body}");
            assert!(status != 412 || body.contains(r#""orderId":"A""#), "{path}: {body}");
        }
    }
}
