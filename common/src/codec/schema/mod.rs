//! A schema, as reading needs it: its types in one list, each named by its place, every reference followed, and without
//! what says nothing about bytes.
//!
//! Foreign schemas are made of foreign text, so this is not apache-avro's: there a few kilobytes of text can take
//! gigabytes (it copies a type for each of its aliases, and a namespace for each name), hours (it completes defaults of
//! defaults), or the stack (it follows references into one another). Here work and memory grow with the text only.

mod definition;
mod logical;
mod name;
mod parse;
mod same;

use serde_json::Value as Json;

pub(super) use logical::Logical;
pub(super) use name::{Name, short};
pub use parse::MAX_SCHEMA_BYTES;
pub(super) use parse::{parse, parse_trusted, too_long};
pub use same::same_data;

/// A type, by its place in its [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeId(usize);

/// The types of one schema.
#[derive(Debug)]
pub(super) struct Types {
    list: Vec<Type>,
    root: TypeId,
}

impl Types {
    /// The type of a whole datum.
    pub fn root(&self) -> TypeId {
        self.root
    }

    /// The type of that place, which this schema gave out.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.list[id.0]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

impl TypeId {
    /// Its place in the list.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A type: what it is made of, what it means, and what it is called.
#[derive(Debug)]
pub(super) struct Type {
    pub kind: Kind,
    pub logical: Option<Logical>,
    /// Records, enums and fixed types have one.
    pub name: Option<Name>,
}

/// A type without its meaning.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    /// That many bytes.
    Fixed(usize),
    Enum {
        symbols: Vec<String>,
        default: Option<String>,
    },
    Record(Vec<Field>),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
}

/// A field of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub name: String,
    pub aliases: Vec<String>,
    pub of: TypeId,
    pub default: Option<Json>,
}

impl Kind {
    /// As the specification calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Fixed(_) => "fixed",
            Self::Enum { .. } => "enum",
            Self::Record(_) => "record",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
        }
    }
}
