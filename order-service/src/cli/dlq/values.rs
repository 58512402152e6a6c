//! The values of the options, parsed.

use std::fmt;
use std::str::FromStr;

use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use orderlog_web::http_url;
use url::Url;

/// The address of a service.
///
/// # Errors
/// It is none.
pub fn http_url(text: &str) -> Result<Url, &'static str> {
    http_url::base(text)
        .ok_or("write an http or https address without query and fragment, such as http://localhost:8001")
}

/// The name of a user.
///
/// # Errors
/// It is none.
pub fn user(text: &str) -> Result<String, &'static str> {
    let is_fine = !text.is_empty() && text.len() <= 100 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    is_fine
        .then(|| text.to_owned())
        .ok_or("must be 1 to 100 printable ASCII characters")
}

/// The position of a dead letter in its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl FromStr for Id {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "must be the id of a dead letter, <partition>-<offset>, such as 0-17";
        let (partition, offset) = text.split_once('-').ok_or(WRONG)?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(partition) || !is_number(offset) {
            return Err(WRONG);
        }
        Ok(Self {
            partition: partition.parse().map_err(|_| WRONG)?,
            offset: offset.parse().map_err(|_| WRONG)?,
        })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.partition, self.offset)
    }
}

/// A time, as it was written.
///
/// # Errors
/// It is none.
pub fn time(text: &str) -> Result<String, &'static str> {
    let time = timestamp::parse(text).map(|_| text.to_owned());
    time.ok_or("must be a time such as 2026-01-02T03:04:05Z")
}

/// A code of rejected records.
///
/// # Errors
/// It is none.
pub fn code(text: &str) -> Result<Code, String> {
    Code::parse(text).ok_or_else(|| format!("must be one of: {}", Code::ALL.map(Code::as_str).join(", ")))
}
