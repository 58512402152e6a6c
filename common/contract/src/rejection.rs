//! Why a record is rejected: one closed list of codes, shared by decoding, the rules and the dead letters. Pure: what
//! happens to a rejected record is each service's own decision.

use serde::{Deserialize, Serialize};

/// The code of a dead letter. A name never changes its meaning: operators filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The value does not begin with magic byte 0 and a 4-byte schema id.
    NotFramed,
    /// The registry does not know the schema id.
    UnknownSchemaId,
    /// The schema with that id cannot be read as an order event.
    WrongSchema,
    /// The bytes are not a datum of the schema that the record names.
    Undecodable,
    /// The event breaks a rule.
    InvalidOrder,
    /// The record key is not the order id.
    KeyMismatch,
    /// The record is in a partition other than its key's.
    WrongPartition,
    /// The order's status may not change to the event's.
    IllegalTransition,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 8] = [
        Self::NotFramed,
        Self::UnknownSchemaId,
        Self::WrongSchema,
        Self::Undecodable,
        Self::InvalidOrder,
        Self::KeyMismatch,
        Self::WrongPartition,
        Self::IllegalTransition,
    ];

    /// The code as in headers, JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFramed => "not_framed",
            Self::UnknownSchemaId => "unknown_schema_id",
            Self::WrongSchema => "wrong_schema",
            Self::Undecodable => "undecodable",
            Self::InvalidOrder => "invalid_order",
            Self::KeyMismatch => "key_mismatch",
            Self::WrongPartition => "wrong_partition",
            Self::IllegalTransition => "illegal_transition",
        }
    }

    /// The code with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Maximum length of a reason in bytes: it travels in record headers.
pub const MAX_REASON_BYTES: usize = 1024;

/// Why one record is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The kind of fault.
    pub code: Code,
    /// One sentence for people, at most [`MAX_REASON_BYTES`] long. It never contains the payload.
    pub reason: String,
    /// The schema id in the frame, where there is a frame.
    pub schema_id: Option<u32>,
}

impl Rejection {
    /// A fault with that code; the reason is cut to [`MAX_REASON_BYTES`].
    pub fn new(code: Code, reason: impl Into<String>) -> Self {
        let mut reason: String = reason.into();
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        Self {
            code,
            reason,
            schema_id: None,
        }
    }

    /// The same, for a record that names this schema.
    pub fn with_schema_id(mut self, id: u32) -> Self {
        self.schema_id = Some(id);
        self
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_by_its_name() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::parse("nonsense"), None);
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let cut = Rejection::new(Code::Undecodable, "é".repeat(1000)).reason;
        assert_eq!(cut, "é".repeat(512));
    }
}
