//! Order events, as a sample of a real topic's data: the types that they are read into, and how they are read.

use std::fmt;
use std::sync::LazyLock;

use orderlog_avro::{Resolution, Schema, SchemaText};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    pub event_id: Uuid,
    pub previous_event_id: Option<Uuid>,
    pub event_type: EventType,
    pub occurred_at: i64,
    pub order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventType {
    OrderCreated,
    OrderStatusUpdated,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub order_id: String,
    pub version: i32,
    pub customer_id: String,
    pub order_date: i64,
    pub items: Vec<OrderItem>,
    pub total_minor: i64,
    pub currency: String,
    pub status: OrderStatus,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    pub item_id: String,
    pub quantity: i32,
    pub unit_price_minor: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderStatus {
    New,
    Pending,
    Confirmed,
    Processing,
    Shipped,
    Delivered,
    Cancelled,
    Unknown,
}

/// The schema of these types.
pub static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::parse(&SchemaText::avro(include_str!("order-event.avsc"))).expect("a schema"));

/// Whether the schema or the datum is the reason that an event is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Schema,
    Datum,
}

/// Why an event is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub stage: Stage,
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A writer's schema, resolved for reading order events.
#[derive(Debug)]
pub struct Writer(pub Result<Resolution, Fault>);

impl Writer {
    pub fn of(schema: &SchemaText) -> Self {
        let fault = |error: &dyn fmt::Display| Fault {
            stage: Stage::Schema,
            text: error.to_string(),
        };
        let writer = Schema::parse_lenient(schema).map_err(|error| fault(&error));
        Self(writer.and_then(|writer| Resolution::new(&writer, &SCHEMA).map_err(|error| fault(&error))))
    }

    pub fn read(&self, datum: &[u8]) -> Result<OrderEvent, Fault> {
        let resolution = self.0.as_ref().map_err(Fault::clone)?;
        resolution.read(datum).map_err(|error| Fault {
            stage: Stage::Datum,
            text: error.to_string(),
        })
    }
}
