//! Bombs: small bytes that want much time, memory or stack. Each is a test of its own in every binary that has this
//! module: what is looked at is up to its `crate::explode`.

pub mod big_schemas;
pub mod data;
pub mod schemas;
pub mod type_graphs;

use orderlog_avro::SchemaText;
use orderlog_contract::rejection::Code;

use crate::avro::{Typed, typed};
use crate::events::{event_with, sample};

/// A record: its schema, its datum, and how decoding it ends.
pub struct Bomb {
    pub schema: SchemaText,
    pub datum: Vec<u8>,
    /// None: as an event.
    pub ends: Option<Code>,
}

impl Bomb {
    pub fn event(written: Typed) -> Self {
        Self {
            schema: SchemaText::avro(written.of),
            datum: written.bytes,
            ends: None,
        }
    }

    pub fn undecodable(written: Typed) -> Self {
        Self {
            ends: Some(Code::Undecodable),
            ..Self::event(written)
        }
    }

    pub fn wrong_schema(text: impl Into<String>) -> Self {
        Self {
            ends: Some(Code::WrongSchema),
            ..Self::event(typed(text, []))
        }
    }

    /// The same, referring to those schemas.
    pub fn referring_to(mut self, references: Vec<String>) -> Self {
        self.schema.references = references;
        self
    }
}

/// An event with one more field in front of its order's, which no version of ours has.
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
