//! Timestamps in JSON: RFC 3339, UTC, in milliseconds. Pure; no clock.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `2023-11-14T22:13:20.123Z`, from milliseconds since 1970-01-01 UTC; `None` outside the years 0 to 9999, which RFC 3339
/// cannot represent.
pub fn rfc3339(millis: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()?;
    if !(0..=9999).contains(&at.year()) {
        return None;
    }
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second, milli) = at.time().as_hms_milli();
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
    ))
}

/// Milliseconds since 1970-01-01 UTC, rounded down, from RFC 3339 with any offset; `None` if it is something else.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::MAX_TIME_MS;

    #[test]
    fn every_time_that_an_event_may_have_can_be_written() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (MAX_TIME_MS, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(millis).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_time_is_read_with_any_offset_and_fraction() {
        for (text, millis) in [
            ("2023-11-14T22:13:20.123Z", Some(1_700_000_000_123)),
            ("2023-11-14T23:13:20.1239+01:00", Some(1_700_000_000_123)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2023-11-14", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_rfc3339(text), millis, "{text}");
        }
    }

    #[test]
    fn a_time_that_rfc_3339_cannot_write_is_none() {
        for millis in [MAX_TIME_MS + 1, i64::MIN, i64::MAX, -62_167_219_200_001] {
            assert_eq!(rfc3339(millis), None, "{millis}");
        }
    }
}
