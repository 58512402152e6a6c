//! The event: plain structs that agree, field by field, with the newest `.avsc` under `schemas/order-event/`.
//! Only shape lives here; the rules are in [`crate::order`], the JSON of the HTTP API is elsewhere.
//!
//! apache-avro checks a struct's serde name against the record's name, so no struct may be renamed without a new schema.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that happened to an order: `com.ecommerce.order.OrderEvent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    /// UUID version 7; identity of this event.
    pub event_id: Uuid,
    /// The event that this one was decided on; `None` for an order's first.
    pub previous_event_id: Option<Uuid>,
    /// For readers; the fold does not use it.
    pub event_type: EventType,
    /// When the event was decided: milliseconds since 1970-01-01 UTC.
    pub occurred_at: i64,
    /// The whole order after this event.
    pub order: Order,
}

/// Why an event was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventType {
    /// The order's first event.
    OrderCreated,
    /// A later event: status and version changed.
    OrderStatusUpdated,
    /// A type that a newer schema brought.
    Unknown,
}

/// An order as a whole: `com.ecommerce.order.Order`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Identity; equal to the record key.
    pub order_id: String,
    /// 1 for the first event, then one more each time.
    pub version: i32,
    /// Who ordered.
    pub customer_id: String,
    /// When the order was placed: milliseconds since 1970-01-01 UTC.
    pub order_date: i64,
    /// 1 to 100 lines.
    pub items: Vec<OrderItem>,
    /// Sum of quantity times price, in the currency's minor units.
    pub total_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// How far the order has come.
    pub status: OrderStatus,
}

/// One line of an order: `com.ecommerce.order.OrderItem`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// What was ordered.
    pub item_id: String,
    /// How many: 1 to 1,000,000.
    pub quantity: i32,
    /// Price of one, in the currency's minor units.
    pub unit_price_minor: i64,
}

/// How far an order has come. Which steps are legal says [`OrderStatus::may_become`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderStatus {
    /// Just created.
    New,
    /// Waiting for confirmation.
    Pending,
    /// Accepted.
    Confirmed,
    /// Being prepared.
    Processing,
    /// On its way.
    Shipped,
    /// Arrived; final.
    Delivered,
    /// Called off; final.
    Cancelled,
    /// A status that a newer schema brought.
    Unknown,
}

impl OrderStatus {
    /// Every status that a client may set, in the order of an order's life.
    pub const SETTABLE: [Self; 7] = [
        Self::New,
        Self::Pending,
        Self::Confirmed,
        Self::Processing,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
    ];

    /// The symbol, as in the schema and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
