//! How the services must render an order, written from the API's documentation: amounts are decimal numbers, dates RFC
//! 3339 in UTC.

use crate::decode::Order;
use crate::fold::decimals;
use testbed::api_types;

/// How an order returned by order-service differs from the real one: it also states the shipping cost.
pub fn difference_of_details(shown: &api_types::Order, order: &Order) -> Option<String> {
    // 2 % of the total, rounded half up.
    let (cost, decimals) = ((order.total * 2 + 50) / 100, decimals(&order.currency));
    let said = shown.shipping_cost.as_ref().zip(decimals);
    if said.and_then(|(digits, decimals)| minor(&digits.0, decimals)) != Some(cost) {
        return Some(format!(
            "has shipping cost {cost}, but {:?} was returned",
            shown.shipping_cost
        ));
    }
    difference(shown, order)
}

/// How a returned order differs from the real one, as the end of a sentence; `None` if it does not.
pub fn difference(shown: &api_types::Order, order: &Order) -> Option<String> {
    let Some(decimals) = decimals(&order.currency) else {
        return Some(format!("has a currency that nobody requested: {order:?}"));
    };
    let minor = |digits: &api_types::Digits| minor(&digits.0, decimals);
    let items = shown
        .items
        .iter()
        .map(|item| (item.item_id.as_str(), item.quantity, minor(&item.price)));
    let wanted = order
        .items
        .iter()
        .map(|item| (item.id.as_str(), item.quantity, Some(item.price)));
    let same = [
        ("orderId", shown.order_id == order.id),
        ("version", shown.version == order.version),
        ("status", shown.status == order.status),
        ("customerId", shown.customer_id == order.customer),
        ("currency", shown.currency == order.currency),
        ("totalAmount", minor(&shown.total_amount) == Some(order.total)),
        ("items", items.eq(wanted)),
        ("orderDate", millis(&shown.order_date) == Some(order.date)),
    ];
    let (field, _) = same.into_iter().find(|(_, same)| !same)?;
    Some(format!(
        "has a different {field} than was returned: {shown:?} instead of {order:?}"
    ))
}

/// A decimal number in minor units; `None` if it is not a number, or has too many decimals.
pub fn minor(digits: &str, decimals: u32) -> Option<i64> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let (part, finer) = part.split_at(part.len().min(decimals as usize));
    if !finer.bytes().all(|byte| byte == b'0') {
        return None;
    }
    format!("{whole}{part:0<width$}", width = decimals as usize)
        .parse()
        .ok()
}

/// An RFC 3339 time in UTC as milliseconds since 1970; `None` if it is not one.
pub fn millis(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, mark| {
        text.split(mark)
            .map(|part| part.parse::<i64>().ok())
            .collect::<Option<Vec<_>>>()
    };
    let (clock, part) = time.split_once('.').unwrap_or((time, "0"));
    let ([year, month, day], [hour, minute, second]) = (
        numbers(date, '-')?.try_into().ok()?,
        numbers(clock, ':')?.try_into().ok()?,
    );
    let part: i64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    // Days before that date in the Gregorian calendar, with years that begin in March.
    let (year, month): (i64, i64) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sample::{event, shown};

    #[test]
    fn an_order_is_shown_with_its_shipping_cost_and_in_a_currency_of_the_run() {
        let order = event("A", 1, "new", None);
        let mut details: api_types::Order = serde_json::from_str(&shown(&order)).expect("an order");
        assert_eq!(difference_of_details(&details, &order.order), None);
        details.shipping_cost = None;
        assert!(difference_of_details(&details, &order.order).is_some());
        assert_eq!(difference(&details, &order.order), None);
        let (mut other, currency) = (order.order, "XXX".to_owned());
        (details.currency, other.currency) = (currency.clone(), currency);
        assert!(difference(&details, &other).is_some());
    }

    #[test]
    fn amounts_and_times_are_read_exactly() {
        assert_eq!(
            (minor("999.99", 2), minor("5", 2), minor("1.5", 3)),
            (Some(99_999), Some(500), Some(1500))
        );
        assert_eq!(
            (minor("7", 0), minor("0.010", 2), minor("0.011", 2)),
            (Some(7), Some(1), None)
        );
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis("2026-11-21T16:18:00.5Z"), Some(1_795_277_880_500));
        assert_eq!(millis("2024-02-29T23:59:59.999Z"), Some(1_709_251_199_999));
        assert_eq!(millis("yesterday"), None);
    }
}
