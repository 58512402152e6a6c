//! The rules of one event. They are constants of the contract: never configurable, never tightened, only loosened, and
//! then with readers deployed before writers. A stricter limit belongs at cart-service's HTTP edge.

use crate::event::{OrderEvent, OrderItem};
use crate::money::Currency;

/// Maximum length of an order, customer or item id, in characters.
pub const MAX_ID_CHARS: usize = 64;
/// Maximum number of items in an order.
pub const MAX_ITEMS: usize = 100;
/// Highest quantity of one line.
pub const MAX_QUANTITY: i32 = 1_000_000;
/// Highest version of an order.
pub const MAX_VERSION: i32 = 1_000_000_000;
/// The last millisecond of the year 9999, UTC, in milliseconds since 1970.
pub const MAX_TIME_MS: i64 = 253_402_300_799_999;

/// A rule that an event breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, by its path in the event: `order.items[3].quantity`.
    pub field: String,
    /// What is wrong with the field; never contains its value.
    pub message: &'static str,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

impl std::error::Error for Violation {}

/// Checks an event against every rule.
///
/// # Errors
/// The first broken rule.
pub fn check(event: &OrderEvent) -> Result<(), Violation> {
    let order = &event.order;
    time("occurredAt", event.occurred_at)?;
    id("order.orderId", &order.order_id)?;
    within(
        "order.version",
        (1..=MAX_VERSION).contains(&order.version),
        "must be from 1 to 1,000,000,000",
    )?;
    id("order.customerId", &order.customer_id)?;
    time("order.orderDate", order.order_date)?;
    within(
        "order.items",
        (1..=MAX_ITEMS).contains(&order.items.len()),
        "must have 1 to 100 entries",
    )?;
    for (n, item) in order.items.iter().enumerate() {
        check_item(item).map_err(|(field, message)| Violation {
            field: format!("order.items[{n}].{field}"),
            message,
        })?;
    }
    within(
        "order.totalMinor",
        total_minor(&order.items) == Some(order.total_minor),
        "must be the sum of quantity times unitPriceMinor",
    )?;
    within(
        "order.currency",
        Currency::parse(&order.currency).is_some(),
        "must be an ISO 4217 code of a currency with a minor unit",
    )
}

/// The sum of quantity times price; `None` when it does not fit 64 bits.
pub fn total_minor(items: &[OrderItem]) -> Option<i64> {
    items.iter().try_fold(0_i64, |sum, item| {
        sum.checked_add(item.unit_price_minor.checked_mul(i64::from(item.quantity))?)
    })
}

/// Checks the form of an id.
///
/// # Errors
/// What is wrong with it.
pub fn check_id(id: &str) -> Result<(), &'static str> {
    if id.is_empty() {
        Err("must not be empty")
    } else if id.len() > MAX_ID_CHARS && id.chars().count() > MAX_ID_CHARS {
        Err("must have at most 64 characters")
    } else if id.chars().any(char::is_control) {
        Err("must not contain control characters")
    } else {
        Ok(())
    }
}

/// Checks that a record with that key may be an event of that order.
///
/// # Errors
/// What is wrong with the key.
pub fn check_key(key: Option<&[u8]>, order_id: &str) -> Result<(), &'static str> {
    match key {
        Some(key) if key == order_id.as_bytes() => Ok(()),
        Some(_) => Err("the record key is not the orderId"),
        None => Err("the record has no key; it must be the orderId"),
    }
}

fn check_item(item: &OrderItem) -> Result<(), (&'static str, &'static str)> {
    check_id(&item.item_id).map_err(|message| ("itemId", message))?;
    if !(1..=MAX_QUANTITY).contains(&item.quantity) {
        return Err(("quantity", "must be from 1 to 1,000,000"));
    }
    if item.unit_price_minor < 1 {
        return Err(("unitPriceMinor", "must be at least 1"));
    }
    Ok(())
}

fn id(field: &str, value: &str) -> Result<(), Violation> {
    check_id(value).map_err(|message| Violation {
        field: field.to_owned(),
        message,
    })
}

fn time(field: &str, millis: i64) -> Result<(), Violation> {
    within(
        field,
        (0..=MAX_TIME_MS).contains(&millis),
        "must be in the years 1970 to 9999",
    )
}

fn within(field: &str, holds: bool, message: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation {
            field: field.to_owned(),
            message,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{an_event, an_item};

    type Break = fn(&mut OrderEvent);

    #[test]
    fn an_event_that_keeps_every_rule_passes() {
        assert_eq!(check(&an_event("A-1", 1)), Ok(()));
    }

    #[test]
    fn each_broken_rule_is_named_with_its_field() {
        let cases: [(&str, Break); 20] = [
            ("order.orderId", |e| e.order.order_id.clear()),
            ("order.orderId", |e| e.order.order_id = "é".repeat(65)),
            ("order.orderId", |e| e.order.order_id = "a\nb".into()),
            ("order.version", |e| e.order.version = 0),
            ("order.version", |e| e.order.version = MAX_VERSION + 1),
            ("order.customerId", |e| e.order.customer_id.clear()),
            ("order.items", |e| e.order.items.clear()),
            ("order.items", |e| e.order.items = vec![an_item(1, 1); 101]),
            ("order.items[0].itemId", |e| e.order.items[0].item_id = "\u{7f}".into()),
            ("order.items[0].quantity", |e| e.order.items[0].quantity = 0),
            ("order.items[0].quantity", |e| e.order.items[0].quantity = 1_000_001),
            ("order.items[0].unitPriceMinor", |e| {
                e.order.items[0].unit_price_minor = 0
            }),
            ("order.totalMinor", |e| e.order.total_minor += 1),
            ("order.totalMinor", |e| e.order.items[0].unit_price_minor = i64::MAX),
            ("order.currency", |e| e.order.currency = "XAU".into()),
            ("order.currency", |e| e.order.currency = "usd".into()),
            ("order.orderDate", |e| e.order.order_date = -1),
            ("order.orderDate", |e| e.order.order_date = MAX_TIME_MS + 1),
            ("occurredAt", |e| e.occurred_at = -1),
            ("occurredAt", |e| e.occurred_at = i64::MAX),
        ];
        for (n, (field, break_it)) in cases.into_iter().enumerate() {
            let mut event = an_event("A-1", 1);
            break_it(&mut event);
            assert_eq!(check(&event).expect_err("a violation").field, field, "case {n}");
        }
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        let mut event = an_event(&"é".repeat(64), MAX_VERSION);
        event.order.items = vec![an_item(MAX_QUANTITY, 1); MAX_ITEMS];
        event.order.total_minor = total_minor(&event.order.items).expect("a sum");
        event.occurred_at = MAX_TIME_MS;
        event.order.order_date = 0;
        assert_eq!(check(&event), Ok(()));
    }
}
