//! Events, requests and answers of a run in which everything goes well.

use serde_json::json;
use uuid::Uuid;

use crate::decode::{Event, Item, Order, STATUSES};
use crate::history::{Action, Class, Op};

pub const SCHEMA_ID: u32 = 258;
pub const PARTITIONS: i32 = 2;
pub const DATE: (i64, &str) = (1_795_277_880_500, "2026-11-21T16:18:00.5Z");

/// An event with an id of its own: 3 pieces of 333.33 USD, ordered by a customer named after the order.
pub fn event(order: &str, version: i32, status: &str, previous: Option<&Event>) -> Event {
    Event {
        event_id: Uuid::now_v7().to_string(),
        previous: previous.map(|event| event.event_id.clone()),
        kind: usize::from(version > 1),
        occurred_at: DATE.0,
        order: Order {
            id: order.to_owned(),
            version,
            customer: format!("customer of {order}"),
            date: DATE.0,
            items: vec![Item {
                id: "ITEM-0".to_owned(),
                quantity: 3,
                price: 33_333,
            }],
            total: 99_999,
            currency: "USD".to_owned(),
            status: STATUSES.into_iter().find(|other| *other == status).expect("a status"),
        },
    }
}

/// An event's datum.
pub fn datum(event: &Event) -> Vec<u8> {
    fn long(number: i64, bytes: &mut Vec<u8>) {
        let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
        while rest >= 0x80 {
            bytes.push(0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    fn string(text: &str, bytes: &mut Vec<u8>) {
        long(text.len() as i64, bytes);
        bytes.extend_from_slice(text.as_bytes());
    }
    let (mut bytes, order) = (Vec::new(), &event.order);
    string(&event.event_id, &mut bytes);
    long(event.previous.is_some().into(), &mut bytes);
    event.previous.iter().for_each(|previous| string(previous, &mut bytes));
    long(event.kind as i64, &mut bytes);
    long(event.occurred_at, &mut bytes);
    string(&order.id, &mut bytes);
    long(order.version.into(), &mut bytes);
    string(&order.customer, &mut bytes);
    long(order.date, &mut bytes);
    long(order.items.len() as i64, &mut bytes);
    for item in &order.items {
        string(&item.id, &mut bytes);
        long(item.quantity.into(), &mut bytes);
        long(item.price, &mut bytes);
    }
    long(0, &mut bytes);
    long(order.total, &mut bytes);
    string(&order.currency, &mut bytes);
    long(
        STATUSES
            .iter()
            .position(|status| *status == order.status)
            .expect("a status") as i64,
        &mut bytes,
    );
    bytes
}

/// A read of an order that was answered with that body: an order, or not found.
pub fn read(order: &str, begun: u64, ended: u64, answer: &str) -> Op {
    let status = if answer.starts_with('{') { 200 } else { 404 };
    Op {
        instance: "order-service".to_owned(),
        ..op(
            order,
            Action::Read { after: None },
            None,
            begun..ended,
            Some(status),
            answer.to_owned(),
        )
    }
}

/// A request and its answer.
pub fn op(
    order: &str,
    action: Action,
    key: Option<&str>,
    time: std::ops::Range<u64>,
    status: Option<u16>,
    answer: String,
) -> Op {
    Op {
        client: 0,
        instance: "cart-service a".to_owned(),
        order: order.to_owned(),
        action,
        key: key.map(str::to_owned),
        begun: time.start,
        ended: time.end,
        class: Class::of(status),
        status,
        replayed: false,
        answer,
    }
}

/// An order as a service shows it.
pub fn shown(event: &Event) -> String {
    let order = &event.order;
    json!({
        "orderId": order.id, "customerId": order.customer, "orderDate": DATE.1, "currency": order.currency,
        "items": [{"itemId": "ITEM-0", "quantity": 3, "price": 333.33}], "totalAmount": 999.99,
        "status": order.status, "version": order.version, "eventId": event.event_id, "shippingCost": 20.0,
    })
    .to_string()
}

/// What cart-service answers when that event is the order's current one.
pub fn written(event: &Event, place: (i32, i64)) -> String {
    let mut order: serde_json::Value = serde_json::from_str(&shown(event)).expect("JSON");
    let fields = order.as_object_mut().expect("an object");
    fields.retain(|name, _| name != "eventId" && name != "shippingCost");
    json!({
        "message": "done", "orderId": event.order.id, "order": order, "eventId": event.event_id,
        "partition": place.0, "offset": place.1,
    })
    .to_string()
}

/// The body of a request that creates an order like [`event`]'s.
pub fn create(order: &str) -> Action {
    let items = json!([{"itemId": "ITEM-0", "quantity": 3, "price": 333.33}]);
    let customer = format!("customer of {order}");
    let body = json!({"orderId": order, "customerId": customer, "currency": "USD", "items": items});
    Action::Create { body: body.to_string() }
}

/// A request that gives an order that status.
pub fn update(status: &str, if_match: Option<i32>) -> Action {
    Action::Update {
        status: status.to_owned(),
        if_match,
    }
}
