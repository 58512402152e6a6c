//! Order events, and how they are written by hand. Their texts begin with a marker, which reveals payloads where there
//! must be none.

use serde_json::json;
use uuid::Uuid;

use crate::avro::{Typed, array_of, block, long, record, sized, typed};
use crate::order_event::{EventType, Order, OrderEvent, OrderItem, OrderStatus};

/// Begins every text of an event.
pub const MARKER: &str = "PAYLOAD";

/// An event of about 150 bytes.
pub fn sample() -> OrderEvent {
    // From JSON, so that a field which a later schema adds with a default needs no change here.
    let event = json!({
        "eventId": Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
        "previousEventId": Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000),
        "eventType": EventType::OrderStatusUpdated,
        "occurredAt": 1_700_000_000_123_i64,
        "order": {
            "orderId": format!("{MARKER}-1"),
            "version": 2,
            "customerId": format!("{MARKER}-2"),
            "orderDate": 1_700_000_000_000_i64,
            "items": [item(1), item(2)],
            "totalMinor": 99_999,
            "currency": MARKER,
            "status": OrderStatus::Pending,
        },
    });
    serde_json::from_value(event).expect("an event")
}

pub fn item(quantity: i32) -> OrderItem {
    OrderItem {
        item_id: format!("{MARKER}-{quantity}"),
        quantity,
        unit_price_minor: 33_333,
    }
}

pub const UUID: &str = r#"{"type":"string","logicalType":"uuid"}"#;
const MILLIS: &str = r#"{"type":"long","logicalType":"timestamp-millis"}"#;
const TYPES: [&str; 3] = ["ORDER_CREATED", "ORDER_STATUS_UPDATED", "UNKNOWN"];
/// The statuses with their symbols.
pub const STATUSES: [(OrderStatus, &str); 8] = [
    (OrderStatus::New, "new"),
    (OrderStatus::Pending, "pending"),
    (OrderStatus::Confirmed, "confirmed"),
    (OrderStatus::Processing, "processing"),
    (OrderStatus::Shipped, "shipped"),
    (OrderStatus::Delivered, "delivered"),
    (OrderStatus::Cancelled, "cancelled"),
    (OrderStatus::Unknown, "unknown"),
];

/// The fields of a record, to be changed, left out or put in another order.
pub type Fields = Vec<(&'static str, Typed)>;

pub fn text(text: &str) -> Typed {
    typed(r#""string""#, sized(text.as_bytes()))
}

pub fn symbol(name: &str, symbols: &[&str], symbol: usize) -> Typed {
    let symbols: Vec<String> = symbols.iter().map(|symbol| format!("\"{symbol}\"")).collect();
    typed(
        format!(r#"{{"type":"enum","name":"{name}","symbols":[{}]}}"#, symbols.join(",")),
        long(i64::try_from(symbol).expect("a small number")),
    )
}

pub fn nullable(branch: Typed) -> Typed {
    typed(format!(r#"["null",{}]"#, branch.of), [long(1), branch.bytes].concat())
}

/// The event's fields as our schema has them, around an order as it comes.
pub fn event_fields(event: &OrderEvent, order: Typed) -> Fields {
    let uuid = |id: Uuid| typed(UUID, sized(id.to_string().as_bytes()));
    let previous = match event.previous_event_id {
        Some(id) => nullable(uuid(id)),
        None => typed(format!(r#"["null",{UUID}]"#), long(0)),
    };
    vec![
        ("eventId", uuid(event.event_id)),
        ("previousEventId", previous),
        ("eventType", symbol("EventType", &TYPES, event.event_type as usize)),
        ("occurredAt", typed(MILLIS, long(event.occurred_at))),
        ("order", order),
    ]
}

/// The order's fields as our schema has them, around items as they come.
pub fn order_fields(order: &Order, items: Typed) -> Fields {
    vec![
        ("orderId", text(&order.order_id)),
        ("version", typed(r#""int""#, long(order.version.into()))),
        ("customerId", text(&order.customer_id)),
        ("orderDate", typed(MILLIS, long(order.order_date))),
        ("items", items),
        ("totalMinor", typed(r#""long""#, long(order.total_minor))),
        ("currency", text(&order.currency)),
        (
            "status",
            symbol(
                "OrderStatus",
                &STATUSES.map(|(_, symbol)| symbol),
                order.status as usize,
            ),
        ),
    ]
}

pub fn item_fields(item: &OrderItem) -> Fields {
    vec![
        ("itemId", text(&item.item_id)),
        ("quantity", typed(r#""int""#, long(item.quantity.into()))),
        ("unitPriceMinor", typed(r#""long""#, long(item.unit_price_minor))),
    ]
}

/// An array of items, each written in that way.
pub fn items_as(items: &[OrderItem], write: impl Fn(&OrderItem) -> Typed) -> Typed {
    let entries: Vec<u8> = items.iter().flat_map(|item| write(item).bytes).collect();
    let blocks = match items.len() {
        0 => long(0),
        count => [block(i64::try_from(count).expect("a count"), &entries), long(0)].concat(),
    };
    typed(array_of(&write(&item(1)).of), blocks)
}

pub fn items(items: &[OrderItem]) -> Typed {
    items_as(items, |item| record("OrderItem", &item_fields(item)))
}

/// A whole event whose order's fields were changed.
pub fn event_with(event: &OrderEvent, change: impl FnOnce(&mut Fields)) -> Typed {
    let mut fields = order_fields(&event.order, items(&event.order.items));
    change(&mut fields);
    event_around(event, record("Order", &fields))
}

/// A whole event around an order as it comes.
pub fn event_around(event: &OrderEvent, order: Typed) -> Typed {
    record("com.ecommerce.order.OrderEvent", &event_fields(event, order))
}
