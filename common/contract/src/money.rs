//! Money is a whole number of minor units; this module converts it to decimals for people, and back. Pure: no floats, no
//! I/O.

use iso_currency::Currency as Iso;
use rust_decimal::Decimal;

/// A currency that prices can be in: an ISO 4217 code with a minor unit (so neither XAU nor XXX).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    iso: Iso,
    exponent: u32,
}

impl Currency {
    /// The currency with this code. Codes are upper case (ISO 4217).
    pub fn parse(code: &str) -> Option<Self> {
        let iso = Iso::from_code(code)?;
        let exponent = u32::from(iso.exponent()?);
        Some(Self { iso, exponent })
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// Digits after the decimal point: JPY 0, USD 2, KWD 3.
    pub fn exponent(self) -> u32 {
        self.exponent
    }

    /// An amount in minor units as a decimal: 99999 cents are 999.99.
    pub fn to_decimal(self, minor: i64) -> Decimal {
        Decimal::new(minor, self.exponent)
    }

    /// A decimal amount in minor units; `None` if it is finer than the minor unit, or too large.
    pub fn to_minor(self, amount: Decimal) -> Option<i64> {
        let scaled = amount.checked_mul(Decimal::from(10_i64.pow(self.exponent)))?;
        let minor = i64::try_from(scaled.trunc()).ok()?;
        (scaled.fract().is_zero()).then_some(minor)
    }
}

/// Shipping cost: 2 % of the total, rounded half up to the minor unit. `total_minor` must not be negative.
pub fn shipping_minor(total_minor: i64) -> i64 {
    // 2 % is one fiftieth; adding half of fifty first rounds half up. The sum may overflow an i64, so it is computed in
    // an i128; a fiftieth of an i64 always fits.
    i64::try_from((i128::from(total_minor) + 25) / 50).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn the_exponent_comes_from_iso_4217() {
        for (code, exponent) in [("JPY", 0), ("USD", 2), ("ILS", 2), ("KWD", 3)] {
            assert_eq!(Currency::parse(code).map(Currency::exponent), Some(exponent), "{code}");
        }
    }

    #[test]
    fn codes_without_a_minor_unit_and_unknown_codes_are_not_currencies() {
        for code in ["XAU", "XXX", "usd", "", "US", "DOLLARS", "ZZZ"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }

    #[test]
    fn an_amount_finer_than_the_minor_unit_is_refused() {
        let usd = Currency::parse("USD").expect("USD");
        assert_eq!(usd.to_minor(decimal("999.99")), Some(99_999));
        assert_eq!(usd.to_minor(decimal("1.000")), Some(100));
        assert_eq!(usd.to_minor(decimal("0.001")), None);
        assert_eq!(usd.to_minor(decimal("79228162514264337593543950335")), None);
        assert_eq!(Currency::parse("JPY").expect("JPY").to_minor(decimal("0.5")), None);
    }

    #[test]
    fn shipping_is_two_percent_rounded_half_up() {
        for (total, shipping) in [
            (0, 0),
            (24, 0),
            (25, 1),
            (74, 1),
            (75, 2),
            (100, 2),
            (99_999, 2_000),
            (i64::MAX, 184_467_440_737_095_516),
        ] {
            assert_eq!(shipping_minor(total), shipping, "{total}");
        }
    }

    proptest! {
        #[test]
        fn minor_units_survive_a_round_trip_through_their_decimal(minor in any::<i64>(), code in prop_oneof!["JPY", "USD", "KWD"]) {
            let currency = Currency::parse(&code).expect("a currency");
            prop_assert_eq!(currency.to_minor(currency.to_decimal(minor)), Some(minor));
        }
    }
}
