//! The OpenAPI schema of the body of `POST /create-order`: a short form, and a full form for each number of decimals that a
//! currency may have. The one rule that it cannot express is that the amounts add up.

use orderlog_contract::money::Currency;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::new_order::CreateOrder;

impl utoipa::PartialSchema for CreateOrder {
    fn schema() -> RefOr<Schema> {
        let full = (0..=4).filter_map(|exponent| full(exponent, &codes(exponent)));
        let forms: Vec<Value> = std::iter::once(short()).chain(full).collect();
        let schema = json!({
            "description": "Either `orderId` and `itemsCount`, for an order with generated items, prices and customer; or a complete order.",
            "oneOf": forms,
        });
        // A test parses the document.
        serde_json::from_value(schema).unwrap_or_else(|_| RefOr::T(Schema::default()))
    }
}

impl utoipa::ToSchema for CreateOrder {}

fn short() -> Value {
    json!({
        "type": "object",
        "title": "Generated from the number of items",
        "required": ["orderId", "itemsCount"],
        "properties": {
            "orderId": order_id(),
            "itemsCount": {
                "type": "integer", "minimum": 1, "maximum": 100,
                "description": "Number of items to generate. The names `items_count`, `itemsNum`, `numItems`, `numberOfItems` and `number_of_items` are accepted, too.",
            },
            "customerId": none(),
            "currency": none(),
            "items": none(),
            "totalAmount": none(),
        },
        "additionalProperties": false,
    })
}

/// The full form for currencies with `exponent` decimals; `None` when there are none.
fn full(exponent: u32, codes: &[String]) -> Option<Value> {
    if codes.is_empty() {
        return None;
    }
    let unit = Decimal::new(1, exponent).to_f64()?;
    let max = Decimal::new(i64::MAX, exponent).trunc().to_i64()?;
    Some(json!({
        "type": "object",
        "title": format!("Complete order in a currency with {exponent} decimals"),
        "required": ["orderId", "customerId", "currency", "items"],
        "properties": {
            "orderId": order_id(),
            "customerId": {"$ref": "#/components/schemas/Id", "description": "Id of the customer."},
            "currency": {"type": "string", "enum": codes, "description": "ISO 4217 code of the currency of all amounts."},
            "items": {
                "description": "The items, 1 to 100.",
                "type": "array", "minItems": 1, "maxItems": 100,
                "items": {
                    "type": "object",
                    "required": ["itemId", "quantity", "price"],
                    "properties": {
                        "itemId": {"$ref": "#/components/schemas/Id", "description": "Id of the item."},
                        "quantity": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "description": "Quantity ordered."},
                        "price": {
                            "type": "number", "minimum": unit, "maximum": max, "multipleOf": unit,
                            "description": "Unit price, with at most as many decimals as the currency has. It is kept exactly.",
                        },
                    },
                    "additionalProperties": false,
                },
            },
            "totalAmount": {
                "type": ["number", "null"],
                "description": "The sum of quantity times price, for the service to check. If it is given and wrong, the request is refused.",
            },
            "itemsCount": none(),
        },
        "additionalProperties": false,
    }))
}

/// A field of the other form.
fn none() -> Value {
    json!({"type": "null", "description": "Not part of this form: omit it, or send null."})
}

fn order_id() -> Value {
    json!({"$ref": "#/components/schemas/OrderId"})
}

/// The OpenAPI schema of an order id.
pub struct OrderId;

impl utoipa::PartialSchema for OrderId {
    fn schema() -> RefOr<Schema> {
        let schema = json!({
            "description": "Id of the order. One that consists only of digits (at most 60) gets the prefix `ORD-`. The name `order_id` is accepted, too.",
            "allOf": [
                {"$ref": "#/components/schemas/Id"},
                {"type": "string", "pattern": "^(?![0-9]{61,}$)"},
            ],
        });
        serde_json::from_value(schema).unwrap_or_else(|_| RefOr::T(Schema::default()))
    }
}

impl utoipa::ToSchema for OrderId {}

/// The codes of all currencies with `exponent` decimals.
fn codes(exponent: u32) -> Vec<String> {
    let letters = 'A'..='Z';
    let codes = letters.clone().flat_map(|a| letters.clone().map(move |b| (a, b)));
    let codes = codes.flat_map(|(a, b)| letters.clone().map(move |c| String::from_iter([a, b, c])));
    codes
        .filter(|code| Currency::parse(code).is_some_and(|currency| currency.exponent() == exponent))
        .collect()
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn every_currency_is_in_one_form_and_the_highest_price_fits() {
        let schema = serde_json::to_value(CreateOrder::schema()).expect("JSON");
        let forms = schema["oneOf"].as_array().expect("forms");
        let mut currencies = 0;
        for form in &forms[1..] {
            let codes = form["properties"]["currency"]["enum"].as_array().expect("codes");
            currencies += codes.len();
            let currency = Currency::parse(codes[0].as_str().expect("text")).expect("a currency");
            let price = &form["properties"]["items"]["items"]["properties"]["price"];
            let max: Decimal = price["maximum"].to_string().parse().expect("a decimal");
            assert!(currency.to_minor(max).is_some(), "{codes:?}: {max}");
            assert!(currency.to_minor(max + Decimal::ONE).is_none(), "{codes:?}: {max}");
        }
        assert!(
            currencies > 150 && forms[0]["properties"]["itemsCount"]["maximum"] == 100,
            "{currencies}"
        );
        assert_eq!(forms[0]["additionalProperties"], false);
    }
}
