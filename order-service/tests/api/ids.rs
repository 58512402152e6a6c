//! `GET /getAllOrderIdsFromTopic`.

use serde_json::json;

use crate::helpers::{World, created, fields};

#[tokio::test]
async fn ids_come_in_pages_that_follow_each_other() {
    let world = World::new().await;
    for id in ["B", "A", "D", "C", "E"] {
        world.write_event(&created(id));
    }
    let app = world.spawn_app().await;
    let all = app.get("/getAllOrderIdsFromTopic?topic=order-events").await.1;
    assert_eq!(
        all,
        json!({"topic": "order-events", "orderIds": ["A", "B", "C", "D", "E"], "count": 5, "next": null})
    );
    let first = app
        .get("/getAllOrderIdsFromTopic?topicName=order-events&limit=3")
        .await
        .1;
    assert_eq!(
        first,
        json!({"topic": "order-events", "orderIds": ["A", "B", "C"], "count": 3, "next": "C"})
    );
    let last = app
        .get("/getAllOrderIdsFromTopic?topic_name=order-events&limit=3&after=C")
        .await
        .1;
    assert_eq!(
        last,
        json!({"topic": "order-events", "orderIds": ["D", "E"], "count": 2, "next": null})
    );
}

#[tokio::test]
async fn another_topic_is_a_404_and_a_missing_one_a_400() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (status, problem) = app.get("/getAllOrderIdsFromTopic?topic=payments").await;
    assert_eq!(
        (status.as_u16(), &problem["type"]),
        (404, &json!("/problems/unknown-topic"))
    );
    for (query, field) in [
        ("", "topic"),
        ("topic=", "topic"),
        ("topic=order-events&topicName=order-events", "topic"),
        ("topic=order-events&limit=0", "limit"),
        ("topic=order-events&limit=10001", "limit"),
    ] {
        let (status, problem) = app.get(&format!("/getAllOrderIdsFromTopic?{query}")).await;
        assert_eq!((status.as_u16(), fields(&problem)), (400, vec![field]), "{query}");
    }
}
