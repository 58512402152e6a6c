//! Why two schemas cannot be resolved.

use std::fmt;

use crate::compatibility::ReasonKind;
use crate::path;

/// Why no datum of a writer's schema can be read as one of a reader's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveError {
    kind: ReasonKind,
    path: String,
    text: String,
}

impl ResolveError {
    pub(super) fn new(kind: ReasonKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            path: String::new(),
            text: text.into(),
        }
    }

    /// The same error, found inside a field, or in the entries of an array (`[]`) or a map (`{}`).
    pub(super) fn within(mut self, outer: &str) -> Self {
        self.path = path::join(outer, &self.path);
        self
    }

    /// The rule that is broken.
    pub fn kind(&self) -> ReasonKind {
        self.kind
    }

    /// The field, such as `order.items[].quantity`; empty for the schema itself.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for ResolveError {}
