//! Fields that several requests have, parsed.

use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use orderlog_web::Problem;

/// A time, in milliseconds since 1970-01-01 UTC.
///
/// # Errors
/// The problem that names the field.
pub(super) fn time(field: &'static str, text: Option<&str>) -> Result<Option<i64>, Problem> {
    let parse = |text| {
        let message = "must be a time in RFC 3339, such as 2026-01-02T03:04:05Z; in a query, write + as %2B";
        timestamp::parse(text).ok_or_else(|| Problem::invalid_field(field, message))
    };
    text.map(parse).transpose()
}

/// The field `code`.
///
/// # Errors
/// The problem that names the codes that there are.
pub(super) fn code(name: Option<&str>) -> Result<Option<Code>, Problem> {
    let parse = |name| {
        Code::parse(name).ok_or_else(|| {
            let names = Code::ALL.map(Code::as_str).join(", ");
            Problem::invalid_field("code", format!("must be one of: {names}"))
        })
    };
    name.map(parse).transpose()
}
