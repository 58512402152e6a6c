//! Order ids as clients write them.

use common::http::problem::FieldError;
use common::order::check_id;

/// The id under which an order is written: one of digits only gets `ORD-` before it.
///
/// # Errors
/// What is wrong with it.
pub fn normalise(order_id: &str) -> Result<String, FieldError> {
    let fault = |message: &str| FieldError {
        field: "orderId".to_owned(),
        message: message.to_owned(),
    };
    let id = if !order_id.is_empty() && order_id.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("ORD-{order_id}")
    } else {
        order_id.to_owned()
    };
    check_id(&id).map_err(fault)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_only_get_a_prefix_and_all_else_stays() {
        for (written, id) in [("17", "ORD-17"), ("ORD-17", "ORD-17"), ("17a", "17a"), ("٣", "٣")] {
            assert_eq!(normalise(written).as_deref(), Ok(id));
        }
    }

    #[test]
    fn what_is_no_id_is_named() {
        for bad in ["", "a\u{0}b", &"x".repeat(65), &"1".repeat(61)] {
            assert_eq!(normalise(bad).expect_err("no id").field, "orderId");
        }
    }
}
