//! The body of `POST /create-order` and the order in it.

use garde::Validate;
use orderlog_contract::event::{Order, OrderItem, OrderStatus};
use orderlog_contract::money::Currency;
use orderlog_contract::order::{MAX_ITEMS, MAX_QUANTITY, total_minor};
use orderlog_web::problem::FieldError;
use orderlog_web::validation::{entries_up_to, whole_from};
use orderlog_web::whole_number::WholeNumber;
use orderlog_web::{Problem, amount, json};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{id, order_id};
use crate::generate;

/// A new order: either `itemsCount`, or `customerId`, `currency` and `items`.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOrder {
    /// 1 to 64 characters, no control characters. An id of digits only is prefixed with `ORD-`.
    #[serde(alias = "order_id")]
    #[garde(skip)]
    order_id: String,
    /// Number of items to generate.
    #[serde(
        default,
        alias = "items_count",
        alias = "itemsNum",
        alias = "numItems",
        alias = "numberOfItems",
        alias = "number_of_items"
    )]
    #[garde(inner(custom(whole_from(1, MAX_ITEMS as i64))))]
    items_count: Option<WholeNumber>,
    /// Id of the customer.
    #[serde(default)]
    #[garde(inner(custom(is_id)))]
    customer_id: Option<String>,
    /// ISO 4217 currency code.
    #[serde(default)]
    #[garde(inner(custom(is_currency)))]
    currency: Option<String>,
    /// The items.
    #[serde(default, deserialize_with = "json::objects")]
    #[garde(custom(entries_up_to(MAX_ITEMS)), dive)]
    items: Option<Vec<NewItem>>,
    /// If given, must equal the sum of quantity times price.
    #[serde(default, with = "amount::option")]
    #[garde(skip)]
    total_amount: Option<Decimal>,
}

/// One item of a new order.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewItem {
    /// Id of the item.
    #[garde(custom(is_id))]
    item_id: String,
    /// Quantity ordered.
    #[garde(custom(whole_from(1, i64::from(MAX_QUANTITY))))]
    quantity: WholeNumber,
    /// Unit price, with at most as many decimals as the currency has.
    #[serde(with = "amount")]
    #[garde(skip)]
    price: Decimal,
}

impl CreateOrder {
    /// The order in the body; version, status and date are set when the command is decided.
    ///
    /// # Errors
    /// A 400 that names the invalid fields.
    pub fn into_order(self) -> Result<Order, Problem> {
        let order_id = order_id::of_a_new_order(&self.order_id);
        let mut errors = Vec::new();
        if let Err(error) = &order_id {
            errors.push(error.clone());
        }
        errors.extend(form_errors(&self));
        if let Err(report) = self.validate() {
            errors.extend_from_slice(Problem::from(report).errors());
        }
        let currency = self.currency.as_deref().and_then(Currency::parse);
        let items = priced(currency, self.items.unwrap_or_default()).unwrap_or_else(|invalid| {
            errors.extend(invalid);
            Vec::new()
        });
        let order_id = match order_id {
            Ok(order_id) if errors.is_empty() => order_id,
            _ => return Err(Problem::invalid(errors)),
        };
        let (customer_id, code, items) = match (self.customer_id, currency) {
            (Some(customer_id), Some(currency)) => (customer_id, currency.code(), items),
            _ => {
                let count = self.items_count.and_then(WholeNumber::get);
                let count = count.and_then(|count| usize::try_from(count).ok());
                let items = generate::items(count.unwrap_or(1));
                (generate::customer_id(), generate::CURRENCY, items)
            }
        };
        let Some(total_minor) = total_minor(&items) else {
            return Err(Problem::invalid_field("items", "the total amount is too large"));
        };
        if let Some(claimed) = self.total_amount {
            let total = currency.map(|currency| currency.to_decimal(total_minor));
            if total != Some(claimed) {
                let total = total.unwrap_or_default();
                return Err(Problem::invalid_field(
                    "totalAmount",
                    format!("must be the sum of quantity times price, {total}"),
                ));
            }
        }
        Ok(Order {
            order_id,
            version: 1,
            customer_id,
            order_date: 0,
            items,
            total_minor,
            currency: code.to_owned(),
            status: OrderStatus::New,
        })
    }
}

/// The fields that are missing from, or do not belong to, the form that the body has.
fn form_errors(body: &CreateOrder) -> Vec<FieldError> {
    let error = |field: &str, message: &str| FieldError {
        field: field.to_owned(),
        message: message.to_owned(),
    };
    let full = [
        ("customerId", body.customer_id.is_some()),
        ("currency", body.currency.is_some()),
        ("items", body.items.is_some()),
    ];
    if body.items_count.is_some() {
        let given = full
            .into_iter()
            .chain([("totalAmount", body.total_amount.is_some())])
            .filter(|(_, given)| *given);
        return given
            .map(|(field, _)| error(field, "cannot be combined with itemsCount"))
            .collect();
    }
    if full.iter().all(|(_, given)| !given) {
        return vec![error(
            "itemsCount",
            "is required, unless customerId, currency and items are given",
        )];
    }
    full.into_iter()
        .filter(|(_, given)| !given)
        .map(|(field, _)| error(field, "is required"))
        .collect()
}

/// The items with prices in minor units. Without a currency, which is an error by itself, the only prices that are errors, too,
/// are those that are not positive.
fn priced(currency: Option<Currency>, items: Vec<NewItem>) -> Result<Vec<OrderItem>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut priced = Vec::with_capacity(items.len());
    for (n, item) in items.into_iter().enumerate() {
        let mut invalid = |message: String| {
            errors.push(FieldError {
                field: format!("items[{n}].price"),
                message,
            });
        };
        let Some(currency) = currency else {
            if item.price <= Decimal::ZERO {
                invalid("must be positive".to_owned());
            }
            continue;
        };
        // Whole units that fit into 64 bits of minor units: a bound that a JSON number can represent.
        let max = currency.to_decimal(i64::MAX).trunc();
        let minor = currency.to_minor(item.price).filter(|minor| *minor >= 1);
        match minor.filter(|_| item.price <= max) {
            Some(unit_price_minor) => priced.push(OrderItem {
                item_id: item.item_id,
                // In range, or an error already.
                quantity: item
                    .quantity
                    .get()
                    .and_then(|quantity| i32::try_from(quantity).ok())
                    .unwrap_or(MAX_QUANTITY),
                unit_price_minor,
            }),
            None => invalid(format!(
                "must be from {} to {max}, with at most {} decimals ({})",
                currency.to_decimal(1),
                currency.exponent(),
                currency.code()
            )),
        }
    }
    if errors.is_empty() { Ok(priced) } else { Err(errors) }
}

const NO_CURRENCY: &str = "must be an ISO 4217 code of a currency with a minor unit, such as USD";

fn is_id(value: &str, _: &()) -> garde::Result {
    id::check(value).map_err(garde::Error::new)
}

fn is_currency(value: &str, _: &()) -> garde::Result {
    Currency::parse(value)
        .map(|_| ())
        .ok_or_else(|| garde::Error::new(NO_CURRENCY))
}

#[cfg(test)]
#[path = "new_order_tests.rs"]
mod tests;
