use proptest::prelude::*;

use super::*;

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Price {
    #[serde(with = "super")]
    price: Decimal,
    #[serde(default, with = "super::option")]
    total: Option<Decimal>,
}

fn read(number: &str) -> Result<Decimal, String> {
    let json = format!(r#"{{"price":{number}}}"#);
    serde_json::from_str::<Price>(&json)
        .map(|price| price.price)
        .map_err(|error| error.to_string())
}

#[test]
fn numbers_are_read_exactly() {
    for (number, plain) in [
        ("999.99", "999.99"),
        ("10.00", "10.00"),
        ("0", "0"),
        ("-0.5", "-0.5"),
        ("1e2", "100"),
        ("1.5E+1", "15"),
        ("15e-1", "1.5"),
        ("12345678901234567.89", "12345678901234567.89"),
        ("79228162514264337593543950335", "79228162514264337593543950335"),
        ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
        ("99.0000000000000000000000000000000000", "99.00000000000000000000000000"),
        (
            "0.10000000000000000000000000000000000",
            "0.1000000000000000000000000000",
        ),
        ("0.00", "0.00"),
        ("0e999999", "0"),
        ("-0.0E-999999", "0"),
        ("0e99999999999999999999", "0"),
    ] {
        assert_eq!(
            read(number).map(|amount| amount.to_string()),
            Ok(plain.to_owned()),
            "{number}"
        );
    }
}

#[test]
fn zero_may_be_written_at_any_length() {
    assert_eq!(read(&format!("0.{}", "0".repeat(200))), Ok(Decimal::ZERO));
}

#[test]
fn an_amount_that_cannot_be_kept_exactly_is_refused() {
    let endless = format!("0.{}1", "0".repeat(200_000));
    for number in [
        "1e400",
        "1e-400",
        "1e99999999999999999999",
        "0.00000000000000000000000000001",
        "79228162514264337593543950336",
        "1.23456789012345678901234567890123",
        &endless,
    ] {
        let error = read(number).expect_err(number);
        assert!(
            error.contains("has too many digits to be represented exactly"),
            "{error}"
        );
    }
}

#[test]
fn only_numbers_are_amounts() {
    for json in [r#""999.99""#, "true", "[]", "{}", "null"] {
        assert!(read(json).expect_err(json).contains("must be a number"), "{json}");
    }
    for json in ["NaN", "Infinity", "01", "+1", ".5", "1."] {
        assert!(read(json).is_err(), "{json}");
    }
}

#[test]
fn an_optional_amount_may_be_null_or_missing_but_not_text() {
    let read = |json: &str| serde_json::from_str::<Price>(json).map(|price| price.total);
    assert_eq!(read(r#"{"price":1}"#).expect("it"), None);
    assert_eq!(read(r#"{"price":1,"total":null}"#).expect("it"), None);
    assert_eq!(
        read(r#"{"price":1,"total":2.50}"#).expect("it"),
        Some(Decimal::new(250, 2))
    );
    assert!(read(r#"{"price":1,"total":"2.50"}"#).is_err());
}

#[test]
fn the_scale_is_written() {
    let price = Price {
        price: Decimal::new(1000, 2),
        total: None,
    };
    assert_eq!(
        serde_json::to_string(&price).expect("JSON"),
        r#"{"price":10.00,"total":null}"#
    );
}

proptest! {
    #[test]
    fn each_amount_comes_back_digit_by_digit(mantissa in -79228162514264337593543950335i128..=79228162514264337593543950335, scale in 0u32..=28) {
        let amount = Decimal::try_from_i128_with_scale(mantissa, scale).expect("a decimal");
        let written = serde_json::to_string(&Price { price: amount, total: Some(amount) }).expect("JSON");
        prop_assert_eq!(&written, &format!(r#"{{"price":{amount},"total":{amount}}}"#));
        let read: Price = serde_json::from_str(&written).expect("a price");
        prop_assert_eq!(read.price.to_string(), amount.to_string());
        prop_assert_eq!(read.total, Some(amount));
    }
}
