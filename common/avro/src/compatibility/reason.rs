//! One thing that is wrong between two schemas: which rule, where, and in words. Never the rules themselves.

use std::fmt;

/// One thing that the reader cannot read, or that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule. For Avro's own rules the name that Avro's Java library has for it, and tools look for.
    pub kind: &'static str,
    /// The field it is about, as in `order.items[].quantity`; empty for the schema itself.
    pub path: String,
    /// What is wrong, in words.
    pub text: String,
}

impl Reason {
    pub(super) fn new(kind: &'static str, path: &str, text: impl Into<String>) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(schema)" } else { &self.path };
        write!(f, "{} at {path}: {}", self.kind, self.text)
    }
}

/// The path of a record's field.
pub(super) fn field_path(record: &str, field: &str) -> String {
    if record.is_empty() {
        field.to_owned()
    } else {
        format!("{record}.{field}")
    }
}

/// The path of an array's items.
pub(super) fn items_path(array: &str) -> String {
    format!("{array}[]")
}

/// The path of a map's values.
pub(super) fn values_path(map: &str) -> String {
    format!("{map}{{}}")
}
