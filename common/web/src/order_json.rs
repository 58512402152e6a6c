//! An order as both services return it: the shape of the HTTP API and nothing else. The event's shape is
//! [`orderlog_contract::event`], and the two change independently.

use orderlog_contract::event::{Order, OrderItem};
use orderlog_contract::money::Currency;
use orderlog_contract::timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::amount;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderJson {
    /// Id of the order.
    #[schema(example = "ORD-1001")]
    pub order_id: String,
    /// Id of the customer.
    #[schema(example = "CUST-1")]
    pub customer_id: String,
    /// When the order was created (RFC 3339, UTC).
    #[schema(example = "2023-11-14T22:13:20.123Z", format = DateTime)]
    pub order_date: String,
    /// The items, 1 to 100.
    pub items: Vec<ItemJson>,
    /// Exact sum of quantity times price, with the currency's number of decimals.
    #[serde(with = "amount")]
    #[schema(example = 999.99)]
    pub total_amount: Decimal,
    /// ISO 4217 currency code.
    #[schema(example = "USD")]
    pub currency: String,
    /// Status of the order.
    #[schema(example = "new")]
    pub status: &'static str,
    /// Version of the order: 1 when created, one higher after each update.
    #[schema(example = 1)]
    pub version: i32,
}

/// One item of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemJson {
    /// Id of the item.
    #[schema(example = "ITEM-1")]
    pub item_id: String,
    /// Quantity ordered.
    #[schema(example = 3)]
    pub quantity: i32,
    /// Exact unit price, with the currency's number of decimals.
    #[serde(with = "amount")]
    #[schema(example = 333.33)]
    pub price: Decimal,
}

impl From<(&Order, Currency)> for OrderJson {
    /// `currency` is the order's own, parsed.
    fn from((order, currency): (&Order, Currency)) -> Self {
        let item = |item: &OrderItem| ItemJson {
            item_id: item.item_id.clone(),
            quantity: item.quantity,
            price: currency.to_decimal(item.unit_price_minor),
        };
        Self {
            order_id: order.order_id.clone(),
            customer_id: order.customer_id.clone(),
            // The event's rules keep the date within what RFC 3339 can represent.
            order_date: timestamp::rfc3339(order.order_date).unwrap_or_default(),
            items: order.items.iter().map(item).collect(),
            total_amount: currency.to_decimal(order.total_minor),
            currency: order.currency.clone(),
            status: order.status.as_str(),
            version: order.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use orderlog_contract::testing::an_event;

    use super::*;

    #[test]
    fn an_order_is_written_with_exact_amounts() {
        let order = an_event("ORD-1", 1).order;
        let json = OrderJson::from((&order, Currency::parse("USD").expect("USD")));
        assert_eq!(
            serde_json::to_string(&json).expect("JSON"),
            r#"{"orderId":"ORD-1","customerId":"CUST-1","orderDate":"2023-11-14T22:13:20.000Z","items":[{"itemId":"ITEM-1","quantity":3,"price":333.33}],"totalAmount":999.99,"currency":"USD","status":"new","version":1}"#
        );
    }

    #[test]
    fn the_currency_says_how_many_digits_there_are() {
        let mut order = an_event("ORD-1", 1).order;
        order.total_minor = i64::MAX;
        for (code, total) in [("JPY", "9223372036854775807"), ("KWD", "9223372036854775.807")] {
            let json = OrderJson::from((&order, Currency::parse(code).expect("a currency")));
            assert_eq!(json.total_amount.to_string(), total);
        }
    }
}
