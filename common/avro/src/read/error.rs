//! Why a datum was not read: short, with the field's path, and never with a value of the payload.

use std::error::Error;
use std::fmt;

use crate::input::ReadErrorKind;
use crate::path::{self, short};
use crate::plan::ResolveError;

/// Why a datum was not read. Messages are short, and never contain a value of the datum.
// Boxed, because every value that is read is returned in a `Result` with it, and errors are rare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: ReadErrorKind,
    /// Fields, `[3]` and `{}`; innermost first.
    path: Vec<String>,
    /// Why the schemas do not match the value, if known.
    source: Option<ResolveError>,
    /// Where in the bytes reading ended, and how many there are.
    position: (usize, usize),
}

impl ReadError {
    /// What is wrong.
    pub fn kind(&self) -> ReadErrorKind {
        self.0.kind
    }

    /// The field, such as `order.items[3].quantity`; empty for the datum itself.
    pub fn path(&self) -> String {
        let path = self.0.path.iter();
        path.fold(String::new(), |inner, outer| path::join(outer, &inner))
    }

    /// How many bytes of the datum had been read.
    pub fn offset(&self) -> usize {
        self.0.position.0
    }

    #[cold]
    pub(super) fn unreadable(source: ResolveError) -> Self {
        let mut error = Self::from(ReadErrorKind::Unreadable);
        error.0.source = Some(source);
        error
    }

    /// The same error, found inside this field.
    #[cold]
    pub(super) fn within(mut self, field: &str) -> Self {
        self.0.path.push(short(field));
        self
    }

    /// The same error, found inside this entry of an array or a map.
    #[cold]
    pub(super) fn within_entry(mut self, index: usize) -> Self {
        self.0.path.push(format!("[{index}]"));
        self
    }

    /// The same error, after that many bytes of a datum of that length.
    #[cold]
    pub(super) fn at(mut self, offset: usize, length: usize) -> Self {
        self.0.position = (offset, length);
        self
    }
}

impl From<ReadErrorKind> for ReadError {
    #[cold]
    fn from(kind: ReadErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            path: Vec::new(),
            source: None,
            position: (0, 0),
        }))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (offset, length) = self.0.position;
        if self.0.kind == ReadErrorKind::TrailingBytes {
            let left = length - offset;
            let bytes = if left == 1 { "byte" } else { "bytes" };
            return write!(f, "{left} trailing {bytes} after the end of the datum at byte {offset}");
        }
        let path = self.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        match &self.0.source {
            Some(source) => write!(f, "{source}")?,
            None => write!(f, "{}", self.0.kind)?,
        }
        write!(f, " (at byte {offset} of {length})")
    }
}

impl Error for ReadError {}

impl serde::de::Error for ReadError {
    /// The text is dropped: serde's texts repeat values, and messages must not contain any payload.
    fn custom<T: fmt::Display>(_: T) -> Self {
        ReadErrorKind::TargetType.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_written_from_the_outside_in() {
        let error = ReadError::from(ReadErrorKind::UnexpectedEnd)
            .within("quantity")
            .within_entry(3)
            .within("items")
            .within("order")
            .at(7, 9);
        assert_eq!(
            error.to_string(),
            "order.items[3].quantity: unexpected end of data (at byte 7 of 9)"
        );
        let error = ReadError::from(ReadErrorKind::UnexpectedEnd);
        assert_eq!(error.to_string(), "unexpected end of data (at byte 0 of 0)");
    }

    #[test]
    fn a_value_of_the_payload_is_not_repeated() {
        let error = <ReadError as serde::de::Error>::custom("invalid value: string \"secret\"");
        assert!(!error.to_string().contains("secret"));
    }
}
