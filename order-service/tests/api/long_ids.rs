//! Ids beyond what an order may have, from clients and from records that anybody wrote.

use orderlog_contract::encode::record_value;
use serde_json::Value;

use crate::dead_letter_details::letter;
use crate::helpers::{TOPIC, World, created, partition_of};

#[tokio::test]
async fn ids_that_are_too_long_for_the_store_are_those_of_no_order() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let long = "x".repeat(70_000);
    let value = record_value(world.facts.schema_id, &created(&long)).expect("encodes");
    world.write_with(TOPIC, partition_of(&long), Some(long.as_bytes()), Some(&value), &[]);
    world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(&value), &[]);
    world.write_with(TOPIC, partition_of(&long), Some(long.as_bytes()), Some(b"junk"), &[]);
    app.await_read(3, 3).await;
    for offset in 0..3 {
        assert_eq!(letter(&app, offset).await["order"], Value::Null);
    }
    // As long as a path may be.
    let long = &long[..65_000];
    for (path, expected) in [
        (format!("/orders?after={long}"), 200),
        (format!("/getAllOrderIdsFromTopic?topic={TOPIC}&after={long}"), 200),
        (format!("/dlq/messages?orderId={long}"), 200),
        (format!("/orders?customerId={long}"), 400),
        (format!("/orders/{long}/history"), 400),
        (format!("/order-details?orderId={long}"), 400),
        ("/orders/%ff/history".to_owned(), 400),
        ("/orders/%EF%BF%BD/history".to_owned(), 404),
    ] {
        let response = app.response(&path).await;
        assert_eq!(response.status().as_u16(), expected, "{:.60}", path);
    }
}
