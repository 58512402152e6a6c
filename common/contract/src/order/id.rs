//! Order ids as people write them: a number is short for an id with a prefix.

use std::borrow::Cow;

/// The full id for an order id as a client writes it: one of ASCII digits only gets the prefix `ORD-`; any other stays as it is.
/// The result is not checked; see [`check_id`](super::check_id).
pub fn full_id(written: &str) -> Cow<'_, str> {
    if !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit()) {
        Cow::Owned(format!("ORD-{written}"))
    } else {
        Cow::Borrowed(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_only_get_a_prefix_and_everything_else_stays() {
        for (written, id) in [
            ("17", "ORD-17"),
            ("ORD-17", "ORD-17"),
            ("17a", "17a"),
            ("٣", "٣"),
            ("-1", "-1"),
            ("", ""),
        ] {
            assert_eq!(full_id(written), id);
        }
    }
}
