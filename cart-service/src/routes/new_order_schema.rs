//! The OpenAPI schema of the body of `POST /create-order`: a short form, and a full form for each number of decimals that a
//! currency may have. Only that the amounts add up cannot be expressed.

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
            "description": "Either itemsCount, and the rest is generated, or the complete order.",
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
                "description": "Number of items to generate. itemsNum, numItems, numberOfItems and number_of_items are accepted as names of this field, too.",
            },
            "customerId": {"type": "null"},
            "currency": {"type": "null"},
            "items": {"type": "null"},
            "totalAmount": {"type": "null"},
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
            "customerId": {"$ref": "#/components/schemas/Id"},
            "currency": {"type": "string", "enum": codes},
            "items": {
                "type": "array", "minItems": 1, "maxItems": 100,
                "items": {
                    "type": "object",
                    "required": ["itemId", "quantity", "price"],
                    "properties": {
                        "itemId": {"$ref": "#/components/schemas/Id"},
                        "quantity": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                        "price": {"type": "number", "minimum": unit, "maximum": max, "multipleOf": unit},
                    },
                    "additionalProperties": false,
                },
            },
            "totalAmount": {
                "type": ["number", "null"],
                "description": "If given, must equal the sum of quantity times price.",
            },
            "itemsCount": {"type": "null"},
        },
        "additionalProperties": false,
    }))
}

fn order_id() -> Value {
    json!({"$ref": "#/components/schemas/OrderId"})
}

/// The OpenAPI schema of an order id.
pub struct OrderId;

impl utoipa::PartialSchema for OrderId {
    fn schema() -> RefOr<Schema> {
        let schema = json!({
            "description": "Id of the order. An id of digits only is prefixed with ORD-, and must leave room for that. order_id is accepted as the name of this field, too.",
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
