//! The requests that clients send, and others derived from them.

use serde_json::json;

use crate::fold::decimals;
use crate::history::Action;
use crate::intent::OrderBody;

/// A write as it is sent, perhaps more than once.
#[derive(Clone)]
pub struct Request {
    pub order: String,
    pub action: Action,
    pub key: String,
}

/// Another request with the key of that one; `None` if it would be the same.
pub fn misused(request: &Request, basket: &OrderBody) -> Option<Request> {
    let action = match &request.action {
        Action::Create { .. } => Action::Create {
            body: body(&request.order, "misuse", basket),
        },
        _ => Action::Update {
            status: "cancelled".to_owned(),
            if_match: None,
        },
    };
    let other = Request {
        action,
        ..request.clone()
    };
    (!other.action.is_same_request(&request.action)).then_some(other)
}

/// Another request for the same order.
pub fn elsewhere(request: &Request, status: &str, if_match: Option<i32>) -> Request {
    Request {
        order: request.order.clone(),
        action: Action::Update {
            status: status.to_owned(),
            if_match,
        },
        key: format!("{}-e", request.key),
    }
}

/// The body of a create. A full order has the key as its customer, so that its event shows which request it results
/// from.
pub fn body(order: &str, key: &str, basket: &OrderBody) -> String {
    match basket {
        OrderBody::Generated(count) => json!({"orderId": order, "itemsCount": count}).to_string(),
        OrderBody::Full(currency, lines) => {
            let line = |(n, (quantity, price)): (usize, &(i32, i64))| {
                let price = amount(*price, decimals(currency).unwrap_or(0));
                format!(r#"{{"itemId":"ITEM-{n}","quantity":{quantity},"price":{price}}}"#)
            };
            let items: Vec<String> = lines.iter().enumerate().map(line).collect();
            let items = items.join(",");
            format!(r#"{{"orderId":"{order}","customerId":"{key}","currency":"{currency}","items":[{items}]}}"#)
        }
    }
}

/// Minor units as a decimal number.
fn amount(minor: i64, decimals: u32) -> String {
    if decimals == 0 {
        return minor.to_string();
    }
    let unit = 10_i64.pow(decimals);
    format!("{}.{:0width$}", minor / unit, minor % unit, width = decimals as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        assert_eq!([amount(7, 2), amount(1234, 3), amount(5, 0)], ["0.07", "1.234", "5"]);
    }

    #[test]
    fn a_create_contains_the_ordered_items() {
        let full = body("A", "0-1", &OrderBody::Full("USD", vec![(3, 33_333)]));
        let expected = r#"{"orderId":"A","customerId":"0-1","currency":"USD","items":[{"itemId":"ITEM-0","quantity":3,"price":333.33}]}"#;
        assert_eq!(full, expected);
        assert_eq!(
            body("A", "0-1", &OrderBody::Generated(3)),
            r#"{"itemsCount":3,"orderId":"A"}"#
        );
    }
}
