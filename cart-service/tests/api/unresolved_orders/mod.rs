//! Orders that cart-service must not overwrite: written by a newer release, or with a record that could not be read.

mod later_writes;
mod newer_releases;
mod unknown_schemas;

use std::time::Duration;

use orderlog_contract::event::OrderStatus;
use reqwest::StatusCode;
use sandbox::testing::event;
use sandbox::third_party;
use serde_json::Value;

use crate::helpers::{App, World, eventually};

fn is_about_a_newer_release(problem: &Value) -> bool {
    let detail = problem["detail"].as_str();
    detail.is_some_and(|why| why.contains("newer release"))
}

/// Waits until an update is answered with that status, and returns the body.
async fn updated(app: &App, order_id: &str, status: &str, wanted: StatusCode) -> Value {
    assert!(
        eventually(|| async { app.update(order_id, status).await.0 == wanted }).await,
        "{:?}",
        app.update(order_id, status).await
    );
    app.update(order_id, status).await.1
}

/// A service that gives up on unresolved orders at the next check.
async fn hasty(world: &World) -> App {
    let hasty = |config: &mut cart_service::Config| {
        config.unknown_schema_grace_ms = 50;
        config.unresolved_for = Duration::from_secs(2);
    };
    world.start_with(hasty).await
}

/// Waits until an order is unresolved, and not only its partition paused.
async fn await_unresolved(app: &App, order_id: &str) {
    let is_unresolved = async || {
        let detail = app.update(order_id, "new").await.1["detail"].to_string();
        detail.contains("a record of this order")
    };
    assert!(
        eventually(is_unresolved).await,
        "{:?}",
        app.update(order_id, "new").await
    );
}

/// An event by a newer release that gives an order that version and status.
fn newer(schema: &str, schema_id: u32, order_id: &str, version: i32, status: OrderStatus) -> Vec<u8> {
    let data = serde_json::to_value(event(order_id, version, status)).expect("JSON");
    third_party::value(schema_id, schema, data).expect("encodes")
}
