//! The event: plain structs that agree, field by field, with the newest `.avsc` under `schemas/order-event/`.
//! Only their shape lives here; the rules are in [`crate::order`], and the HTTP API has JSON types of its own.
//!
//! apache-avro checks a struct's serde name against the record's name, so renaming a struct takes a new schema version.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One change of an order: `com.ecommerce.order.OrderEvent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    /// Identity of this event: a UUID version 7.
    pub event_id: Uuid,
    /// The event that this one is based on; `None` for an order's first event.
    pub previous_event_id: Option<Uuid>,
    /// Informational; the fold does not use it.
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
    /// A type that only a newer schema has.
    Unknown,
}

/// An order as a whole: `com.ecommerce.order.Order`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Identity; equal to the record key.
    pub order_id: String,
    /// 1 for the first event, and one more for each event after it.
    pub version: i32,
    /// Who ordered.
    pub customer_id: String,
    /// When the order was placed: milliseconds since 1970-01-01 UTC.
    pub order_date: i64,
    /// 1 to 100 items.
    pub items: Vec<OrderItem>,
    /// The sum of quantity times unit price, in the currency's minor units.
    pub total_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Current status.
    pub status: OrderStatus,
}

/// One item of an order: `com.ecommerce.order.OrderItem`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// What was ordered.
    pub item_id: String,
    /// How many: 1 to 1,000,000.
    pub quantity: i32,
    /// Unit price, in the currency's minor units.
    pub unit_price_minor: i64,
}

/// Status of an order; [`OrderStatus::can_transition_to`] has the legal transitions.
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
    /// Canceled; final.
    Cancelled,
    /// A status that only a newer schema has.
    Unknown,
}

impl OrderStatus {
    /// Every status that a client may set, in the order in which an order goes through them.
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
