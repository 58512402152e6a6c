//! Order ids as clients write them.

use orderlog_contract::order::{check_id, full_id};
use orderlog_web::problem::FieldError;

use super::id;

/// The id under which a new order is written.
///
/// # Errors
/// What is wrong with it.
pub fn of_a_new_order(order_id: &str) -> Result<String, FieldError> {
    let id = normalize(order_id)?;
    id::check(order_id).map_err(invalid)?;
    Ok(id)
}

/// The id under which an order is written: an id of digits only is prefixed with `ORD-`.
///
/// # Errors
/// What is wrong with it.
pub fn normalize(order_id: &str) -> Result<String, FieldError> {
    let id = full_id(order_id);
    match check_id(&id) {
        Ok(()) => Ok(id.into_owned()),
        // Digits have no other fault.
        Err(_) if id != order_id => Err(invalid(
            "must have at most 60 digits: an id of digits only gets the prefix ORD-",
        )),
        Err(error) => Err(invalid(error)),
    }
}

fn invalid(error: impl ToString) -> FieldError {
    FieldError {
        field: "orderId".to_owned(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_digits_get_a_prefix() {
        for (written, id) in [("17", "ORD-17"), ("ORD-17", "ORD-17"), ("17a", "17a"), ("٣", "٣")] {
            assert_eq!(normalize(written).as_deref(), Ok(id));
        }
    }

    #[test]
    fn a_new_order_needs_a_visible_id_but_an_old_one_is_found_by_any() {
        assert_eq!(of_a_new_order("17").as_deref(), Ok("ORD-17"));
        assert_eq!(of_a_new_order("17 ").expect_err("a space").field, "orderId");
        assert_eq!(normalize("17 ").as_deref(), Ok("17 "));
    }

    #[test]
    fn an_invalid_id_names_the_field() {
        for bad in ["", "a\u{0}b", &"x".repeat(65), &"1".repeat(61)] {
            assert_eq!(normalize(bad).expect_err("no id").field, "orderId");
        }
    }

    #[test]
    fn an_id_of_digits_leaves_room_for_its_prefix() {
        assert!(normalize(&"1".repeat(60)).is_ok());
        for digits in [61, 64, 65, 1000] {
            let message = normalize(&"1".repeat(digits)).expect_err("too long").message;
            assert!(message.contains("at most 60 digits"), "{digits}: {message}");
        }
    }
}
