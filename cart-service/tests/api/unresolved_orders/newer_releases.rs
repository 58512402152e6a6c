//! Orders that a newer release wrote.

use orderlog_contract::event::OrderStatus;
use reqwest::StatusCode;
use sandbox::testing::event;
use sandbox::third_party;
use serde_json::json;

use super::updated;
use crate::helpers::World;
use crate::others::write;

#[tokio::test]
async fn an_order_that_a_newer_release_wrote_with_new_fields_is_not_overwritten() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let newer = third_party::with_a_new_field().expect("a schema");
    let id = world.register("newer-value", &newer).await;
    let mut data = serde_json::to_value(event("A-1", 2, OrderStatus::Confirmed)).expect("JSON");
    data["order"]["fieldOfTomorrow"] = json!("for you");
    write(&world, id, &newer, "A-1", data);
    let problem = updated(&app, "A-1", "processing", StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|why| why.contains("newer release")),
        "{problem}"
    );
    // A restart preserves it.
    let app = world.start_unready(app.stop().await, |_| ()).await;
    app.await_ready().await;
    assert_eq!(app.update("A-1", "processing").await.0, StatusCode::SERVICE_UNAVAILABLE);
    // A client that knows the fields continues; an event without them can be overwritten again.
    let last = serde_json::to_value(event("A-1", 3, OrderStatus::Processing)).expect("JSON");
    let ours = orderlog_contract::lineage::newest_text().text;
    let ours_id = world.register("order-events-value", &ours).await;
    write(&world, ours_id, &ours, "A-1", last);
    let body = updated(&app, "A-1", "shipped", StatusCode::OK).await;
    assert_eq!(body["order"]["version"], 4);
    app.stop().await;
}

#[tokio::test]
async fn an_order_with_a_status_of_a_newer_schema_is_not_overwritten() {
    let world = World::new();
    let app = world.start().await;
    let mut schema = third_party::newest().expect("a schema");
    let fields = third_party::fields(&mut schema, &["order"]).expect("fields");
    let status = fields
        .iter_mut()
        .find(|field| field["name"] == "status")
        .expect("status");
    status["type"]["symbols"]
        .as_array_mut()
        .expect("symbols")
        .push(json!("returned"));
    let schema = schema.to_string();
    let id = world.register("newer-value", &schema).await;
    let mut data = serde_json::to_value(event("A-1", 1, OrderStatus::New)).expect("JSON");
    data["order"]["status"] = json!("returned");
    write(&world, id, &schema, "A-1", data);
    updated(&app, "A-1", "confirmed", StatusCode::SERVICE_UNAVAILABLE).await;
    app.stop().await;
}
