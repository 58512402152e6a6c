//! Numbers in settings, whose errors say which numbers are accepted.

use std::ops::RangeInclusive;

/// A text that is no such number.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of {unit} from {from} to {to}")]
pub struct NotInRange {
    unit: &'static str,
    from: u64,
    to: u64,
}

/// A clap value parser for whole numbers of that unit, in that range.
pub fn whole_number<T: TryFrom<u64>>(
    unit: &'static str,
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, NotInRange> + Clone {
    move |text| {
        let number = text.trim().parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or(NotInRange {
            unit,
            from: *range.start(),
            to: *range.end(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_which_numbers_are_accepted() {
        let parse = whole_number::<u64>("milliseconds", 500..=60_000);
        for text in ["500", " 60000 "] {
            assert_eq!(parse(text), Ok(text.trim().parse().expect("a number")), "{text}");
        }
        for text in ["", "5s", "499", "60001", "-1", "1.5", "99999999999999999999"] {
            let error = parse(text).expect_err(text).to_string();
            assert_eq!(
                error, "must be a whole number of milliseconds from 500 to 60000",
                "{text}"
            );
        }
        assert!(
            whole_number::<u8>("things", 0..=1000)("256").is_err(),
            "the type is too small"
        );
    }
}
