//! Generates what a short `POST /create-order` leaves out: items, prices and the customer.

use orderlog_contract::event::OrderItem;

/// The currency of generated orders.
pub const CURRENCY: &str = "USD";
/// Highest generated price, in cents.
const MAX_PRICE: i64 = 50_000;
const MAX_QUANTITY: i32 = 5;

/// `count` random items, each with a price and a quantity.
pub fn items(count: usize) -> Vec<OrderItem> {
    (0..count)
        .map(|_| OrderItem {
            item_id: format!("ITEM-{:05}", fastrand::u32(1..100_000)),
            quantity: fastrand::i32(1..=MAX_QUANTITY),
            unit_price_minor: fastrand::i64(100..=MAX_PRICE),
        })
        .collect()
}

/// A random customer id.
pub fn customer_id() -> String {
    format!("CUST-{:04}", fastrand::u32(1..10_000))
}

#[cfg(test)]
mod tests {
    use orderlog_contract::order::{check_id, total_minor};

    use super::*;

    #[test]
    fn generated_orders_keep_the_rules() {
        for count in [1, 100] {
            let items = items(count);
            assert_eq!(items.len(), count);
            assert!(total_minor(&items).is_some_and(|total| total >= 100));
            assert!(items.iter().all(|item| check_id(&item.item_id).is_ok()));
        }
        assert_eq!(check_id(&customer_id()), Ok(()));
    }
}
