//! Bombs: small inputs that demand much time, memory or stack. Each is a separate test in every binary that has this
//! module; its `crate::explode` decides what is measured.

pub mod big_schemas;
pub mod data;
pub mod schemas;
pub mod type_graphs;

use orderlog_avro::SchemaText;

use crate::avro::{Typed, typed};
use crate::events::{event_with, sample};
use crate::order_event::Stage;

/// A datum and its schema, and where reading it fails.
pub struct Bomb {
    pub schema: SchemaText,
    pub datum: Vec<u8>,
    /// `None`: it is an event.
    pub fails: Option<Stage>,
}

impl Bomb {
    pub fn event(written: Typed) -> Self {
        Self {
            schema: SchemaText::avro(written.of),
            datum: written.bytes,
            fails: None,
        }
    }

    pub fn bad_datum(written: Typed) -> Self {
        Self {
            fails: Some(Stage::Datum),
            ..Self::event(written)
        }
    }

    pub fn bad_schema(text: impl Into<String>) -> Self {
        Self {
            fails: Some(Stage::Schema),
            ..Self::event(typed(text, []))
        }
    }

    /// The same, referring to those schemas.
    pub fn referring_to(mut self, references: Vec<String>) -> Self {
        self.schema.references = references;
        self
    }
}

/// An event with an additional field before its order's, which no version of ours has.
pub fn with_dropped(field: Typed) -> Typed {
    event_with(&sample(), |order| order.insert(0, ("dropped", field)))
}

/// An event one of whose order's fields has another value.
pub fn with_order_field(name: &str, bytes: Vec<u8>) -> Typed {
    event_with(&sample(), |order| {
        let field = order.iter_mut().find(|(field, _)| *field == name);
        field.expect("a field").1.bytes = bytes;
    })
}

/// Makes a test of each bomb.
macro_rules! tests {
    ($($bomb:ident),* $(,)?) => {
        mod tests {
            $(#[test]
            fn $bomb() {
                crate::explode(stringify!($bomb), &super::$bomb());
            })*
        }
    };
}
pub(crate) use tests;
