use orderlog_web::json::parse;

use super::*;

fn fields(body: &str) -> Vec<String> {
    let problem = parse::<CreateOrder>(body.as_bytes())
        .and_then(CreateOrder::into_order)
        .expect_err(body);
    problem.errors().iter().map(|invalid| invalid.field.clone()).collect()
}

fn accepted(body: &str) -> Order {
    parse::<CreateOrder>(body.as_bytes())
        .and_then(CreateOrder::into_order)
        .unwrap_or_else(|problem| panic!("{body}: {problem}"))
}

const FULL: &str = r#"{"orderId":"A-1","customerId":"C","currency":"USD","items":[{"itemId":"I","quantity":3,"price":333.33}],"totalAmount":999.99}"#;

#[test]
fn a_short_order_is_generated_with_every_name_for_its_count() {
    for name in [
        "itemsCount",
        "items_count",
        "itemsNum",
        "numItems",
        "numberOfItems",
        "number_of_items",
    ] {
        let order = accepted(&format!(r#"{{"order_id":"7","{name}":4}}"#));
        assert_eq!((order.order_id.as_str(), order.items.len()), ("ORD-7", 4), "{name}");
        assert_eq!(total_minor(&order.items), Some(order.total_minor));
    }
}

#[test]
fn a_full_order_is_kept_to_the_cent() {
    let order = accepted(FULL);
    assert_eq!(
        (
            order.items[0].unit_price_minor,
            order.total_minor,
            order.currency.as_str()
        ),
        (33_333, 99_999, "USD")
    );
}

#[test]
fn each_currency_has_its_own_decimals() {
    let priced = |currency: &str, price: &str| {
        FULL.replace("USD", currency)
            .replace("333.33", price)
            .replace(r#","totalAmount":999.99"#, "")
    };
    assert_eq!(accepted(&priced("JPY", "500")).total_minor, 1500);
    assert_eq!(accepted(&priced("KWD", "0.001")).total_minor, 3);
    assert_eq!(fields(&priced("JPY", "0.5")), ["items[0].price"]);
    assert_eq!(fields(&priced("USD", "0.001")), ["items[0].price"]);
}

#[test]
fn each_invalid_field_is_named() {
    let cases = [
        (r#"{"orderId":"","itemsCount":1}"#, vec!["orderId"]),
        (r#"{"orderId":"A","itemsCount":0}"#, vec!["itemsCount"]),
        (r#"{"orderId":"A","itemsCount":101}"#, vec!["itemsCount"]),
        (r#"{"orderId":"A","itemsCount":-1}"#, vec!["itemsCount"]),
        (r#"{"orderId":"A","itemsCount":1.5}"#, vec!["itemsCount"]),
        (r#"{"orderId":"A","itemsCount":"3"}"#, vec!["itemsCount"]),
        (r#"{"orderId":"A"}"#, vec!["itemsCount"]),
        (r#"{"itemsCount":1}"#, vec!["orderId"]),
        (r#"{"orderId":7,"itemsCount":1}"#, vec!["orderId"]),
        (r#"{"orderId":"A","itemsCount":1,"status":"paid"}"#, vec!["status"]),
        (r#"{"orderId":"A","itemsCount":1,"currency":"USD"}"#, vec!["currency"]),
        (r#"{"orderId":"A","items":[]}"#, vec!["customerId", "currency", "items"]),
        (r#"{"orderId":"A","orderId":"B","itemsCount":1}"#, vec!["orderId"]),
    ];
    for (body, expected) in cases {
        assert_eq!(fields(body), expected, "{body}");
    }
    let message = |body: &str| {
        let problem = parse::<CreateOrder>(body.as_bytes())
            .and_then(CreateOrder::into_order)
            .expect_err(body);
        problem.errors()[0].message.clone()
    };
    assert_eq!(
        message(r#"{"orderId":"A","itemsCount":0e999999}"#),
        message(r#"{"orderId":"A","itemsCount":0}"#)
    );
    let replaced = |from: &str, to: &str| fields(&FULL.replace(from, to));
    assert_eq!(replaced("USD", "XAU"), ["currency"]);
    assert_eq!(replaced("999.99", "999.98"), ["totalAmount"]);
    assert_eq!(replaced("333.33", "-1"), ["items[0].price"]);
    assert_eq!(replaced("333.33", "1e400"), ["items[0].price"]);
    assert_eq!(replaced("333.33", "\"333.33\""), ["items[0].price"]);
    assert_eq!(replaced(r#""quantity":3"#, r#""quantity":0"#), ["items[0].quantity"]);
    assert_eq!(
        replaced(
            r#""quantity":3,"price":333.33"#,
            r#""quantity":1000000,"price":990000000000000000"#
        ),
        ["items[0].price"]
    );
    assert_eq!(
        replaced(
            r#""quantity":3,"price":333.33"#,
            r#""quantity":1000000,"price":900000000000000"#
        ),
        ["items"]
    );
    assert_eq!(replaced(r#""itemId":"I""#, r#""itemId":"\u0000""#), ["items[0].itemId"]);
}

#[test]
fn whole_numbers_may_be_written_with_a_zero_fraction() {
    for count in ["3", "3.0", "3e0", "30e-1"] {
        let order = accepted(&format!(r#"{{"orderId":"A","itemsCount":{count}}}"#));
        assert_eq!(order.items.len(), 3, "{count}");
    }
    assert_eq!(
        accepted(&FULL.replace(r#""quantity":3"#, r#""quantity":3.0"#)).items[0].quantity,
        3
    );
    assert_eq!(
        fields(&FULL.replace(r#""quantity":3"#, r#""quantity":3.5"#)),
        ["items[0].quantity"]
    );
}

#[test]
fn a_number_that_is_not_in_the_range_is_told_the_range_however_large_or_broken_it_is() {
    for count in ["0", "101", "3.5", "99999999999999999999999", "-1e400", "1e-400"] {
        let body = format!(r#"{{"orderId":"A","numItems":{count}}}"#);
        let problem = parse::<CreateOrder>(body.as_bytes())
            .and_then(CreateOrder::into_order)
            .expect_err(count);
        assert_eq!(
            problem.summary(),
            "itemsCount: must be a whole number from 1 to 100",
            "{count}"
        );
    }
}

#[test]
fn all_invalid_values_are_named_at_once_even_without_a_currency_for_the_prices() {
    let invalid = r#"{"orderId":"","customerId":"","currency":"XXX","items":[{"itemId":"I","quantity":0,"price":-1},{"itemId":"","quantity":1.5,"price":1.001}]}"#;
    let named = |body: &str| {
        let mut fields = fields(body);
        fields.sort_unstable();
        fields
    };
    let mut expected = vec![
        "currency",
        "customerId",
        "items[0].price",
        "items[0].quantity",
        "items[1].itemId",
        "items[1].quantity",
        "orderId",
    ];
    assert_eq!(named(invalid), expected);
    assert_eq!(named(&invalid.replace(r#""currency":"XXX","#, "")), expected);
    expected.remove(0);
    expected.insert(4, "items[1].price");
    assert_eq!(named(&invalid.replace("XXX", "USD")), expected);
}

#[test]
fn a_value_of_the_wrong_type_ends_the_check() {
    for (body, field) in [
        (r#"{"orderId":"","itemsCount":"3"}"#, "itemsCount"),
        (r#"{"orderId":"","numItems":"3"}"#, "numItems"),
        (r#"{"orderId":"","itemsCount":0,"items":{}}"#, "items"),
    ] {
        assert_eq!(fields(body), [field], "{body}");
    }
}

#[test]
fn ids_of_a_new_order_must_be_visible() {
    assert_eq!(fields(r#"{"orderId":"1001 ","itemsCount":1}"#), ["orderId"]);
    assert_eq!(fields(&FULL.replace(r#""C""#, r#""C\u200b""#)), ["customerId"]);
    assert_eq!(
        fields(&FULL.replace(r#""itemId":"I""#, r#""itemId":"e\u0301""#)),
        ["items[0].itemId"]
    );
}

#[test]
fn only_objects_are_orders_and_items() {
    assert!(parse::<CreateOrder>(br#"["A",1,null,null,null,null]"#).is_err());
    assert_eq!(
        fields(&FULL.replace(r#"{"itemId":"I","quantity":3,"price":333.33}"#, r#"["I",3,333.33]"#)),
        ["items[0]"]
    );
}
