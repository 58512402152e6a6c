//! Records with schemas other than ours: compatible ones are applied, whoever wrote them.

use orderlog_contract::event::OrderEvent;
use reqwest::StatusCode;
use sandbox::third_party::{self, fields};
use serde_json::{Value, json};

use crate::helpers::{App, World, created};

/// Changes to a schema, and to the data written with it.
type Change = fn(schema: &mut Value, data: &mut Value);

/// Compatible schemas, each with a name.
const CHANGES: [(&str, Change); 10] = [
    ("field-added-to-the-event", |schema, data| {
        push(schema, &[], json!({"name": "source", "type": "string", "default": ""}));
        data["source"] = json!("web");
    }),
    ("field-added-to-the-order", |schema, data| {
        push(
            schema,
            &["order"],
            json!({"name": "note", "type": ["null", "string"], "default": null}),
        );
        data["order"]["note"] = json!("hello");
    }),
    ("field-added-to-the-items", |schema, data| {
        push(
            schema,
            &["order", "items"],
            json!({"name": "weight", "type": "double", "default": 0.0}),
        );
        data["order"]["items"][0]["weight"] = json!(1.5);
    }),
    ("field-removed-that-has-a-default", |schema, data| {
        of(schema, &[]).retain(|field| field["name"] != "previousEventId");
        data.as_object_mut().expect("an object").remove("previousEventId");
    }),
    ("int-where-we-have-long", |schema, _| {
        field(schema, &["order", "items"], "unitPriceMinor")["type"] = json!("int");
        field(schema, &["order"], "totalMinor")["type"] = json!("int");
    }),
    ("nullable-where-we-are-not", |schema, _| {
        field(schema, &["order"], "customerId")["type"] = json!(["null", "string"]);
    }),
    ("fields-in-another-order", |schema, _| {
        of(schema, &[]).reverse();
        of(schema, &["order"]).reverse();
        of(schema, &["order", "items"]).reverse();
    }),
    ("field-renamed-with-an-alias", |schema, data| {
        let customer = field(schema, &["order"], "customerId");
        customer["name"] = json!("buyerId");
        customer["aliases"] = json!(["customerId"]);
        let order = data["order"].as_object_mut().expect("an object");
        let customer = order.remove("customerId").expect("a customer");
        order.insert("buyerId".to_owned(), customer);
    }),
    ("another-namespace", |schema, _| {
        schema["namespace"] = json!("com.example")
    }),
    ("enum-symbol-added-and-not-used", |schema, _| {
        let symbols = &mut field(schema, &["order"], "status")["type"]["symbols"];
        symbols.as_array_mut().expect("symbols").insert(0, json!("returned"));
    }),
];

fn of<'v>(schema: &'v mut Value, path: &[&str]) -> &'v mut Vec<Value> {
    fields(schema, path).expect("fields")
}

fn field<'v>(schema: &'v mut Value, path: &[&str], name: &str) -> &'v mut Value {
    let mut fields = of(schema, path).iter_mut();
    fields.find(|field| field["name"] == name).expect("a field")
}

fn push(schema: &mut Value, path: &[&str], field: Value) {
    of(schema, path).push(field);
}

fn data(event: &OrderEvent) -> Value {
    serde_json::to_value(event).expect("JSON")
}

/// What is returned for an order, except for the record's position.
async fn shown(app: &App, order_id: &str) -> Value {
    let (status, mut details) = app.details(order_id).await;
    assert_eq!(status, StatusCode::OK, "{order_id}: {details}");
    for name in ["orderId", "eventId"] {
        details.as_object_mut().expect("an object").remove(name);
    }
    details
}

#[tokio::test]
async fn records_of_any_compatible_schema_are_applied() {
    let world = World::new().await;
    for (name, change) in CHANGES {
        let (mut schema, mut data) = (third_party::newest().expect("a schema"), data(&created(name)));
        change(&mut schema, &mut data);
        let schema = schema.to_string();
        let id = world.register(&format!("{name}-value"), &schema).await;
        world.write_data_as(id, &schema, name, data);
    }
    world.write_event(&created("ours"));
    let app = world.spawn_app().await;
    app.await_read(CHANGES.len() as u64 + 1, 0).await;
    let ours = shown(&app, "ours").await;
    for (name, _) in CHANGES {
        assert_eq!(shown(&app, name).await, ours, "{name}");
    }
    // The store keeps the record's own datum, so a restart reads it with its own schema again.
    let app = world.respawn_app(app.stop().await, |_| ()).await;
    for (name, _) in CHANGES {
        assert_eq!(shown(&app, name).await, ours, "{name} after a restart");
    }
}

#[tokio::test]
async fn types_in_referenced_schemas_are_found() {
    let world = World::new().await;
    let mut schema = third_party::newest().expect("a schema");
    let whole = schema.to_string();
    let order = field(&mut schema, &[], "order");
    let mut order_type = std::mem::replace(&mut order["type"], json!("com.ecommerce.order.Order"));
    order_type["namespace"] = json!("com.ecommerce.order");
    let items = field(&mut order_type, &[], "items");
    let mut item_type = std::mem::replace(&mut items["type"]["items"], json!("com.ecommerce.order.OrderItem"));
    item_type["namespace"] = json!("com.ecommerce.order");
    let reference = |name: &str, subject: &str| json!([{"name": name, "subject": subject, "version": 1}]);
    world.register("items", &item_type.to_string()).await;
    let to_items = reference("com.ecommerce.order.OrderItem", "items");
    world.register_with("orders", &order_type.to_string(), &to_items).await;
    let to_orders = reference("com.ecommerce.order.Order", "orders");
    let id = world.register_with("events", &schema.to_string(), &to_orders).await;
    world.write_data_as(id, &whole, "A-1", data(&created("A-1")));
    let app = world.spawn_app().await;
    app.await_read(1, 0).await;
    assert_eq!(app.details("A-1").await.1["customerId"], "CUST-1");
}

#[tokio::test]
async fn a_status_that_a_newer_schema_added_is_unknown_and_the_order_is_shown() {
    let world = World::new().await;
    let mut schema = third_party::newest().expect("a schema");
    let symbols = &mut field(&mut schema, &["order"], "status")["type"]["symbols"];
    symbols.as_array_mut().expect("symbols").push(json!("returned"));
    let schema = schema.to_string();
    let id = world.register("newer-value", &schema).await;
    let mut returned = data(&created("A-1"));
    returned["order"]["status"] = json!("returned");
    world.write_data_as(id, &schema, "A-1", returned);
    let app = world.spawn_app().await;
    app.await_read(1, 0).await;
    assert_eq!(app.details("A-1").await.1["status"], "unknown");
}

#[tokio::test]
async fn a_record_whose_schema_does_not_resolve_is_dead_lettered_whole() {
    let world = World::new().await;
    let (mut schema, mut event) = (third_party::newest().expect("a schema"), data(&created("A-1")));
    field(&mut schema, &["order"], "version")["type"] = json!("long");
    let schema = schema.to_string();
    let wrong = world.register("wider-value", &schema).await;
    world.write_data_as(wrong, &schema, "A-1", event.clone());
    // The schema is compatible with ours except for one branch, which this record uses.
    let mut schema = third_party::newest().expect("a schema");
    field(&mut schema, &["order"], "customerId")["type"] = json!(["null", "string"]);
    let schema = schema.to_string();
    let nullable = world.register("nullable-value", &schema).await;
    event["order"]["customerId"] = Value::Null;
    world.write_data_as(nullable, &schema, "A-1", event);
    let app = world.spawn_app().await;
    app.await_read(2, 2).await;
    let (_, dead_letters) = app.get("/dlq/messages").await;
    let told = |n: usize| {
        let dead_letter = &dead_letters["messages"][n];
        (
            dead_letter["code"].clone(),
            dead_letter["reason"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let (code, reason) = told(1);
    assert_eq!(code, "wrong_schema");
    assert_eq!(reason, "order.version: long cannot be read as int");
    let (code, reason) = told(0);
    assert_eq!(code, "undecodable");
    assert!(
        reason.starts_with("order.customerId: the writer's union branch"),
        "{reason}"
    );
    assert_eq!(app.details("A-1").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_flood_of_unknown_ids_waits_for_one_grace_period_and_many_ids_are_requested_at_once() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    app.tolerate_dead_letters(0).await;
    let store = app.stop().await;
    for n in 0..3_000_u32 {
        let value = [&[0][..], &(100_000 + n).to_be_bytes(), b"x"].concat();
        world.send(0, b"A", &value);
    }
    world.flush();
    let app = world.respawn_app(store, |_| ()).await;
    app.await_read(3_000, 3_000).await;
    let (_, info) = app.get("/dlq/info").await;
    assert_eq!(info["byCode"]["unknown_schema_id"], 3_000);
}
