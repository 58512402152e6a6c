//! Order ids as clients write them.

use orderlog_contract::order::check_id;
use orderlog_web::problem::FieldError;

use super::id;

/// The id under which a new order is written.
///
/// # Errors
/// What is wrong with it.
pub fn of_a_new_order(order_id: &str) -> Result<String, FieldError> {
    let id = normalise(order_id)?;
    id::check(order_id).map_err(fault)?;
    Ok(id)
}

/// The id under which an order is written: one of digits only gets `ORD-` before it.
///
/// # Errors
/// What is wrong with it.
pub fn normalise(order_id: &str) -> Result<String, FieldError> {
    let id = if !order_id.is_empty() && order_id.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("ORD-{order_id}")
    } else {
        order_id.to_owned()
    };
    check_id(&id).map_err(fault)?;
    Ok(id)
}

fn fault(message: impl Into<String>) -> FieldError {
    FieldError {
        field: "orderId".to_owned(),
        message: message.into(),
    }
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
    fn a_new_order_gets_no_id_that_cannot_be_seen_but_an_old_one_is_found_by_it() {
        assert_eq!(of_a_new_order("17").as_deref(), Ok("ORD-17"));
        assert_eq!(of_a_new_order("17 ").expect_err("a blank").field, "orderId");
        assert_eq!(normalise("17 ").as_deref(), Ok("17 "));
    }

    #[test]
    fn what_is_no_id_is_named() {
        for bad in ["", "a\u{0}b", &"x".repeat(65), &"1".repeat(61)] {
            assert_eq!(normalise(bad).expect_err("no id").field, "orderId");
        }
    }
}
